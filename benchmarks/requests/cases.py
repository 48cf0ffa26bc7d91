"""The requests and what is expected of them; ``tests/requests/README.md`` describes the format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skillbank.bank.documents import read_yaml
from skillbank.errors import DataNotFoundError, UsageError
from skillbank.visible import one_line

DEFAULTS: dict[str, Any] = {
    "skill": "tao-train-grounding-dino", "action": None, "variant": None, "policy": "auto", "route": "direct",
    "set": {}, "gpus": None, "nodes": None, "captions": [], "platform": None, "data": {}, "parent": None,
    "pretrained": None, "results_root": None, "image": None, "questions": [],
}  # fmt: skip
"""The slots of a plan, and what each is where a case does not mention it."""
REASONS = ("out_of_scope", "no_skill", "ambiguous", "no_action", "conflict")
_KEYS = frozenset({"id", "text", "plans", "refuse", "ask", "may_ask", "ordinary", "not_understood", "why"})


@dataclass(frozen=True)
class Case:
    """One request and its exact reading.

    Attributes
    ----------
    plans
        The expected plans; None when the request has to be refused, or when only `ask` says what is right.
    refuse
        The reasons for a refusal that are right.
    ask
        Parts of the text that a question has to concern; nothing may run before.
    may_ask
        Whether a question is as good as the plans.
    ordinary
        Whether it is what a plain user plainly types.
    category
        The file that it stands in, without its ending.
    """

    id: str
    text: str
    plans: tuple[Mapping[str, Any], ...] | None = None
    refuse: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    may_ask: bool = False
    ordinary: bool = False
    category: str = ""

    @classmethod
    def parse(cls, document: Any, category: str = "") -> Case:
        """Read one entry of a file of cases.

        Raises
        ------
        UsageError
            Naming the entry and what is wrong with it.
        """
        if not isinstance(document, Mapping) or not isinstance(document.get("text"), str):
            raise UsageError(f"A case must be a mapping with a text: {one_line(document, 80)}")
        name = str(document.get("id"))
        plans, refuse = document.get("plans"), document.get("refuse")
        ask = (*_texts(document.get("ask")), *_texts(document.get("not_understood")))
        if plans is not None and refuse is not None:
            raise UsageError(f"Case '{name}' must have either plans or refuse.")
        if plans is None and refuse is None and not ask:
            raise UsageError(f"Case '{name}' must have plans, refuse or ask.")
        reasons = _texts(refuse)
        unknown = [key for key in document if key not in _KEYS]
        unknown += [reason for reason in reasons if reason not in REASONS]
        for plan in plans or ():
            unknown += [key for key in plan if key.removesuffix("?") not in DEFAULTS]
        if unknown:
            raise UsageError(f"Case '{name}' has an unknown word '{one_line(unknown[0])}'.")
        strays = [part for part in ask if part.casefold() not in document["text"].casefold()]
        if strays:
            raise UsageError(
                f"Case '{name}' asks about '{one_line(strays[0])}', which its text does not say."
            )
        return cls(
            name, document["text"], tuple(plans) if plans is not None else None, reasons, ask,
            bool(document.get("may_ask")), bool(document.get("ordinary")), category,
        )  # fmt: skip


def _texts(value: Any) -> tuple[str, ...]:
    """Return a text, or each of a list of texts."""
    if value is None:
        return ()
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),)


@dataclass(frozen=True)
class CaseSet:
    """The cases of one folder, and the folder with the jobs and skills that they are read with."""

    name: str
    root: Path
    cases: tuple[Case, ...]


def load(folders: Iterable[Path], around: Path) -> list[CaseSet]:
    """Read the sets of cases in some folders, those one below included.

    Parameters
    ----------
    around
        The folder of ``jobs.yaml`` and ``bank`` for sets that have none at or above them.

    Raises
    ------
    DataNotFoundError
        When a folder is not there or holds no cases.
    """
    found: list[CaseSet] = []
    for folder in folders:
        if not folder.is_dir():
            raise DataNotFoundError(f"There is no folder {folder}; give a folder of request files.")
        inner = [f for f in sorted(folder.iterdir()) if f.is_dir() and f.name != "bank"]
        sets = [(f, files) for f in (folder, *inner) if (files := _files(f))]
        if not sets:
            raise DataNotFoundError(f"There are no request files (*.yaml) in {folder}.")
        taken = {each.name for each in found}
        found += [
            CaseSet(f.name if f.name not in taken else str(f), _root(f.resolve(), around), _cases(files))
            for f, files in sets
        ]
    return found


def _files(folder: Path) -> list[Path]:
    return sorted(f for f in folder.glob("*.yaml") if f.name != "jobs.yaml")


def _cases(files: Sequence[Path]) -> tuple[Case, ...]:
    return tuple(Case.parse(document, file.stem) for file in files for document in read_yaml(file))


def _root(folder: Path, around: Path) -> Path:
    return next((f for f in (folder, *folder.parents[:2]) if (f / "jobs.yaml").is_file()), around)
