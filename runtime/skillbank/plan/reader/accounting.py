"""The law of the reader: every word is evidence of what was accepted or means nothing, or the plan asks.

What means nothing is listed (`grammar.free`, courtesies), or stands in a clause that gives a reason or tells
of something and holds nothing that a run could mean. What is left becomes a question, and a number beside it
fills nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from skillbank.plan.reader.background import background
from skillbank.plan.reader.bounding import is_measured
from skillbank.plan.reader.clauses import Clause, Clauses, Mode
from skillbank.plan.reader.deeds import told_clauses
from skillbank.plan.reader.exclusions import excluding
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.ordinary import said_alone
from skillbank.plan.reader.phrases import phrases, word_list
from skillbank.plan.reader.telling import Teller
from skillbank.plan.reader.tokens import Claim, is_number
from skillbank.plan.reader.value import UNITS
from skillbank.plan.reader.wording import is_month, is_participle, of

__all__ = ["fragments", "left_over", "take_context"]

_FREE = frozenset((
    "grammar.free.glue", "grammar.free.light", "grammar.free.noun", "grammar.free.adverb",
    "grammar.courtesy.words",
    "grammar.group.det", "grammar.group.it", "grammar.free.adjective", "grammar.order.repeat",
    "places.data.nouns",
))  # fmt: skip
_TELLING = ("grammar.operator.", "grammar.mode.directive", "grammar.mode.condition", "grammar.mode.schedule")
_VALUES = frozenset({"place", "image", "range", "percent", "pair", "flag", "key", "size", "job"})
_PURPOSE = "purpose"


def _covered(text: Text, listed: frozenset[str]) -> set[int]:
    """Return the tokens that phrases without meaning for a run cover; a noun that is a value here has one."""
    covered: set[int] = set()
    for i in range(len(text.tokens)):
        if (
            text.tokens[i].text in listed
            and text.within(i, "grammar.free.noun")
            and not text.within(i, "places.data.nouns")
        ):
            continue
        if text.tokens[i].text == "may" and is_month(text, i):
            continue
        if text.within(i, "grammar.mode.technical") and text.within(i + 1, "grammar.group.it"):
            continue  # "zip it"
        for span in text.spans[i]:
            if not _FREE.isdisjoint(span.classes) and all(map(text.ledger.free, range(i, span.end))):
                covered.update(range(i, span.end))
    return covered


def take_context(text: Text, clauses: Clauses, known: frozenset[str], listed: frozenset[str]) -> list[str]:
    """Account for clauses that give a reason or tell something, and for what something is for.

    Parameters
    ----------
    known
        Words of the spec keys of the steps: what holds one of them could mean something for a run.
    listed
        Words that those keys list as values: what something is for ("for instance segmentation") may be one.
    """
    ledger, covered, notes = text.ledger, _covered(text, listed), list[str]()
    teller = clauses.teller.knowing(known)
    told = frozenset(told_clauses(text, clauses, teller))
    notes += _take_events(text)
    for clause in clauses.all:
        tokens = range(clause.first, clause.end)
        open_ = [i for i in text.unclaimed(tokens) if i not in covered and text.tokens[i].kind != "mark"]
        if not open_ or any(text.tokens[i].kind in _VALUES for i in open_):
            continue
        if _is_of_excluded(text, clause):
            ledger.claim("context", open_)
        elif _is_timed_reason(text, clause, open_):
            ledger.claim("context", open_)
            notes.append(f"'{ledger.said(open_)}' says what it is for, and puts nothing off")
        elif clause in told and _is_told(text, teller, clause, open_):
            ledger.claim("context", open_)
            notes.append(f"'{ledger.said(open_)}' is taken as told, and changes nothing")
        elif _is_learnt(text, teller, clause, open_) or _is_cause(text, clauses, clause):
            ledger.claim("context", open_)
            notes.append(f"'{ledger.said(open_)}' is taken as what it is for, and changes nothing")
        elif purpose := _purpose_of(text, clause, open_, known, listed):
            ledger.claim("context", purpose, _PURPOSE)
            notes.append(f"'{ledger.said(purpose)}' is taken as what it is for, and changes nothing")
    return notes + list(_take_background(text, clauses, teller, frozenset(covered)))


def _take_events(text: Text) -> Iterator[str]:
    """Account for when what comes of a run is wanted; yield a sentence for each."""
    for match in text.phrases("bound.events"):
        text.ledger.claim("context", match.tokens())
        yield f"'{text.ledger.said(match.tokens())}' says when it is wanted, and puts nothing off"


def _take_background(text: Text, clauses: Clauses, teller: Teller, covered: frozenset[int]) -> Iterator[str]:
    """Account for what stands beside a request and can change no run; yield a sentence for each part."""
    for said in background(text, clauses, teller, covered):
        text.ledger.claim("context", said)
        if not all(text.within(i, "grammar.courtesy.words", "grammar.free.adverb") for i in said):
            yield f"'{text.ledger.said(said)}' is taken as told, and changes nothing"


def _is_of_excluded(text: Text, clause: Clause) -> bool:
    """Whether a clause says why something is not meant: "A, not B, that one has the broken boxes"."""
    first = next((i for i in range(clause.first, clause.end) if text.kind(i) != "mark"), clause.first)
    before = next((i for i in range(first - 1, -1, -1) if text.kind(i) != "mark"), -1)
    said = text.match("'that|'this 'one? 'has|'is|'had|'was", first) is not None
    return said and text.owner(before) in ("excluded", "refused")


def _speaks_of_model(text: Text, clause: Clause, open_: list[int]) -> bool:
    """Whether a clause calls a job's model by another name: "what does MODEL of JOB reach?"."""
    called = not word_list("background.models").isdisjoint(text.words(open_))
    return called and "job" in text.owners(range(clause.first, clause.end))


def _is_told(text: Text, teller: Teller, clause: Clause, open_: list[int]) -> bool:
    """Whether a clause that tells holds nothing of a run, but for the place whose data it tells of."""
    held = text.owners(range(clause.first, clause.end)) & _WEIGHTY
    held -= {"action"} if _is_repeated(text, clause) else set()
    if _speaks_of_model(text, clause, open_):
        return False
    if any(_limits(text, i) for i in open_) or held - {"place"} or _judges_a_part(text, clause):
        return False
    past = teller.is_history(clause.first, clause.end)
    over = past and not teller.weigh(open_)
    if (not past and _bounds(text, clause)) or _is_put_off(text, clause, open_):
        return False
    data = all(text.within(i, "places.data.put") or _counts(text, i) for i in open_)
    return not held or data or over


def _judges_a_part(text: Text, clause: Clause) -> bool:
    """Whether a clause says what some of the data are or lack: "the night pictures are unusable".

    Which are left out then is for the person to say; how they were made ("were taken by boat") says nothing.
    """
    parts = (
        text.match(source, i, clause.end)
        for source in phrases("unread.part")
        for i in range(clause.first, clause.end)
    )
    found = next((part for part in parts if part is not None), None)
    if found is None:
        return False
    tokens = range(clause.first, clause.end)
    states = [k for k in tokens if text.word(k) in _STATING]
    return any(not is_participle(text.word(k + 1)) for k in states)


_STATING = of("be", "having") | {"was", "were", "had"}
_UNITS = tuple(f"slots.units.{unit}" for unit in (*UNITS, "months"))
_OWING = of("deontic") | {"has", "have", "need", "needs"}
"""Words of duty: what has to be there by Monday bounds a run, and not what somebody hopes for by then."""


def _bounds(text: Text, clause: Clause) -> bool:
    """Whether a clause tells what bounds a run: "we only have 3 hours", "every fifth is for validation"."""
    within = range(clause.first, clause.end)
    owing = _OWING.intersection(text.words(text.sentence(clause.first)))
    sources = (*phrases("bound.always"), *(phrases("bound.owed") if owing else ()))
    found = (text.match(source, i, clause.end) for source in sources for i in within)
    bound = any(m is not None and (not m.tokens("had") or _is_left(text, m.end)) for m in found)
    return bound or is_measured(text, within)


def _is_left(text: Text, end: int) -> bool:
    """Whether a time that somebody has is that of the run: "3 hours left", but not "3 hours of footage"."""
    return text.kind(end) in ("", "mark") or text.word(end) in ("left", "time", "only", "for", "to", "until")


def _is_put_off(text: Text, clause: Clause, open_: list[int]) -> bool:
    """Whether a reason says when something is to run: "so that it runs on Monday"."""
    tokens = range(clause.first, clause.end)
    runs = "it" in text.words(tokens) and text.holds(tokens, *_STARTING)
    return clause.mode is Mode.REASON and runs and text.holds(open_, _SCHEDULE)


def _is_timed_reason(text: Text, clause: Clause, open_: list[int]) -> bool:
    """Whether a clause of reason only tells when somebody does something: "so we can show it on Monday".

    When a run or what it leaves is to start, run or be ready is asked about.
    """
    tokens = range(clause.first, clause.end)
    runs = text.owners(tokens) & _WEIGHTY or text.holds(tokens, *_STARTING)
    theirs = not {"i", "we", "they"}.isdisjoint(text.words(tokens)) and "it" not in text.words(tokens)[:4]
    timed = theirs and text.holds(open_, _SCHEDULE) and _are_times(text, open_)
    return clause.mode is Mode.REASON and timed and not runs


def _are_times(text: Text, tokens: list[int]) -> bool:
    """Whether all words of some stand in phrases of times."""
    timed = {k for i in tokens for end in text.ends(i, _SCHEDULE) for k in range(i, end)}
    return timed.issuperset(tokens)


_SCHEDULE = "grammar.mode.schedule"
_STARTING = ("actions.words.apply", "actions.words.launch", "actions.words.begin", "actions.words.resume")


def _is_learnt(text: Text, teller: Teller, clause: Clause, open_: list[int]) -> bool:
    """Whether a clause says what somebody wants to learn from a run: "to see whether the labels are good"."""
    first = clause.first
    asks = text.word(first) in ("whether", "if", "how", "what", "that")
    held = text.owners(range(clause.first, clause.end)) & _WEIGHTY
    verb = next((k for k in (first - 1, first - 2) if text.word(k) in of("learning", "curious")), 0)
    led = text.word(verb - 1) == "to" or (text.word(verb - 1) in ("i", "we") and text.word(verb - 2) == "so")
    rest = range(first + 1, clause.end)
    return asks and verb > 0 and led and (_is_set_again(text, clause) if held else not teller.weigh(rest))


def _is_set_again(text: Text, clause: Clause) -> bool:
    """Whether all that a clause holds is set behind it: "to see whether bf16 will do, train X in bf16"."""
    tokens = range(clause.first, clause.end)
    values = [c for c in text.ledger.of("value") if c.first in tokens]
    behind = {
        (c.value.slot, c.value.key, c.value.value) for c in text.ledger.of("value") if c.first >= clause.end
    }
    again = all((c.value.slot, c.value.key, c.value.value) in behind for c in values)
    return text.owners(tokens) & _WEIGHTY == {"value"} and again


def _is_cause(text: Text, clauses: Clauses, clause: Clause) -> bool:
    """Whether a clause is but the cause of what is told of the past: "it crashed because of memory"."""
    sentence = clauses.sentence(clause.first)
    over = clauses.history().issuperset(range(sentence.start, clause.first)) and sentence.start < clause.first
    cause = text.match("'because|'due|'owing|'thanks 'of|'to", clause.first) is not None
    return over and cause and not text.owners(sentence) & _WEIGHTY


def _is_repeated(text: Text, clause: Clause) -> bool:
    """Whether what a clause before a colon speaks of is asked for behind it: "we want numbers: evaluate"."""
    actions = text.ledger.of("action")
    inside = [c for c in actions if clause.first <= c.first < clause.end]
    behind = {c.value.action for c in actions if c.first >= clause.end}
    return text.word(clause.end) == ":" and all(c.value.action in behind for c in inside)


def _purpose_of(
    text: Text, clause: Clause, open_: list[int], known: frozenset[str], listed: frozenset[str]
) -> list[int]:
    """Return the words of a clause that only say what something is for, or what it is called."""
    means = any(_is_telling(text, i, known) or text.tokens[i].text in listed for i in open_)
    if means or any(text.tokens[i].text == "enough" for i in range(clause.first, clause.end)):
        return []
    asked = "action" in text.owners(range(clause.first, clause.end))
    goes_on = _goes_on(text, clause, open_)
    return (
        _purpose(text, clause.first, open_)
        or (open_ if goes_on else [])
        or (_called(text, open_) if asked else [])
    )


def _goes_on(text: Text, clause: Clause, open_: list[int]) -> bool:
    """Whether plain words go on with what something is for: "a classifier for ripe and unripe mangoes"."""
    before = text.ledger.owner.get(clause.first - 1)
    plain = all(text.is_plain(i) and not text.lexicon.has(text.word(i), "told.choosing") for i in open_)
    joined = text.word(clause.first) in ("and", "or") and open_[0] == clause.first + 1
    return joined and plain and before is not None and before.value == _PURPOSE


def _counts(text: Text, i: int) -> bool:
    """Whether a word only says how many pictures or classes there are: "1,250 pictures with 3 classes"."""
    of_data = ("places.data.nouns", "slots.captions.nouns", "slots.captions.told", "told.members")
    number = text.tokens[i].kind == "number" and not text.within(i + 1, *_UNITS)
    chosen = text.lexicon.has(text.tokens[i].text, "told.choosing")
    described = text.is_plain(i) and not chosen and text.within(i + 1, "places.data.nouns")
    return number or described or text.within(i, *of_data)


def _limits(text: Text, i: int) -> bool:
    """Whether a word takes a part of what is named: "only with those that", "the last one excluded"."""
    then = text.word(i + 1)
    excluded = text.word(i) in ("excluded", "excepted", "included") and text.kind(i + 1) in ("", "mark")
    return excluded or (
        text.within(i, "grammar.operator.only")
        and (then in of("prepositions") or then in ("those", "these", "the", "ones"))
    )


_WEIGHTY = frozenset({"value", "place", "action", "captions", "policy", "find"})


def _is_telling(text: Text, i: int, known: frozenset[str]) -> bool:
    """Whether a word means something for a run."""
    classes = text.classes[i]
    word = text.tokens[i].text
    forms = {word, word.removesuffix("s"), word.removesuffix("ing"), word.removesuffix("ed")}
    return (
        bool(forms & known)
        or "grammar.mode.technical" in classes
        or any(c.startswith(_TELLING) for c in classes)
    )


def _purpose(text: Text, first: int, open_: list[int]) -> list[int]:
    """Return the words of "for the warehouse project", where nothing but they is open in a clause."""
    start, after = open_[0], range(open_[0], open_[-1] + 1)
    lead = [text.tokens[k].text for k in range(max(first, start - 4), start)]
    words = {text.tokens[i].text for i in after}
    held = text.owners(after)
    timed = any(_measures(text, i) for i in open_) or _goes_on_finding(text, lead)
    same = any(text.tokens[k].text == "same" for k in range(first, start))
    others = words & word_list("accounting.no_purpose") or held - {"courtesy"}
    each = "for" in lead and not {"each", "every"}.isdisjoint(lead)  # "one folder for each patient"
    gains = any(a == "to" and b in of("gains") for a, b in pairwise(lead))  # "to get a first impression"
    return [] if not ("for" in lead or gains) or same or timed or others or each else open_


def _measures(text: Text, i: int) -> bool:
    """Whether a word is a number, a unit or a metric, or holds a number: "for 1h30", "for mAP75"."""
    number = text.kind(i) == "number" or any(map(str.isdigit, text.word(i)))
    return number or text.within(i, *_UNITS, "actions.words.metric")


def _goes_on_finding(text: Text, lead: list[str]) -> bool:
    """Whether a "for" says what else is to be found: "search X for cars and then for trucks"."""
    return bool({"and", "then"}.intersection(lead)) and bool(text.ledger.of("find", "captions"))


def _called(text: Text, open_: list[int]) -> list[int]:
    """Return the words before a detector or data set by which a person calls it: "the sorting belt data"."""
    after = open_[-1] + 1
    whole = len(open_) < 4 and open_ == list(range(open_[0], after)) and all(map(text.is_plain, open_))
    called = text.word(after) in word_list("accounting.called")
    led = open_[0] > 0 and text.within(open_[0] - 1, "grammar.group.det", "grammar.free.adjective")
    chosen = any(text.lexicon.has(text.tokens[i].text, "told.choosing") for i in open_)
    return open_ if whole and called and led and not chosen and text.ledger.of("place") else []


def left_over(text: Text, clauses: Clauses, listed: frozenset[str]) -> list[list[int]]:
    """Return the words that nothing accounts for, in runs; numbers beside them fill nothing any more."""
    covered = _covered(text, listed)
    covered -= _ordered(text, clauses)
    for said in said_alone(text, clauses):
        text.ledger.mark("unread", said)
    _withdraw_unread(text)
    covered.update(*(_leading(text, clauses, c) for c in clauses.all))
    covered.difference_update(*(range(first, end) for first, end in excluding(text).items()))
    left = {i for i in range(len(text.tokens)) if _is_left_over(text, i, covered)}
    for i in sorted(left):
        for claim in _numbers_beside(text, clauses, i, covered) if text.tokens[i].kind == "word" else ():
            text.ledger.withdraw(claim)
            left.update(k for k in claim.tokens if k not in covered)
        if (glued := _number_glued(text, i)) is not None:
            text.ledger.withdraw(glued)
            left.update(range(glued.first, i))
    return _joined(text, left, clauses)


def _withdraw_unread(text: Text) -> None:
    """Withdraw what is asked about: it sets nothing, also where its words are left out."""
    for claim in text.ledger.of("value", "policy", "platform", "captions"):
        said = [i for i in claim.tokens if text.kind(i) not in ("word", "mark")] or claim.tokens
        if all(text.owner(i) == "unread" for i in said):
            text.ledger.withdraw(claim)


def _is_left_over(text: Text, i: int, covered: set[int]) -> bool:
    """Whether nothing accounts for a token that says something."""
    unread = (text.ledger.free(i) and i not in covered) or text.owner(i) == "unread"
    return unread and (text.kind(i) != "mark" or text.word(i) in _sayings(text, i))


def _sayings(text: Text, i: int) -> str:
    """Return the marks that say something where a token stands: cells of a table say nothing by their "|"."""
    return "<>≥≤%|" if text.owner(i) == "unread" else "<>≥≤%"


def _leading(text: Text, clauses: Clauses, clause: Clause) -> range:
    """Return the words that open a reason with a verb, which by themselves say nothing: "since"."""
    if clause.mode is not Mode.REASON or not clauses.teller.has_verb(clause.first, clause.end):
        return range(0)
    first = next((i for i in range(clause.first, clause.end) if text.kind(i) != "mark"), clause.end)
    return range(first, max(text.ends(first, "grammar.mode.reason"), default=first))


def _ordered(text: Text, clauses: Clauses) -> set[int]:
    """Return the words of sentences, and of their last clauses, that order something nothing has read."""
    found: set[int] = set()
    teller, over = clauses.teller, clauses.history()
    for sentence in clauses.sentences.values():
        purposes = {i for i in sentence if not text.ledger.free(i) and text.ledger.owner[i].value == _PURPOSE}
        free = all(text.ledger.free(i) or i in purposes for i in sentence)
        if free and teller.orders(sentence.start, sentence.stop, wishing=not purposes):
            found.update(sentence)
        last = range(clauses.of(sentence.stop - 1).first, sentence.stop)
        goes_on = any(text.tokens[i].text in of("unchanged") for i in last[:2]) and sentence.start in over
        # "..., then do the usual with it", but "we had them annotated and put them on the server" tells
        if not goes_on and all(map(text.ledger.free, last)) and teller.orders(*_ends(last), wishing=False):
            found.update(last)
    return found


def _ends(tokens: range) -> tuple[int, int]:
    return tokens.start, tokens.stop


def _numbers_beside(text: Text, clauses: Clauses, i: int, covered: set[int]) -> Iterator[Claim]:
    """Yield claims of numbers next to a word, with nothing but free words between."""
    here = clauses.of(i)
    for step in (-1, 1):
        k = i + step
        while here.first <= k < here.end and k in covered and text.tokens[k].kind != "mark":
            k += step
        owner = text.ledger.owner.get(k) if here.first <= k < here.end else None
        if owner is not None and owner.kind == "value" and is_number(owner):
            yield owner


_POWERS = frozenset("^*x")


def _number_glued(text: Text, i: int) -> Claim | None:
    """Return the claim of the number that a number is only a part of: "10^-4"."""
    k = i - 1
    while k >= 0 and text.kind(i) == "number" and text.kind(k) == "mark":
        k -= 1
    between = text.ledger.original[text.tokens[k].end : text.tokens[i].start] if k >= 0 else ""
    owner = text.ledger.owner.get(k) if between and _POWERS.issuperset(between) else None
    return owner if owner is not None and owner.kind == "value" and is_number(owner) else None


def _joined(text: Text, left: Iterable[int], clauses: Clauses) -> list[list[int]]:
    """Join runs of words that are left with the free words between them."""
    runs: list[list[int]] = []
    for run in text.ledger.runs(left):
        if (
            runs
            and run[0] - runs[-1][-1] <= 4
            and clauses.of(run[0]).sentence == clauses.of(runs[-1][0]).sentence
        ):
            between = range(runs[-1][-1] + 1, run[0])
            if all(text.ledger.free(k) and text.tokens[k].kind != "mark" for k in between):
                runs[-1] += [*between, *run]
                continue
        runs.append(run)
    return [_with_noun(text, run) for run in runs]


_COUNTED = ("grammar.free.noun", "places.data.nouns", "slots.around.steps")


def _with_noun(text: Text, run: list[int]) -> list[int]:
    """Return a run that begins with a number with the noun before it, or behind it where it is all of it.

    Such are "crops of 1024 pixels" and "5 steps".
    """
    k = run[0] - 1
    if text.tokens[run[0]].kind not in ("number", "range", "percent"):
        return run
    after = run[-1] + 1
    if len(run) == 1 and after < len(text.tokens) and text.ledger.free(after):
        run = [*run, after] if text.within(after, *_COUNTED) else run
    while k >= 0 and text.ledger.free(k) and text.tokens[k].text == "of":
        k -= 1
    noun = k >= 0 and text.ledger.free(k) and text.within(k, "grammar.free.noun", "places.data.nouns")
    return [*range(k, run[0]), *run] if noun else run


def fragments(text: Text, runs: list[list[int]], unused: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return what was not understood, and what no step has a place for, as it was written."""
    said = list(dict.fromkeys(" ".join(text.ledger.said(run).split()) for run in runs))
    return said, [u for u in dict.fromkeys(unused) if u not in said]
