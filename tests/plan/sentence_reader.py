"""A reader of the canonical sentence by its grammar alone: what it yields is all that the sentence says.

It knows no synonyms and guesses nothing, so that a sentence which leaves something out, or in which a text of
others passes for a clause, gives other plans here or none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from skillbank.bank.documents import parse_yaml
from skillbank.plan.literals import unquoted
from skillbank.plan.request import DataLocation, Request, Setting
from skillbank.plan.sentence import VERBS, main_source
from skillbank.plan.slot_keys import key_of
from skillbank.plan.slots import Fills, slot
from skillbank.runtime import Runtime

STRING = r'"(?:[^"\\]|\\.)*"'
ITEM = rf"(?:{STRING}|[^\s;\"]+)"
ITEMS = rf"{ITEM}(?: and {ITEM})*"
CLAUSES = (
    (r"validate on (?P<eval_dataset>{})", ITEMS),
    (r"training data (?P<train_datasets>{})", ITEMS),
    (r"inference data (?P<inference_dataset>{})", ITEMS),
    (r"calibration data (?P<calibration_dataset>{})", ITEMS),
    (r"data (?P<source>{0}) = (?P<places>{0}(?: and {0})*)", ITEM),
    (r"variant (?P<variant>{})", ITEM),
    (r"from job (?P<parent>{})", ITEM),
    (r"from weights (?P<pretrained>{})", ITEM),
    (r"from (?P<scratch>random weights)", ""),
    (r"from (?P<given>the weights of the parent)", ""),
    (r"find (?P<captions>{})", ITEMS),
    (r"(?P<epochs>\d+) epochs", ""),
    (r"batch size (?P<batch_size>\d+)", ""),
    (r"learning rate (?P<learning_rate>\S+)", ""),
    (r"seed (?P<seed>\d+)", ""),
    (r"precision (?P<precision>\w+)", ""),
    (r"threshold (?P<threshold>\S+)", ""),
    (r"validation interval (?P<validation_interval>\d+)", ""),
    (r"checkpoint interval (?P<checkpoint_interval>\d+)", ""),
    (r"GPU ids (?P<gpu_ids>\d+(?: and \d+)*)", ""),
    (r"(?P<gpus>\d+) GPUs?", ""),
    (r"(?P<nodes>\d+) nodes?", ""),
    (r"(?P<trials>\d+) trials", ""),
    (r"(?P<parallel_trials>\d+) trials at once", ""),
    (r"algorithm (?P<algorithm>\w+)", ""),
    (r"time budget (?P<time_budget>\d+[hms])", ""),
    (r"(?P<gpu_hours>\S+) GPU hours", ""),
    (r"trial timeout (?P<trial_timeout>\d+[hms])", ""),
    (r"patience (?P<patience>\d+)", ""),
    (r"AutoML (?P<automl>on|off|auto)", ""),
    (r"on platform (?P<platform>{})", ITEM),
    (r"image (?P<no_image>of the skill)", ""),
    (r"image (?P<image>{})", ITEM),
    (r"results in (?P<no_root>the usual place)", ""),
    (r"results below (?P<results_root>{})", ITEM),
    (r"(?P<end>nothing left out)", ""),
    (r"(?P<key>{}) = (?P<value>.+)", ITEM),
)
PATTERNS = [re.compile(pattern.format(part) if part else pattern) for pattern, part in CLAUSES]
WIDE = ("automl", "platform", "image", "results_root")


def split(text: str) -> list[str]:
    """Split a sentence into clauses, at ``; `` outside of quotes."""
    parts = re.findall(rf"(?:{STRING}|[^;\"])+", text)
    assert "; ".join(part.strip() for part in parts) == text, f"not parted by '; ': {text}"
    return [part.strip() for part in parts]


def plain(item: str) -> str:
    """Return the text of one item, in quotes or bare."""
    return unquoted(item)


def plains(items: str) -> list[str]:
    return [plain(item) for item in re.findall(rf"({ITEM})(?: and |$)", items)]


def read_sentence(runtime: Runtime, text: str) -> list[Request]:
    """Return the requests that a canonical sentence stands for."""
    steps: list[list[str]] = []
    clauses = split(text)
    several = clauses[0].startswith("first ")
    for i, clause in enumerate(clauses):
        if i == 0 or (several and clause.startswith("then ")):
            steps.append([clause.removeprefix("first " if i == 0 and several else "then ")])
        else:
            steps[-1].append(clause)
    read = [_step(runtime, step) for step in steps]
    assert read[-1].pop("end", None), f"no end: {text}"
    for kind in WIDE:
        said = [each for each in read if kind in each]
        if len(said) == 1:
            assert said[0] is read[-1]
            for each in read:
                each[kind] = read[-1][kind]
        else:
            assert len(said) in (0, len(read))
    return [Request(**{k: v for k, v in each.items() if v is not None}) for each in read]


def _step(runtime: Runtime, clauses: list[str]) -> dict[str, Any]:
    does = rf"(?:(?P<verb>{'|'.join(VERBS)})|run (?P<action>{ITEM}) of)"
    head = re.fullmatch(rf"{does} (?P<skill>{ITEM})(?: on (?P<on>{ITEMS}))?", clauses[0])
    assert head is not None, f"no head: {clauses[0]}"
    action = head["verb"] or plain(head["action"])
    skill = plain(head["skill"])
    data = [DataLocation(source=str(main_source(action)), uri=uri) for uri in plains(head["on"] or "")]
    fields: dict[str, Any] = {"skill": skill, "action": action}
    settings: list[Setting] = []
    for clause in clauses[1:]:
        match = next((m for p in PATTERNS if (m := p.fullmatch(clause))), None)
        assert match is not None, f"no clause: {clause}"
        _take({k: v for k, v in match.groupdict().items() if v is not None}, fields, settings, data)
    found = runtime.library.get(skill)
    made = found.action(action, fields.get("variant"))
    keyed = []
    for setting in settings:
        if not setting.key.startswith("slot "):
            keyed.append(setting)
            continue
        key = key_of(found, made, slot(setting.key.removeprefix("slot ")))
        assert key is not None, f"{action} has no {setting.key}"
        keyed.append(Setting(key=key, value=setting.value))
    return {**fields, "settings": tuple(keyed), "data": tuple(data)}


def _take(
    said: dict[str, str], fields: dict[str, Any], settings: list[Setting], data: list[DataLocation]
) -> None:
    if "key" in said:
        settings.append(Setting(key=plain(said["key"]), value=parse_yaml(said["value"], "value")))
    elif "source" in said:
        source = plain(said["source"])
        data += [DataLocation(source=source, uri=uri) for uri in plains(said["places"])]
    elif {"scratch", "given"} & said.keys():
        assert "pretrained" not in fields
        fields["pretrained"] = "none" if "scratch" in said else "parent"
    elif {"no_image", "no_root"} & said.keys():
        fields["image" if "no_image" in said else "results_root"] = None
    else:
        [(name, text)] = said.items()
        if name.endswith(("_dataset", "_datasets")):
            data += [DataLocation(source=name, uri=uri) for uri in plains(text)]
        else:
            fields.update(_field(name, text, settings))


def _field(name: str, text: str, settings: list[Setting]) -> Iterator[tuple[str, Any]]:
    if name == "end":
        yield "end", True
    elif slot(name).fills is Fills.FIELD:
        yield name, int(text) if name in ("gpus", "nodes") else plain(text)
    else:
        value: Any
        if name == "captions":
            value = plains(text)
        elif name == "gpu_ids":
            value = [int(each) for each in text.split(" and ")]
        else:
            value = parse_yaml(text, "value")
        settings.append(Setting(key=f"slot {name}", value=value))
