"""Requests about a data set by itself: "convert X to COCO", "check the data set X", "split X 80/20".

No model is named in them: how one begins says what is meant, and further phrases follow in any order
(`data_forms`). Words beside these are asked about; words of a run leave it to the reader of runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any, NamedTuple

from skillbank.bank.discovery import OWN, Library
from skillbank.bank.skill import Skill
from skillbank.errors import UsageError
from skillbank.plan.model import Question
from skillbank.plan.paths import parse_path
from skillbank.plan.reader.actions import ACTIONS
from skillbank.plan.reader.clauses import Clauses
from skillbank.plan.reader.data_forms import CHECKING, OPENINGS, ROLE, heads, phrases
from skillbank.plan.reader.data_shares import divided
from skillbank.plan.reader.deeds import told_clauses
from skillbank.plan.reader.form_words import form_of
from skillbank.plan.reader.leaving_out import question_about
from skillbank.plan.reader.lexicon import FORMS
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import word_list
from skillbank.plan.reader.place import is_model_file
from skillbank.plan.request import DataLocation, Request, Setting, clean_uri
from skillbank.visible import one_line

__all__ = ["Asked", "checked_before", "data_request", "line_of", "place_of", "with_question"]

_SOURCE = "source_dataset"
"""What the skills for data sets call the one that they are given."""
_BELOW = (
    "the data set is written below that folder, in one of the job's own; "
    "the command line's 'data {}' with -o DIR writes into DIR itself"
)
_OTHER = frozenset({"onnx", "engine", "tensorrt", "trt", "torchscript", "openvino", "fp16", "int8"})
"""What models are converted to, and no data set."""
_IT = re.compile(
    r"(\A\W*(?:(?:and|then|please|afterwards|next|now|also|just|could|can|you|we|i) )*\w+ "
    r"|\b(?:on|with|from|in|over|of) )(?:it|them)\b(?!')",
    re.IGNORECASE,
)
"""A data set that is worked on next or with: in "then train X and export it" it is the model."""
_JOINTS = "',|'.|';|'and|'then|'afterwards|'next|'after|'that|'before 'you|'we|'i?"
"""What stands between a check and what is asked for behind it."""
_DIVISION = re.compile(rf"[\d.]+(?:/[\d.]+)+|{ROLE}(?:/{ROLE})+")
"""What is no place, but reads like a path: "0.8/0.2", "train/val"."""
_ON_IT = re.compile(r"(\bon )(?:it|them)\b(?!')")
_OPENING = 10
"""Words, and joints, within which the check of a data set begins and ends."""


class _Said(NamedTuple):
    """What a line says by name, and where in it other words stand."""

    of: dict[str, list[str]]
    others: list[tuple[int, int]]

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


class Asked(NamedTuple):
    """What a sentence about a data set asks for, and its words that nothing came of, which are a question."""

    request: Request
    unread: tuple[str, ...]


def data_request(page: Text, library: Library, skill: Skill | None) -> Asked | None:
    """Return what a sentence about a data set asks for; None where it is none, or no skill does such things.

    Parameters
    ----------
    skill
        The skill that an option names; another one than those for data sets reads its words itself.

    Raises
    ------
    UsageError
        When a data set is to be written in a format that is none.
    """
    return _asked(page, len(page.tokens), library, skill)


def checked_before(page: Text, library: Library) -> tuple[Request, str] | None:
    """Return the check of a data set that a text begins with, and the rest of the text, with the place in it.

    "Check X and then train on it" are two requests; what else is made of a data set first, a later step may
    not read, and such a text is no such pair.
    """
    if CHECKING.isdisjoint(token.text for token in page.tokens[:_OPENING]):
        return None
    for match in islice(page.find(_JOINTS), _OPENING):
        first = _asked(page, match.first, library, None)
        if first is None or first.unread or first.request.action != "check" or match.end == len(page.tokens):
            continue
        rest = page.ledger.original[page.tokens[match.end].start :]
        placed = any(token.kind == "place" for token in page.tokens[match.end :])
        if (it := (_ON_IT if placed else _IT).search(rest)) is not None:
            rest = rest[: it.end(1)] + _said_place(page, first.request.data[0].uri) + rest[it.end() :]
        return first.request, rest
    return None


def _said_place(page: Text, uri: str) -> str:
    """Return a place as it was written, with the quotes that hold its blanks together."""
    places = (i for i, token in enumerate(page.tokens) if token.kind == "place")
    return next((page.ledger.said([i]) for i in places if place_of(page, str(i)) == uri), uri)


def _asked(page: Text, end: int, library: Library, skill: Skill | None) -> Asked | None:
    """Return what the words before a token ask for."""
    told = _told(page)
    line, starts = line_of(page, end, frozenset(chain.from_iterable(told)))
    for action, head in heads(line):
        said = _said(action, head, *phrases(line, head.end(), action))
        if (
            said is None
            or is_model_file(page, place_of(page, said.one("place")))
            or _limits(said.one("told"))
        ):
            continue
        doer = _doer(library, action)
        named = [page.tokens[int(i)].value.skills for i in re.findall(r"@(\d+)", line)]
        if doer is None or any(list(each) != [doer] for each in [*named, [skill or doer]]):
            return None
        if (unknown := said.one("unknown")) is not None:
            _refuse_format(unknown, doer)
            return None
        others = [i for first, last in said.others for start, i in starts if first <= start < last]
        if not _may_be_beside(page, action, others):
            continue
        made = _with_told(page, _made(page, action, doer, said), told)
        return with_question(made, tuple(_runs(page, others)))
    return None


def _limits(told: str | None) -> bool:
    """Whether what is told of a place takes a part of it, denies something, or asks for a run."""
    return told is not None and not _LIMITING.isdisjoint(told.split())


_LIMITING = word_list("data_requests.limiting")


def _with_told(page: Text, request: Request, told: list[list[int]]) -> Request:
    """Return a request that says what of its sentence is taken as told."""
    notes = (f"'{page.ledger.said(each)}' is taken as told, and changes nothing" for each in told)
    return request.model_copy(update={"notes": (*request.notes, *notes)})


def _told(page: Text) -> list[list[int]]:
    """Return the words of the clauses of such a request that only tell something of the world.

    None of them may speak of data, or bound or order anything.
    """
    if OPENINGS.isdisjoint(token.text for token in page.tokens):
        return []
    clauses, found = Clauses(page), list[list[int]]()
    for clause in told_clauses(page, clauses, clauses.teller):
        words = [i for i in range(clause.first, clause.end) if page.kind(i) != "mark"]
        ours = page.holds(words, "places.data.nouns", "told.members", "places.roles")
        orders = not OPENINGS.isdisjoint(page.words(words)) or page.has_kind(words, "place")
        if words and not (ours or orders or clauses.teller.weigh(words)):
            found.append(words)
    return found


def _refuse_format(unknown: str, doer: Skill) -> None:
    """Refuse a format that no data set is written in; what a model is converted to is none of ours."""
    if set(unknown.split()).isdisjoint(_OTHER):
        name = one_line(unknown, 40)
        raise UsageError(f"'{name}' is no format that data sets are written in{_written(doer)}.")


def with_question(request: Request, unread: tuple[str, ...]) -> Asked:
    """Return a request with a question about words that nothing came of."""
    question = question_about(list(unread), [])
    asked = (*request.questions, *((question,) if question else ()))
    return Asked(request.model_copy(update={"questions": asked}), unread)


def _said(
    action: str, head: re.Match[str], found: list[re.Match[str]], others: list[tuple[int, int]]
) -> _Said | None:
    """Return what the parts of a line say by name; None where nothing says what a data set becomes."""
    of: dict[str, list[str]] = {}
    for groups in (head.groupdict(), *(m.groupdict() for m in found)):
        for name, text in groups.items():
            if text:
                of.setdefault(name, []).append(text)
    if "as" in of:  # "convert X as VOC to COCO", "convert X in COCO"
        of.setdefault("was" if action != "convert" or "to" in of else "to", []).extend(of.pop("as"))
    if action == "convert" and not ("to" in of or "unknown" in of):
        return None
    return _Said(of, others)


def _may_be_beside(page: Text, action: str, others: list[int]) -> bool:
    """Whether words beside a request about a data set leave it one, with a question about them.

    What somebody looks for in pictures, and what a model does, is asked for in other sentences.
    """
    if not others:
        return True
    looked = action == "check" and page.word(others[0]) == "for"
    first = page.tokens[0].text in ("look", "see", "have", "take")
    run = any(
        page.kind(i) in ("name", "place", "job", "pair", "key", "image")
        or page.within(i, *(f"actions.{a}.{form}" for a in ACTIONS for form in (*FORMS, "nouns")))
        or page.within(i, "policy.search.nouns", "actions.words.find")
        for i in others
    )
    return not (looked or first or run)


def _runs(page: Text, tokens: list[int]) -> Iterator[str]:
    """Yield the words of some tokens as they were written, those side by side together."""
    for first in (i for i in tokens if i - 1 not in tokens):
        last = first
        while last + 1 in tokens:
            last += 1
        yield page.ledger.original[page.tokens[first].start : page.tokens[last].end]


def _written(skill: Skill) -> str:
    """Say which formats there are, as the skill's schema lists them."""
    schema = skill.schema(skill.action("convert", None))
    node, _ = schema.find(parse_path("convert.to"))
    listed = node.words.get("enum") if node is not None else None
    return f"; there are {', '.join(map(str, listed))}" if isinstance(listed, list) else ""


def _doer(library: Library, action: str) -> Skill | None:
    """Return the skill whose action takes a whole data set, of our own bank: words name no other's."""
    for skill in library.skills:
        if skill.bank == OWN and any(
            each.name == action and any(source.source == _SOURCE for source in each.data_sources)
            for each in skill.actions
        ):
            return skill
    return None


def line_of(page: Text, end: int, told: frozenset[int] = frozenset()) -> tuple[str, list[tuple[int, int]]]:
    """Return a text up to a token in small letters, places and names as the numbers of their tokens.

    Beside it where each token begins in it. What others say is left out, and what is only ``told``.
    """
    line, starts = "", list[tuple[int, int]]()
    for i, token in enumerate(page.tokens[:end]):
        if i in told or page.owner(i) == "report" or (i and not line and token.kind == "mark"):
            continue
        said = page.ledger.original[token.start : token.end].lower()
        if token.kind == "place" and not _DIVISION.fullmatch(said):
            said = f"§{i}"
        elif token.kind in ("name", "word"):
            said = f"@{i}" if token.kind == "name" else token.text
        if said := " ".join(said.split()):
            starts.append((len(line), i))
            line += f"{said} "
    return line.rstrip(), starts


# -- what they ask for ------------------------------------------------------------------------------


def _made(page: Text, action: str, skill: Skill, said: _Said) -> Request:
    settings = dict(_settings(action, said))
    questions: list[Question] = []
    notes = list(_notes(action, said))
    if action == "split":
        division = divided(said.of)
        settings |= division.settings
        questions += division.questions
        notes += division.notes
    return Request(
        skill=skill.qualified,
        action=action,
        data=(DataLocation(source=_SOURCE, uri=place_of(page, said.one("place")), form=_read_as(said)),),
        settings=tuple(Setting(key=key, value=value) for key, value in settings.items()),
        on_broken="skip" if said.one("skip") else None,
        results_root=place_of(page, out) if (out := said.one("out")) else None,
        platform=said.one("platform") or ("local" if said.one("local") else None),
        questions=tuple(questions),
        notes=tuple(notes),
        text=page.ledger.original,
    )


def _notes(action: str, said: _Said) -> Iterator[str]:
    """Yield what was decided where the words leave room."""
    if said.one("out") and action != "check":
        yield _BELOW.format(action)
    if told := said.one("told"):
        yield f"'{re.sub('§[0-9]+', '…', told)}' is taken as told, and changes nothing"
    if look := said.one("look"):
        yield f"'{look}' is taken as a check of the data set"


def _read_as(said: _Said) -> str:
    """Return the format that a data set is said to have, else nothing."""
    forms = {form_of(text) for name in ("of", "read", "bracketed", "was") for text in said.of.get(name, ())}
    if len(forms) > 1:
        told = " and ".join(sorted(map(str, forms)))
        raise UsageError(f"The data set is said to be read as {told}; keep one of them.")
    return next(iter(forms), None) or ""


def _settings(action: str, said: _Said) -> Iterator[tuple[str, Any]]:
    """Yield the settings that a sentence says in one word each."""
    if to := said.one("to"):
        yield f"{action}.to", form_of(to)
    if seed := said.one("seed"):
        yield "split.seed", int(seed)
    if said.one("report"):
        yield "check.on_errors", "report"
    by = {each.replace(" ", "-") for each in (*said.of.get("by", ()), *said.of.get("kept", ()))}
    if len(by) > 1:
        told = " and by ".join(sorted(by, reverse=True))
        raise UsageError(f"The data set is said to be split by {told}; keep one of them.")
    if by:
        yield "split.by", by.pop()


def place_of(page: Text, token: str | None) -> str:
    """Return the place that a line has as the number of its token."""
    return clean_uri(str(page.tokens[int(token or 0)].value))
