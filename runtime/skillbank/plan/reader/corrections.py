"""What a person corrects: of two things said for one slot that behind "no wait" is meant.

A *run* is the words of a correction with the marks and sighs around it. What is said behind it stands in the
place of what was said before it for the same: a claim, a bare number, things to find, a model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from skillbank.plan.reader.coordination import ADDING
from skillbank.plan.reader.exclusions import NO_THINGS, is_led, settle_excluded, settle_lacking
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.phrases import phrase, phrases
from skillbank.plan.reader.place import role_of_path
from skillbank.plan.reader.things import things_at
from skillbank.plan.reader.tokens import Claim, are_rivals, is_number
from skillbank.plan.reader.wording import FINITE, is_many
from skillbank.plan.slots import SLOTS

__all__ = ["runs", "settle", "settle_names"]

_NEAR = 2
"""Words between a place and a correction of it where nothing else can be meant."""
_KINDS = ("place", "value", "job", "platform", "action", "captions")
_AND = ADDING | {"or", "/"}
_BEHIND_NUMBER = frozenset({"and", "then", "instead", "please", "on", "with", "for"})


def settle(text: Text) -> None:
    """Take out what is excluded or corrected; the words that say so are accounted for with it."""
    settle_excluded(text)
    for run in list(runs(text)):
        _corrected(text, run)
    settle_lacking(text)


# -- the words of corrections -------------------------------------------------------------------------


def runs(text: Text, *, restated: bool = False) -> Iterator[range]:
    """Yield the words of each correction, with the marks and sighs around it: ", hmm, actually no,"."""
    i = 0 if text.has("grammar.mode.fix", "grammar.mode.restate", "grammar.mode.doubt") else len(text.tokens)
    while i < len(text.tokens):
        end, fixes, sighs = _reach(text, i, restated)
        if fixes or (sighs and _is_apart(text, i, end, sighs)):
            yield range(i, end)
            i = end
        else:
            i = i + 1 if sighs else max(i + 1, end)  # marks alone are none, wherever one begins with them


def _reach(text: Text, first: int, restated: bool) -> tuple[int, int, int]:
    """Return where what may be a correction ends that begins here, and how much of it says so and sighs."""
    strong = ("grammar.mode.fix", "grammar.mode.restate") if restated else ("grammar.mode.fix",)
    end, fixes, sighs = first, 0, 0
    while end < len(text.tokens) and text.ledger.free(end):
        fixed = max((e for s in strong for e in text.ends(end, s)), default=0)
        stop = max([fixed, *text.ends(end, "grammar.mode.doubt")])
        if stop and len(text.unclaimed(range(end, stop))) == stop - end:
            fixes, sighs, end = fixed == stop or fixes, sighs + 1, stop
        elif _parts(text, end):
            end += 1
        else:
            break
    return end, fixes, sighs


def _is_apart(text: Text, first: int, end: int, sighs: int) -> bool:
    """Whether sighs stand apart from what is around them: "A no B" is no correction."""
    no = sighs == 1 and "no" in text.words(range(first, end))
    opened = first == 0 or _parts(text, first) or text.kind(first) == "mark"
    return opened and not (no and text.kind(end - 1) != "mark")


def _parts(text: Text, i: int) -> bool:
    """Whether a token only stands between what is corrected and the correction."""
    return text.word(i) == "or" or (text.kind(i) == "mark" and text.word(i) in ",.-(:;!\n")


# -- models -------------------------------------------------------------------------------------------


def settle_names(text: Text) -> Iterator[str]:
    """Take back the names that are corrected, restated or only compared with, where another one stays.

    Yield what is to be said of those that are put off: "Painter later".
    """
    for match in text.phrases("corrections.other_name"):
        _refuse(text, match.tokens(), match.tokens("name")[0])
    for match in text.phrases("corrections.put_off"):
        if _refuse(text, match.tokens(), match.tokens("name")[0]):
            yield f"'{text.ledger.said(match.tokens())}' is put off, and nothing of it is started"
    for match in text.phrases("corrections.switched"):  # "from A to B": B is what is meant
        _refuse(text, match.tokens("name"), match.tokens("name")[0])
    for match in list(text.phrases("corrections.unlike")):
        text.ledger.claim("refused", match.tokens())
    for run in list(runs(text, restated=True)):
        lead = text.match(phrase("corrections.name_lead"), run.stop)
        _restate(text, run, lead.end if lead else run.stop)
    for match in text.phrases("corrections.same"):
        _refuse(text, match.tokens("rest"), match.first)


def _restate(text: Text, run: range, end: int) -> None:
    """Take back the name before a correction where another one stands behind it."""
    after = text.ledger.owner.get(end)
    before = [c for c in text.ledger.of("name") if c.last < run.start]
    if after is None or after.kind != "name" or not before or before[-1].value.skills == after.value.skills:
        return
    between = range(before[-1].last + 1, end)
    if text.holds(range(run.stop, end), "grammar.group.last"):
        _restate_last(text, run, before[-1], end)
        return
    far = text.has_kind(between, "place", "number")
    _refuse(text, [*run, *range(run.stop, end)] if far else between, before[-1].first)


def _restate_last(text: Text, run: range, before: Claim, end: int) -> None:
    """Read "the last A training, no, the last B one": the words of the first say of which kind both are."""
    kind, noun = text.word(before.last + 1), end + 1
    if text.holds(range(max(0, before.first - 2), before.first), "grammar.group.last") and (
        text.word(noun) in (kind, "one") or text.kind(noun) in ("", "mark")
    ):
        again = [noun] if text.kind(noun) == "word" else []
        _refuse(text, [*run, *range(run.stop, end), *again], before.first)


def _refuse(text: Text, words: Iterable[int], name: int) -> bool:
    """Take a name back, with the words that say so, where another one stays; return whether it was."""
    owner = text.ledger.owner.get(name)
    if owner is None or all(c.value.skills == owner.value.skills for c in text.ledger.of("name")):
        return False
    text.ledger.replace(owner, "refused")
    if free := [i for i in text.unclaimed(words) if text.kind(i) != "name"]:
        text.ledger.claim("refused", free)
    return True


# -- what else is said ----------------------------------------------------------------------------------


def _corrected(text: Text, run: range) -> None:
    """Read "on A, no wait, on B" and "10 epochs, sorry, 20": what was said before for the same goes."""
    if text.word(run.stop) in ("and", "also", "plus", "than"):
        return  # "oh, and also B" says more, and "rather than B" what is not meant
    state = text.match(phrase("corrections.state"), run.stop)
    if state is not None and text.kind(state.end) in ("", "mark"):
        text.ledger.claim("unread", [*run, *state.tokens()])  # "without weights, hmm, with": of what?
        return
    begin = _behind_lead(text, run.stop)
    if _put_claims(text, run, begin) or _put_number(text, run, begin) or _put_things(text, run, begin):
        free = text.unclaimed(range(run.start, begin))
        text.ledger.claim("excluded", free or [run.start])


def _behind_lead(text: Text, i: int) -> int:
    """Return where what is meant begins, behind the words that lead to it."""
    for source in phrases("corrections.leads"):
        lead = text.match(source, i)
        i = lead.end if lead is not None else i
    denied = text.match("operator.not &^place", i)
    claim = text.ledger.owner[denied.end] if denied is not None else None
    if denied is None or claim is None or not is_led(text, claim):
        return i
    text.ledger.replace(claim, "place", replace(claim.value, role=None))  # "not val: A" is no "val: A"
    return denied.end


def _is_parted(text: Text, between: range) -> bool:
    """Whether a mark or "then" stands between two things."""
    return text.has_kind(between, "mark") or "then" in text.words(between)


def _put_claims(text: Text, run: range, end: int) -> bool:
    """Put what is said from a token on in the place of what was said before a correction.

    A postscript adds, unless it says a value again.
    """
    ledger, done = text.ledger, False
    kinds = _KINDS if {"ps", "p.s"}.isdisjoint(text.words(run)) else ("value",)
    for later in (c for c in ledger.of(*kinds) if c.first >= end):
        if _is_parted(text, range(end, later.first)):
            break
        rivals = [c for c in ledger.of(later.kind) if c.last < run.start and are_rivals(later, c)]
        before = _of_one_role(text, run, later, rivals)
        if before is None:
            ledger.replace(later, "unread")
        elif before:
            _put(text, before[-1], later)
        elif not done and not _takes_noun(text, run, later):
            return False
        done, end = True, later.last + 1
    return done


def _put(text: Text, before: Claim, later: Claim) -> None:
    """Put what is said later in the place of what was said before; a place has the same role."""
    text.ledger.replace(before, "excluded")
    if later.kind == "place" and later.value.role is None:
        text.ledger.replace(later, "place", replace(later.value, role=before.value.role))


def _of_one_role(text: Text, run: range, later: Claim, before: list[Claim]) -> list[Claim] | None:
    """Return those of several places that a further one can correct; None where nothing tells which."""
    if later.kind != "place" or later.value.role is not None or len({c.value.role for c in before}) < 2:
        return before
    own = role_of_path(text, later.value.uri)
    like = [c for c in before if own is not None and own in (c.value.role, role_of_path(text, c.value.uri))]
    beside = run.start - before[-1].last <= _NEAR
    return like or (before if beside else None)


def _takes_noun(text: Text, run: range, later: Claim) -> bool:
    """Read "for 20, no, 30 epochs": the number before has the noun of the one behind, and goes."""
    before = run.start - 1
    same = later.kind == "value" and is_number(later) and later.first == run.stop
    if not same or text.kind(before) != "number" or not text.ledger.free(before):
        return False
    text.ledger.claim("excluded", [before])
    return True


def _put_number(text: Text, run: range, begin: int) -> bool:
    """Read a number without a noun behind a correction: it takes the slot of the number before."""
    for i in range(begin, min(begin + 7, len(text.tokens))):
        if text.kind(i) == "mark" or not text.ledger.free(i):
            return False
        alone = text.kind(i + 1) in ("", "mark") or text.word(i + 1) in _BEHIND_NUMBER
        if alone and (text.kind(i) == "number" or text.word(i) == "one"):
            return _takes_slot(text, i, run.start)
    return False


def _takes_slot(text: Text, i: int, end: int) -> bool:
    """Give a number the slot of the last number said before, which goes: the one that is to be changed."""
    numbers = [c for c in text.ledger.of("value") if c.last < end and is_number(c)]
    if (announced := _announced(text, end)) is not None:
        numbers = [c for c in numbers if c.value.slot == announced[1]]
        text.ledger.claim("excluded" if numbers else "unread", announced[0].tokens())
    if not numbers:
        return False
    text.ledger.replace(numbers[-1], "excluded")
    said = 1 if text.word(i) == "one" else text.tokens[i].value
    text.ledger.claim("value", [i], replace(numbers[-1].value, value=said, negated=False))
    return True


def _announced(text: Text, end: int) -> tuple[Match, str] | None:
    """Return what names a slot right before a correction of it: "scratch the batch size, make it 4"."""
    change = phrase("corrections.announced")
    for first in range(max(0, end - 6), end):
        for slot in SLOTS if text.match(change, first) is not None else ():
            match = text.match(f"{change} slots.{slot.name}.nouns|slots.{slot.name}.before", first, end)
            if match is not None and match.end == end:
                return match, slot.name
    return None


def _put_things(text: Text, run: range, begin: int) -> bool:
    """Read "cups, no, mugs": things behind a correction are to be found in the place of those before."""
    if "make" in text.words(run):
        return False  # "make it reproducible" says how
    before = [c for c in text.ledger.of("find", "captions") if c.value and c.last < run.start]
    used, items = things_at(text, begin) if before else ([], [])
    words = [k for k in used if text.word(k) not in _AND]
    told = text.holds(words, *NO_THINGS) or not FINITE.isdisjoint(text.words(words))
    if not items or told or not all(map(text.is_plain, words)):
        return False
    kept = _kept(set(text.words(range(run.stop, begin))), before[-1].value, items)
    if kept is None:
        return False
    text.ledger.replace(before[-1], before[-1].kind, [*kept, *items])
    text.ledger.claim("excluded", used)
    return True


def _kept(denied: set[str], before: list[str], items: list[str]) -> list[str] | None:
    """Return what stays of several things: "badgers, deer, no, not deer, foxes"; None where that is open.

    Things are as many as those before: "dogs, no, cats".
    """
    many = any(is_many(item.split()[-1]) for item in before)
    if many and not all(is_many(item.split()[-1]) for item in items):
        return None
    left = [item for item in before if denied.isdisjoint(item.split())]
    if len(left) < len(before):
        return left
    return [] if len(before) == 1 or len(items) > 1 else None
