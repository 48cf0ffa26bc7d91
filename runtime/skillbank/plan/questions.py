"""What a plan still needs: every required input is bound by now, or becomes a question."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from skillbank.bank.actions import Action
from skillbank.bank.engines import own_engine
from skillbank.bank.keys import plain
from skillbank.bank.limits import options_of
from skillbank.bank.skill import Skill
from skillbank.nearby import at_home
from skillbank.plan import inference
from skillbank.plan.datasets import DATASETS, Binding
from skillbank.plan.draft import Draft
from skillbank.plan.inputs import positions
from skillbank.plan.model import PARENT_MODEL, PARENT_MODEL_FOLDER, RESUME_MODEL, ParentRef, Route
from skillbank.plan.paths import format_path, leaves, parse_path
from skillbank.plan.products import is_file_name, product_of, trains
from skillbank.plan.request import role_of
from skillbank.plan.slot_keys import foreign_sections
from skillbank.plan.spec import is_example, unset
from skillbank.plan.weights import FROM_PARENT, SCRATCH, WEIGHTS, pretrained_fields
from skillbank.visible import named, one_line
from skillbank.ways import Sentence, marked, option

_MOST_CHOICES = 12


def ask_for_the_rest(draft: Draft, route: Route) -> None:
    """Put a question for every required input, table row and ``???`` that has no value."""
    rows = {plain(r.key): r for r in draft.rows}
    _required_inputs(draft, rows)
    _required_rows(draft, rows)
    _undeclared_models(draft)
    _alternatives(draft)
    _left_over(draft)
    _nothing_to_read(draft)
    _half_given(draft)
    _unused_parent(draft)
    _unfit_parent(draft)
    _one_start(draft)
    _results_in_a_file(draft)
    has_eval = any(r.source == "eval_dataset" for r in draft.rows)
    if route.name == "automl" and has_eval and not draft.locations.get("eval_dataset"):
        _ask_for_source(draft, "eval_dataset", "AutoML ranks its trials by a validation metric")


def _results_in_a_file(draft: Draft) -> None:
    root = draft.request.results_root
    if root is not None and is_file_name(root) and not at_home(Path(root)).is_dir():
        draft.ask(
            "results_root",
            f"results go to a folder, and {one_line(root, 80)} is called like a file; name a folder with "
            f"{option('results-root', 'FOLDER')}",
        )


def _required_inputs(draft: Draft, rows: dict[str, Binding]) -> None:
    alternatives = {key for group in draft.action.one_of for key in group}
    for decl in draft.action.inputs:
        if not decl.optional and decl.key not in alternatives:
            for key in positions(decl.key, draft.builder.spec):
                if draft.builder.is_unset(key):
                    _ask_for(draft, key, rows.get(plain(key)))


def _required_rows(draft: Draft, rows: dict[str, Binding]) -> None:
    optional_inputs = {plain(i.key) for i in draft.action.inputs if i.optional}
    for name, row in rows.items():
        if row.optional or row.kind == "literal" or draft.user_covers(row.key):
            continue
        if row.kind == "prose" and (name in draft.functions or name in optional_inputs):
            continue
        if any(draft.builder.is_unset(key) for key in positions(row.key, draft.builder.spec)):
            _ask_for(draft, row.key, row)


def _undeclared_models(draft: Draft) -> None:
    """Skills without declared inputs still need one of their parent's models."""
    fields = [k for k, f in draft.functions.items() if isinstance(f, str) and f.startswith("parent_model")]
    declared = {plain(i.key) for i in draft.action.inputs}
    silent = fields and not any(plain(f) in declared for f in fields)
    if silent and all(draft.builder.is_unset(f) for f in fields):
        _ask_for(draft, fields[0], None)


def _nothing_to_read(draft: Draft) -> None:
    """Where all data is optional, at least some of it must be given."""
    rows = [r for r in draft.rows if r.kind == "data"]
    unset = all(draft.builder.is_unset(k) for r in rows for k in positions(r.key, draft.builder.spec))
    if rows and unset and not any(key.startswith("data.") for key in draft.questions):
        sources = dict.fromkeys(r.source for r in rows)
        choices = tuple(Sentence(f"{option('data', f'{role_of(s)}=LOCATION')}") for s in sources)
        draft.ask(f"data.{role_of(rows[0].source)}", f"{draft.action.name} has no data to work on", choices)


def _half_given(draft: Draft) -> None:
    """Of data that need not be given, a user has set one file by its key, and not what is read with it."""
    sets: dict[tuple[str, str], list[str]] = {}
    for row in draft.rows:
        if row.kind == "data" and row.optional and not row.may_lack:
            for key in positions(row.key, draft.builder.spec):
                sets.setdefault((row.source, key.rpartition(".")[0]), []).append(key)
    for (source, _), keys in sets.items():
        given = [key for key in keys if draft.user_covers(key) and not draft.builder.is_unset(key)]
        lacking = [key for key in keys if draft.builder.is_unset(key)]
        if given and lacking:
            said = ", ".join(map(named, given))
            ways = [Sentence(f"{option('set', f'{named(key)}=VALUE')}") for key in lacking]
            draft.ask(
                f"data.{role_of(source)}",
                f"{said} is set and {', '.join(map(named, lacking))}, which {draft.action.name} reads with "
                f"it, is not; give {', '.join(map(marked, ways))}, or leave {said} out",
            )


def _alternatives(draft: Draft) -> None:
    for group in draft.action.one_of:
        keys = [k for key in group for k in positions(key, draft.builder.spec)]
        if all(draft.builder.is_unset(k) for k in keys):
            choices = tuple(Sentence(f"{option('set', f'{key}=VALUE')}") for key in group)
            draft.ask(group[0], f"one of {', '.join(map(named, group))} is needed", choices)


def _left_over(draft: Draft) -> None:
    """``???`` in the action's own section or in a key that the skill declares."""
    declared = {plain(i.key): i for i in draft.action.inputs}
    for path, value in leaves(draft.builder.spec):
        if not isinstance(value, str) or (
            value != "???" and not (value.startswith("<") and is_example(value))
        ):
            continue
        key = format_path(path)
        if plain(key) in draft.asked or (plain(key) in declared and declared[plain(key)].optional):
            continue
        if path[0] == draft.action.name or plain(key) in declared or key in draft.functions:
            _ask_for(draft, key, None)


def left_open(skill: Skill, action: Action, spec: Mapping[str, object]) -> tuple[str, ...]:
    """Return the keys that are still ``???`` in the sections of other actions."""
    others = foreign_sections(skill, action)
    there = (leaves(spec[section], (section,)) for section in spec if section in others)
    return tuple(format_path(path) for each in there for path, value in each if value == "???")


def _ask_for(draft: Draft, key: str, row: Binding | None) -> None:
    draft.asked.add(plain(key))
    function = draft.functions.get(plain(key), draft.functions.get(key))
    if isinstance(function, str) and "parent_model" in function:
        _ask_for_parent(draft, key)
    elif row is not None and row.kind == "job":
        draft.ask(
            key,
            f"{named(key)} is {named(row.path)} of a {named(row.source)} job; give "
            f"{option('set', f'{named(key)}=PATH')}",
        )
    elif row is not None and row.kind == "data" and DATASETS.fullmatch(row.source):
        if not draft.locations.get(row.source):
            _ask_for_source(draft, row.source, "")
        else:
            draft.ask(key, f"{named(key)} is needed; give {option('set', f'{named(key)}=VALUE')}")
    elif row is not None:
        place, _, words = row.detail.partition(" ")
        draft.ask(
            key,
            f"{named(key)} needs a value ({place}); give {option('set', f'{named(key)}=VALUE')}",
            says=words,
        )
    else:
        node, _ = draft.schema.find(parse_path(key))
        options = (options_of(node.words) if node is not None else None) or ()
        choices = tuple(
            Sentence(f"{option('set', f'{named(key)}={named(each)}')}") for each in options[:_MOST_CHOICES]
        )
        why = Sentence(
            f"{named(key)} is needed and nothing says what it is; give {option('set', f'{named(key)}=VALUE')}"
        )
        draft.ask(key, why, choices)


def _ask_for_parent(draft: Draft, key: str) -> None:
    if draft.parent is None:
        _ask_which_model(draft, key, _released_model(draft, key))
        return
    action = draft.parent.ref.action
    left, wanted = product_of(action), inference.field_accepts(key)
    draft.ask(
        key,
        f"{key} needs {wanted}, but the parent's action '{action}' leaves {left}; "
        f"give another {option('parent')} or {option('set', f'{key}=FILE')}",
    )


def _ask_which_model(draft: Draft, key: str, released: str) -> None:
    """Ask for the job whose model is meant; or a file, or the model as it was released, where it has one."""
    if not released:
        draft.ask(
            "parent",
            f"{named(key)} comes from a parent job; give {option('parent', 'JOB')}, or "
            f"{option('set', f'{named(key)}=FILE')}",
        )
        return
    draft.ask(
        "parent",
        f"{named(key)} comes from a parent job; give {option('parent', 'JOB')}, "
        f"{option('set', f'{named(key)}=FILE')}, or {option('set', f'{named(key)}={released}')} for the "
        "model as it was released",
        (Sentence(f"{option('set', f'{named(key)}={released}')}"),),
    )


def _released_model(draft: Draft, key: str) -> str:
    """Return the model on the hub that finds what is described without a training; "" where it cannot be."""
    on_hub = any(i.key == key and i.extra.get("hub") is True for i in draft.action.inputs)
    engine = own_engine(draft.action.command.partition(" ")[0]) if on_hub else None
    return engine.hub_model if engine is not None and engine.labels_by_description else ""


def _ask_for_source(draft: Draft, source: str, why: str) -> None:
    role = role_of(source)
    files = sorted(
        {named(r.path) or "the folder itself" for r in draft.rows if r.source == source and not r.optional}
    )
    reason = why or f"{draft.action.name} reads {', '.join(files)} from {source}"
    draft.ask(f"data.{role}", f"{reason}; give {option('data', f'{role}=LOCATION')}")


def _unfit_parent(draft: Draft) -> None:
    """A job that the user named as the value of a key must leave what the key takes."""
    if draft.parent is None:
        return
    parent = draft.parent.ref
    left = product_of(parent.action)
    for change in draft.user:
        function = draft.functions.get(change.key)
        if change.value != PARENT_MODEL or not inference.reads(function):
            continue
        wanted = inference.field_accepts(change.key)
        if left != wanted and not (
            left == "onnx" and wanted == "weights" and inference.takes_parent(function)
        ):
            name = parent.job or f"the plan {str(parent.plan)[:12]}"
            draft.ask(
                "parent",
                f"{change.key} takes {wanted}, and {name} ({parent.action}) leaves {left}; name another",
            )


def _ask_of_the_step_before(draft: Draft, before: str) -> None:
    """Ask what a training of a chain starts from, which nobody has said."""
    action = draft.action.name
    if product_of(before) == "weights":
        which = f"second {action}" if before == action else action
        model = "the one before it" if before == action else f"the {before} before it"
        why = Sentence(
            f"does the {which} start from the model of {model}? give "
            f"{option('pretrained', FROM_PARENT)} for yes and {option('pretrained', SCRATCH)} for no"
        )
        draft.ask("parent", why, (f"{option('pretrained', FROM_PARENT)}", f"{option('pretrained', SCRATCH)}"))
    else:
        why = Sentence(
            f"the {before} before it leaves {product_of(before)}, which {action} does not start from; give "
            f"{option('pretrained', 'MODEL')}, {option('parent', 'JOB')}, or "
            f"{option('pretrained', SCRATCH)} for random weights"
        )
        draft.ask(
            "parent",
            why,
            (
                f"{option('pretrained', 'MODEL')}",
                f"{option('parent', 'JOB')}",
                f"{option('pretrained', SCRATCH)}",
            ),
        )


def _one_start(draft: Draft) -> None:
    """Of several models that a training is to start from, a program takes one: which is not ours to choose.

    A checkpoint to go on from leaves nothing for other weights to do, and a whole model brings its backbone.
    """
    fields = pretrained_fields(draft.functions)
    resumed = [k for k, f in draft.functions.items() if f == "resume_model" and draft.user_covers(k)]
    whole = inference.whole_model_field(fields)
    parts = [k for k in fields if "backbone" in k and k != whole and draft.user_covers(k)]
    from_scratch = draft.request.pretrained == SCRATCH
    for key in resumed:
        idle = (Sentence(f"{option('pretrained', SCRATCH)}"),) if from_scratch else _given(draft, fields)
        _ask_which_start(draft, key, idle)
    _ask_which_start(draft, whole, _given(draft, parts))


def _given(draft: Draft, fields: Iterable[str]) -> tuple[str, ...]:
    """Return the fields that have a model, with it."""
    models = ((key, _model_at(draft, key)) for key in fields)
    return tuple(f"{named(key)} ({model})" for key, model in models if model is not None)


def _ask_which_start(draft: Draft, first: str, idle: Sequence[str]) -> None:
    """Ask which is meant where a field's model leaves nothing to do for others."""
    given = _model_at(draft, first)
    if given is not None and idle:
        draft.ask(
            WEIGHTS,
            f"{draft.action.name} starts from {given} ({named(first)}), so that "
            f"{', '.join(map(marked, idle))} gives nothing; keep one",
        )


def _model_at(draft: Draft, key: str) -> str | None:
    """Return what model a person named for a key; None where nobody did."""
    value = draft.builder.get(key) if key else None
    said = draft.user_covers(key) or value in (PARENT_MODEL, draft.request.pretrained)
    if unset(value) or value == RESUME_MODEL or not said:
        return None
    parent = draft.parent.ref if draft.parent is not None else None
    if value == PARENT_MODEL and parent is not None:
        return f"the model of {parent.job or 'the step before'}"
    return one_line(str(value), 120)


def _unused_parent(draft: Draft) -> None:
    """A parent that gives nothing was meant to give something; the step before in a chain may have been."""
    if draft.parent is None or _parent_is_settled(draft):
        return
    fields, parent = pretrained_fields(draft.functions), draft.parent.ref
    if not draft.parent.implied:
        draft.ask("parent", _why_unused(draft, parent, bool(fields)))
    elif fields and trains(draft.action.name) and draft.request.pretrained is None:
        _ask_of_the_step_before(draft, parent.action)


def _parent_is_settled(draft: Draft) -> bool:
    """Whether the parent gives something, or it has been asked what its field needs instead."""
    given = str([override.value for override in draft.builder.overrides])
    if PARENT_MODEL in given or PARENT_MODEL_FOLDER in given:
        return True
    return any(plain(key) in draft.asked for key, f in draft.functions.items() if inference.takes_parent(f))


def _why_unused(draft: Draft, parent: ParentRef, starts_from_weights: bool) -> str:
    """Say why a parent that a person named gives nothing."""
    where, name = f"{draft.skill.name} {draft.action.name}", parent.job or f"the plan {str(parent.plan)[:12]}"
    if starts_from_weights and draft.request.pretrained is not None:
        return f"{where} starts from '{draft.request.pretrained}', so that {name} gives nothing; keep one"
    if starts_from_weights:
        left = product_of(parent.action)
        return f"the parent {name} ({parent.action}) leaves {left}, which {where} does not start from"
    takers = (key for key, function in draft.functions.items() if inference.takes_parent(function))
    for key in takers:
        if draft.user_covers(key) and not draft.builder.is_unset(key):
            said = one_line(draft.builder.get(key), 120)
            return f"{named(key)} is set to {said}, so that {name} gives nothing; keep one"
    return Sentence(
        f"nothing of {where} says which key takes the model of {name}, so that the parent would give "
        f"nothing; set the key yourself ({option('set', 'KEY=JOB')}), or leave the parent out"
    )
