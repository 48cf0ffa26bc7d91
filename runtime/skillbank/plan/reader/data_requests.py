"""Requests about a data set by itself: "convert X to COCO", "check the data set X", "split X 80/20".

No model is named in them. What one asks for is found wherever it stands (`data_heads`), and so is what is
said besides: places, formats, shares (`data_places`, `data_formats`, `data_slots`). They account for their
words as what is said of a run does, and the rest is judged by the same rules: told, polite, or a question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from skillbank.bank.discovery import OWN, Library
from skillbank.bank.skill import Skill
from skillbank.plan.model import WORDS
from skillbank.plan.reader import accounting, context, courtesies, data_heads
from skillbank.plan.reader.actions import ACTIONS, Mention
from skillbank.plan.reader.bounding import mark_judged
from skillbank.plan.reader.clauses import Clause, Clauses
from skillbank.plan.reader.data_formats import formats_in, unknown_format
from skillbank.plan.reader.data_heads import Head
from skillbank.plan.reader.data_line import Line, apart, place_of, unclaimed_line, until
from skillbank.plan.reader.data_made import SOURCE, Said, made, refuse_format
from skillbank.plan.reader.data_places import Places, places_in
from skillbank.plan.reader.data_reasons import reasons
from skillbank.plan.reader.data_refused import take_refused_runs
from skillbank.plan.reader.data_slots import said_in, unmet
from skillbank.plan.reader.form_words import names_form
from skillbank.plan.reader.leaving_out import question_about
from skillbank.plan.reader.lexicon import FORMS
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.place import is_model_file
from skillbank.plan.reader.reports import asks
from skillbank.plan.reader.unheld import mark_comments, mark_unheld
from skillbank.plan.reader.value import Value
from skillbank.plan.reader.wording import of
from skillbank.plan.request import Request

__all__ = ["Asked", "checked_before", "data_request", "with_question"]

_IT = re.compile(
    r"(\A\W*(?:(?:and|then|please|afterwards|next|now|also|just|could|can|you|we|i) )*\w+ "
    r"|\b(?:on|with|from|in|over|of) )(?:it|them)\b(?!')",
    re.IGNORECASE,
)
"""A data set that is worked on next or with: in "then train X and export it" it is the model."""
_JOINTS = "',|'.|';|'and|'then|'afterwards|'next|'after|'that|'before|'please|'also|'now+ 'you|'we|'i?"
"""What stands between a check and what is asked for behind it."""
_ON_IT = re.compile(r"(\bon )(?:it|them)\b(?!')")
_SET = "set://"
"""How the place of a label set begins; "write set A as YOLO into D" is what an export of it does."""
_OPENING = 10
"""Joints within which the check of a data set ends."""
_WHOLE = "group.det|group.prep|'data|'dataset|'set|'folder* @place"
"""A data set as a whole, and no part of it: "only check X", but not "only check the labels in X"."""
_CHECKING = frozenset({"check", "inspect", "audit", "lint", "examine", "validate", "verify", "look", "see"})


class Asked(NamedTuple):
    """What a sentence about a data set asks for, and its words that nothing came of, which are a question."""

    request: Request
    unread: tuple[str, ...]


def data_request(page: Text, library: Library, skill: Skill | None, *, alone: bool = True) -> Asked | None:
    """Return what a text about a data set asks for; None where it is none, or no skill does such things.

    Parameters
    ----------
    skill
        The skill that an option names; another one than those for data sets reads its words itself.
    alone
        Whether nothing stands behind it that may ask for a run: one that it takes back is none then.

    Raises
    ------
    UsageError
        When a data set is to be written in a format that is none.
    """
    said = frozenset(token.text for token in page.tokens)
    placed = any(token.kind == "place" for token in page.tokens)
    if not placed or not data_heads.may_ask(said, formed=names_form(page)):
        return None
    asked = _Reader(apart(page), library, skill, alone=alone).asked()
    if asked is not None or not (shown := _shown_before(page)):
        return asked
    rest = apart(page)
    rest.ledger.claim("report", shown)
    asked = _Reader(rest, library, skill, alone=alone).asked()
    return with_question(asked.request, (page.ledger.said(shown), *asked.unread)) if asked else None


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
        first = data_request(until(page, match.first), library, None, alone=False)
        if first is None or first.unread or first.request.action != "check":
            continue
        rest = page.ledger.original[page.tokens[match.end].start :]
        if data_heads.splits_it(rest):
            return None
        placed = page.has_kind(range(match.end, len(page.tokens)), "place")
        return first.request, _with_place(page, rest, first.request.data[0].uri, placed=placed)
    return None


def _with_place(page: Text, rest: str, uri: str, *, placed: bool) -> str:
    """Return the rest of a text with the place of a data set where it speaks of it: "and train on it"."""
    it = (_ON_IT if placed else _IT).search(rest)
    return rest if it is None else rest[: it.end(1)] + _said_place(page, uri) + rest[it.end() :]


def _shown_before(page: Text) -> range:
    """Return the words of a text that begins with what no run shows: "results of JOB, and check X"."""
    joints = (range(m.first) for m in islice(page.find(_JOINTS), _OPENING))
    bases = tuple(f"actions.{action}.base" for action in ACTIONS)
    shown = (
        first for first in joints
        if page.has_kind(first, "job") and page.holds(first, "actions.words.shown")
        and not (page.holds(first, *bases) or page.has_kind(first, "place"))
    )  # fmt: skip
    return next(shown, range(0))


def _said_place(page: Text, uri: str) -> str:
    """Return a place as it was written, with the quotes that hold its blanks together."""
    places = (i for i, token in enumerate(page.tokens) if token.kind == "place")
    return next((page.ledger.said([i]) for i in places if place_of(page, i) == uri), uri)


class _Reader:
    """Reads one text, whose ledger is its own."""

    def __init__(self, page: Text, library: Library, skill: Skill | None, *, alone: bool) -> None:
        self.page, self.library, self.skill = page, library, skill
        mark_comments(page)
        courtesies.take_politeness(page)
        self.clauses = Clauses(page)
        if alone:
            take_refused_runs(page, self.clauses)
        self.line: Line = unclaimed_line(page)
        self.heads = data_heads.heads(self.line.text)

    def asked(self) -> Asked | None:
        """Return what the text asks for; None where that is nothing of a data set."""
        head = self.heads[0] if self.heads else None
        if head is None or self._is_of_a_run(head):
            return None
        doer, places = _doer(self.library, head.action), self._places(head)
        if doer is None or places is None or not self._is_by(doer):
            return None
        said = self._said(head, places)
        if head.action == "convert" and "to" not in said.of and self._is_no_conversion(head, doer):
            return None
        self._take(head, places)
        request = made(self.page, head.action, doer, said)
        notes, others = self._left(head.action)
        if others and self._is_another(head, others):
            return None
        unread, _ = accounting.fragments(self.page, others, ())
        request = request.model_copy(update={"notes": (*request.notes, *notes, *self._looked())})
        return with_question(request, tuple(unread))

    def _is_no_conversion(self, head: Head, doer: Skill) -> bool:
        """Whether what names no format is none of data: "make X", "convert X to an engine"."""
        unknown = unknown_format(self.line.text, head.end)
        if unknown is not None:
            refuse_format(unknown, doer)
        return head.weak or unknown is not None

    def _looked(self) -> list[str]:
        """Return notes on what is taken as a check."""
        looked = (self.line.text[head.first : head.end] for head in self.heads if head.taken_as)
        return [f"'{each}' is taken as a check of the data set" for each in dict.fromkeys(looked)]

    def _is_of_a_run(self, head: Head) -> bool:
        """Whether a verb of a run stands where an order begins, or the request speaks of a model."""
        line = self.line
        spans = [(each.first, each.end) for each in self.heads]
        spans += [(each.first, each.end) for each in formats_in(line.text, head)]
        spans += [match.span() for match in said_in(line.text, head.action)]
        read = {i for span in spans for i in line.inside(*span)}
        orders = (
            asks(self.page, i) and data_heads.leads(line.text, at)
            for at, i in zip(line.at, line.tokens, strict=True)
            if i not in read
        )
        return data_heads.speaks_of_a_model(line.text, head) or any(orders)

    def _places(self, head: Head) -> Places | None:
        """Return the places, where the data set is none that other commands take."""
        page = self.page
        uri = {str(i): place_of(page, i) for i, token in enumerate(page.tokens) if token.kind == "place"}
        places = places_in(self.line.text, head, uri)
        if places is None or is_model_file(page, uri[places.source]):
            return None
        return None if head.weak and uri[places.source].startswith(_SET) else places

    def _is_by(self, doer: Skill) -> bool:
        """Whether no other skill is named, by words or by an option."""
        named = [self.page.tokens[i].value.skills for i in self.line.tokens if self.page.kind(i) == "name"]
        return all(list(each) == [doer] for each in [*named, [self.skill or doer]])

    def _said(self, head: Head, places: Places) -> Said:
        """Return what the line says by name."""
        of: dict[str, list[str]] = {}
        for match in said_in(self.line.text, head.action):
            for name, text in match.groupdict().items():
                if text:
                    of.setdefault(name, []).append(text)
        for each in formats_in(self.line.text, head):
            if each.role in ("to", "was"):
                of.setdefault(each.role, []).append(each.name)
        return Said(of, places)

    def _is_another(self, head: Head, others: list[list[int]]) -> bool:
        """Whether what nothing came of makes it another request: "look through X for bottles"."""
        looks = self.line.text.startswith(("look", "see", "have", "take", "go"), head.first)
        of_run = (_is_of_run(self.page, i, noun=head.weak) for run in others for i in run)
        return (head.taken_as and looks) or any(of_run)

    def _take(self, head: Head, places: Places) -> None:
        """Account for the words that the request is made of."""
        for kind, (first, end), value in self._spans(head, places):
            if free := self.page.unclaimed(self.line.inside(first, end)):
                self.page.ledger.claim(kind, free, value)
        for claim in self.page.ledger.of("action"):  # "only check X": nothing else is done
            whole = self.page.unread().match(_WHOLE, claim.last + 1) is not None
            if whole and self.page.within(claim.first - 1, "grammar.operator.only"):
                self.page.ledger.claim("context", [claim.first - 1])

    def _spans(self, head: Head, places: Places) -> Iterator[tuple[str, tuple[int, int], object]]:
        """Yield what accounts for parts of the line, in the order in which it counts."""
        line, action = self.line.text, head.action
        yield from (("place", span, None) for span in places.spans)
        yield from (("action", (each.first, each.end), Mention(action)) for each in self.heads)
        formats = formats_in(line, head)
        known = {each.name for each in formats if each.role in ("to", "was")}
        for each in (each for each in formats if each.name in known):
            kind = "value" if each.role == "to" else "format"
            yield kind, (each.first, each.end), Value(each.role, each.name)
        yield from (("value", m.span(), Value(action, m[0])) for m in said_in(line, action))
        yield from (("courtesy", m.span("who"), None) for m in data_heads.askers(line))
        yield from (("unread", m.span(), None) for m in unmet(line, head))
        yield from ((kind, span, None) for kind, span in reasons(self.line, action, self.clauses.teller))

    def _left(self, action: str) -> tuple[list[str], list[list[int]]]:
        """Return what is taken as told, and the words that nothing accounts for."""
        page, clauses = self.page, self.clauses
        mark_unheld(page, clauses.history())
        self._leave_denied()
        if action != "check":  # a check finds out itself
            mark_judged(page, clauses)
        doubts = list(self._take_told(action))
        notes = doubts + context.take_context(page, clauses, frozenset(), frozenset())
        return notes, accounting.left_over(page, clauses, frozenset())

    def _leave_denied(self) -> None:
        """Leave unread what is denied of data, or to people: "masks do not count", "nobody may see it"."""
        for clause in self.clauses.all:
            tokens = self.page.unclaimed(range(clause.first, clause.end))
            said = set(self.page.words(tokens))
            denied = any(w in _DENYING or w.endswith("n't") for w in said) and not of("doubts") & said
            if denied and (_ALLOWING & said or any(map(data_heads.is_of_data, said))):
                self.page.ledger.claim("unread", tokens)

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
            bound |= not of("deontic", "able").isdisjoint(page.words(tokens))
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


_DENYING = frozenset({"not", "never", "only", "solely", "nobody", "noone", "none"})
_ALLOWING = of("deontic") | {"may", "can"}
_BOUNDING = (
    "grammar.operator.only", "grammar.operator.not", "grammar.operator.instead", "grammar.mode.condition",
    "grammar.mode.schedule", "grammar.mode.directive",
)  # fmt: skip
"""What may bound a check in a clause that tells."""


def with_question(request: Request, unread: tuple[str, ...]) -> Asked:
    """Return a request with a question about words that nothing came of."""
    question = question_about(list(unread), [])
    asked = (*(q for q in request.questions if q.key != WORDS), *((question,) if question else ()))
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


def _doer(library: Library, action: str) -> Skill | None:
    """Return the skill whose action takes a whole data set, of our own bank: words name no other's."""
    for skill in library.skills:
        if skill.bank == OWN and any(
            each.name == action and any(source.source == SOURCE for source in each.data_sources)
            for each in skill.actions
        ):
            return skill
    return None
