r"""A chain of plans read back as one canonical sentence, made from the plans and never from what was typed.

It says all that a person can have said of what runs, and no more: what templates, data set tables, parents
and the skill's defaults give follows from it. Reading the sentence gives plans of the same ids. It is always
one line of visible characters, and no text of a bank or a request can end its quotes in it.

The grammar, for whoever reads it; clauses are parted by ``; `` outside of quotes and nothing else is::

    sentence  = step | "first " step { "; then " step }
    step      = head { "; " clause }              a clause belongs to the step that it stands in
    head      = ( VERB NAME | "run " NAME " of " NAME ) [ " on " PLACES ]
    VERB      = train | retrain | evaluate | export | prune | quantize | distill     (the action itself)
    PLACES    = DATA { " and " DATA }
    DATA      = PLACE [ " as " FORMAT ]           the format that the place is read as

    clause    = "validate on " PLACES             data of eval_dataset
              | "training data " PLACES | "inference data " PLACES | "calibration data " PLACES
              | "data " NAME " = " PLACES         data of a source of the skill's own
              | "variant " NAME
              | "from job " JOB                   the parent
              | "from plan " ID                   the parent of a plan shown without it; not readable
              | "from weights " PLACE             Request.pretrained
              | "from random weights"             Request.pretrained = none
              | "from the weights of the parent"  Request.pretrained = parent
              | "find " STRING { " and " STRING } the slot captions
              | COUNT " epochs" | "batch size " COUNT | "learning rate " NUMBER | "seed " COUNT
              | "precision " WORD | "threshold " NUMBER | "validation interval " COUNT
              | "checkpoint interval " COUNT | "GPU ids " COUNT { " and " COUNT }
              | "skip what is broken"             in the data of the step, that is; else it is refused
              | COUNT " GPUs" | COUNT " nodes"    also "1 GPU", "1 node"; "0 GPUs" runs on the CPU
              | COUNT " trials" | COUNT " trials at once" | "algorithm " WORD | "time budget " DURATION
              | NUMBER " GPU hours" | "trial timeout " DURATION | "patience " COUNT
              | KEY " = " VALUE                   any other setting, automl.KEY and automl.ranges.KEY too
              | "AutoML " ( on | off | auto )     these four hold for the whole chain where they stand in
              | "on platform " NAME               one step only, the last; else every step has its own
              | "image " PLACE | "image of the skill"
              | "results below " PLACE | "results in the usual place"
              | "nothing left out" | "left out " STRING { " and " STRING }
              | "asks: " KEY { ", " KEY } | "secrets not shown"

    COUNT     = digits                            NUMBER = a number of YAML, 1e-05 among them
    DURATION  = digits ( "h" | "m" | "s" )
    PLACE     = bare, with a slash in it, of A-Za-z0-9_./:@%+=- | STRING
    NAME, WORD = letters, digits and _ - . : between them | STRING
    KEY       = dotted names of such characters, with [0] where it goes into a list | STRING
    VALUE     = YAML in flow style on one line; texts inside of it are STRINGs
    STRING    = '"' ... '"', a double-quoted scalar of YAML: \\ \" \n \t \r \xHH \uHHHH \UHHHHHHHH

Places ``on`` which a head acts are of train_datasets for trainings, eval_dataset for ``evaluate`` and
inference_dataset for ``inference``. Places are taken as they stand: all local ones are absolute. A slot is
said for the key that `skillbank.plan.slot_keys.key_of` gives for it, any other key as ``KEY = VALUE``. The
value of a key that takes the parent's model is the JOB where the parent is one, else ``"{parent_model}"``.
A last clause says whether a plan still asks something, and what cannot be read back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skillbank.bank.actions import Action
from skillbank.bank.limits import is_number
from skillbank.bank.skill import Skill
from skillbank.plan.hardware import said_hardware
from skillbank.plan.inference import NAMED
from skillbank.plan.literals import dotted, hide_secrets, is_secret, name, place, quoted, value
from skillbank.plan.locations import forms_of, locations_of
from skillbank.plan.model import PARENT_MODEL, Override, Plan, Source
from skillbank.plan.products import SEARCHED, trains
from skillbank.plan.request import ROLES
from skillbank.plan.slot_keys import key_of
from skillbank.plan.slots import SLOTS, Fills, Kind, Slot
from skillbank.plan.weights import CLEARED

__all__ = ["VERBS", "main_source", "sentence"]

VERBS = ("train", "retrain", "evaluate", "export", "prune", "quantize", "distill")
"""Actions that are verbs of English; every other one is run."""
_DATA = {
    "train_datasets": "training data",
    "eval_dataset": "validate on",
    "inference_dataset": "inference data",
    "calibration_dataset": "calibration data",
}
_NAMES: Mapping[str, Callable[[str], str]] = {
    "epochs": "{} epochs".format,
    "trials": "{} trials".format,
    "parallel_trials": "{} trials at once".format,
    "gpu_hours": "{} GPU hours".format,
    "gpu_ids": "GPU ids {}".format,
    "captions": "find {}".format,
}
"""How the value of a slot is said, where it is not the slot's name and the value."""
_UNITS = ((3600, "h"), (60, "m"), (1, "s"))


@dataclass(frozen=True, slots=True)
class _Step:
    """A plan with the skill and the action that it was made of."""

    plan: Plan
    skill: Skill
    action: Action
    called: str
    data: Mapping[str, list[str]]
    forms: Mapping[tuple[str, str], str]
    """Formats that were said of places, by source and place."""

    @property
    def user(self) -> dict[str, Override]:
        """What the user set, by key."""
        said = (Source.USER, Source.SHORTHAND)
        return {o.key: o for o in self.plan.overrides if o.source in said and o.detail != CLEARED}


def sentence(plans: Sequence[Plan], skill_of: Callable[[Plan], tuple[Skill, str]]) -> str:
    """Return what plans will do as one sentence.

    Parameters
    ----------
    plans
        All plans of a chain in their order, or one of them.
    skill_of
        Returns the skill that a plan was made of and what it is called, with its bank where need be.
    """
    steps = []
    for plan in plans:
        skill, called = skill_of(plan)
        action = skill.action(plan.action, plan.variant)
        steps.append(_Step(plan, skill, action, called, locations_of(plan, skill), forms_of(plan)))
    known = {plan.plan_id for plan in plans}
    said = [[_head(step), *_clauses(step, known)] for step in steps]
    _say_for_all(said, steps)
    said[-1] += _end(plans)
    whole = "; then ".join("; ".join(clauses) for clauses in said)
    return f"first {whole}" if len(said) > 1 else whole


def main_source(action: str) -> str | None:
    """Return the source of the data ``on`` which an action acts; None where all data is said by its role."""
    if trains(action):
        return "train_datasets"
    return {"evaluate": "eval_dataset", "inference": "inference_dataset"}.get(action)


def _head(step: _Step) -> str:
    action, called = step.plan.action, name(step.called)
    does = f"{action} {called}" if action in VERBS else f"run {name(action)} of {called}"
    main = main_source(action) or ""
    on = step.data.get(main)
    return f"{does} on {_places(step, main, on)}" if on else does


def _clauses(step: _Step, known: set[str]) -> Iterator[str]:
    plan = step.plan
    for source, places in step.data.items():
        if source != main_source(plan.action):
            role = _DATA.get(source) if source in ROLES.values() else None
            yield f"{role or f'data {name(source)} ='} {_places(step, source, places)}"
    if plan.on_broken == "skip":
        yield "skip what is broken"
    if plan.variant is not None:
        yield f"variant {name(plan.variant)}"
    yield from _weights(step, known)
    yield from _settings(step)
    yield from _search(step)


def _places(step: _Step, source: str, places: Sequence[str]) -> str:
    forms = (step.forms.get((source, each), "") for each in places)
    said = (
        f"{place(each)} as {form}" if form else place(each) for each, form in zip(places, forms, strict=True)
    )
    return " and ".join(said)


def _weights(step: _Step, known: set[str]) -> Iterator[str]:
    plan = step.plan
    for parent in plan.parents:
        if parent.job is not None:
            yield f"from job {name(parent.job)}"
        elif parent.plan not in known:
            yield f"from plan {str(parent.plan)[:12]}"
    if any(o.source is Source.USER and o.detail == CLEARED for o in plan.overrides):
        yield "from random weights"
    named = next((o.value for o in _inferred(plan) if o.detail.endswith(f": {NAMED}")), None)
    if named is not None:
        yield f"from weights {place(str(named))}"
    if _starts_from_parent(step):
        yield "from the weights of the parent"


def _inferred(plan: Plan) -> list[Override]:
    return [override for override in plan.overrides if override.source is Source.INFERENCE]


def _starts_from_parent(step: _Step) -> bool:
    """Whether it has to be said that a model starts from its parent: where that could be there for less."""
    given = any(o.value == PARENT_MODEL and "ptm" in o.detail.partition(":")[0] for o in _inferred(step.plan))
    elsewhere = any(o.value == PARENT_MODEL for o in step.user.values())
    return given and (elsewhere or any(parent.job is None for parent in step.plan.parents))


def _settings(step: _Step) -> Iterator[str]:
    """Yield what was set in the spec: by slots in their order, then by keys; then the machines."""
    plan, left = step.plan, dict(step.user)
    schema, template = step.skill.schema(step.action), step.skill.template(step.action)[0]
    info = step.skill.info_of(step.action)
    gpus, nodes, follows = said_hardware(plan, step.action, info, schema, template)
    for key in follows:
        del left[key]
    shorthands = step.skill.shorthands(step.action)
    for slot in SLOTS:
        if slot.fills is Fills.SETTING and (short := key_of(step.skill, step.action, slot)) is not None:
            found = left.get(shorthands.get(short, short))
            if found is not None and (words := _slot_words(slot, found.value)) is not None:
                yield words
                del left[found.key]
    job = next((parent.job for parent in plan.parents if parent.job is not None), None)
    for key, override in sorted(left.items()):
        yield f"{dotted(key)} = {_parent_or(override.value, job)}"
    if gpus is not None:
        yield "1 GPU" if gpus == 1 else f"{gpus} GPUs"
    if nodes is not None:
        yield "1 node" if nodes == 1 else f"{nodes} nodes"


def _parent_or(content: object, job: str | None) -> str:
    return name(job) if job and content == PARENT_MODEL else value(content)


def _search(step: _Step) -> Iterator[str]:
    """Yield what was said of the search; metric and direction only where they are not the skill's own."""
    left: dict[str, Any] = dict(step.plan.automl or {})
    info, action = step.skill.info, step.action
    metric = action.metric or info.metric or step.skill.monitoring_metric
    if left.get("metrics") == ([metric] if metric else []):
        del left["metrics"]
        if left.get("directions") == [action.metric_direction or info.metric_direction]:
            del left["directions"]
    for slot in SLOTS:
        known = slot.fills is Fills.SEARCH and slot.names[0] in left
        if known and (words := _slot_words(slot, left[slot.names[0]])) is not None:
            yield words
            del left[slot.names[0]]
    for key, content in sorted(left.pop("ranges", {}).items()):
        yield f"{dotted(f'automl.ranges.{key}')} = {value(content)}"
    for key, content in sorted(left.items()):
        yield f"automl.{key} = {value(content)}"


def _slot_words(slot: Slot, content: object) -> str | None:
    """Return the words of a slot with its value; None where the value is none that the slot can have."""
    said = _slot_value(slot, content)
    if said is None:
        return None
    words = _NAMES.get(slot.name)
    return words(said) if words else f"{slot.name.replace('_', ' ')} {said}"


def _slot_value(slot: Slot, content: object) -> str | None:
    if slot.kind in (Kind.TEXTS, Kind.COUNTS):
        return _listed(slot.kind, content)
    if slot.kind is Kind.CHOICE:
        return str(content) if content in slot.choices else None
    if not (is_number(content) and content >= 0):
        return None
    if slot.kind is Kind.COUNT:
        return str(content) if isinstance(content, int) else None
    if slot.kind is Kind.DURATION:
        return _duration(content)
    if slot.kind is not Kind.NUMBER or content == float("inf"):
        return None
    # A spec keeps 4 and 4.0 apart, a search does not.
    return value(int(content) if slot.fills is Fills.SEARCH and content == content // 1 else content)


def _listed(kind: Kind, content: object) -> str | None:
    """Return several texts or counts in words; None where one of them is none."""
    if not isinstance(content, list) or not content:
        return None
    if kind is Kind.TEXTS and all(isinstance(each, str) and each.strip() for each in content):
        return " and ".join(map(quoted, content))
    if kind is Kind.COUNTS and all(_slot_value(_COUNT, each) for each in content):
        return " and ".join(map(str, content))
    return None


_COUNT = Slot("count", Kind.COUNT, Fills.SETTING, "")


def _duration(seconds: float) -> str | None:
    """Return seconds in the largest unit of which they are a whole number."""
    if not 0 < seconds < float("inf") or seconds != int(seconds):
        return None
    unit, letter = next((unit, letter) for unit, letter in _UNITS if int(seconds) % unit == 0)
    return f"{int(seconds) // unit}{letter}"


def _say_for_all(said: list[list[str]], steps: Sequence[_Step]) -> None:
    """Add what mostly holds for a whole chain: to its last step where all have the same, else to each."""
    plans = [step.plan for step in steps]
    usual = all(plan.automl_policy.value == "auto" and plan.action != SEARCHED for plan in plans)
    policies = ["" if usual else f"AutoML {plan.automl_policy.value}" for plan in plans]
    platforms = [f"on platform {name(plan.platform)}" for plan in plans]
    images, results = [_image_clause(plan) for plan in plans], [_results_clause(plan) for plan in plans]
    for clauses, unsaid in (
        (policies, ""),
        (platforms, ""),
        (images, "image of the skill"),
        (results, "results in the usual place"),
    ):
        if len(set(clauses)) == 1:
            said[-1] += [clauses[0]] if clauses[0] else []
        else:
            for own, clause in zip(said, clauses, strict=True):
                own.append(clause or unsaid)


def _image_clause(plan: Plan) -> str:
    image = _image(plan)
    return f"image {place(image)}" if image else ""


def _results_clause(plan: Plan) -> str:
    return f"results below {place(plan.results_root)}" if plan.results_root else ""


def _image(plan: Plan) -> str | None:
    """Return the image that was named; where nothing runs in one, that of the environment is nothing."""
    here = plan.platform == "local" and plan.image_source != "--image"
    return None if plan.image_source == "skill" or here else plan.image


def _end(plans: Sequence[Plan]) -> Iterator[str]:
    asked = dict.fromkeys(question.key for plan in plans for question in plan.questions)
    hidden = any(map(_hides, plans))
    if asked:
        yield f"asks: {', '.join(dotted(hide_secrets(key)) for key in asked)}"
    if hidden:
        yield "secrets not shown"
    if left_out := dict.fromkeys(words for plan in plans for words in plan.left_out):
        yield f"left out {' and '.join(quoted(words) for words in left_out)}"
    elif not asked and not hidden:
        yield "nothing left out"


def _hides(plan: Plan) -> bool:
    texts = [i.uri for i in plan.inputs] + [o.value for o in plan.overrides]
    return is_secret([*texts, *plan.left_out, plan.image or "", plan.results_root or "", plan.automl or {}])
