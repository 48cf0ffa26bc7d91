"""GPUs and machines: which ones, none, those that somebody has, and those of all machines together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise

from skillbank.plan.reader.clauses import Clauses, Mode
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.phrases import phrases, word_list
from skillbank.plan.reader.tokens import Claim
from skillbank.plan.reader.value import Value, claim_value, denied_before
from skillbank.plan.reader.wording import is_many
from skillbank.plan.slots import SLOTS

__all__ = [
    "ids_at", "is_other_card", "is_owned", "kinds_chosen", "take_gpu_ids", "take_no_gpus", "take_owned",
    "take_the_gpu", "take_totals",
]  # fmt: skip

_SPREAD = word_list("hardware.spread")
_TIMES = frozenset(["x", "times", "by", "with", "of"])
_EACH = frozenset({"per", "each", "every", "apiece"})
_TOTAL = frozenset({"total", "altogether", "together"})
_MARKS = frozenset(",(-&")
_REACH = 5
_OWNING = frozenset({"have", "has", "got", "own", "there"})
_ON_A_GPU = "on a GPU"
_LAST_ID = 255
"""No machine has more GPUs: "gpu 3090" is a kind of them."""
_COUNTED = tuple(f"slots.{s.name}.nouns" for s in SLOTS if s.name != "gpus")


def is_owned(text: Text, clauses: Clauses, match: Match) -> bool:
    """Whether a number of GPUs or machines is told of as one's own ("I have 4 GPUs"), and not asked for."""
    clause = clauses.of(match.first)
    said = text.words(range(max(clause.first, match.first - 5), match.first))
    return clause.mode is Mode.REPORT and not _OWNING.isdisjoint(said)


def take_totals(text: Text) -> None:
    """Read "16 GPUs over 2 nodes", where the GPUs are those of all nodes, and "4 nodes x 8 GPUs".

    Of "4 GPUs (2 nodes)" nothing says whether they are those of all nodes or of each: neither is read.
    """
    for one, other in pairwise(text.ledger.of("value")):
        between = range(one.last + 1, other.first)
        if {one.value.slot, other.value.slot} == {"gpus", "nodes"} and _are_beside(text, between):
            _take_both(text, one, other)
            if {*text.words(between)} <= _SPREAD | _TIMES | {","}:
                text.ledger.claim("context", [k for k in text.unclaimed(between) if text.word(k) != ","])


def _take_both(text: Text, one: Claim, other: Claim) -> None:
    """Read GPUs beside nodes as those of each or of all; leave them unread where nothing says which."""
    gpus = one if one.value.slot == "gpus" else other
    said = {text.word(k) for k in range(one.first, other.last + 3)}
    if not _EACH.isdisjoint(said):
        return
    lead = {*text.words(range(one.last + 1, other.first)), *text.words(other.tokens)}
    spread = one is gpus and not _SPREAD.isdisjoint(lead) and "(" not in lead
    if spread or not _TOTAL.isdisjoint(said):
        text.ledger.replace(gpus, "value", replace(gpus.value, total=True))
    elif _may_be_of_all(text, one, other):
        for claim in (one, other):
            text.ledger.withdraw(claim)
        text.ledger.claim("unread", range(one.first, other.last + 1))


def _are_beside(text: Text, between: range) -> bool:
    """Whether nothing but small words and marks stands between two numbers."""
    small = all(
        text.within(k, "grammar.free.glue", "grammar.group.prep") or text.word(k) in _MARKS | _SPREAD | _TIMES
        for k in between
    )
    return len(between) < _REACH and small and text.unclaimed(between) == list(between)


def _may_be_of_all(text: Text, one: Claim, other: Claim) -> bool:
    """Whether GPUs that are said beside nodes may be those of all of them as well as of each."""
    gpus, nodes = (one, other) if one.value.slot == "gpus" else (other, one)
    shared = nodes.value.value > 1 and gpus.value.value > 1 and gpus.value.value % nodes.value.value == 0
    spelled = all(text.kind(c.last) in ("number", "pair") for c in (one, other))  # as options are
    count = next((k for k in other.tokens if text.kind(k) in ("number", "pair")), other.first)
    between = set(text.words(range(one.last + 1, count)))
    times = _TIMES if nodes is one else _TIMES - {"with", "of"}  # "2 nodes of 8 GPUs"
    return shared and not spelled and not (between and between <= times)


def kinds_chosen(text: Text, platforms: Iterable[str | None]) -> tuple[list[str], list[str]]:
    """Return the kinds of GPU that are named beside a number of them where nothing chooses one, and notes.

    Of this machine they are told, and a run takes those that it has. Where a platform puts a run on one of
    many machines, the kind would choose among them: what chooses it is a platform's profile, and no plan.
    """
    said = list(_kinds(text))
    if any(
        each not in (None, "local") and not text.lexicon.has(str(each), "told.at_hand") for each in platforms
    ):
        return said, []
    return [], [
        f"'{kind}' chooses no kind of GPU: a run takes those of the machine, and counts them" for kind in said
    ]


def _kinds(text: Text) -> Iterator[str]:
    """Yield the kinds of GPU beside numbers of them: "2x A100 80GB"."""
    for claim in text.ledger.of("value"):
        noun = [k for k in claim.tokens if text.kind(k) == "word" and _names_a_kind(text.ledger.said([k]))]
        if claim.value.slot == "gpus" and noun:
            yield text.ledger.said([k for k in claim.tokens if k >= noun[0]])


def _names_a_kind(said: str) -> bool:
    return re.search(r"[a-z] ?\d", said, re.IGNORECASE) is not None


def take_owned(text: Text) -> None:
    """Read "there are two A100s in the rack; both please": the GPUs told of are asked for.

    Behind several things that somebody has, "all of them" may as well be of the others.
    """
    owned = [c for c in text.ledger.of("report") if isinstance(c.value, Value)]
    for match in list(text.phrases("hardware.some")) if owned else ():
        text.ledger.claim("unread", match.tokens())
    for match in list(text.phrases("hardware.all")) if owned else ():
        _take_all_of(text, match, [c for c in owned if c.last < match.first])


def _take_all_of(text: Text, match: Match, owned: list[Claim]) -> None:
    """Ask for what somebody has, of whose kind nothing else is asked for; of several things ask which.

    So is asked about where what somebody has is told behind it: "with all of them. We have 4 GPUs".
    """
    set_ = {c.value.slot for c in text.ledger.of("value")}
    if owned and owned[-1].value.slot in set_:
        return
    if len(owned) != 1 or _may_be_others(text, owned[-1], match):
        text.ledger.claim("unread", match.tokens())
    else:
        text.ledger.claim("value", match.tokens(), owned[-1].value)


def _may_be_others(text: Text, owned: Claim, match: Match) -> bool:
    """Whether "all of them" may be of other things than the GPUs that somebody has."""
    between = range(owned.last + 1, match.first)
    others = any(is_many(text.word(k)) and text.within(k, "places.data.nouns") for k in between)
    return others or ("both" in text.words(match.tokens("what")) and owned.value.value != 2)


def take_gpu_ids(text: Text) -> None:
    """Read which GPUs are meant: "gpus 2 and 3", "gpu 0,1", and not those that others have."""
    others: list[list[int]] = []
    for match in list(text.phrases("hardware.ids")):
        end = match.end
        while text.kind(end - 1) not in ("number", "range") and text.word(end - 1) != "only":
            end -= 1
        ids = [] if is_other_card(text, match.tokens("noun")[0]) else _ids(text, match, end)
        if not ids or not all(isinstance(n, int) for n in ids):
            continue
        free = text.unclaimed(range(match.first, end))
        if max(ids) > _LAST_ID:
            text.ledger.claim("unread", free)
            continue
        taken = next(filter(None, (text.match(each, end) for each in phrases("hardware.taken"))), None)
        if taken is not None:
            others.append([*free, *taken.tokens()])
        else:
            claim_value(text, free, Value("gpu_ids", sorted(set(ids))))
    for tokens in others:
        chosen = any(c.value.slot == "gpu_ids" for c in text.ledger.of("value"))
        text.ledger.claim("report" if chosen else "unread", tokens)


def is_other_card(text: Text, i: int) -> bool:
    """Whether a card is none of a computer, as a noun before it says: "task card 18"."""
    described = text.kind(i - 1) == "word" and not text.within(i - 1, *_BEFORE_CARDS)
    return text.word(i) in ("card", "cards") and described


_BEFORE_CARDS = (
    "grammar.group.det", "grammar.group.prep", "grammar.free.glue", "grammar.free.light",
    "grammar.free.adjective", "grammar.free.adverb", "grammar.operator.only", "slots.around.before",
    "slots.gpus.nouns",
)  # fmt: skip


def _ids(text: Text, match: Match, end: int) -> list[int | float]:
    """Return the numbers of GPUs in a match; none where they count something: "gpus 2", but not "gpu 1"."""
    numbers = [n for k in match.tokens() if text.kind(k) == "number" for n in ids_at(text, k)]
    ranges = [text.tokens[k].value for k in match.tokens("n") if text.kind(k) == "range"]
    noun = " ".join(text.words(match.tokens("noun")))
    linked = not {":", "="}.isdisjoint(text.words(match.tokens()))
    counted = noun in ("gpus", "cards", "devices") or (linked and "id" not in noun)
    if len(numbers) == 1 and not ranges and counted:
        return []
    if len(numbers) > 1 and text.within(end, *_COUNTED):
        return []
    return numbers + [n for low, high in ranges for n in range(int(low), int(high) + 1)]


def ids_at(text: Text, k: int) -> list[int | float]:
    """Return the numbers of a token: "0,1" behind "gpus" is two."""
    said = text.ledger.said([k])
    if re.fullmatch(r"\d+(?:,\d+)+", said):
        return [int(part) for part in said.split(",")]
    return [text.tokens[k].value]


def take_no_gpus(text: Text) -> None:
    """Read "on the cpu" and "not on the gpu" as no GPU; see `take_the_gpu` for "on the gpu"."""
    for section, none in (("slots.gpus.none 'only?", True), ("slots.gpus.plain 'only?", False)):
        for match in text.find(section):
            denied = denied_before(text, match.first)
            tokens = [*denied, *match.tokens()]
            if none != bool(denied):
                text.ledger.claim("value", tokens, Value("gpus", 0))
            else:
                text.ledger.claim("context", tokens, None if denied else _ON_A_GPU)


def take_the_gpu(text: Text) -> None:
    """Read "on the gpu" as one GPU where no number says how many: a machine without one is not meant."""
    said = [c for c in text.ledger.claims if c.value == _ON_A_GPU]
    if said and not any(c.value.slot in ("gpus", "gpu_ids") for c in text.ledger.of("value")):
        text.ledger.replace(said[0], "value", Value("gpus", 1))
