"""GPUs and machines: which ones, none, those that somebody has, and those of all machines together."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

from skillbank.plan.reader.clauses import Clauses, Mode
from skillbank.plan.reader.lexicon import word_list
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.tokens import Claim
from skillbank.plan.reader.value import Value, claim_value, denied_before
from skillbank.plan.reader.wording import is_many
from skillbank.plan.slots import SLOTS

__all__ = ["ids_at", "is_owned", "take_gpu_ids", "take_no_gpus", "take_owned", "take_the_gpu", "take_totals"]


def is_owned(text: Text, clauses: Clauses, match: Match) -> bool:
    """Whether a number of GPUs or machines is told of as one's own ("I have 4 GPUs"), and not asked for."""
    clause = clauses.of(match.first)
    said = [text.tokens[k].text for k in range(clause.first, match.first)]
    return clause.mode is Mode.REPORT and bool({"have", "has", "got", "own", "there"} & set(said[-5:]))


def take_totals(text: Text) -> None:
    """Read "16 GPUs over 2 nodes", where the GPUs are those of all nodes, and "4 nodes x 8 GPUs"."""
    for one, other in pairwise(text.ledger.of("value")):
        between = range(one.last + 1, other.first)
        words = {text.tokens[k].text for k in between}
        if {one.value.slot, other.value.slot} != {"gpus", "nodes"} or not words <= _SPREAD | _TIMES:
            continue
        spread = (words | {text.tokens[k].text for k in other.tokens}) & _SPREAD
        if one.value.slot == "gpus" and spread and not _is_per_node(text, one):
            text.ledger.replace(one, "value", replace(one.value, total=True))
        text.ledger.claim("context", [k for k in between if text.ledger.free(k)])


_ALL = (
    "!^action 'use|'take|'using|'taking|'with|'on|'over|'across|'and|'please* "
    "what='all|'both|'them|'these|'those|'every|'each+ 'of? 'them|'it|'these|'those|'one? &@mark|'please|'for"
)

_SOME = "@number|'one|'some|'most|'half|'part 'of 'them|'these|'those|'it"


def take_owned(text: Text) -> None:
    """Read "there are two A100s in the rack; both please": the GPUs told of are asked for."""
    owned = [c for c in text.ledger.of("report") if isinstance(c.value, Value)]
    if not owned:
        return
    for match in text.find(_SOME):
        text.ledger.claim("unread", match.tokens())
    for match in text.find(_ALL):
        before = [c for c in owned if c.last < match.first]
        if before and not any(c.value.slot == before[-1].value.slot for c in text.ledger.of("value")):
            _take_all_of(text, match, before)


def _take_all_of(text: Text, match: Match, owned: list[Claim]) -> None:
    """Account for "all of them" behind GPUs that somebody has: of what else there is, it may as well be."""
    last = owned[-1]
    between = range(last.last + 1, match.first)
    others = any(is_many(text.tokens[k].text) and text.within(k, _DATA) for k in between)
    both = any(text.tokens[k].text == "both" for k in match.tokens("what"))
    if len(owned) > 1 or others or (both and last.value.value != 2):
        text.ledger.claim("unread", match.tokens())
    else:
        text.ledger.claim("value", match.tokens(), last.value)


_DATA = "places.data.nouns"
_SPREAD = word_list("hardware.spread")
_TIMES = frozenset(["x", "times", "by", "with"])


def _is_per_node(text: Text, claim: Claim) -> bool:
    said = {token.text for token in text.tokens[claim.first : claim.last + 2]}
    return bool({"per", "each", "every", "apiece"} & said)


_TAKEN = (
    "'is|'are|'was|'were free.adverb* 'taken|'broken|'busy|'used|'reserved|'occupied|'down|'dead|'full|"
    "'defective|'blocked|'for|'not|'in ~word? 'by|'to|'for? group.det? ~word*"
)
_BELONG = "'belong|'belongs 'to group.det? ~word mode.past|'this|'today|'week*"


def take_gpu_ids(text: Text) -> None:
    """Read which GPUs are meant: "gpus 2 and 3", "gpu 0,1", and not those that others have."""
    others: list[list[int]] = []
    for match in text.find(
        "slots.around.before* noun=slots.gpu_ids.before ':|'=|'number|'numbers|'ids|'id* "
        "n=@number|@range more=',|'and|'&|@number* 'only?"
    ):
        end = match.end
        while text.tokens[end - 1].kind not in ("number", "range") and text.tokens[end - 1].text != "only":
            end -= 1
        ids = _ids(text, match, end)
        if not ids or not all(isinstance(n, int) for n in ids):
            continue
        free = [k for k in range(match.first, end) if text.ledger.free(k)]
        if (taken := text.match(_TAKEN, end) or text.match(_BELONG, end)) is not None:
            others.append([*free, *taken.tokens()])
        else:
            claim_value(text, free, Value("gpu_ids", sorted(set(ids))))
    for tokens in others:
        chosen = any(c.value.slot == "gpu_ids" for c in text.ledger.of("value"))
        text.ledger.claim("report" if chosen else "unread", tokens)


_OTHERS = tuple(f"slots.{s.name}.nouns" for s in SLOTS if s.name != "gpus")


def _ids(text: Text, match: Match, end: int) -> list[int | float]:
    """Return the numbers of GPUs in a match; none where they count something."""
    numbers = [n for k in match.tokens() if text.tokens[k].kind == "number" for n in ids_at(text, k)]
    ranges = [text.tokens[k].value for k in match.tokens("n") if text.tokens[k].kind == "range"]
    if len(numbers) == 1 and not ranges and _is_counted(text, match):
        return []
    if len(numbers) > 1 and text.within(end, *_OTHERS):
        return []
    return numbers + [n for low, high in ranges for n in range(int(low), int(high) + 1)]


def _is_counted(text: Text, match: Match) -> bool:
    """Whether one number behind a noun is how many: "gpus 2", "gpu: 1", but not "gpu 1", "gpu id: 1"."""
    noun = " ".join(text.tokens[k].text for k in match.tokens("noun"))
    linked = any(text.tokens[k].text in (":", "=") for k in match.tokens())
    return noun in ("gpus", "cards", "devices") or (linked and "id" not in noun)


def ids_at(text: Text, k: int) -> list[int | float]:
    """Return the numbers of a token: "0,1" behind "gpus" is two."""
    said = text.ledger.said([k])
    return (
        [int(part) for part in said.split(",")]
        if re.fullmatch(r"\d+(?:,\d+)+", said)
        else [text.tokens[k].value]
    )


def take_no_gpus(text: Text) -> None:
    """Read "on the cpu" and "not on the gpu" as no GPU; see `take_the_gpu` for "on the gpu"."""
    for section, count in (("slots.gpus.none 'only?", 0), ("slots.gpus.plain 'only?", None)):
        for match in text.find(section):
            denied = denied_before(text, match.first)
            tokens = [*denied, *match.tokens()]
            if (count == 0) != bool(denied):
                text.ledger.claim("value", tokens, Value("gpus", 0))
            else:
                text.ledger.claim("context", tokens, None if denied else _ON_A_GPU)


def take_the_gpu(text: Text) -> None:
    """Read "on the gpu" as one GPU where no number says how many: a machine without one is not meant."""
    said = [c for c in text.ledger.claims if c.value == _ON_A_GPU]
    if said and not any(c.value.slot in ("gpus", "gpu_ids") for c in text.ledger.of("value")):
        text.ledger.replace(said[0], "value", Value("gpus", 1))


_ON_A_GPU = "on a GPU"
