"""The canonical sentence of plans, read back: whoever pastes what a door has shown gets the same plans.

It is read by its grammar alone (`skillbank.plan.sentence`), as a whole or not at all: nothing is guessed,
and a sentence that somebody has changed into other words is read like any other.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from skillbank.bank.discovery import Library
from skillbank.bank.documents import parse_yaml
from skillbank.errors import ActionNotFoundError, SkillFormatError, SkillNotFoundError
from skillbank.plan.literals import unquoted
from skillbank.plan.request import DataLocation, Request, Setting
from skillbank.plan.sentence import VERBS, main_source
from skillbank.plan.slot_keys import key_of
from skillbank.plan.slots import Fills, slot

__all__ = ["END", "read_canonical"]

END = "; nothing left out"
"""How a sentence ends whose plans ask nothing, and of whose words none was left out."""
_STRING = r'"(?:[^"\\]|\\.)*"'
_ITEM = rf"(?:{_STRING}|[^\s;\"]+)"
_ITEMS = rf"{_ITEM}(?: and {_ITEM})*"
_PLACE = rf"{_ITEM}(?: as [a-z_]+)?"
_PLACES = rf"{_PLACE}(?: and {_PLACE})*"
_CLAUSES = (
    rf"validate on (?P<eval_dataset>{_PLACES})",
    rf"training data (?P<train_datasets>{_PLACES})",
    rf"inference data (?P<inference_dataset>{_PLACES})",
    rf"calibration data (?P<calibration_dataset>{_PLACES})",
    rf"data (?P<source>{_ITEM}) = (?P<places>{_PLACES})",
    r"(?P<on_broken>skip) what is broken",
    rf"variant (?P<variant>{_ITEM})",
    rf"from job (?P<parent>{_ITEM})",
    rf"from weights (?P<pretrained>{_ITEM})",
    r"from (?P<scratch>random weights)",
    r"from (?P<given>the weights of the parent)",
    rf"find (?P<captions>{_ITEMS})",
    r"(?P<epochs>\d+) epochs",
    r"batch size (?P<batch_size>\d+)",
    r"learning rate (?P<learning_rate>\S+)",
    r"seed (?P<seed>\d+)",
    r"precision (?P<precision>\w+)",
    r"threshold (?P<threshold>\S+)",
    r"validation interval (?P<validation_interval>\d+)",
    r"checkpoint interval (?P<checkpoint_interval>\d+)",
    r"GPU ids (?P<gpu_ids>\d+(?: and \d+)*)",
    r"(?P<gpus>\d+) GPUs?",
    r"(?P<nodes>\d+) nodes?",
    r"(?P<trials>\d+) trials",
    r"(?P<parallel_trials>\d+) trials at once",
    r"algorithm (?P<algorithm>\w+)",
    r"time budget (?P<time_budget>\d+[hms])",
    r"(?P<gpu_hours>\S+) GPU hours",
    r"trial timeout (?P<trial_timeout>\d+[hms])",
    r"patience (?P<patience>\d+)",
    r"AutoML (?P<automl>on|off|auto)",
    rf"on platform (?P<platform>{_ITEM})",
    r"image (?P<no_image>of the skill)",
    rf"image (?P<image>{_ITEM})",
    r"results in (?P<no_root>the usual place)",
    rf"results below (?P<results_root>{_ITEM})",
    rf"(?P<key>{_ITEM}) = (?P<value>.+)",
)
_END = re.compile(rf"(?:{END}|; left out (?P<left_out>{_STRING}(?: and {_STRING})*))$")
_WIDE = ("automl", "platform", "image", "results_root")
"""Clauses that hold for the whole chain where only its last step has them."""


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in _CLAUSES)


def read_canonical(text: str, library: Library) -> list[Request] | None:
    """Return the requests that a canonical sentence stands for; None for any other text."""
    end = _END.search(text)
    if end is None:
        return None
    said = text[: end.start()]
    clauses = [part.strip() for part in re.findall(rf"(?:{_STRING}|[^;\"])+", said)]
    if "; ".join(clauses) != said:
        return None
    try:
        read = [_step(step, library) for step in _divided(clauses)]
    except (SkillFormatError, SkillNotFoundError, ActionNotFoundError, ValueError):
        return None
    fields = [step for step in read if step is not None]
    if len(fields) < len(read):
        return None
    last = _wide(fields)
    left_out = tuple(_items(end["left_out"] or ""))
    made = ({k: v for k, v in {**step, **last}.items() if v is not None} for step in fields)
    return [Request(**step, text=text, left_out=left_out, settled=True) for step in made]


def _wide(fields: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what the last step alone has and all mean."""
    last = [False] * (len(fields) - 1) + [True]
    return {name: fields[-1][name] for name in _WIDE if [name in step for step in fields] == last}


def _divided(clauses: list[str]) -> list[list[str]]:
    """Return the clauses of each step: "first ...; then ..."."""
    several = clauses[0].startswith("first ")
    steps = [[clauses[0].removeprefix("first ")]]
    for clause in clauses[1:]:
        if several and clause.startswith("then "):
            steps.append([clause.removeprefix("then ")])
        else:
            steps[-1].append(clause)
    return steps


def _step(clauses: list[str], library: Library) -> dict[str, Any] | None:
    """Return the fields of one step; None where it is none."""
    does = rf"(?:(?P<verb>{'|'.join(VERBS)})|run (?P<action>{_ITEM}) of)"
    head = re.fullmatch(rf"{does} (?P<skill>{_ITEM})(?: on (?P<on>{_PLACES}))?", clauses[0])
    if head is None:
        return None
    action = head["verb"] or unquoted(head["action"])
    data = _data(str(main_source(action)), head["on"] or "")
    fields: dict[str, Any] = {"action": action}
    settings: list[tuple[str, str, Any]] = []
    for clause in clauses[1:]:
        match = next((m for p in _patterns() if (m := p.fullmatch(clause))), None)
        if match is None:
            return None
        _take({k: v for k, v in match.groupdict().items() if v is not None}, fields, settings, data)
    skill = library.get(unquoted(head["skill"]))
    made = skill.action(action, fields.get("variant"))
    keys = [key_of(skill, made, slot(name)) if name else key for name, key, _ in settings]
    if None in keys:
        return None
    values = (value for *_, value in settings)
    named = tuple(Setting(key=str(key), value=value) for key, value in zip(keys, values, strict=True))
    return {**fields, "skill": skill.qualified, "settings": named, "data": tuple(data)}


def _items(said: str) -> list[str]:
    return [unquoted(item) for item in re.findall(rf"({_ITEM})(?: and |$)", said)]


def _data(source: str, said: str) -> list[DataLocation]:
    """Read places, with the format that each is read as."""
    found = re.findall(rf"({_ITEM})(?: as ([a-z_]+))?(?: and |$)", said)
    return [DataLocation(source=source, uri=unquoted(uri), form=form) for uri, form in found]


def _take(
    said: dict[str, str],
    fields: dict[str, Any],
    settings: list[tuple[str, str, Any]],
    data: list[DataLocation],
) -> None:
    """Put what one clause says where it belongs."""
    if "key" in said:
        settings.append(("", unquoted(said["key"]), parse_yaml(said["value"], "value")))
    elif "source" in said:
        data += _data(unquoted(said["source"]), said["places"])
    elif {"scratch", "given"} & said.keys():
        fields["pretrained"] = "none" if "scratch" in said else "parent"
    elif {"no_image", "no_root"} & said.keys():
        fields["image" if "no_image" in said else "results_root"] = None
    else:
        [(name, text)] = said.items()
        if name.endswith(("_dataset", "_datasets")):
            data += _data(name, text)
        elif slot(name).fills is Fills.FIELD:
            fields[name] = int(text) if name in ("gpus", "nodes") else unquoted(text)
        else:
            settings.append((name, "", _value(name, text)))


def _value(name: str, text: str) -> Any:
    if name == "captions":
        return _items(text)
    if name == "gpu_ids":
        return [int(each) for each in text.split(" and ")]
    return parse_yaml(text, "value")
