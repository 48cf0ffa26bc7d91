"""What a request says about hyperparameter search: each mention is judged by the words around it."""

from __future__ import annotations

from dataclasses import dataclass

from skillbank.errors import ConflictError
from skillbank.plan.reader.corrections import runs
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.tokens import Claim

__all__ = ["Said", "take_policy"]

_STOP = frozenset(".,;!?()/|")
_ENDS = frozenset([".", ",", ";", "!", "?", ")", "and", "please", "for", "this", "then", "but", "\n"])
_NOT = frozenset(["not", "never", "nobody", "neither", "none", "nothing", "hardly"])
_REACH = 9
"""Words before a mention that can be about it."""
_HEADS = frozenset(
    [
        "turn",
        "turning",
        "switch",
        "switching",
        "set",
        "setting",
        "leave",
        "leaving",
        "keep",
        "keeping",
        "have",
        "having",
    ]
)
"""Verbs whose state stands behind the mention: "no need to switch AutoML off"."""
_AFTER_ONCE = frozenset(
    ["on", "in", "at", "with", "without", "from", "and", "using", "to", "for", "only", "over", "please"]
)
_ANSWERS = {
    **dict.fromkeys(("no", "nope", "nah", "nein", "non"), "off"),
    **dict.fromkeys(("yes", "yeah", "sure", "oui", "ja"), "on"),
}
_DENYING = frozenset(["no", "refrain", "not", "without", "hold"])
_BESIDE = frozenset([",", "-", ".", ";", ":", "(", ")", "and", "or", "\n", "just", "", "a"])
UNCERTAIN = frozenset(["random", "grid", "hybrid", "bayes", "llm"])
"""Names of algorithms that mean other things where nothing of a search stands beside them."""


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
    for match in text.find("policy.search.verbs group.det* ^name? free.adjective? policy.search.goals"):
        _judge(text, match, verb=True)
    for match in text.find(
        f"{_SEARCH}.goals {_SEARCH}.noun? 'of|'for|@name|group.det* free.light|free.adverb|'to|'be|'been|'being|'are|'is|'get|'not|'should|'must* {_SEARCH}.done"
    ):
        _judge(text, match, verb=True)
    mentions = sorted((m for source in _MENTIONS for m in text.find(source)), key=lambda m: (m.first, -m.end))
    for match in mentions:  # from left to right: "no AutoML or HPO" is said of both
        if all(map(text.ledger.free, match.tokens())) and _is_mention(text, match):
            _judge(text, match, verb=False)
    for match in text.find(f"search={_SEARCH}.doings 'of|'with|'over slots.around.before* @number slots.trials.nouns"):
        if all(map(text.ledger.free, match.tokens("search"))):
            _judge(text, Match(match.first, match.first + 1), verb=False)
    _methods(text)
    _plain(text)
    _turned(text)
    _told(text)
    said = _corrected(text)
    demands = {c.value.value: c.value for c in said if c.value.value != "auto"}
    if len(demands) > 1:
        raise ConflictError(
            f"The request asks for a hyperparameter search ('{demands['on'].words}') and for none "
            f"('{demands['off'].words}'); keep one of them."
        )
    values = [c.value for c in said]
    held = next(iter(demands.values()), values[-1] if values else None)
    if held is not None and held.value == "off":
        _echoes(text)
    return held


def _corrected(text: Text) -> list[Claim]:
    """Return what is said of the policy, behind a correction where there is one."""
    said = text.ledger.of("policy")
    fixes = list(runs(text))
    after = [c for c in said if fixes and c.first > fixes[-1].start]
    if after and len(after) < len(said):
        text.ledger.claim("excluded", fixes[-1])
    return after or said


def _turned(text: Text) -> None:
    """Read "AutoML is on by default. Turn it off": what is said of "it" counts, the mention only told of it."""
    for value in ("off", "on"):
        for match in text.find(f"'turn|'switch|'turning|'switching|'keep|'leave 'it|'that|'this '{value}"):
            before = [c for c in text.ledger.of("policy") if c.last < match.first]
            if before:
                told = text.ledger.replace(before[-1], "context")
                end = told.last + 1
                while end < match.first and text.tokens[end].text not in (".", "!", "?", ";"):
                    end += 1
                text.ledger.claim(
                    "context",
                    [
                        k
                        for k in range(told.last + 1, end)
                        if text.tokens[k].kind == "word" and text.ledger.free(k)
                    ]
                    or [told.first],
                )
                text.ledger.claim("policy", match.tokens(), Said(value, text.ledger.said(match.tokens())))


def _told(text: Text) -> None:
    """Account for what is told of a search: "last time HPO took three days", "we already know good hyperparameters"."""
    for match in text.find(f"{_SEARCH}.nouns|{_SEARCH}.weak {_SEARCH}.told"):
        first, end = match.first, match.end
        while (
            first > 0
            and text.ledger.free(first - 1)
            and text.tokens[first - 1].kind == "word"
            and text.tokens[first - 1].text not in _ENDS
        ):
            first -= 1
        while (
            end < len(text.tokens)
            and text.ledger.free(end)
            and text.tokens[end].kind in ("word", "number")
            and text.tokens[end].text not in (*_ENDS, "so")
        ):
            end += 1
        text.ledger.claim("report", range(first, end))
    for match in text.find(
        f"mode.subject 'already|'do* 'know|'have|'found|'got group.det* free.adjective? {_SEARCH}.goals"
    ):
        text.ledger.claim("context", match.tokens())
    for match in text.find("'without|'w/o 'it|'one|'that|'any|'them"):
        ends = match.end == len(text.tokens) or text.tokens[match.end].kind == "mark"
        if ends and _speaks_of_search(text, match.first):
            _says_off(text, match.tokens())


def _speaks_of_search(text: Text, end: int) -> bool:
    """Whether a search is spoken of before a token, whoever has accounted for it."""
    return any(text.within(k, f"{_SEARCH}.nouns", f"{_SEARCH}.weak", f"{_SEARCH}.things") for k in range(end))


_SEARCH = "policy.search"
_MENTIONS = (
    f"{_SEARCH}.things {_SEARCH}.doings {_SEARCH}.noun*",
    f"{_SEARCH}.doings 'of|'over|'for|'on {_SEARCH}.hyper",
    f"{_SEARCH}.nouns {_SEARCH}.noun*",
    f"{_SEARCH}.weak {_SEARCH}.noun*",
)


def _methods(text: Text) -> None:
    """Read "hyperband", "grid search": the name of an algorithm asks for a search, or with a negation for none."""
    asked = any(c.value.value == "on" for c in text.ledger.of("policy"))
    for i in range(len(text.tokens)):
        for span in text.spans[i]:
            alias = any(c.startswith("slots.algorithm.alias.") for c in span.classes)
            name = "slots.algorithm.values" in span.classes and text.tokens[i].text not in UNCERTAIN
            tokens = range(i, span.end)
            if (alias or name or f"{_SEARCH}.others" in span.classes) and all(map(text.ledger.free, tokens)):
                made = _judge(text, Match(i, span.end), verb=False)
                if made.value.value != "off" or asked:  # the algorithm itself is a value
                    text.ledger.withdraw(made)
                if made.value.value != "off":
                    text.ledger.claims.append(Claim("policy", (i,), made.value))
                break


def _plain(text: Text) -> None:
    """Read "just once", "a plain training", "train once": no search."""
    for match in text.find(f"{_SEARCH}.once"):
        _says_off(text, match.tokens())
    for match in text.find(f"group.det? plain={_SEARCH}.plain+ @name? &{_SEARCH}.runs"):
        _says_off(text, match.tokens("plain"))
    for match in text.find(f"group.det? plain={_SEARCH}.plain+ &@number"):
        if text.match(f"@number slots.epochs.nouns @name? {_SEARCH}.runs", match.end):
            _says_off(text, match.tokens("plain"))
    searched = any(c.value.value == "on" for c in text.ledger.of("policy"))
    for match in text.find("'once"):
        ends = match.end == len(text.tokens) or text.tokens[match.end].kind in ("mark", "place")
        if ends or text.tokens[match.end].text in _AFTER_ONCE:
            text.ledger.claim("context", match.tokens()) if searched else _says_off(text, match.tokens())


def _says_off(text: Text, tokens: list[int]) -> None:
    text.ledger.claim("policy", tokens, Said("off", text.ledger.said(tokens)))


def _echoes(text: Text) -> None:
    """Account for what says "no search" again: "nothing of that kind", "plain"."""
    for match in text.find(f"{_SEARCH}.echo"):
        around = [
            text.tokens[k].text if 0 <= k < len(text.tokens) else "," for k in (match.first - 1, match.end)
        ]
        if all(w in _BESIDE or (k and not w.isalpha()) for k, w in enumerate(around)):
            text.ledger.claim("context", match.tokens())


def _is_mention(text: Text, match: Match) -> bool:
    """Whether words that can mean other things mean a search here."""
    if text.match("policy.search.told !'not", match.end) and not text.match(
        "policy.search.told policy.state.off", match.end
    ):
        return False
    if text.match("'when|'after|'once|'if|'as|'at", match.end) and any(
        text.within(k, "slots.search_settings.stop") for k in range(max(0, match.first - 2), match.first)
    ):
        return False  # "stop the search after 8 hours"
    if _is_unsure(text, match):
        return False
    if not text.within(match.first, f"{_SEARCH}.weak") or text.within(
        match.first, f"{_SEARCH}.things", f"{_SEARCH}.nouns"
    ):
        return True
    before = text.tokens[match.first - 1].text if match.first else ""
    led = before in (
        "no",
        "any",
        "without",
        "a",
        "the",
        "this",
        "that",
        "skip",
        "with",
        "kein",
        "keine",
        "not",
    )
    stated = text.match("'is|':|'=|'to|'set* policy.state.off|policy.state.on|policy.state.auto", match.end)
    if stated:
        return True
    if text.match("'of|'with|'over group.det* @number slots.trials.nouns", match.end):
        return True
    loose = text.tokens[match.end - 1].text not in ("sweep", "sweeps")
    if (
        loose
        and text.match("'for|'in|'on|'of|'through|@place", match.end)
        and before not in ("no", "any", "without", "skip")
    ):
        return False
    refused = _before(text, max(0, match.first - _REACH), match.first)[0] == "off"
    article = text.tokens[match.first].text in ("a", "the", "any")
    return led or refused or (article and any(True for _ in text.find(_SIGNS)))


def _is_unsure(text: Text, match: Match) -> bool:
    """Whether a mention has a condition, leaves the choice, or tells of what was done: all that is asked about."""
    after = [t.text for t in text.tokens[match.end : match.end + 3] if t.text != "only"]
    if after[:1] in (["if"], ["unless"], ["provided"]) or (
        after[:1] == ["when"] and after[1:2] in (["needed"], ["necessary"], ["possible"])
    ):
        return True
    before = [t.text for t in text.tokens[max(0, match.first - 3) : match.first]]
    if before in (
        ["with", "and", "without"],
        ["with", "or", "without"],
        ["without", "or", "with"],
        ["without", "and", "with"],
    ):
        return True
    done = text.ledger.free(match.first - 1) and any(
        (m := text.match("mode.subject 'already|'have|'had* 'did|'done|'ran|'tried|'finished group.det*", k))
        is not None
        and m.end == match.first
        for k in range(max(0, match.first - 6), match.first)
    )
    return bool(match.first and done)


_SIGNS = "slots.trials.nouns|slots.gpu_hours.nouns|slots.trial_timeout.nouns|slots.patience.after|slots.time_budget.nouns"
"""What only a search has."""


def _judge(text: Text, match: Match, *, verb: bool) -> Claim:
    """Judge one mention by the words around it, and account for those that belong to it."""
    first = match.first
    while first > 0 and match.first - first < _REACH and _reaches(text, first - 1):
        first -= 1
    value, negations, used = _before(text, first, match.first)
    used |= set(match.tokens())
    state, denied, end = _after(text, match.end)
    negations += sum(text.tokens[i].text in _NOT for i in match.tokens())
    if state is not None:
        head = next(
            (k for k in range(match.first - 1, first - 1, -1) if not text.within(k, "grammar.group.det")),
            None,
        )
        if value == "off" and state == "off" and head is not None and text.tokens[head].text in _HEADS:
            negations += 1  # "no need to switch AutoML off", "without turning AutoML off"
            used.add(head)
        if not (value == "off" and state == "on"):  # "no AutoML required" stays off
            value = state
        negations += denied
        used |= set(range(match.end, end))
    joined = _joined(text, match.first)
    value = (
        joined
        if joined is not None and text.tokens[match.first - 1].text in ("and", "or", "/", "&", "nor")
        else value or "on"
    )
    if value != "auto" and negations % 2:
        value = "auto" if value == "off" else "off"
    words = [i for i in range(min(used), max(used) + 1) if text.ledger.free(i)]
    return text.ledger.claim("policy", words, Said(value, text.ledger.said(words), verb and value == "on"))


def _joined(text: Text, first: int) -> str | None:
    """Return what was said of the mention right before this one: "no AutoML/HPO", "without HPO or tuning"."""
    k = first - 1
    while k >= 0 and text.tokens[k].text in ("/", "or", "and", "&", "nor"):
        k -= 1
    owner = text.ledger.owner.get(k)
    return owner.value.value if owner is not None and owner.kind == "policy" and k < first - 1 else None


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
    for i in range(first, start):
        if text.tokens[i].text in _NOT and i not in used:
            negations += 1
            used.add(i)
        elif (
            i not in used
            and any(e <= start for e in text.ends(i, "policy.turn.off"))
            and (value != "off" or text.tokens[i].text in _DENYING)
        ):
            inside = max(e for e in text.ends(i, "policy.turn.off") if e <= start)
            own = value == "on" and any(text.within(k, f"{_SEARCH}.nouns") for k in range(inside, start))
            if not own and all(_is_passed(text, k) for k in range(inside, start)):
                negations += 1
                used |= set(range(i, inside))
    return value, negations, used


def _is_passed(text: Text, i: int) -> bool:
    token = text.tokens[i]
    return token.kind in ("name",) or text.within(
        i, "grammar.free.glue", "grammar.free.light", "grammar.free.adjective", "grammar.free.adverb", "grammar.group.det",
        "policy.search.noun", "policy.search.plain", "policy.search.nouns", "grammar.free.noun", "grammar.operator.or",
    ) or token.text in ("costly", "expensive", "lengthy", "fancy", "such", "kind", "sort", "further", "bother", "time", *_HEADS)  # fmt: skip


def _state_of(text: Text, word: str) -> str | None:
    """Return the state that a quoted word says: automl: "off"."""
    return next(
        (v for v in ("off", "on", "auto") if text.lexicon.has(word.lower(), f"policy.state.{v}")), None
    )


def _after(text: Text, at: int) -> tuple[str | None, int, int]:
    """Find the state said after the mention ("is not needed"): value, negations, and where it ends."""
    said = [t.text for t in text.tokens[at : at + 2]]
    if said[:1] == ["?"] and said[-1] in _ANSWERS:
        return _ANSWERS[said[-1]], 0, at + 2
    negations, i = 0, at
    while i < min(at + 7, len(text.tokens)):
        word = text.tokens[i].text
        if not text.ledger.free(i) or (word == "no" and text.within(i + 1, "policy.search.nouns")):
            break
        if (
            text.tokens[i].kind == "quote"
            and (found := _state_of(text, str(text.tokens[i].value))) is not None
        ):
            return found, negations, i + 1
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
        elif (not text.within(i, "grammar.free.glue", "grammar.group.det", "grammar.free.adverb") and word not in (
            ":", "=", "set", "at", "stay", "stays", "should", "must", "needs", "goes", "remain", "remains", "turned", "kept",
        )) or (text.tokens[i].text in ("with", "and", "on") and i == at):  # fmt: skip
            break
        i += 1
    return None, 0, at
