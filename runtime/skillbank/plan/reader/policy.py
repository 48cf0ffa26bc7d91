"""What a request says about hyperparameter search: each mention is judged by the words around it."""

from __future__ import annotations

from dataclasses import dataclass

from skillbank.errors import ConflictError
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.tokens import Claim

__all__ = ["Said", "take_policy"]

_STOP = frozenset(".,;!?()/|")
_ENDS = frozenset(". , ; ! ? ) and please for this then but \n".split(" "))
_NOT = frozenset("not never nobody neither none nothing hardly".split())
_REACH = 9
"""Words before a mention that can be about it."""


@dataclass(frozen=True, slots=True)
class Said:
    """One thing said about the policy: ``on``, ``off`` or ``auto``.

    ``verb`` is whether it asks for a search as such ("tune the hyperparameters"), which asks for a training.
    """

    value: str
    words: str
    verb: bool = False


def take_policy(text: Text) -> Said | None:
    """Account for what is said about the policy, and return what holds.

    A negated "off" ("don't turn off AutoML") demands nothing: it is ``auto``. Words after a correction hold.

    Raises
    ------
    ConflictError
        When the text asks for a search and for none.
    """
    found = [*text.find("policy.search.verbs group.det* free.adjective? policy.search.goals")]
    for match in found:
        _judge(text, match, verb=True)
    for match in [*text.find("policy.search.nouns policy.search.noun*")]:
        if all(map(text.ledger.free, match.tokens())) and _is_mention(text, match):
            _judge(text, match, verb=False)
    for match in text.find("policy.search.once"):
        text.ledger.claim("policy", match.tokens(), Said("off", text.ledger.said(match.tokens())))
    for match in text.find("group.det? plain=policy.search.plain+ @name? &policy.search.runs"):
        text.ledger.claim("policy", match.tokens("plain"), Said("off", text.ledger.said(match.tokens())))
    said = text.ledger.of("policy")
    fixes = [m.first for m in text.find("grammar.mode.fix")]
    if fixes:
        said = [c for c in said if c.first > fixes[-1]] or said
    demands = {c.value.value: c.value for c in said if c.value.value != "auto"}
    if len(demands) > 1:
        raise ConflictError(
            f"The request asks for a hyperparameter search ('{demands['on'].words}') and for none "
            f"('{demands['off'].words}'); keep one of them."
        )
    values = [c.value for c in said]
    return next(iter(demands.values()), values[-1] if values else None)


def _is_mention(text: Text, match: Match) -> bool:
    """Whether words that can mean other things mean a search here."""
    word = text.ledger.said(match.tokens()).lower()
    before = text.tokens[match.first - 1].text if match.first else ""
    if text.match("policy.search.told !'not", match.end) and not text.match("policy.search.told policy.state.off", match.end):
        return False
    if not any(text.lexicon.has(" ".join(word.split()), "policy.search.weak") for _ in (0,)):
        return True
    led = before in ("no", "any", "without", "a", "the", "this", "that", "skip", "with", "kein", "keine", "not")
    stated = text.match("'is|':|'=|'to|'set* policy.state.off|policy.state.on|policy.state.auto", match.end)
    follows = text.match("'for|'in|'on|@place", match.end) and before not in ("no", "any", "without", "skip")
    return bool((led or stated) and not (follows and not stated))


def _judge(text: Text, match: Match, *, verb: bool) -> Claim:
    """Judge one mention by the words around it, and account for those that belong to it."""
    first = match.first
    while first > 0 and match.first - first < _REACH and _reaches(text, first - 1):
        first -= 1
    value, negations, used = _before(text, first, match.first)
    used |= set(match.tokens())
    state, denied, end = _after(text, match.end)
    if state is not None:
        if not (value == "off" and state == "on"):  # "no AutoML required" stays off
            value = state
        negations += denied
        before = [t.text for t in text.tokens[max(first, match.first - 2) : match.first]]
        if before[:1] == ["without"] and before[1:] and before[1].endswith("ing"):
            negations += 1  # "without turning AutoML off"
            used |= {match.first - 2, match.first - 1}
        used |= set(range(match.end, end))
    value = value or "on"
    if value != "auto" and negations % 2:
        value = "auto" if value == "off" else "off"
    words = [i for i in range(min(used), max(used) + 1) if text.ledger.free(i)]
    return text.ledger.claim("policy", words, Said(value, text.ledger.said(words), verb and value == "on"))


def _reaches(text: Text, i: int) -> bool:
    token = text.tokens[i]
    if token.kind not in ("word", "mark", "number") or token.text in _STOP or not text.ledger.free(i):
        return token.kind == "name"
    return token.text not in ("but", "then", "when", "because", "so", "if")


def _before(text: Text, first: int, mention: int) -> tuple[str | None, int, set[int]]:
    """Find the nearest operator before a mention, and the negations of it.

    Returns
    -------
    tuple
        What the operator says, how many negations stand before it, and which tokens say so.
    """
    best: tuple[int, int, int, str] | None = None
    for i in range(first, mention):
        for value in ("off", "on"):
            for end in text.ends(i, f"policy.turn.{value}"):
                if end <= mention and all(_is_passed(text, k) for k in range(end, mention)):
                    best = max(best or (0, 0, 0, ""), (end, end - i, i, value))
    used: set[int] = set()
    start, value = mention, None
    if best is not None:
        end, _, start, value = best
        used |= set(range(start, end))
    negations = 0
    if value is not None and start > first and text.tokens[start - 1].text == "without":
        negations += 1  # "without turning off AutoML"
        used.add(start - 1)
    for i in range(first, start):
        if text.tokens[i].text in _NOT and i not in used:
            negations += 1
            used.add(i)
        elif i not in used and any(e <= start for e in text.ends(i, "policy.turn.off")) and value in ("on", None):
            inside = max(e for e in text.ends(i, "policy.turn.off") if e <= start)
            if all(_is_passed(text, k) for k in range(inside, start)):
                negations += 1
                used |= set(range(i, inside))
    return value, negations, used


def _is_passed(text: Text, i: int) -> bool:
    token = text.tokens[i]
    return token.kind in ("name",) or text.within(
        i, "grammar.free.glue", "grammar.free.light", "grammar.free.adjective", "grammar.free.adverb", "grammar.group.det",
        "policy.search.noun", "policy.search.plain", "policy.search.nouns", "grammar.free.noun", "grammar.operator.or",
    ) or token.text in ("costly", "expensive", "lengthy", "fancy", "such", "kind", "sort", "further", "bother", "time")  # fmt: skip


def _after(text: Text, at: int) -> tuple[str | None, int, int]:
    """Find the state said after the mention ("is not needed"): value, negations, and where it ends."""
    negations, i = 0, at
    while i < min(at + 7, len(text.tokens)):
        word = text.tokens[i].text
        if not text.ledger.free(i) or (word == "no" and text.within(i + 1, "policy.search.nouns")):
            break
        bare = i == at or text.tokens[i - 1].text in (":", "=")
        for value in ("off", "on", "auto"):
            for end in text.ends(i, f"policy.state.{value}"):
                following = text.tokens[end].text if end < len(text.tokens) else "."
                # "AutoML on s3://..." says where the data is; "AutoML on, please" says that it is on.
                if not (value == "on" and bare and following not in _ENDS):
                    return value, negations, end
        if text.tokens[i].kind == "number":
            return ("off", negations, i + 1) if text.tokens[i].value == 0 else (None, 0, at)
        if word in _NOT:
            negations += 1
        elif not text.within(i, "grammar.free.glue", "grammar.group.det", "grammar.free.adverb") and word not in (
            ":", "=", "set", "stay", "stays", "should", "must", "needs", "goes", "remain", "remains", "turned", "kept",
        ):  # fmt: skip
            break
        elif text.tokens[i].text in ("with", "and", "on") and i == at:
            break
        i += 1
    return None, 0, at
