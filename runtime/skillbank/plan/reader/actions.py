"""Which actions a request asks for, and which it only talks about, takes back or puts before another."""

from __future__ import annotations

from dataclasses import dataclass

from skillbank.plan.reader.clauses import Clauses, Mode
from skillbank.plan.reader.lexicon import FORMS
from skillbank.plan.reader.matching import Match, Text

__all__ = ["ACTIONS", "Mention", "take_actions"]

ACTIONS = ("train", "evaluate", "export", "quantize", "prune", "distill", "inference", "gen_trt_engine", "dataset_convert")
_OF = "group.det|group.it|free.adjective|free.noun|free.glue|@name|@job|@place|^value|^job|^place|places.weights.before|'from|'of|group.model"
_ENGINE = "actions.words.engine"
_TO = "'to|'into|'as|'in"
_PHRASES: tuple[tuple[str, str], ...] = (
    ("gen_trt_engine", f"verb=actions.words.make|^value group.det|free.adjective|free.glue|@name|^value* {_ENGINE} free.noun?"),
    ("gen_trt_engine", f"verb=actions.words.convert {_OF}|actions.words.onnx|actions.export.past* {_TO}|'with|'using|'for|'by group.det|^value|free.adjective* {_ENGINE} free.noun?"),
    ("gen_trt_engine", "actions.gen_trt_engine.nouns"),
    ("gen_trt_engine", f"'and|'then|',|'plus|'also|'finally+ group.det|^value|free.adjective|'to|'into* {_ENGINE} free.noun?"),
    ("export", f"verb=actions.words.convert {_OF}* {_TO} group.det|free.adjective* actions.words.onnx free.noun?"),
    ("export", "verb=actions.words.make group.det|free.adjective|free.glue|@name* actions.words.onnx free.noun|actions.export.base|'of|'from|'for?"),
    ("quantize", "verb=actions.words.make group.det|free.adjective|@name|^value* actions.quantize.past @name? group.model|@name?"),
    ("evaluate", f"verb=actions.words.measure group.it? group.det|free.adjective|free.adverb|'out|free.glue* actions.words.metric {_OF}* 'is|'does|'performs|'works|'on|'scores?"),
    ("evaluate", f"verb=actions.words.test what={_OF}|{_ENGINE}|actions.quantize.past+ &'on|'against|'with|'using|'over|'in|'at|'by|^place"),
    ("evaluate", "verb=actions.words.test &'on|'against|@name|^job|^place"),
    ("inference", f"verb=actions.words.apply what={_OF}|{_ENGINE}|actions.inference.nouns+ &'on|'over|'against|'through|'across|'to|'at|^place"),
    ("inference", "verb=actions.words.make group.det|free.adjective|'predicted|'me|'us|free.glue* actions.words.boxes &'on|'for|'of|'from|'over|'in|^place"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mention:
    """An action that a text speaks of.

    Attributes
    ----------
    asked
        Whether it asks for the action in plain words; a noun counts where the same is not asked otherwise.
    engine
        Whether it is to be done with an engine.
    before
        Whether it is said to be done before what else the clause or sentence asks for (True), behind it (False).
    """

    action: str
    asked: bool = True
    engine: bool = False
    before: bool | None = None


def take_actions(text: Text, clauses: Clauses) -> None:
    """Account for the words of actions: ``action`` for what is asked, ``talk`` for what is only spoken of."""
    for action, source in _PHRASES:
        for match in text.find(source):
            _phrase(text, clauses, match, action)
    for i in range(len(text.tokens)):
        if text.ledger.free(i):
            _word(text, clauses, i)
    for match in text.find(f"group.det* free.adjective* {_ENGINE} free.noun?"):
        text.ledger.claim("engine", match.tokens())
    for match in text.find("'to|'into|'as|'in? group.det? actions.words.onnx"):
        exported = any(c.value.action == "export" for c in text.ledger.of("action"))
        if exported or any(text.tokens[i].text in ("from", "of") for i in range(max(0, match.first - 2), match.first)):
            text.ledger.claim("talk", match.tokens())


def _phrase(text: Text, clauses: Clauses, match: Match, action: str) -> None:
    verb = match.tokens("verb") or [match.first]
    first = verb[0]
    if clauses.of(first).mode in (Mode.QUESTION,) or not any(map(text.ledger.free, match.tokens())):
        return
    words = [text.tokens[i].text for i in match.tokens()]
    if action == "inference" and text.tokens[first].text == "using":
        return
    if action == "inference" and text.tokens[match.first].text in ("let", "try", "use") and not any(text.tokens[i].kind == "name" or text.within(i, "grammar.group.model", "actions.words.engine") for i in match.tokens("what")):
        return
    if action == "inference" and clauses_has_train(text, match):
        return
    if action == "evaluate" and match.tokens("what") == [] and text.within(first, "actions.words.measure") and not any(text.within(i, "actions.words.metric") for i in match.tokens()):
        return
    if words[0] in (",", "and", "then", "plus", "also", "finally") and not any(
        c.value.action in ("export", "quantize", "train", "evaluate") and c.first < match.first for c in text.ledger.of("action")
    ) and not any(text.within(i, "actions.export.base") for i in range(match.first)):
        return
    kept = [i for i in match.tokens() if text.ledger.free(i) and text.tokens[i].kind == "word" and not text.within(i, "actions.export.base", "actions.quantize.base") or i in verb]
    engine = action != "gen_trt_engine" and any(text.within(i, _ENGINE) for i in match.tokens())
    _settle(text, clauses, [i for i in kept if text.ledger.free(i)], Mention(action, engine=engine))


def clauses_has_train(text: Text, match: Match) -> bool:
    """Whether the model is run for a training: "use it for training on X"."""
    return any(text.within(i, "actions.train.nouns", "actions.train.base") for i in match.tokens())


def _word(text: Text, clauses: Clauses, i: int) -> None:
    """Read one verb or noun of an action."""
    for action in ACTIONS:
        for form in (*FORMS, "nouns"):
            section = f"actions.{action}.{form}"
            ends = [e for e in text.ends(i, section) if all(map(text.ledger.free, range(i, e)))]
            if not ends:
                continue
            tokens = list(range(i, ends[0]))
            noun = form == "nouns" and not (text.within(i, f"actions.{action}.base") and not _after_det(text, i))
            if form == "base" and _after_det(text, i) and text.within(i, f"actions.{action}.nouns"):
                continue
            if form in ("past", "third") and not text.within(i, f"actions.{action}.base") and not _is_wanted(text, i):
                _talk(text, tokens)
                return
            if (noun or form == "ing") and _is_talk(text, clauses, i, ends[0]):
                _talk(text, tokens)
                return
            _settle(text, clauses, tokens, Mention(action, asked=not (noun or form == "ing")))
            return


def _after_det(text: Text, i: int) -> bool:
    k = i - 1
    while k >= 0 and text.within(k, "grammar.free.adjective"):
        k -= 1
    return k >= 0 and text.tokens[k].text in ("the", "an", "a", "that", "this", "my", "our", "of", "its", "no", "any", "first", "onnx", "another")


def _is_wanted(text: Text, i: int) -> bool:
    """Whether a participle asks: "I need it evaluated", "it should be exported"."""
    before = [text.tokens[k].text for k in range(max(0, i - 8), i)]
    after = text.tokens[i + 1].kind if i + 1 < len(text.tokens) else ""
    if after in ("name",) or text.within(i + 1, "grammar.group.model", "places.weights.before"):
        return False
    wanted = {"need", "want", "get", "should", "must", "have", "needs", "like", "to", "let", "also"}
    return bool(before) and before[-1] in ("be", "it", "them", "that", "model", "this", "and", "then", "name", "job") and bool(wanted & set(before))


def _is_talk(text: Text, clauses: Clauses, i: int, end: int) -> bool:
    """Whether a noun only says what something else is of: "results of the evaluation", "during training"."""
    before = [text.tokens[k].text for k in range(max(0, i - 2), i)]
    if before and (before[-1] in ("during", "of", "while") or before in (["during", "the"], ["of", "the"], ["for", "the"])):
        return True
    if before[-1:] == ["for"] and not any(text.tokens[k].kind == "place" for k in range(end, min(end + 4, len(text.tokens)))):
        return True
    clause = clauses.of(i)
    if clause.mode is Mode.ORDER and not any(text.tokens[k].kind in ("place", "name") for k in range(clause.first, clause.end)):
        opener = text.tokens[clause.first].text
        return opener not in ("before", "prior")
    return clause.mode in (Mode.REASON,)


def _talk(text: Text, tokens: list[int]) -> None:
    text.ledger.claim("talk", tokens)


def _settle(text: Text, clauses: Clauses, tokens: list[int], mention: Mention) -> None:
    """Account for a mention: what is negated, put off or told is none that is asked for."""
    first = tokens[0]
    clause = clauses.of(first)
    negation = _negation(text, clause.first, first)
    if negation:
        text.ledger.claim("refused", [*negation, *tokens], mention)
        return
    denied = text.match("'is|'are|'be|'will? operator.not|'not 'needed|'necessary|'required|'wanted|'be|'run|'happen*", tokens[-1] + 1) or text.match("policy.state.off", tokens[-1] + 1)
    if denied is not None and any(text.within(k, "grammar.operator.not") or text.within(k, "policy.state.off") for k in denied.tokens()):
        following = text.tokens[denied.end].kind if denied.end < len(text.tokens) else "mark"
        if following in ("mark",) or text.within(denied.end, "grammar.free.glue"):
            text.ledger.claim("refused", [*tokens, *denied.tokens()], mention)
            return
    if clause.mode is Mode.QUESTION or _is_put_off(text, clause.first, clause.end, first):
        text.ledger.claim("talk", [i for i in range(clause.first, clause.end) if text.ledger.free(i)])
        return
    before = None
    if clause.mode is Mode.ORDER:
        before = text.tokens[clause.first].text not in ("before", "prior")
    text.ledger.claim("action", tokens, Mention(mention.action, mention.asked, mention.engine, before))


def _negation(text: Text, first: int, at: int) -> list[int]:
    """Return the words that take an action back: a negation in its clause with only free words between."""
    k = at - 1
    passed: list[int] = []
    while k >= 0 and at - k < 9:
        starts = [s for s in range(max(0, k - 4), k + 1) if any(e == k + 1 for e in text.ends(s, "grammar.operator.not"))]
        if starts and all(map(text.ledger.free, range(min(starts), k + 1))):
            return [*range(min(starts), k + 1), *passed]
        owner = text.ledger.owner.get(k)
        if owner is not None and owner.kind == "refused" and (text.tokens[k + 1].text in ("or", "nor", "and", ",", "/") or passed):
            joined = [text.tokens[j].text for j in range(k + 1, at)]
            return passed if any(t in ("or", "nor") for t in joined) else []
        free = text.within(k, "grammar.free.glue", "grammar.free.light", "grammar.group.det", "grammar.free.adverb", "grammar.operator.or", "grammar.free.noun", "grammar.free.adjective", "grammar.courtesy.words")
        if not free or text.tokens[k].text in ("but", "then", "and", "so") or text.tokens[k].kind == "mark":
            return []
        passed.append(k)
        k -= 1
    return []


def _is_put_off(text: Text, first: int, end: int, at: int) -> bool:
    """Whether a clause puts an action off or leaves it to somebody: "I will export it myself later"."""
    words = [text.tokens[k].text for k in range(first, end)]
    subject = any(w in ("i", "we", "they", "he", "she", "someone", "colleague") for w in words[: at - first])
    future = any(w in ("will", "would", "going", "plan", "might", "may", "can") for w in words[: at - first])
    later = any(text.within(k, "grammar.mode.later") for k in range(first, end) if text.ledger.free(k))
    return later and subject and future
