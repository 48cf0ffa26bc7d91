"""Which actions a request asks for, and which it only talks about, takes back or puts before another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from skillbank.plan.reader.clauses import Clause, Clauses, Mode
from skillbank.plan.reader.lexicon import FORMS
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.own_actions import OwnWord, own_actions, own_word
from skillbank.plan.reader.participles import joins, should, wish_of
from skillbank.plan.reader.phrases import ACTIONS, ENGINE, PHRASES
from skillbank.plan.reader.refusals import denied, is_put_off, is_told_of, negation_before, trailing
from skillbank.plan.reader.wording import of

__all__ = ["ACTIONS", "Mention", "take_actions", "take_spelled_actions"]


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
        Whether it is said to be done before what else the sentence asks for (True), behind it (False).
    """

    action: str
    asked: bool = True
    engine: bool = False
    before: bool | None = None


def take_spelled_actions(text: Text, clauses: Clauses) -> None:
    """Account for the names of a skill's own actions of several words: "segment_train", "segment train"."""
    own = [name for name in own_actions(text, ACTIONS) if "_" in name]
    for i in range(len(text.tokens)) if own else ():
        if text.ledger.free(i) and (said := own_word(text, i, own)) is not None:
            _own(text, clauses, said)


def take_actions(text: Text, clauses: Clauses) -> None:
    """Account for the words of actions: ``action`` for what is asked, ``talk`` for what is only spoken of."""
    own = own_actions(text, ACTIONS)
    for action, source in PHRASES:
        for match in text.find(source):
            # "check X with NAME" is that skill's own check, where it has one.
            if own_word(text, (match.tokens("verb") or [match.first])[0], own) is None:
                _phrase(text, clauses, match, action)
    for i in range(len(text.tokens)):
        if text.ledger.free(i) and (said := own_word(text, i, own)) is not None:
            _own(text, clauses, said)
        elif text.ledger.free(i):
            _word(text, clauses, i)
    for match in text.find("'> &^action|actions.words.engine|actions.words.onnx"):
        text.ledger.claim("order", [match.first])  # "train > export > engine"
    _take_engines(text, clauses)
    _take_onnx(text)


def _take_engines(text: Text, clauses: Clauses) -> None:
    """Account for engines that something is to be done with, unless they are refused or put off."""
    for match in text.find(f"group.det* free.adjective* {ENGINE} free.noun?"):
        clause = clauses.of(match.first)
        negation = negation_before(text, clause.first, match.first)
        if not negation and is_put_off(text, clause.first, clause.end, match.first, noun=True):
            text.ledger.claim("talk", text.unclaimed(range(match.first, clause.end)))
            continue
        rest = trailing(text, match.end) if negation else []
        text.ledger.claim("refused" if negation else "engine", [*negation, *match.tokens(), *rest])


def _take_onnx(text: Text) -> None:
    """Account for "to ONNX", which is an export by itself and else only says of one what is known."""
    for match in text.find("'to|'into|'as|'in? group.det? actions.words.onnx"):
        if text.match("'is|'lies+ 'at|'in|'under|'here* ^place", match.end):
            continue  # "the onnx is at X" gives one
        if not text.ledger.of("action", "find"):
            text.ledger.claim("action", match.tokens(), Mention("export"))
        elif any(c.value.action == "export" for c in text.ledger.of("action")):
            text.ledger.claim("talk", match.tokens())


def _phrase(text: Text, clauses: Clauses, match: Match, action: str) -> None:
    """Read a phrase of several words."""
    verb = match.tokens("verb") or [match.first]
    if action == "inference" and _is_other_use(text, match, verb[0]):
        return
    if _is_done(text, clauses, verb[0]):
        text.ledger.claim("talk", text.unclaimed(verb))
        return
    listed = _is_listed(text, match.first)
    if not _is_of_model(text, match, action, verb[0]) or (listed and not _goes_on(text, match)):
        return
    other = match.tokens("other")  # a word of its own: "a segmentation engine"
    said = [i for i in match.tokens() if text.tokens[i].kind == "word" and i not in other]
    kept = [i for i in said if not text.within(i, "actions.export.base", "actions.quantize.base")]
    if free := text.unclaimed([*_wish_before(text, verb[0]), *kept]):
        engine = action != "gen_trt_engine" and text.holds(match.tokens(), ENGINE)
        _settle(text, clauses, free, Mention(action, engine=engine), noun=listed)


def _is_done(text: Text, clauses: Clauses, verb: int) -> bool:
    """Whether a verb tells what has been done: "I tried it before"."""
    done = text.lexicon.has(text.tokens[verb].text, "told.done")
    return done and wish_of(text, clauses, verb) is None and not joins(text, clauses, verb)


_TRAINED = ("actions.train.base", "actions.train.past", "actions.train.nouns")


def _is_other_use(text: Text, match: Match, first: int) -> bool:
    """Whether a word of using a model asks for no inference."""
    learns = bool(text.ledger.of("policy")) and not text.holds(text.own_words(), *_TRAINED)
    return text.word(first) == "using" or learns or _is_no_inference(text, match) or _is_noun(text, first)


def _is_of_model(text: Text, match: Match, action: str, first: int) -> bool:
    """Whether a verb is that of the action, and not of data or of a training that validates by itself."""
    if action == "dataset_convert":
        return text.holds(match.tokens(), "places.data.nouns")
    if text.tokens[first].text.startswith("compar"):
        return len({text.ledger.owner[i].value for i in match.tokens() if text.tokens[i].kind == "job"}) > 1
    validates = action == "evaluate" and text.tokens[first].text.startswith("validat")
    return not (validates and text.holds(text.own_words(), *_TRAINED))


def _is_listed(text: Text, first: int) -> bool:
    """Whether a phrase begins with what joins it to others: a mark, "and", "then"."""
    return text.tokens[first].kind == "mark" or text.lexicon.has(text.word(first), "told.listing")


def _goes_on(text: Text, match: Match) -> bool:
    """Whether a listed action stands behind another one."""
    return text.holds(range(match.first), "actions.export.base", "actions.export.nouns") or any(
        c.first < match.first for c in text.ledger.of("action")
    )


def _wish_before(text: Text, first: int) -> list[int]:
    """Return the words of a wish right before a verb: "should be"."""
    for start in range(max(0, first - 8), first):
        wish = text.match(should(), start, first)
        if wish is not None and wish.end == first:
            return wish.tokens("wish")
    return []


def _is_no_inference(text: Text, match: Match) -> bool:
    """Whether a model is used or let do something else: "use it to train", "let it be trained"."""
    what, tokens = match.tokens("what"), match.tokens()
    named = text.has_kind(what, "name") or text.holds(what, "grammar.group.model", ENGINE)
    if (text.word(match.first) in ("let", "try", "use") and not named) or "be" in text.words(tokens):
        return True
    behind = text.classes[match.end + 1] if match.end + 1 < len(text.tokens) else ()
    doing = any(c.startswith("actions.") for c in behind)
    return doing and text.word(match.end) == "to" and not text.has_kind(tokens, "place")


def _is_noun(text: Text, i: int) -> bool:
    """Whether "run" is a thing here: "a training run on X"."""
    described = ("grammar.free.adjective", "actions.train.nouns", "grammar.free.noun")
    led = text.word(i - 1) in ("a", "the", "train", "test", "training")
    return text.word(i) == "run" and i > 0 and (led or text.within(i - 1, *described))


def _own(text: Text, clauses: Clauses, said: OwnWord) -> None:
    """Read the name of an action that the named skill has besides the usual ones."""
    _take(text, clauses, list(range(said.first, said.end)), said.action, said.form, noun=said.form == "ing")


def _word(text: Text, clauses: Clauses, i: int) -> None:
    """Read one verb or noun of an action."""
    if text.word(i) in ACTIONS and "_" in text.word(i):
        _settle(text, clauses, [i], Mention(text.word(i)), noun=False)
    elif (said := next(_said(text, i), None)) is not None:
        action, form, end, noun = said
        verb = text.within(i, f"actions.{action}.base")
        _take(text, clauses, list(range(i, end)), action, "base" if verb else form, noun=noun)


def _said(text: Text, i: int) -> Iterator[tuple[str, str, int, bool]]:
    """Yield the actions that a word may be of: its form, where it ends and whether it is a noun."""
    means = any(c.startswith("actions.") for c in text.classes[i])
    for action in ACTIONS if means else ():
        for form in (*FORMS, "nouns"):
            if (end := _free_end(text, i, f"actions.{action}.{form}")) is None:
                continue
            spoken = _after_det(text, i) or text.within(end, "grammar.mode.happens", "grammar.mode.happened")
            verb = not spoken and f"actions.{action}.base" in text.classes[i]
            if verb or form != "base" or f"actions.{action}.nouns" not in text.classes[i]:
                yield action, form, end, form == "ing" or (form == "nouns" and not verb)


def _free_end(text: Text, i: int, section: str) -> int | None:
    """Return where the longest phrase of a class ends that begins at a token and has no claim."""
    return next((e for e in text.ends(i, section) if all(map(text.ledger.free, range(i, e)))), None)


def _take(text: Text, clauses: Clauses, tokens: list[int], action: str, form: str, *, noun: bool) -> None:
    """Account for a word of an action: a participle asks where a wish leads to it."""
    first, clause = tokens[0], clauses.of(tokens[0])
    wish = wish_of(text, clauses, first) if form in ("past", "third") else []
    late = noun and is_put_off(text, clause.first, clause.end, first, noun=True)
    if wish is None or (noun and not late and _is_talk(text, clauses, first, tokens[-1] + 1)):
        text.ledger.claim("talk", tokens)
    else:
        _settle(text, clauses, [*wish, *tokens], Mention(action, asked=not noun), noun=noun)


def _after_det(text: Text, i: int) -> bool:
    k = i - 1
    while k >= 0 and text.within(k, "grammar.free.adjective"):
        k -= 1
    return k >= 0 and text.lexicon.has(text.tokens[k].text, "told.before_noun")


def _is_talk(text: Text, clauses: Clauses, i: int, end: int) -> bool:
    """Whether a noun only says what something else is of: "results of the evaluation", "during training"."""
    before = text.words(range(max(0, i - 2), i))
    if before in (["instead", "of"], ["neither", "is"]):
        return False
    if (
        text.tokens[i].text.endswith("ing")
        and before
        and before[-1] in ("am", "are", "is", "was", "were", "been", "already", "currently")
    ):
        return True
    if before and (
        before[-1] in ("during", "of", "while")
        or before in (["during", "the"], ["of", "the"], ["for", "the"])
    ):
        return True
    if before[-1:] == ["for"] and not text.has_kind(range(end, min(end + 4, len(text.tokens))), "place"):
        return True
    clause = clauses.of(i)
    if clause.mode is Mode.ORDER and not text.has_kind(range(clause.first, clause.end), "place", "name"):
        opener = text.tokens[clause.first].text
        return opener not in ("before", "prior")
    return clause.mode in (Mode.REASON,)


def _settle(text: Text, clauses: Clauses, tokens: list[int], mention: Mention, *, noun: bool) -> None:
    """Account for a mention: what is negated, put off or told is none that is asked for."""
    first, clause = min(tokens), clauses.of(min(tokens))
    refused = negation_before(text, clause.first, first) or denied(text, tokens[-1] + 1)
    if refused := refused or [i for i in tokens if text.within(i, "grammar.operator.not")]:
        said = [*refused, *tokens]  # "must not be exported"
        text.ledger.claim("refused", [*said, *trailing(text, max(said) + 1)], mention)
    elif _is_told(text, clause, tokens, noun=noun):
        text.ledger.claim("talk", text.unclaimed(range(clause.first, clause.end)))
    else:
        before = range(clause.first, first) if text.ledger.of("action") else ()
        for k in text.unclaimed(before):  # "and maybe export it"
            if text.lexicon.has(text.word(k), "told.unsure"):
                text.ledger.claim("unread", [k])
        text.ledger.claim("action", tokens, replace(mention, before=_order(text, clauses, first)))


def _is_told(text: Text, clause: Clause, tokens: list[int], *, noun: bool) -> bool:
    """Whether a clause only speaks of an action: it asks a question, puts it off, tells of it."""
    first = min(tokens)
    return (
        clause.mode is Mode.QUESTION
        or is_put_off(text, clause.first, clause.end, first, noun=noun)
        or (noun and is_told_of(text, tokens[-1] + 1))
        or (clause.mode is Mode.REASON and _enables(text, clause.first, first))
    )


def _enables(text: Text, first: int, at: int) -> bool:
    """Whether a reason says what somebody can then do: "so that I can export it"."""
    words = text.words(range(first, at))
    return not of("able").isdisjoint(words) and not of("people").isdisjoint(words)


def _order(text: Text, clauses: Clauses, at: int) -> bool | None:
    """Whether an action is said to be done before what else is asked for (True), behind it (False)."""
    clause = clauses.of(at)
    for k in range(clause.first, at):
        for end in text.ends(k, "grammar.order.prior"):
            text.ledger.claim("order", [i for i in range(k, end) if text.ledger.free(i)])
            return True
    if clause.mode is Mode.ORDER and not _is_over(text, clause.first, at):
        return text.tokens[clause.first].text not in ("before", "prior", "until")
    earlier = any(
        c.first < at and clauses.of(c.first).sentence == clause.sentence for c in text.ledger.of("action")
    )
    words = [text.tokens[k].text for k in range(at + 1, clause.end) if text.tokens[k].kind != "mark"]
    return True if earlier and words[-1:] in (["first"], ["beforehand"], ["before"]) else None


def _is_over(text: Text, first: int, at: int) -> bool:
    """Whether words of order end before an action: "once that is finished evaluate it"."""
    return text.holds(range(first, at), "grammar.order.done")
