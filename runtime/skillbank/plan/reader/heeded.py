"""What plain words say that no run heeds: another machine, a deed between the runs, a wish that may fail.

Each word of them means nothing elsewhere ("machine", "look", "if possible"); together they would be lost.
"""

from __future__ import annotations

from skillbank.plan.reader.clauses import Clauses
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.wording import of

__all__ = ["mark_unheeded"]

_SET = ("value", "platform", "policy", "place", "job")


def mark_unheeded(text: Text, clauses: Clauses) -> None:
    """Leave such phrases unread, so that the plan asks about them; what is over asks for nothing."""
    over = clauses.history()
    machines = (
        m for m in text.phrases("unread.machine") if m.first not in over and not _is_where_data_lies(text, m)
    )
    for match in (*machines, *(m for m in text.phrases("unread.deed") if _is_order(text, m))):
        text.ledger.claim("unread", text.unclaimed(match.tokens()))
    _mark_known_to_person(text, clauses, over)
    _mark_whether(text)
    _mark_beside(text)


def _mark_known_to_person(text: Text, clauses: Clauses, over: frozenset[int]) -> None:
    """Leave unread that a run is to go on or to be as another one that nothing names: "as Bob did"."""
    bare = text.unread()
    for match in bare.phrases("unread.taken_up"):
        said = [*match.tokens(), *_free_behind(text, match.end)]
        named = text.owners([*said, said[-1] + 1]) & _NAMING
        resumed = text.owner(match.first) == "action" and text.word(match.first - 1) in ("needs", "need")
        if not (named or resumed or match.first in over) and not _is_told(text, clauses, said, match.end):
            _leave_said(text, said)
    for match in bare.phrases("unread.likewise"):
        said = [i for i in range(match.first, clauses.of(match.end - 1).end) if text.kind(i) != "mark"]
        if _is_ordered(text, match.first) and _is_likeness(text, match):
            _leave_said(text, [] if text.has_kind(said, "job", "place") else said)


def _is_told(text: Text, clauses: Clauses, said: list[int], at: int) -> bool:
    """Whether words only tell that something goes on: "we are building on Bob's run"."""
    alone = not _is_ordered(text, said[0])
    return text.word(said[0] - 1) in _BEING or (alone and clauses.teller.has_verb(at, said[-1] + 1))


def _is_ordered(text: Text, i: int) -> bool:
    """Whether something is to be run in the sentence that a token stands in."""
    return not _ORDERED.isdisjoint(text.owners(text.sentence(i)))


def _free_behind(text: Text, at: int) -> list[int]:
    """Return the words from a token on up to a mark, or to what has been read."""
    end = at
    while text.kind(end) not in ("", "mark") and text.ledger.free(end):
        end += 1
    return list(range(at, end))


def _is_likeness(text: Text, match: Match) -> bool:
    """Whether "as Bob did" says how a run is to be: no reason ("as we do not know"), no value."""
    ends = text.kind(match.end) in ("", "mark") or text.within(match.end, *_BEHIND_DOING)
    of_value = text.owner(match.first - 1) == "value"  # "with 30 epochs as Bob did"
    return (ends or text.word(match.end) in _DONE_ALIKE) and not of_value


_ORDERED = frozenset({"action", "find", "policy"})
_BEHIND_DOING = ("grammar.mode.past", "grammar.group.prep")
_DONE_ALIKE = frozenset({"it", "this", "that", "so", "then", "there", "back", "last", "each", "every"})
_NAMING = frozenset({"job", "place", "name", "scratch", "value", "report", "question", "excluded", "refused"})
_BEING = of("be") | {"was", "were", "been", "kept", "keeps", "not"}


def _leave_said(text: Text, tokens: list[int]) -> None:
    """Leave words unread; what they were read as sets nothing."""
    for claim in {id(c): c for i in tokens if (c := text.ledger.owner.get(i)) is not None}.values():
        text.ledger.withdraw(claim)
    if tokens:
        text.ledger.claim("unread", tokens)


def _mark_whether(text: Text) -> None:
    """Leave unread that somebody asks whether something can be done, unless it is asked for as well."""
    for match in text.unread().phrases("unread.whether"):
        behind = range(match.end, len(text.tokens))
        polite = text.holds(behind, "grammar.courtesy.farewell") or "please" in text.words(behind)
        end = text.sentence(match.first).stop
        ordered = any(c.first > end for c in text.ledger.of("action", "find"))
        opens = text.kind(match.first - 1) in ("", "mark")
        if opens and text.owner(match.first) in ("", "courtesy") and not polite and not ordered:
            text.ledger.mark("unread", match.tokens())


def _mark_beside(text: Text) -> None:
    """Leave unread a wish that may fail, and what is another one of what has been read."""
    bare = text.unread()
    for match in bare.find("told.wishes"):
        if text.owner(match.first - 1) in _SET or text.owner(match.end) in _SET:
            text.ledger.mark("unread", match.tokens())
    parts = [*bare.phrases("unread.another"), *text.phrases("unread.sized")]
    several = len(text.ledger.of("action", "find")) > 1
    for match in bare.phrases("unread.room", *(("unread.spare",) if several else ())):
        text.ledger.mark("unread", match.tokens())
    for what in (match.tokens("what") for match in parts):
        wished = what and text.words([what[0] - 1, what[0]]) == ["would", "like"]
        if not wished and all(text.owner(i) in ("", *_SET, "action", "order") for i in what):
            text.ledger.mark("unread", what)


def _is_where_data_lies(text: Text, match: Match) -> bool:
    """Whether a machine is where a place is: "the pictures lie on our server, in /srv/x"."""
    if text.match("',|'in|'at|'under|'below|'(|':* @place", match.end) is not None:
        return True
    before = match.first - 1
    if before > 0 and text.within(before, "grammar.group.it"):
        before -= 1  # "put them on the server"
    lies = ("places.data.put", "places.data.link", "grammar.mode.copula")
    return before >= 0 and text.within(before, *lies)


def _is_order(text: Text, match: Match) -> bool:
    """Whether a verb begins what is to be done, and nothing that is read stands with it."""
    opens = match.first == 0 or text.tokens[match.first - 1].kind == "mark"
    joined = text.word(match.first - 1) in ("and", "then", "please", "first", "but")
    alone = not text.owner(match.end) or text.tokens[match.end].kind == "mark"
    return (opens or joined) and alone and not text.within(match.end, "grammar.group.prep")
