"""A new skill that lints clean: the smallest one that can be planned, to be filled in."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from skillbank.bank.lint import lint_bank
from skillbank.errors import UsageError
from skillbank.visible import json_text

__all__ = ["NewAction", "write_skill"]

_TEMPLATES = Path(__file__).parent / "skill"
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_ACTION = re.compile(r"[a-z][a-z0-9_]*")
_LONGEST = 64
_DATA = {
    "train": ("dataset.train_data", "train_datasets"),
    "evaluate": ("dataset.test_data", "eval_dataset"),
    "inference": ("dataset.infer_data", "inference_dataset"),
}
"""The key of an action's data and the kind of source; other actions take none until their author says so."""


@dataclass(frozen=True)
class NewAction:
    """One action of a skill to be."""

    skill: str
    name: str

    @property
    def key(self) -> str:
        """The spec key of its data, or nothing."""
        return _DATA.get(self.name, ("", ""))[0]

    @property
    def source(self) -> str:
        """The kind of data set that goes there."""
        return _DATA.get(self.name, ("", ""))[1]

    @property
    def request(self) -> str:
        """A sentence that plans it."""
        words = {"train": "train {} on ./data", "evaluate": "evaluate {} on ./data"}
        plain = "run inference with {} on ./pictures" if self.name == "inference" else "{} of {}"
        if self.name in words or self.name == "inference":
            return words.get(self.name, plain).format(self.skill)
        return plain.format(self.name, self.skill)

    @property
    def defaults(self) -> dict[str, object]:
        """The spec that its program reads, with every value's default."""
        spec: dict[str, object] = {"results_dir": ""}
        if self.key:
            block, _, field = self.key.partition(".")
            spec[block] = {field: ""}
        if self.name == "train":
            spec["train"] = {"num_epochs": 10, "seed": 1234}
        return spec

    @property
    def schema(self) -> dict[str, Any]:
        """JSON Schema 2020-12 of that spec."""
        found = _schema(self.defaults, f"{self.skill} {self.name}")
        if self.name == "train":
            found["properties"]["train"]["properties"]["num_epochs"]["minimum"] = 1
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}

    @property
    def evaluation(self) -> dict[str, object]:
        """What an agent is asked, and what it should do, in the public form of evals."""
        return {
            "id": self.name,
            "question": self.request,
            "expected_skill": self.skill,
            "expected_behavior": [
                f"Chooses the skill {self.skill}",
                f"Plans its action {self.name} and asks for what is missing",
                "Starts nothing before a person has approved the plan",
            ],
        }


def write_skill(
    home: Path, name: str, *, actions: Sequence[str] = ("train",), description: str = "", image: str = ""
) -> list[Path]:
    """Write a skill's folder and return its files.

    Parameters
    ----------
    home
        The folder of skills that it goes into.
    name
        1 to 64 of ``a-z``, ``0-9`` and single hyphens, also the name of its program.
    actions
        What it can do; ``train``, ``evaluate`` and ``inference`` take data.
    image
        The container image of its program; without one it runs where the program is installed.

    Raises
    ------
    UsageError
        For names that the standard refuses, and for a folder that is there already; nothing is written then.
    """
    wrong = _wrong(home, name, actions)
    if wrong:
        raise UsageError(f"{'; '.join(wrong)}.")
    made = [NewAction(name, action) for action in dict.fromkeys(actions)]
    said = description or f"Run {name}. Use when the user asks to {', '.join(a.name for a in made)} {name}."
    folder = home / name
    for path, text in _files(name, made, said, image).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    errors = [d.sentence for _, d in lint_bank(folder).findings if d.severity == "error"]
    if errors:
        shutil.rmtree(folder)
        raise UsageError(f"the skill would not be clean: {'; '.join(errors)}")
    return sorted(p for p in folder.rglob("*") if p.is_file())


def _wrong(home: Path, name: str, actions: Sequence[str]) -> list[str]:
    found = []
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        found.append(f"'{name}' is no name of a skill, which is 1-{_LONGEST} of a-z, 0-9 and single hyphens")
    elif (home / name).exists():
        found.append(f"{home / name} is there already; give another name, or remove it first")
    found += [
        f"'{action}' is no name of an action, which is a word of a-z, 0-9 and _"
        for action in actions
        if not _ACTION.fullmatch(action)
    ]
    return found if actions else [*found, "a skill needs an action"]


def _files(name: str, actions: Sequence[NewAction], description: str, image: str) -> dict[str, str]:
    templates = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        autoescape=False,
        keep_trailing_newline=True,
    )
    given = {
        "name": name,
        "program": name,
        "description": json.dumps(description, ensure_ascii=False),  # quoted as YAML quotes it
        "image": image,
        "actions": actions,
        "with_data": [a for a in actions if a.key],
        "trains": any(a.name == "train" for a in actions),
    }
    files = {
        "SKILL.md": templates.get_template("SKILL.md.j2").render(given),
        "references/skill_info.yaml": templates.get_template("skill_info.yaml.j2").render(given),
        "evals/evals.json": _json([a.evaluation for a in actions]),
    }
    for action in actions:
        files[f"references/spec_template_{action.name}.yaml"] = yaml.safe_dump(
            action.defaults, sort_keys=False
        )
        files[f"schemas/{action.name}.schema.json"] = _json(action.schema)
    return files


def _schema(value: object, title: str) -> dict[str, Any]:
    if isinstance(value, dict):
        properties = {key: _schema(each, key.replace("_", " ")) for key, each in value.items()}
        return {
            "title": title, "type": "object", "additionalProperties": False, "properties": properties,
            "default": value,
        }  # fmt: skip
    kind = {bool: "boolean", int: "integer", float: "number", str: "string"}[type(value)]
    return {"title": title, "type": kind, "default": value}


def _json(document: object) -> str:
    return json_text(document, indent=2) + "\n"
