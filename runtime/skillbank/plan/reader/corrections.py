"""What a person corrects: of two things said for one slot that behind "no wait", or what is not excluded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from skillbank.plan.reader.exclusions import settle_exclusions
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.place import role_of_path
from skillbank.plan.reader.things import things_at
from skillbank.plan.reader.tokens import Claim, are_rivals, is_number
from skillbank.plan.reader.wording import FINITE, is_many
from skillbank.plan.slots import SLOTS

__all__ = ["runs", "settle", "settle_names"]

_EXCLUDED = (
    "operator.instead|operator.not free.glue|places.data.nouns|free.light|free.noun|"
    "places.data.link* ^place|^value|^name|^platform|^job"
)
_NEAR = 2
"""Words between a place and a correction of it where nothing else can be meant."""
_KINDS = ("place", "value", "job", "platform", "action", "captions")


_OTHER_NAMES = (
    "operator.not|operator.instead|'unlike|'than free.glue|'mean|'meaning* name=^name",
    "'like|'as|'unlike|'when|'where|'last|'time free.glue|free.adverb|',* 'we|'i|'they "
    "free.glue|free.light|~word* name=^name",
    "'from name=^name 'to ^name",  # "we switched from A to B"
    "name=^name mode.later|'comes|'follows+",
)
"""What tells of a model (``name``) that is not the one that is meant."""


def settle_names(text: Text) -> None:
    """Take back the names that are corrected, restated or only compared with, where another one stays."""
    for match in (m for source in _OTHER_NAMES for m in text.find(source)):
        # "from A to B": B is what is meant
        between = text.tokens[match.first].text == "from"
        _refuse(text, match.tokens("name") if between else match.tokens(), match.tokens("name")[0])
    for match in text.find("'unlike 'last|'the|'our 'time|'run|'job|'training ',?"):
        text.ledger.claim("refused", match.tokens())
    for run in list(runs(text, restated=True)):
        lead = text.match("group.det|free.light|free.noun|'with|'for|'on*", run.stop)
        _restate(text, run, lead.end if lead else run.stop)
    for match in text.find("first=^name '(|', group.det? ^name mode.restate ')?"):
        _refuse(text, match.tokens()[1:], match.first)


def _restate(text: Text, run: range, end: int) -> None:
    """Take back the name before a correction where another one stands behind it."""
    after = text.ledger.owner.get(end)
    before = [c for c in text.ledger.of("name") if c.last < run.start]
    if after is None or after.kind != "name" or not before or before[-1].value.skills == after.value.skills:
        return
    between = range(before[-1].last + 1, end)
    far = text.has_kind(between, "place", "number")
    _refuse(text, [*run, *range(run.stop, end)] if far else between, before[-1].first)


def _refuse(text: Text, words: list[int] | range, name: int) -> None:
    owner = text.ledger.owner.get(name)
    if owner is not None and any(c.value.skills != owner.value.skills for c in text.ledger.of("name")):
        text.ledger.replace(owner, "refused")
        free = [i for i in words if text.ledger.free(i) and text.tokens[i].kind != "name"]
        if free:
            text.ledger.claim("refused", free)


_SPARED = (
    "'leave ^place 'alone|'untouched|'out|'be|'aside",
    "operator.not 'touch|'use|'write|'take|'read|'overwrite|'change|'modify|'delete|'mix|'to|"
    "'in|'into|free.glue+ ^place",
)
"""Places that are not to be used, whatever else is: nothing has to be done for them."""


def settle(text: Text) -> None:
    """Take out what is excluded or corrected; the words that say so are accounted for with it."""
    for match in list(
        text.find(
            "^platform 'is|'was free.adverb* 'down|'full|'busy|'broken|'slow|'offline|"
            "'unavailable|'occupied|'dead|'overloaded"
        )
    ):
        claim = text.ledger.owner[match.first]
        if any(c is not claim for c in text.ledger.of("platform")):
            text.ledger.replace(claim, "excluded")
            text.ledger.claim("excluded", match.tokens())
    settle_exclusions(text, "place", "value", "job", "platform")
    _excluded(text)
    for run in list(runs(text)):
        _corrected(text, run)
    _history(text)
    _lacking(text)


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
        fixed = stop = 0
        if text.within(end, *strong, "grammar.mode.doubt"):
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
    no = sighs == 1 and any(text.tokens[k].text == "no" for k in range(first, end))
    opened = first == 0 or _parts(text, first) or text.tokens[first].kind == "mark"
    return opened and not (no and text.tokens[end - 1].kind != "mark")


def _parts(text: Text, i: int) -> bool:
    """Whether a token only stands between what is corrected and the correction."""
    mark = text.tokens[i].kind == "mark" and text.tokens[i].text in ",.-(:;!\n"
    return mark or text.tokens[i].text == "or"


def _excluded(text: Text) -> None:
    """Read "instead of A use B", "not A but B": A goes where there is another for the same."""
    for match in [m for source in _SPARED for m in text.find(source)]:
        owner = text.ledger.owner.get(next(i for i in match.tokens() if not text.ledger.free(i)))
        if owner is not None and owner.kind == "place":
            _take(text, owner, match, "unread" if _is_part(text, owner) else "excluded")
    _exclude_values(text)
    for match in list(text.find(_EXCLUDED)):
        owner = text.ledger.owner.get(match.end - 1)
        if owner is not None and (kind := _fate(text, match, owner)):
            _take(text, owner, match, kind)


def _exclude_values(text: Text) -> None:
    """Read "30 epochs and not 50", and the no before what is excluded already."""
    for match in list(text.find("^value ',|'and|'but* 'not @number")):
        if is_number(text.ledger.owner[match.first]) and not text.within(match.end, "grammar.free.noun"):
            text.ledger.claim("excluded", match.tokens())
    for match in list(text.find("'no ',? ^value|^platform|^excluded")):
        if text.word(match.end - 1) == "not":
            text.ledger.claim("excluded", match.tokens())


def _take(text: Text, owner: Claim, match: Match, kind: str) -> None:
    made = text.ledger.replace(owner, kind)
    text.ledger.claim(kind, [*match.tokens(), *made.tokens])


def _fate(text: Text, match: Match, owner: Claim) -> str:
    """Return what becomes of something that is excluded: nothing without a rival."""
    if owner.kind == "name" or _is_led(text, owner):
        return ""  # "not the holdout, A": A is what is meant
    part = owner.kind == "place" and _is_part(text, owner)
    if part and not text.within(match.first, "grammar.operator.instead"):
        return "unread"
    others = [c for c in text.ledger.of(owner.kind) if c is not owner]
    if not any(are_rivals(owner, c) or are_rivals(c, owner) for c in others):
        return ""
    said = match.first and text.tokens[match.first].text == "no"
    unclear = said and text.tokens[match.first - 1].kind == "place"  # "A no B" is either
    return "unread" if unclear else "excluded"


def _is_part(text: Text, place: Claim) -> bool:
    """Whether a place lies in another one of the text: to leave it out is more than to name the other."""
    return any(
        place.value.uri.startswith(f"{c.value.uri.rstrip('/')}/")
        for c in text.ledger.of("place")
        if c is not place
    )


def _history(text: Text) -> None:
    """Mark "job 9e2d10 had lr 1e-4": what another run had is not said of this one."""
    source = "^job|^name 'had|'used|'ran|'took free.adverb|free.glue|places.data.nouns* &^value"
    for match in list(text.find(source)):
        claim = text.ledger.owner[match.end]
        text.ledger.replace(claim, "unread")


_UNWANTED = (
    "@mark things=~word+ 'are|'is operator.not 'needed|'wanted|'required|'necessary|'interesting "
    "!~word|@place",
    "@mark 'i|'we 'do operator.not 'need|'want things=~word+ !~word|@place",
    "@mark 'no things=~word+ 'needed|'wanted|'required !~word|@place",
)
"""What is said not to be looked for, beside what is: nothing has to be done for it."""
_NO_NAMES = (
    "told.members",
    "told.choosing",
    "places.data.nouns",
    "grammar.free.adjective",
    "grammar.free.noun",
)


def _lacking(text: Text) -> None:
    """Read "without validation" and "no prompts" where none are given: nothing is left out that was said."""
    roles = {c.value.role for c in text.ledger.of("place")}
    for match in list(text.find(_NO_VALIDATION)) if "eval_dataset" not in roles else ():
        text.ledger.claim("refused", match.tokens(), "eval_dataset")
    if not (found := text.ledger.of("captions", "find")):
        for match in list(text.find("operator.not free.light|group.det* slots.captions.nouns")):
            text.ledger.claim("refused", match.tokens())
    wanted = {w for c in found for item in c.value or () for w in item.split()}
    for match in [m for source in _UNWANTED for m in text.find(source)] if wanted else ():
        if _is_unwanted(text, match, wanted):
            text.ledger.claim("refused", match.tokens()[1:])


_NO_VALIDATION = "operator.not group.det* places.roles.eval_dataset.bare|places.roles.eval_dataset.before"


def _is_unwanted(text: Text, match: Match, wanted: set[str]) -> bool:
    """Whether other things are named than are looked for, and none of their kind: "the small ones"."""
    words = match.tokens("things")
    named = not text.holds(words, *_NO_THINGS, *_NO_NAMES)
    return named and wanted.isdisjoint(text.tokens[k].text for k in words)


_STATE = "'on|'off|'with|'without|'do|'use 'it|'them|'that|'so|'then|'please*"
"""What turns something on or off and names nothing."""


def _corrected(text: Text, run: range) -> None:
    """Read "on A, no wait, on B" and "10 epochs, sorry, 20": what was said before for the same goes."""
    if text.word(run.stop) in ("and", "also", "plus", "than"):
        return  # "oh, and also B" says more, and "rather than B" what is not meant
    state = text.match(_STATE, run.stop)
    if state is not None and text.kind(state.end) in ("", "mark"):
        text.ledger.claim("unread", [*run, *state.tokens()])  # "without weights, hmm, with": of what?
        return
    begin = _behind_lead(text, run.stop)
    done = _put_claims(text, run, begin) or _bare(text, run, begin) or _things(text, run, begin)
    if done:
        free = text.unclaimed(range(run.start, begin))
        text.ledger.claim("excluded", free or [run.start])


_LEADS = (
    "operator.not group.det* ~word|places.roles.eval_dataset.bare|places.roles.train_datasets.bare ':|',|'-+",
    "'it|'that|'this? 'should|'must|'is|'was 'be|'have? 'been?",
)


def _behind_lead(text: Text, i: int) -> int:
    """Return where what is meant begins: behind "not A:", which says what is not, and "it should be"."""
    for source in _LEADS:
        lead = text.match(source, i)
        i = lead.end if lead is not None else i
    denied = text.match("operator.not &^place", i)
    claim = text.ledger.owner[denied.end] if denied is not None else None
    if denied is None or claim is None or not _is_led(text, claim):
        return i
    text.ledger.replace(claim, "place", replace(claim.value, role=None))  # "not val: A" is no "val: A"
    return denied.end


def _is_led(text: Text, claim: Claim) -> bool:
    """Whether words and a mark lead to what a claim holds."""
    return any(text.tokens[i].text in ":,-" for i in claim.tokens)


def _put_claims(text: Text, run: range, end: int) -> bool:
    """Put what is said from a token on in the place of what was said before a correction."""
    ledger, done = text.ledger, False
    for later in (c for c in ledger.of(*_corrected_kinds(text, run)) if c.first >= end):
        if any(t.kind == "mark" or t.text == "then" for t in text.tokens[end : later.first]):
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


def _corrected_kinds(text: Text, run: range) -> tuple[str, ...]:
    """Return what a correction may be of: a postscript adds, unless it says a value again."""
    return ("value",) if not {"ps", "p.s"}.isdisjoint(text.words(run)) else _KINDS


def _takes_noun(text: Text, run: range, later: Claim) -> bool:
    """Read "for 20, no, 30 epochs": the number before has the noun of the one behind, and goes."""
    before = run.start - 1
    same = later.kind == "value" and is_number(later) and later.first == run.stop
    if not same or before < 0 or text.tokens[before].kind != "number" or not text.ledger.free(before):
        return False
    text.ledger.claim("excluded", [before])
    return True


def _things(text: Text, run: range, begin: int) -> bool:
    """Read "cups, no, mugs": things behind a correction are to be found in the place of those before."""
    if "make" in text.words(run):
        return False  # "make it reproducible" says how
    before = [c for c in text.ledger.of("find", "captions") if c.value and c.last < run.start]
    used, items = things_at(text, begin) if before else ([], [])
    if not items or not _are_things(text, used) or not _are_alike(before[-1].value, items):
        return False
    kept = _kept(set(text.words(range(run.stop, begin))), before[-1].value, items)
    if kept is None:
        return False
    text.ledger.replace(before[-1], before[-1].kind, [*kept, *items])
    text.ledger.claim("excluded", used)
    return True


def _are_things(text: Text, used: list[int]) -> bool:
    """Whether words name nothing but things."""
    words = [k for k in used if text.word(k) not in _AND]
    told = text.holds(words, *_NO_THINGS) or not FINITE.isdisjoint(text.words(words))
    return not told and all(map(text.is_plain, words))


def _kept(denied: set[str], before: list[str], items: list[str]) -> list[str] | None:
    """Return what stays of several things: "badgers, deer, no, not deer, foxes"; None where that is open."""
    left = [item for item in before if denied.isdisjoint(item.split())]
    if len(left) < len(before):
        return left
    return [] if len(before) == 1 or len(items) > 1 else None


def _are_alike(before: list[str], items: list[str]) -> bool:
    """Whether things are as many as those before: "dogs, no, cats"."""
    return all(is_many(item.split()[-1]) for item in items) or not any(is_many(b.split()[-1]) for b in before)


_AND = frozenset({"and", "or", ",", "&", "+", "/"})
_NO_THINGS = ("grammar.free.glue", "grammar.free.adverb", "grammar.free.light", "grammar.courtesy.words")


def _of_one_role(text: Text, run: range, later: Claim, before: list[Claim]) -> list[Claim] | None:
    """Return those of several places that a further one can correct; None where nothing tells which."""
    roles = {c.value.role for c in before} if later.kind == "place" and later.value.role is None else set()
    if len(roles) < 2:
        return before
    own = role_of_path(text, later.value.uri)
    like = [c for c in before if own is not None and own in (c.value.role, role_of_path(text, c.value.uri))]
    beside = run.start - before[-1].last <= _NEAR
    return like or (before if beside else None)


def _put(text: Text, before: Claim, later: Claim) -> None:
    """Put what is said later in the place of what was said before; it has the same role."""
    text.ledger.replace(before, "excluded")
    if later.kind == "place" and later.value.role is None:
        text.ledger.replace(later, "place", replace(later.value, role=before.value.role))


def _bare(text: Text, run: range, begin: int) -> bool:
    """Read a number without a noun behind a correction: it takes the slot of the number before."""
    for i in range(begin, min(begin + 7, len(text.tokens))):
        token, after = text.tokens[i], text.tokens[i + 1 : i + 2]
        if token.kind == "mark" or not text.ledger.free(i):
            return False
        if (token.kind == "number" or token.text == "one") and all(
            t.kind == "mark" or t.text in _BEHIND_NUMBER for t in after
        ):
            return _takes(text, i, run.start)
    return False


_BEHIND_NUMBER = frozenset({"and", "then", "instead", "please", "on", "with", "for"})


_CHANGED = ("scratch", "forget", "strike", "drop", "change", "correct", "redo")
_CHANGE = "|".join(f"'{word}" for word in _CHANGED)


def _takes(text: Text, i: int, end: int) -> bool:
    """Give a number the slot of the last number said before, which goes: the one that is to be changed."""
    numbers = [c for c in text.ledger.of("value") if c.last < end and is_number(c)]
    if (announced := _announced(text, end)) is not None:
        numbers = [c for c in numbers if c.value.slot == announced[1]]
        text.ledger.claim("excluded" if numbers else "unread", announced[0].tokens())
    if not numbers:
        return False
    text.ledger.replace(numbers[-1], "excluded")
    said = 1 if text.tokens[i].text == "one" else text.tokens[i].value
    text.ledger.claim("value", [i], replace(numbers[-1].value, value=said, negated=False))
    return True


def _announced(text: Text, end: int) -> tuple[Match, str] | None:
    """Return what names a slot right before a correction of it: "scratch the batch size, make it 4"."""
    first = next((k for k in range(max(0, end - 6), end) if text.word(k) in _CHANGED), end)
    for slot in SLOTS if first < end else ():
        source = f"{_CHANGE} group.det? slots.{slot.name}.nouns|slots.{slot.name}.before"
        if (match := text.match(source, first, end)) is not None and match.end == end:
            return match, slot.name
    return None
