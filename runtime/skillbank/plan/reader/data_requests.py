"""Requests about a data set by itself: "convert X to COCO", "check the data set X", "split X 80/20".

No model is named in them. What one asks for is found wherever it stands (`data_heads`), and so is what is
said besides: places, formats, shares (`data_places`, `data_formats`, `data_slots`). They account for their
words as what is said of a run does, and the rest is judged by the same rules: told, polite, or a question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from skillbank.bank.discovery import OWN, Library
from skillbank.bank.skill import Skill
from skillbank.errors import UsageError
from skillbank.plan.model import Question
from skillbank.plan.paths import parse_path
from skillbank.plan.reader import accounting, courtesies, data_heads
from skillbank.plan.reader.actions import ACTIONS, Mention
from skillbank.plan.reader.clauses import Clause, Clauses
from skillbank.plan.reader.data_formats import Named, formats_in, unknown_format
from skillbank.plan.reader.data_heads import Head
from skillbank.plan.reader.data_line import Line, apart, place_of, unclaimed_line, until
from skillbank.plan.reader.data_places import Places, places_in
from skillbank.plan.reader.data_shares import divided
from skillbank.plan.reader.data_slots import reasons, said_in, unmet
from skillbank.plan.reader.form_words import names_form
from skillbank.plan.reader.leaving_out import question_about
from skillbank.plan.reader.lexicon import FORMS
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.place import is_model_file
from skillbank.plan.reader.reports import asks
from skillbank.plan.reader.unheld import mark_comments, mark_unheld
from skillbank.plan.reader.value import Value
from skillbank.plan.request import DataLocation, Request, Setting
from skillbank.visible import one_line
from skillbank.ways import Sentence, option

__all__ = ["Asked", "checked_before", "data_request", "with_question"]

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
_ON_IT = re.compile(r"(\bon )(?:it|them)\b(?!')")
_OPENING = 10
"""Joints within which the check of a data set ends."""
_CHECKING = frozenset({"check", "inspect", "audit", "lint", "examine", "validate", "verify", "look", "see"})


class _Said(NamedTuple):
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


class Asked(NamedTuple):
    """What a sentence about a data set asks for, and its words that nothing came of, which are a question."""

    request: Request
    unread: tuple[str, ...]


def data_request(page: Text, library: Library, skill: Skill | None) -> Asked | None:
    """Return what a text about a data set asks for; None where it is none, or no skill does such things.

    Parameters
    ----------
    skill
        The skill that an option names; another one than those for data sets reads its words itself.

    Raises
    ------
    UsageError
        When a data set is to be written in a format that is none.
    """
    said = frozenset(token.text for token in page.tokens)
    placed = any(token.kind == "place" for token in page.tokens)
    if not placed or not data_heads.may_ask(said, formed=names_form(page)):
        return None
    return _Reader(apart(page), library, skill).asked()


def checked_before(page: Text, library: Library) -> tuple[Request, str] | None:
    """Return the check of a data set that a text begins with, and the rest of the text, with the place in it.

    "Check X and then train on it" are two requests; what else is made of a data set first, a later step may
    not read, and such a text is no such pair.
    """
    said = [i for i, token in enumerate(page.tokens) if token.text in _CHECKING]
    if not said:
        return None
    for match in islice((m for m in page.find(_JOINTS) if m.first > said[0]), _OPENING):
        if match.end == len(page.tokens):
            continue
        first = data_request(until(page, match.first), library, None)
        if first is None or first.unread or first.request.action != "check":
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
    return next((page.ledger.said([i]) for i in places if place_of(page, i) == uri), uri)


class _Reader:
    """Reads one text, whose ledger is its own."""

    def __init__(self, page: Text, library: Library, skill: Skill | None) -> None:
        self.page, self.library, self.skill = page, library, skill
        mark_comments(page)
        courtesies.take_politeness(page)
        self.clauses = Clauses(page)
        self.line: Line = unclaimed_line(page)

    def asked(self) -> Asked | None:
        """Return what the text asks for; None where that is nothing of a data set."""
        page, line = self.page, self.line.text
        heads = data_heads.heads(line)
        if not heads or self._orders_a_run(heads) or data_heads.speaks_of_a_model(line, heads[0]):
            return None
        action = heads[0].action
        doer = _doer(self.library, action)
        uri = {str(i): place_of(page, i) for i, token in enumerate(page.tokens) if token.kind == "place"}
        places = places_in(line, heads[0], uri)
        if doer is None or places is None or is_model_file(page, uri[places.source]):
            return None
        named = [page.tokens[i].value.skills for i in self.line.tokens if page.kind(i) == "name"]
        if any(list(each) != [doer] for each in [*named, [self.skill or doer]]):
            return None
        said = self._said(action, places)
        if action == "convert" and "to" not in said.of:
            if (unknown := unknown_format(line, heads[0].end)) is not None:
                _refuse_format(unknown, doer)
            if unknown is not None or heads[0].weak:
                return None
        self._take(action, heads, places)
        request = _made(page, action, doer, said)
        notes, others = self._left(action)
        looks = heads[0].taken_as and line.startswith(("look", "see", "have", "take", "go"), heads[0].first)
        if looks and others:
            return None  # "look through X for bottles"
        if any(_is_of_run(page, i, noun=heads[0].weak) for run in others for i in run):
            return None
        looked = [line[head.first : head.end] for head in heads if head.action == action and head.taken_as]
        notes += [f"'{each}' is taken as a check of the data set" for each in dict.fromkeys(looked)]
        unread, _ = accounting.fragments(page, others, ())
        request = request.model_copy(update={"notes": (*request.notes, *notes)})
        return with_question(request, tuple(unread))

    def _orders_a_run(self, heads: list[Head]) -> bool:
        """Whether a verb of a run stands where an order begins: then the text is read as one of runs."""
        line = self.line
        action = heads[0].action
        spans = [(each.first, each.end) for each in (*heads, *formats_in(line.text, action))]
        spans += [match.span() for match in said_in(line.text, action)]
        read = {i for span in spans for i in line.inside(*span)}
        places = zip(line.at, line.tokens, strict=True)
        return any(
            i not in read and asks(self.page, i) and data_heads.leads(line.text, at) for at, i in places
        )

    def _said(self, action: str, places: Places) -> _Said:
        """Return what the line says by name."""
        of: dict[str, list[str]] = {}
        for match in said_in(self.line.text, action):
            for name, text in match.groupdict().items():
                if text:
                    of.setdefault(name, []).append(text)
        for each in self._formats(action):
            of.setdefault(each.role, []).append(each.name)
        return _Said(of, places)

    def _formats(self, action: str) -> list[Named]:
        return [each for each in formats_in(self.line.text, action) if each.role in ("to", "was")]

    def _take(self, action: str, heads: list[Head], places: Places) -> None:
        """Account for the words that the request is made of."""
        ledger, line = self.page.ledger, self.line

        def claim(kind: str, first: int, end: int, value: object = None) -> None:
            if free := self.page.unclaimed(line.inside(first, end)):
                ledger.claim(kind, free, value)

        for span in places.spans:
            claim("place", *span)
        for head in heads:
            if head.action == action:
                claim("action", head.first, head.end, Mention(action))
        formats = self._formats(action)
        for each in formats:
            kind = "value" if each.role == "to" else "format"
            claim(kind, each.first, each.end, Value(each.role, each.name))
        known = {each.name for each in formats}
        for each in formats_in(line.text, action):
            if each.name in known:
                claim("format", each.first, each.end)
        for match in said_in(line.text, action):
            claim("value", *match.span(), Value(action, match[0]))
        for match in data_heads.askers(line.text):
            claim("courtesy", *match.span("who"))
        for match in unmet(line.text, heads[0]):
            claim("unread", *match.span())
        for match in reasons(line.text):
            claim("context", *match.span())

    def _left(self, action: str) -> tuple[list[str], list[list[int]]]:
        """Return what is taken as told, and the words that nothing accounts for."""
        page, clauses = self.page, self.clauses
        mark_unheld(page, clauses.history())
        doubts = list(self._take_told(action))
        notes = doubts + accounting.take_context(page, clauses, frozenset(), frozenset())
        return notes, accounting.left_over(page, clauses, frozenset())

    def _take_told(self, action: str) -> Iterator[str]:
        """Account for what somebody says of the data where it changes nothing.

        A check looks at all of them and finds out itself; what has been done with the data set that is named
        ("the lab delivered X in its own format") is over.
        """
        page, teller = self.page, self.clauses.teller
        for clause in self.clauses.all:
            tokens = _behind_politeness(page, clause)
            ends = tokens.start, tokens.stop
            claimed = page.owners(tokens) - {"courtesy", "format"}
            told = not claimed if action == "check" else claimed == {"place"} and teller.is_history(*ends)
            bound = page.holds(tokens, *_BOUNDING) or page.has_kind(tokens, "number", "name", "job")
            tells = told and not bound and teller.has_verb(*ends) and not teller.orders(*ends)
            if tells and (said := _unmarked(page, tokens)):
                page.ledger.claim("context", said)
                yield f"'{page.ledger.said(said)}' is taken as told, and changes nothing"


def _unmarked(page: Text, tokens: range) -> list[int]:
    """Return the tokens that nothing accounts for, without the marks around them."""
    free = page.unclaimed(tokens)
    words = [i for i in free if page.kind(i) != "mark"]
    return [i for i in free if words and words[0] <= i <= words[-1]]


def _behind_politeness(page: Text, clause: Clause) -> range:
    """Return the tokens of a clause behind what politeness it begins with."""
    first = next((i for i in range(clause.first, clause.end) if page.owner(i) != "courtesy"), clause.end)
    return range(first, clause.end)


_BOUNDING = (
    "grammar.operator.only", "grammar.operator.not", "grammar.operator.instead", "grammar.mode.condition",
    "grammar.mode.schedule", "grammar.mode.directive",
)  # fmt: skip
"""What may bound a check in a clause that tells."""


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


def _is_of_run(page: Text, i: int, *, noun: bool) -> bool:
    """Whether a word that nothing came of is of a run: what a model does is asked for in other sentences.

    Parameters
    ----------
    noun
        Whether a word of an action makes it one.
    """
    doing = tuple(f"actions.{a}.{form}" for a in ACTIONS for form in (*FORMS, "nouns"))
    kinds = ("name", "job", "pair", "key", "image")
    words = (*doing, "actions.words.find") if noun else ()
    return page.kind(i) in kinds or page.within(i, "policy.search.nouns", *words)


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
    if action == "convert" and said.one("to") is None:
        questions.append(_which_format())
    return Request(
        skill=skill.qualified,
        action=action,
        data=(DataLocation(source=_SOURCE, uri=place_of(page, said.places.source), form=_read_as(said)),),
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


def _notes(action: str, said: _Said) -> Iterator[str]:
    """Yield what was decided where the words leave room."""
    if said.places.out and action != "check":
        yield _BELOW.format(action)


def _read_as(said: _Said) -> str:
    """Return the format that a data set is said to have, else nothing."""
    forms = set(said.of.get("was", ()))
    if len(forms) > 1:
        told = " and ".join(sorted(forms))
        raise UsageError(f"The data set is said to be read as {told}; keep one of them.")
    return next(iter(forms), "")


def _settings(action: str, said: _Said) -> Iterator[tuple[str, Any]]:
    """Yield the settings that a sentence says in one word each."""
    if to := said.one("to"):
        yield f"{action}.to", to
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
