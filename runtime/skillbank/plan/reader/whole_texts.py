"""Texts that are read as a whole or in joined parts: of data, in quotes, of a teacher and a student."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from skillbank.bank.discovery import Library
from skillbank.bank.skill import Skill
from skillbank.errors import NotFoundError, OutOfScopeError, UsageError
from skillbank.plan.model import WORDS
from skillbank.plan.reader.data_requests import checked_before, data_request, with_question
from skillbank.plan.reader.heard import doubts_around, orders_quoted
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.outcome import Reading
from skillbank.plan.reader.students import Taught
from skillbank.plan.request import Request

__all__ = ["order_in_quotes", "read_whole", "taught_in"]

Again = Callable[[str], Reading]
"""Reads a part of a text, or what it stands for, on the same terms."""


def order_in_quotes(text: str, page: Text, again: Again) -> Reading | None:
    """Return the reading of a text whose order stands in quotes: the note reads: "train X on D"."""
    for i in orders_quoted(page):
        token = page.tokens[i]
        # A sentence of its own, so that nothing around it says anything of the order.
        apart = (text[: token.start].rstrip(" ,"), str(token.value).rstrip("."), text[token.end :])
        try:
            alone = again(token.value)
            read = again(". ".join(apart)).asking_also([*alone.unread, *doubts_around(page, i)])
        except (UsageError, NotFoundError):
            continue
        return replace(read, requests=tuple(r.model_copy(update={"text": text}) for r in read.requests))
    return None


def read_whole(
    text: str, page: Text, library: Library, skill: Skill | None, again: Again, notes: list[str]
) -> Reading | None:
    """Return the reading of a request about a data set, or of one that begins with a check of one."""
    if (asked := data_request(page, library, skill)) is not None:
        return Reading((asked.request,), asked.unread, notes=tuple(notes))
    if skill is not None or (found := checked_before(page, library)) is None:
        return None
    check, rest = found
    try:
        return _joined(text, check, again(rest), notes)
    except OutOfScopeError:  # "look at X and tell me"
        asked = with_question(check, (" ".join(rest.split()),))
        return Reading((asked.request,), asked.unread, notes=tuple(notes))


def taught_in(text: str, taught: Taught, again: Again, notes: list[str]) -> Reading:
    """Return the reading of a chain of a teacher and its student, with what else is said of the student."""
    read = again(taught.rest)
    requests = tuple(taught.joined(text, read.requests))
    return replace(read, requests=requests, notes=tuple(dict.fromkeys([*notes, *read.notes])))


def _joined(text: str, check: Request, read: Reading, notes: list[str]) -> Reading:
    """Return a check of a data set with what is asked for behind it; what is not understood stops both."""
    unread = tuple(q for q in read.requests[0].questions if q.key == WORDS)
    check = check.model_copy(update={"questions": (*check.questions, *unread)})
    made = tuple(r.model_copy(update={"text": text}) for r in (check, *read.requests))
    return replace(read, requests=made, notes=tuple(dict.fromkeys([*notes, *read.notes])))
