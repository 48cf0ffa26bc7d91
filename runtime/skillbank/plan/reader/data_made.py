"""The request that work on a data set is: its settings, what has to be asked, and what was decided."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from skillbank.bank.skill import Skill
from skillbank.errors import UsageError
from skillbank.plan.model import Question
from skillbank.plan.paths import parse_path
from skillbank.plan.reader.data_line import place_of
from skillbank.plan.reader.data_places import Places
from skillbank.plan.reader.data_shares import divided
from skillbank.plan.reader.matching import Text
from skillbank.plan.request import DataLocation, Request, Setting
from skillbank.visible import one_line
from skillbank.ways import Sentence, option

__all__ = ["SOURCE", "Said", "made", "refuse_format"]

SOURCE = "source_dataset"
"""What the skills for data sets call the one that they are given."""
_BELOW = (
    "the data set is written below that folder, in one of the job's own; "
    "the command line's 'data {}' with -o DIR writes into DIR itself"
)
_OTHER = frozenset({"onnx", "engine", "tensorrt", "trt", "torchscript", "openvino", "fp16", "int8"})
"""What models are converted to, and no data set."""


class Said(NamedTuple):
    """What a text says of its data set by name, with the places."""

    of: dict[str, list[str]]
    places: Places

    def one(self, name: str) -> str | None:
        """Return the one text of a name; None where there is none.

        Raises
        ------
        UsageError
            Where it is said twice and not the same.
        """
        texts = dict.fromkeys(self.of.get(name, ()))
        if len(texts) > 1:
            told = " and ".join(f"'{one_line(text, 40)}'" for text in texts)
            raise UsageError(f"The request about the data set says {told}; keep one of them.")
        return next(iter(texts), None)


def made(page: Text, action: str, skill: Skill, said: Said) -> Request:
    """Return the request for an action of the skill that does it."""
    settings = dict(_settings(action, said))
    questions: list[Question] = []
    notes = list(_notes(action, said))
    if action == "split":
        division = divided(said.of)
        settings |= division.settings
        questions += division.questions
        notes += division.notes
    if action == "convert" and said.one("to") is None:
        questions.append(_which_format())
    return Request(
        skill=skill.qualified,
        action=action,
        data=(DataLocation(source=SOURCE, uri=place_of(page, said.places.source), form=_read_as(said)),),
        settings=tuple(Setting(key=key, value=value) for key, value in settings.items()),
        on_broken="skip" if said.one("skip") else None,
        results_root=place_of(page, said.places.out) if said.places.out else None,
        platform=said.one("platform") or ("local" if said.one("local") else None),
        questions=tuple(questions),
        notes=tuple(notes),
        text=page.ledger.original,
    )


def _which_format() -> Question:
    """Ask into which format a data set is to be converted."""
    why = Sentence(f"nothing says which format is wanted; say for example {option('set', 'to=coco')}")
    return Question(key="convert.to", why=why)


def _notes(action: str, said: Said) -> Iterator[str]:
    """Yield what was decided where the words leave room."""
    if said.places.out and action != "check":
        yield _BELOW.format(action)


def _read_as(said: Said) -> str:
    """Return the format that a data set is said to have, else nothing."""
    forms = set(said.of.get("was", ()))
    if len(forms) > 1:
        told = " and ".join(sorted(forms))
        raise UsageError(f"The data set is said to be read as {told}; keep one of them.")
    return next(iter(forms), "")


def _settings(action: str, said: Said) -> Iterator[tuple[str, Any]]:
    """Yield the settings that a sentence says in one word each."""
    if to := said.one("to"):
        yield f"{action}.to", to
    if seed := said.one("seed"):
        yield "split.seed", int(seed)
    if said.one("report"):
        yield "check.on_errors", "report"
    pictures = {"copy" if each.startswith("cop") else "link" for each in said.of.get("pictures", ())}
    if len(pictures) > 1:
        raise UsageError(
            "The pictures of the data set are said to be copied and to be linked; keep one of them."
        )
    if pictures:
        yield f"{action}.pictures", pictures.pop()
    by = {each.replace(" ", "-") for each in (*said.of.get("by", ()), *said.of.get("kept", ()))}
    if len(by) > 1:
        told = " and by ".join(sorted(by, reverse=True))
        raise UsageError(f"The data set is said to be split by {told}; keep one of them.")
    if by:
        yield "split.by", by.pop()


def refuse_format(unknown: str, doer: Skill) -> None:
    """Refuse a format that no data set is written in; what a model is converted to is none of ours."""
    if set(unknown.split()).isdisjoint(_OTHER):
        name = one_line(unknown, 40)
        raise UsageError(f"'{name}' is no format that data sets are written in{_written(doer)}.")


def _written(skill: Skill) -> str:
    """Say which formats there are, as the skill's schema lists them."""
    schema = skill.schema(skill.action("convert", None))
    node, _ = schema.find(parse_path("convert.to"))
    listed = node.words.get("enum") if node is not None else None
    return f"; there are {', '.join(map(str, listed))}" if isinstance(listed, list) else ""
