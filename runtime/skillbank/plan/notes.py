"""What a plan has to say beyond questions: sentences for whoever reads it before it runs."""

from __future__ import annotations

from skillbank.bank.error_patterns import taken_as_words
from skillbank.bank.names import shown
from skillbank.errors import UsageError, did_you_mean
from skillbank.plan.datasets import DATASETS
from skillbank.plan.draft import Draft
from skillbank.plan.hardware import gpu_key, node_key
from skillbank.plan.inference import whole_model_field
from skillbank.plan.inputs import positions
from skillbank.plan.layers import NOT_STRUCTURE
from skillbank.plan.paths import MISSING, get_path
from skillbank.plan.products import trains
from skillbank.plan.request import ROLES, role_of
from skillbank.plan.spec import is_example, unset
from skillbank.plan.weights import FROM_PARENT, SCRATCH, pretrained_fields
from skillbank.visible import named, one_line
from skillbank.ways import Sentence, option


def add_notes(draft: Draft) -> None:
    """Add the warnings that follow from the finished spec.

    Raises
    ------
    UsageError
        When data was given under a name that no action of the skill reads.
    """
    _no_validation(draft)
    _examples(draft)
    _unused_data(draft)
    _covered_data(draft)
    _covered_model(draft)
    _other_shape(draft)
    _unused_hardware(draft)
    _patterns(draft)
    _retired(draft)


def _other_shape(draft: Draft) -> None:
    """A model of another shape than its parent's cannot take over what that has learned."""
    parent = draft.shaping_parent
    if parent is None:
        return
    who = parent.ref.job or f"the plan {str(parent.ref.plan)[:12]}"
    for key in draft.builder.set_by_user:
        mine, theirs = draft.builder.get(key), get_path(parent.spec, key)
        path = key.rpartition(".")[2]
        if not key.startswith("model.") or any(word in path for word in NOT_STRUCTURE):
            continue
        if theirs is not MISSING and theirs != mine:
            draft.warnings.append(
                f"{named(key)} is {one_line(mine, 60)}, and the model of {who} was made with "
                f"{one_line(theirs, 60)}: its weights may not fit"
            )


def _retired(draft: Draft) -> None:
    """Say that the bank no longer wants the skill used; the reason is in its own words."""
    name, life = draft.skill.name, draft.skill.frontmatter.lifecycle
    if life.deprecated:
        by = f"; {shown(life.successor)} takes its place" if life.successor else ""
        draft.warnings.append(f"{shown(name)} is deprecated by its bank{by}")


def _patterns(draft: Draft) -> None:
    """Failures of the job may go unnamed where the skill's own patterns are not run."""
    words = list(taken_as_words(draft.skill.info.facts.get("error_patterns", ())))
    if words:
        text, why = words[0]
        draft.warnings.append(
            f"{len(words)} error pattern(s) of the skill are looked for as plain words in logs, e.g. "
            f"'{one_line(text, 60)}': {why}"
        )


def _no_validation(draft: Draft) -> None:
    """Training without validation data is allowed; say what it costs."""
    rows = [r for r in draft.rows if r.source == "eval_dataset" and r.optional]
    if trains(draft.action.name) and rows and all(draft.builder.is_unset(r.key) for r in rows):
        draft.warnings.append(
            Sentence(
                "no eval data: there will be no validation metric, and the latest checkpoint counts as the "
                f"best; {option('data', 'eval=LOCATION')} adds it"
            )
        )


def _examples(draft: Draft) -> None:
    """An optional path that still shows the template's example is worth a word."""
    keys = [i.key for i in draft.action.inputs if i.optional]
    for key in dict.fromkeys([*keys, *(r.key for r in draft.rows if r.optional)]):
        for place in positions(key, draft.builder.spec):
            value = draft.builder.get(place)
            if draft.builder.is_unset(place) and is_example(value):
                draft.warnings.append(
                    f"{place} keeps the example {value!r} of its template; set it or clear it"
                )


def _unused_data(draft: Draft) -> None:
    """Refuse data that the skill has never heard of; ask when it has no place in the spec."""
    read = {r.source for r in draft.rows}
    skill_reads = {s.source for a in draft.skill.actions for s in a.data_sources}
    skill_reads |= {r.source for r in draft.skill.dataset_table if DATASETS.fullmatch(r.source)}
    for source in draft.locations:
        if source in read:
            continue
        if source in skill_reads:
            _ask_for_another_role(draft, source, read)
        elif source in ROLES.values():
            _ask_for_keys(draft, source)
        else:
            known = [*ROLES, *sorted(skill_reads)]
            reads = ", ".join(sorted(s for s in read if DATASETS.fullmatch(s))) or "no data set by a role"
            raise UsageError(
                f"No action of {draft.skill.name} reads '{source}'{did_you_mean(source, known)}; "
                f"{draft.action.name} reads {reads}."
            )


def _ask_for_keys(draft: Draft, source: str) -> None:
    """Ask which keys take data of a role that the skill knows nothing of."""
    keys = tuple(i.key for i in draft.action.inputs if not i.optional)
    uris = draft.locations[source]
    draft.ask(
        f"data.{role_of(source)}",
        f"{draft.skill.name} does not say which keys {source} fills, so that {', '.join(uris)} would not "
        f"be used; set {'them yourself: ' + ', '.join(keys) if keys else 'the keys yourself'}",
        tuple(f"{option('set', f'{key}={uris[0]}')}" for key in keys),
    )


def _ask_for_another_role(draft: Draft, source: str, read: set[str]) -> None:
    """Data of a role that other actions of the skill read would be of no use here."""
    roles = [role_of(other) for other in sorted(read) if DATASETS.fullmatch(other)]
    uris = ", ".join(draft.locations[source])
    reads = f"reads {', '.join(roles)}" if roles else "reads no data set by a role"
    draft.ask(
        f"data.{role_of(source)}",
        f"{draft.action.name} {reads}, so that {uris}, given as {role_of(source)}, would not be used; say "
        "what it is, or leave it out",
        tuple(f"{option('data', f'{role}={draft.locations[source][0]}')}" for role in roles),
    )


def _covered_data(draft: Draft) -> None:
    """Ask about data whose every key was set by itself, so that none of it would be read."""
    for source, uris in draft.locations.items():
        keys = [r.key for r in draft.rows if r.source == source and r.kind == "data"]
        if keys and all(draft.user_covers(key) for key in keys):
            why = f"{', '.join(keys)} are set by themselves, so that {', '.join(uris)} would not be used"
            draft.ask(f"data.{role_of(source)}", f"{why}; keep one")


def _covered_model(draft: Draft) -> None:
    """Ask about a model to start from whose key was set by itself."""
    said, fields = draft.request.pretrained, pretrained_fields(draft.functions)
    if said in (None, FROM_PARENT) or not fields:
        return
    key = whole_model_field(fields)
    value = draft.builder.get(key)
    if draft.user_covers(key) and value != said and not (said == SCRATCH and unset(value)):
        lost = f"'{one_line(said)}', said as pretrained, would not be used"
        draft.ask("pretrained", f"{key} is set to {one_line(value)}, so that {lost}; keep one")


def _unused_hardware(draft: Draft) -> None:
    """A number of GPUs or nodes that no key of the spec takes changes the platform's side alone."""
    asked = (("GPUs", draft.request.gpus, gpu_key), ("nodes", draft.request.nodes, node_key))
    for what, count, key_of in asked:
        key = key_of(draft.action, draft.info)
        if count and (key is None or not draft.owns(key)):
            draft.warnings.append(
                f"the spec of {draft.action.name} has no key for the number of {what}: the job gets {count}, "
                "and the program decides what it uses"
            )
