"""Requests put together from plain words and options, the same way at every door."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from skillbank.bank.actions import parted
from skillbank.bank.engines import example_model
from skillbank.errors import UsageError
from skillbank.plan.inference import takes_parent
from skillbank.plan.model import Question
from skillbank.plan.option_steps import Step, step_of
from skillbank.plan.request import DataLocation, Request, Setting, role_of
from skillbank.plan.slot_values import value_of
from skillbank.plan.slots import Fills, Slot, slot
from skillbank.plan.weights import FROM_PARENT, SCRATCH
from skillbank.visible import one_line
from skillbank.ways import Sentence, command, marked, option

if TYPE_CHECKING:
    from skillbank.facade.planning import Planning

__all__ = ["compose"]


def compose(
    runtime: Planning,
    text: str | None,
    skill: str | None,
    actions: Sequence[str] | None,
    *,
    data: Sequence[DataLocation] | None = None,
    settings: Sequence[Setting] | None = None,
    elsewhere: bool = False,
    **slots: object,
) -> tuple[list[Request], list[str]]:
    """Merge plain words and options into requests; options win over words, and it is said where they do.

    Parameters
    ----------
    elsewhere
        Whether data in a bucket is looked into, for the part that each action takes.
    slots
        Values of slots by name, see `skillbank.plan.slots`; None is not said. One that is a setting goes to
        every action of the chain that has such a value.

    Returns
    -------
    requests
        One for each action of the chain.
    notes
        Sentences about how the words were read.

    Raises
    ------
    UsageError, SkillNotFoundError
        When it is not said what to do, or with which skill; when an option has no value that it can have, no
        meaning for any action, or says something else than another option.
    """
    said = _checked(slots)
    requests, notes = _asked(runtime, text, skill, actions or (), said)
    with runtime.reading:
        chain = [
            step_of(runtime.library.get(r.skill), r, i, len(requests), said.get("variant"))
            for i, r in enumerate(requests)
        ]
    skills = [step.skill for step in chain]
    for step in chain:
        step.take_data(data or ())
        step.take_settings(settings or (), skills)
        step.take_slots(said)
    _give_pretrained(chain, said)
    _refuse_unused(chain, data or (), settings or (), said)
    requests, told = [], []
    for step in chain:
        merged = step.merged()
        with runtime.reading:
            request, divisions = runtime.divided(merged, step.skill, skills, elsewhere=elsewhere)
        requests.append(request)
        told += [*step.notes, *divisions]
    return requests, [Sentence(each) for each in dict.fromkeys([*notes, *told])]


def _asked(
    runtime: Planning, text: str | None, skill: str | None, actions: Sequence[str], said: dict[str, Any]
) -> tuple[list[Request], list[str]]:
    """Return what words say, or a skill and actions, before any other option has been taken."""
    names, variants = _parted(actions, said.get("variant"))
    if text is not None:
        requests, notes = _worded(runtime, text, skill, names, said.pop("leave_out", ()))
    elif skill is not None and names:
        requests, notes = [Request(skill=skill, action=name) for name in names], []
    else:
        words = f'"train {example_model()} on DATA"'
        raise UsageError(
            f"Say what you want: {command('plan', words)}, or {option('skill')} and {option('action')}."
        )
    with_variants = [
        r if variant is None else r.model_copy(update={"variant": variant})
        for r, variant in zip_longest(requests, variants)
    ]
    return with_variants, notes


def _parted(actions: Sequence[str], variant: str | None) -> tuple[list[str], list[str | None]]:
    """Return the names of actions, and of each the variant that is said with it.

    Raises
    ------
    UsageError
        Where another variant is said beside.
    """
    parts = [parted(action) for action in actions]
    for action, (_, own) in zip(actions, parts, strict=True):
        if own is not None and variant not in (None, own):
            raise UsageError(
                f"{option('action', one_line(action, 60))} names a variant, and {option('variant')} says "
                f"{one_line(variant, 60)}; keep one."
            )
    return [name for name, _ in parts], [own for _, own in parts]


def _worded(
    runtime: Planning,
    text: str,
    skill: str | None,
    actions: Sequence[str],
    leave_out: Sequence[str],
) -> tuple[list[Request], list[str]]:
    """Return what words say, of the skill and with the actions of options where these are given."""
    claimed: tuple[str, ...] = ()
    if skill is not None:
        with runtime.reading:
            found = runtime.library.find(skill)
        skill, claimed = found.skill.qualified, (found.note,) if found.note else ()
    reading = runtime.read(text, skill=skill)
    if leave_out:
        reading = reading.leaving_out(leave_out)
    requests = [
        r.model_copy(update={"notes": tuple(dict.fromkeys((*r.notes, *claimed)))}) for r in reading.requests
    ]
    notes = list(reading.notes)
    if actions and list(actions) != [r.action for r in requests]:
        said, meant = ", ".join(r.action for r in requests), ", ".join(actions)
        notes.append(Sentence(f"{option('action', meant)} counts, not the {said} of the words"))
        with runtime.reading:
            requests = _with_actions(runtime, requests, actions)
    return requests, [Sentence(each) for each in notes]


def _with_actions(runtime: Planning, worded: Sequence[Request], actions: Sequence[str]) -> list[Request]:
    """Return what the words say of the actions of options.

    An action that the words do not name gets what they say of their first one, as far as it has a meaning for
    it; what has none for any action becomes a question.
    """
    left, base = list(worded), worded[0]
    chosen: list[Request] = []
    for action in actions:
        same = next((r for r in left if r.action == action), None)
        if same is not None:
            left.remove(same)
        chosen.append(same or _moved(runtime, base, action, first=not chosen))
    if len(left) + len(chosen) == len(worded):
        return chosen  # the words name each of them
    lost = _lost(base, chosen)
    if not lost:
        return chosen
    named = ", ".join(dict.fromkeys(actions))
    why = f"the words say {', '.join(lost)} of {base.action}, which has no meaning for {named}; leave it out"
    first = chosen[0]
    questions = (*first.questions, Question(key="words", why=why))
    return [first.model_copy(update={"questions": questions}), *chosen[1:]]


def _lost(base: Request, chosen: Sequence[Request]) -> list[str]:
    """Return what the words say of an action and none of those that were chosen has taken."""
    settings = [s for s in base.settings if all(s not in r.settings for r in chosen)]
    places = [d for d in base.data if all(d not in r.data for r in chosen)]
    return [
        *(f"{s.key} = {one_line(s.value, 60)}" for s in settings),
        *(f"{role_of(d.source)} {one_line(d.uri)}" for d in places),
    ]


def _moved(runtime: Planning, base: Request, action: str, *, first: bool) -> Request:
    """Return what words say of one action as said of another; what it starts from is the first's alone."""
    update: dict[str, object] = {"action": action, "variant": None}
    if not first:
        update |= {"parent": None, "pretrained": None}
    moved = base.model_copy(update=update)
    # As if in a chain, where a value that belongs to another action stays with that.
    step = step_of(runtime.library.get(base.skill), moved, 0, 2)
    reads = step.sources()
    update = {
        "settings": tuple(s for s in base.settings if step.concerns(s.key)),
        "data": tuple(d for d in base.data if d.source in reads),
    }
    return moved.model_copy(update=update)


def _checked(slots: dict[str, object]) -> dict[str, Any]:
    """Return the values of slots that were said, by name, in the order of the table.

    Raises
    ------
    UsageError
        With all faults at once.
    """
    said: dict[str, object] = {}
    faults: list[str] = []
    for name, value in slots.items():
        if value is None:
            continue
        try:
            said[name] = value_of(slot(name), value)
        except UsageError as error:
            faults.append(error.sentence)
    if faults:
        raise UsageError(" ".join(map(marked, faults)))
    return said


def _give_pretrained(chain: Sequence[Step], said: dict[str, object]) -> None:
    """Give a model to start from to the first step that takes one: those after it start from that before."""
    model = said.get("pretrained")
    if model is None:
        return
    takers = [step for step in chain if step.takes_pretrained]
    if model == FROM_PARENT:
        takers = [step for step in takers if step.at > 0] or takers
    elif model != SCRATCH:
        takers = takers[:1]
    for step in takers:
        step.fields["pretrained"] = model


def _refuse_unused(
    chain: Sequence[Step],
    data: Sequence[DataLocation],
    settings: Sequence[Setting],
    said: Mapping[str, object],
) -> None:
    """Refuse what was given and concerns no step, with the way out."""
    actions = ", ".join(step.request.action for step in chain)
    idle = [slot(name) for name in said if not any(step.took(name) for step in chain)]
    sentences = [*_without_effect(chain, data, settings, actions), *_idle(chain, idle, actions)]
    if sentences:
        raise UsageError(" ".join(map(marked, sentences)))


def _without_effect(
    chain: Sequence[Step], data: Sequence[DataLocation], settings: Sequence[Setting], actions: str
) -> Iterator[Sentence]:
    """Yield which settings and data concern no step."""
    idle_settings = [s for s in settings if all(s not in step.settings for step in chain)]
    idle_data = [d for d in data if all(d not in step.data for step in chain)]
    unused = [Sentence(f"{option('set', one_line(s.key))}") for s in idle_settings]
    unused += [Sentence(f"{option('data', f'{role_of(d.source)}={one_line(d.uri)}')}") for d in idle_data]
    if unused:
        yield Sentence(f"{', '.join(map(marked, unused))} would have no effect on {actions}; leave it out.")


def _idle(chain: Sequence[Step], idle: Sequence[Slot], actions: str) -> Iterator[Sentence]:
    """Yield which options mean one of several keys, and which mean nothing."""
    nowhere: list[Slot] = []
    for each in idle:
        if keys := _could_be(chain, each):
            yield Sentence(
                f"{each.way()} could be {' or '.join(keys[:4])} of {actions}; say which with "
                f"{option('set', 'KEY=VALUE')}."
            )
        else:
            nowhere.append(each)
    models = [] if len(nowhere) != 1 or nowhere[0].name != "pretrained" else _model_keys(chain)
    if models:
        ways = [Sentence(f"{option('parent', 'JOB')}")]
        ways += [Sentence(f"{option('set', f'{key}=FILE')}") for key in models[:4]]
        yield Sentence(
            f"{nowhere[0].way()} is what a training starts from; the model of {actions} is named with "
            f"{' or '.join(map(marked, ways))}."
        )
    elif nowhere:
        verb = "has" if len(nowhere) == 1 else "have"
        by_key = any(each.fills is Fills.SETTING for each in nowhere)
        way = Sentence(f", or name the spec's own key with {option('set', 'KEY=VALUE')}") if by_key else ""
        named = [Sentence(f"{each.way()}") for each in nowhere]
        yield Sentence(
            f"{', '.join(map(marked, named))} {verb} no meaning for {actions}; leave it out{marked(way)}."
        )


def _model_keys(chain: Sequence[Step]) -> list[str]:
    """Return the keys by which steps that are no training are told their model."""
    functions = (step.action.spec_params for step in chain if step.action is not None)
    firsts = (next((key for key, f in each.items() if takes_parent(f)), None) for each in functions)
    return list(dict.fromkeys(key for key in firsts if key is not None))


def _could_be(chain: Sequence[Step], which: Slot) -> list[str]:
    return list(dict.fromkeys(key for step in chain for key in step.could_be(which)))
