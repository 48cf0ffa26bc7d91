"""Which actions a request asks for, and which it only talks about, takes back or puts before another."""

from __future__ import annotations

from dataclasses import dataclass, replace

from skillbank.plan.reader.clauses import Clauses, Mode
from skillbank.plan.reader.lexicon import FORMS
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.own_actions import OwnWord, own_actions, own_word

__all__ = ["ACTIONS", "Mention", "take_actions", "take_spelled_actions"]

ACTIONS = ("train", "evaluate", "export", "quantize", "prune", "distill", "inference", "gen_trt_engine", "dataset_convert")
_OF = "group.det|group.it|free.adjective|free.noun|free.glue|@name|@job|@place|^value|^job|^place|places.weights.before|'from|'of|group.model"
_ENGINE = "actions.words.engine"
_TO = "'to|'into|'as|'in"
_PHRASES: tuple[tuple[str, str], ...] = (
    ("gen_trt_engine", f"verb=actions.words.make|^value group.det|free.adjective|free.glue|@name|^value* other=~word? {_ENGINE} free.noun?"),
    ("gen_trt_engine", f"verb=actions.words.convert {_OF}|actions.words.onnx|actions.export.past* {_TO}|'with|'using|'for|'by group.det|^value|free.adjective* {_ENGINE} free.noun?"),
    ("gen_trt_engine", "actions.gen_trt_engine.nouns"),
    ("gen_trt_engine", f"'and|'then|',|'plus|'also|'finally|';|':|'.|'-|'to|'into|@mark+ group.det|^value|free.adjective|'to|'into* {_ENGINE} free.noun?"),
    ("export", f"verb=actions.words.convert {_OF}* {_TO} group.det|free.adjective* actions.words.onnx free.noun?"),
    ("export", "verb=actions.words.make group.det|free.adjective|free.glue|@name* actions.words.onnx free.noun|actions.export.base|'of|'from|'for?"),
    ("quantize", "verb=actions.words.make group.det|free.adjective|@name|^value* actions.quantize.past @name? group.model|@name?"),
    ("evaluate", f"verb=actions.words.measure group.it? group.det|free.adjective|free.adverb|'out|free.glue* actions.words.metric {_OF}* 'is|'does|'performs|'works|'on|'scores?"),
    ("evaluate", f"verb=actions.words.measure 'how 'well|'good|'accurately|'precisely? {_OF}* 'performs|'does|'works|'perform|'do|'work|'performing|'doing|'behaves"),
    ("evaluate", f"verb=actions.words.test what={_OF}|{_ENGINE}|actions.quantize.past+ &'on|'against|'with|'using|'over|'in|'at|'by|^place"),
    ("evaluate", "verb=actions.words.test &'on|'against|@name|^job|^place"),
    ("inference", f"verb=actions.words.apply what={_OF}|{_ENGINE}|actions.inference.nouns+ &'on|'over|'against|'through|'across|'to|'at|^place"),
    ("dataset_convert", "verb='convert|'converting|'transform|'transforming group.det|free.adjective|@name* places.data.nouns|^place"),
    ("inference", "verb=actions.words.apply group.det|free.adjective* what=@name other=~word other=~word? &'on|'over|'against|'for|^place"),
    ("inference", "verb=actions.words.sort group.det|free.adjective|free.noun|group.prep* ^place"),
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


def take_spelled_actions(text: Text, clauses: Clauses) -> None:
    """Account for the names of a skill's own actions that have several words: "segment_train", "segment train"."""
    own = [name for name in own_actions(text, ACTIONS) if "_" in name]
    for i in range(len(text.tokens)) if own else ():
        if text.ledger.free(i) and (said := own_word(text, i, own)) is not None:
            _own(text, clauses, said)


def take_actions(text: Text, clauses: Clauses) -> None:
    """Account for the words of actions: ``action`` for what is asked, ``talk`` for what is only spoken of."""
    own = own_actions(text, ACTIONS)
    for action, source in _PHRASES:
        for match in text.find(source):
            _phrase(text, clauses, match, action)
    for i in range(len(text.tokens)):
        if text.ledger.free(i) and (said := own_word(text, i, own)) is not None:
            _own(text, clauses, said)
        elif text.ledger.free(i):
            _word(text, clauses, i)
    for match in text.find(f"group.det* free.adjective* {_ENGINE} free.noun?"):
        negation = _negation(text, clauses.of(match.first).first, match.first)
        clause = clauses.of(match.first)
        if not negation and (_is_put_off(text, clause.first, clause.end, match.first, noun=True) or _is_told_of(text, match.end)):
            text.ledger.claim("talk", [i for i in range(match.first, clause.end) if text.ledger.free(i)])
            continue
        text.ledger.claim("refused" if negation else "engine", [*negation, *match.tokens(), *(_trailing(text, match.end) if negation else ())])
    for match in text.find("'to|'into|'as|'in? group.det? actions.words.onnx"):
        exported = any(c.value.action == "export" for c in text.ledger.of("action"))
        if not text.ledger.of("action", "find"):
            text.ledger.claim("action", match.tokens(), Mention("export"))
        elif exported or any(text.tokens[i].text in ("from", "of") for i in range(max(0, match.first - 2), match.first)):
            text.ledger.claim("talk", match.tokens())


def _phrase(text: Text, clauses: Clauses, match: Match, action: str) -> None:
    verb = match.tokens("verb") or [match.first]
    first = verb[0]
    if clauses.of(first).mode is Mode.QUESTION or not any(map(text.ledger.free, match.tokens())):
        return
    words = [text.tokens[i].text for i in match.tokens()]
    if action == "inference" and text.tokens[first].text == "using":
        return
    if action == "inference" and (_is_no_inference(text, match) or _is_noun(text, first)):
        return
    if action == "evaluate" and match.tokens("what") == [] and "how" not in words and text.within(first, "actions.words.measure") and not any(text.within(i, "actions.words.metric") for i in match.tokens()):
        return
    if verb and text.tokens[first].text in _DONE and _wish(text, clauses, first) is None and not _joins(text, clauses, first):
        text.ledger.claim("talk", [i for i in verb if text.ledger.free(i)])
        return  # "I tried it before"
    if action == "dataset_convert" and not any(text.within(i, "places.data.nouns") for i in match.tokens()):
        return
    validates = action == "evaluate" and text.tokens[first].text.startswith("validat")
    if validates and any(text.within(i, "actions.train.base", "actions.train.past", "actions.train.nouns") for i in range(len(text.tokens))):
        _validated(text, match, first)  # a training validates by itself
        return
    listed = words[0] in _LISTING or text.tokens[match.first].kind == "mark"
    if listed:
        earlier = [c for c in text.ledger.of("action") if c.first < match.first] or [i for i in range(match.first) if text.within(i, "actions.export.base", "actions.export.nouns")]
        if not earlier:
            return
        verb = []
    kept = [i for i in match.tokens() if text.tokens[i].kind == "word" and not text.within(i, "actions.export.base", "actions.quantize.base") or i in verb]
    engine = action != "gen_trt_engine" and any(text.within(i, _ENGINE) for i in match.tokens())
    wish = next((m for start in range(max(0, first - 8), first) if (m := text.match(_SHOULD[0], start, first)) is not None and m.end == first), None)
    other = match.tokens("other")  # a word of its own: "a segmentation engine"
    free = [i for i in [*(wish.tokens("wish") if wish else ()), *kept] if text.ledger.free(i) and i not in other]
    if free:
        _settle(text, clauses, free, Mention(action, engine=engine), noun=listed)


def _validated(text: Text, match: Match, verb: int) -> None:
    """Read "train on A, validate B": the place behind the verb is what the training validates on."""
    owner = text.ledger.owner.get(min(match.end, len(text.tokens) - 1))
    marked = any(text.tokens[i].kind == "mark" for i in range(verb, min(match.end + 1, len(text.tokens))))
    if owner is not None and not marked and owner.kind == "place" and owner.value.role in (None, "eval_dataset"):
        text.ledger.replace(owner, "place", replace(owner.value, role="eval_dataset"))
        text.ledger.claim("order", [i for i in range(verb, match.end) if text.ledger.free(i)])


def _joins(text: Text, clauses: Clauses, i: int) -> bool:
    """Whether a participle goes on with what should be done: "should be exported and turned into an engine"."""
    first = clauses.sentence(i).start
    return text.tokens[i - 1].text in ("and", ",", "then") and any(text.match(_SHOULD[0], k, i) for k in range(first, i))


_DONE = frozenset(
    """tried made built created generated compiled produced wrote prepared constructed got needed wanted assembled turned
    converted transformed changed brought saved measured computed calculated checked tested validated verified ran applied
    used executed took gave did saw knew found""".split()
)
"""Verbs as they tell of something."""
_LISTING = frozenset("and then plus also finally to into".split())


def _is_no_inference(text: Text, match: Match) -> bool:
    """Whether a model is used or let do something else: "use it to train", "let it be trained"."""
    tokens = match.tokens()
    verb = text.tokens[match.first].text
    named = any(text.tokens[i].kind == "name" or text.within(i, "grammar.group.model", _ENGINE) for i in match.tokens("what"))
    if verb in ("let", "try", "use") and not named:
        return True
    if any(text.within(i, "actions.train.nouns", "actions.train.base") or text.tokens[i].text == "be" for i in tokens):
        return True
    placed = any(text.tokens[i].kind == "place" for i in tokens)
    return not placed and text.tokens[match.end].text == "to" and any(
        c.startswith("actions.") for s in text.spans[match.end + 1 : match.end + 2] for span in s for c in span.classes
    )


def _is_noun(text: Text, i: int) -> bool:
    """Whether "run" is a thing here: "a training run on X"."""
    if text.tokens[i].text != "run" or not i:
        return False
    return text.tokens[i - 1].text in ("a", "the", "train", "test", "training") or text.within(i - 1, "grammar.free.adjective", "actions.train.nouns", "grammar.free.noun")


def _own(text: Text, clauses: Clauses, said: OwnWord) -> None:
    """Read the name of an action that the named skill has besides the usual ones."""
    tokens, noun = list(range(said.first, said.end)), said.form == "ing"
    wish = _wish(text, clauses, said.first) if said.form in ("past", "third") else []
    if wish is None or (noun and _is_talk(text, clauses, said.first, said.end)):
        text.ledger.claim("talk", tokens)
    else:
        _settle(text, clauses, [*wish, *tokens], Mention(said.action, asked=not noun), noun=noun)


def _word(text: Text, clauses: Clauses, i: int) -> None:
    """Read one verb or noun of an action."""
    if text.tokens[i].text in ACTIONS and "_" in text.tokens[i].text:
        _settle(text, clauses, [i], Mention(text.tokens[i].text), noun=False)
        return
    said = {c.split(".")[1] for span in text.spans[i] for c in span.classes if c.startswith("actions.")}
    for action in ACTIONS if not said.isdisjoint(ACTIONS) else ():
        for form in (*FORMS, "nouns"):
            section = f"actions.{action}.{form}"
            ends = [e for e in text.ends(i, section) if all(map(text.ledger.free, range(i, e)))]
            if not ends:
                continue
            tokens = list(range(i, ends[0]))
            spoken = _after_det(text, i) or text.within(ends[0], "grammar.mode.happens", "grammar.mode.happened")
            noun = form == "nouns" and not (text.within(i, f"actions.{action}.base") and not spoken)
            if form == "base" and (_after_det(text, i) or text.within(ends[0], "grammar.mode.happens", "grammar.mode.happened")) and text.within(i, f"actions.{action}.nouns"):
                continue
            if form in ("past", "third") and not text.within(i, f"actions.{action}.base"):
                wish = _wish(text, clauses, i)
                if wish is None:
                    text.ledger.claim("talk", tokens)
                    return
                tokens = [*wish, *tokens]
            clause = clauses.of(i)
            if (noun or form == "ing") and not _is_put_off(text, clause.first, clause.end, i, noun=True) and _is_talk(text, clauses, i, ends[0]):
                text.ledger.claim("talk", tokens)
                return
            _settle(text, clauses, tokens, Mention(action, asked=not (noun or form == "ing")), noun=noun or form == "ing")
            return


def _after_det(text: Text, i: int) -> bool:
    k = i - 1
    while k >= 0 and text.within(k, "grammar.free.adjective"):
        k -= 1
    return k >= 0 and text.tokens[k].text in ("the", "an", "a", "that", "this", "my", "our", "of", "its", "no", "any", "first", "onnx", "another")


_PAST = tuple(f"actions.{a}.past" for a in ACTIONS)
_THING = "^action|^talk|'and|group.det|group.it|group.model|free.noun|free.adjective|@name|^name|^job|^place|^engine|^value|'from|'of|'(|')|'on|'for|free.adverb"
_SHOULD = (
    "wish=mode.should free.adverb* wish='be|'get free.adverb*",
    f"wish=mode.wish {_THING}|~word* wish='to? wish='be? free.adverb*",
    f"'to|'please|'would|'let|^courtesy wish='have {_THING}+",
    f"^courtesy {_THING}+ wish='to? wish='be?",
)


def _wish(text: Text, clauses: Clauses, i: int) -> list[int] | None:
    """Return the words by which a participle asks: "should be", "need it"; None where it only tells of something."""
    after = text.tokens[i + 1].kind if i + 1 < len(text.tokens) else ""
    done = clauses.of(i).mode is Mode.ORDER and i > 0 and text.tokens[i - 1].text in ("have", "has", "been")
    if not done and (after == "name" or text.within(i + 1, "grammar.group.model", "places.weights.before", "places.data.nouns")):
        return None
    first = clauses.sentence(i).start
    led = text.ledger.owner.get(i - 2) if i > 1 else None
    if text.tokens[i - 1].text == "you" and led is not None and led.kind == "courtesy":
        return []  # "I would love it if you trained X"
    if i and clauses.of(i).mode is not Mode.ORDER and text.tokens[i - 1].text in ("i", "we", "you", "he", "she", "they", "was", "were", "which", "been", "had"):
        return None
    for start in range(i - 1, max(first, i - 12) - 1, -1):
        for source in _SHOULD:
            match = text.match(source, start, i)
            if match is not None and match.end == i:
                return [k for k in match.tokens("wish") if text.ledger.free(k)]
    k = i - 1
    while k >= first and (text.within(k, "grammar.free.adverb") or text.tokens[k].text in ("then", "also", "afterwards", "finally")):
        k -= 1
    joined = k >= first and text.tokens[k].text in ("and", ",", "then", ")", "plus", "/", "&", "or")
    if joined and any(first <= c.first < i and text.within(c.last, *_PAST) for c in text.ledger.of("action")):
        return []
    clause = clauses.of(i)
    # "once it has been trained on X": what is said of it tells that it is still to be done.
    if clause.mode is Mode.ORDER and any(text.tokens[k].kind in ("place", "number") for k in range(i, clause.end)):
        return []
    return None


def _is_talk(text: Text, clauses: Clauses, i: int, end: int) -> bool:
    """Whether a noun only says what something else is of: "results of the evaluation", "during training"."""
    before = [text.tokens[k].text for k in range(max(0, i - 2), i)]
    if before in (["instead", "of"], ["neither", "is"]):
        return False
    if text.tokens[i].text.endswith("ing") and before and before[-1] in ("am", "are", "is", "was", "were", "been", "already", "currently"):
        return True
    led = text.ledger.owner.get(i - 2) if i > 1 else None
    if before[-1:] == ["and"] and led is not None and led.kind == "place" and text.tokens[i - 2].kind != "place":
        return True  # "X for calibration and training"
    if before and (before[-1] in ("during", "of", "while") or before in (["during", "the"], ["of", "the"], ["for", "the"])):
        return True
    if before[-1:] == ["for"] and not any(text.tokens[k].kind == "place" for k in range(end, min(end + 4, len(text.tokens)))):
        return True
    clause = clauses.of(i)
    if clause.mode is Mode.ORDER and not any(text.tokens[k].kind in ("place", "name") for k in range(clause.first, clause.end)):
        opener = text.tokens[clause.first].text
        return opener not in ("before", "prior")
    return clause.mode in (Mode.REASON,)


def _settle(text: Text, clauses: Clauses, tokens: list[int], mention: Mention, *, noun: bool) -> None:
    """Account for a mention: what is negated, put off or told is none that is asked for."""
    first = min(tokens)
    clause = clauses.of(first)
    refused = _negation(text, clause.first, first) or _denied(text, tokens[-1] + 1)
    if refused:
        text.ledger.claim("refused", [*refused, *tokens, *_trailing(text, max(*refused, *tokens) + 1)], mention)
        for claim in text.ledger.of("scratch"):
            if clause.first <= claim.first < clause.end:
                text.ledger.replace(claim, "refused")
        return
    if clause.mode is Mode.QUESTION or _is_put_off(text, clause.first, clause.end, first, noun=noun) or (noun and _is_told_of(text, tokens[-1] + 1)):
        text.ledger.claim("talk", [i for i in range(clause.first, clause.end) if text.ledger.free(i)])
        return
    text.ledger.claim("action", tokens, Mention(mention.action, mention.asked, mention.engine, _order(text, clauses, first)))


def _order(text: Text, clauses: Clauses, at: int) -> bool | None:
    """Whether an action is said to be done before what else is asked for (True), behind it (False)."""
    clause = clauses.of(at)
    for k in range(clause.first, at):
        for end in text.ends(k, "grammar.order.prior"):
            text.ledger.claim("order", [i for i in range(k, end) if text.ledger.free(i)])
            return True
    if clause.mode is Mode.ORDER and not _is_over(text, clause.first, at):
        return text.tokens[clause.first].text not in ("before", "prior", "until")
    earlier = any(c.first < at and clauses.of(c.first).sentence == clause.sentence for c in text.ledger.of("action"))
    words = [text.tokens[k].text for k in range(at + 1, clause.end) if text.tokens[k].kind != "mark"]
    return True if earlier and words[-1:] in (["first"], ["beforehand"], ["before"]) else None


def _is_over(text: Text, first: int, at: int) -> bool:
    """Whether words of order end before an action: "once that is finished evaluate it"."""
    return any(text.within(k, "grammar.order.done") or (text.ledger.owner.get(k) is not None and text.ledger.owner[k].kind in ("action", "talk")) for k in range(first, at))


def _trailing(text: Text, at: int) -> list[int]:
    """Return the words that a refusal ends with: "either", "yet", "this time"."""
    end = at
    while end < len(text.tokens) and (ends := text.ends(end, "grammar.operator.trailing") or text.ends(end, "grammar.mode.later")) and all(map(text.ledger.free, range(end, ends[0]))):
        end = ends[0]
    return list(range(at, end))


_COPULA = frozenset("is are be will has have does do should must".split())
_DENIALS = (
    "@mark operator.not 'needed|'necessary|'required|'wanted",
    f"{_THING}* 'is|'are|'be|'will|'has|'have|'does|'do|'should|'must operator.not 'needed|'necessary|'required|'wanted|'be|'run|'happen|'something|'what|'to|'i|'we|'want|'need|'done*",
    "@mark mode.later|policy.state.off",
    f"{_THING}* 'on 'hold",
    "'is|'are|'be|':|'= policy.state.off",
    "group.det|free.adjective* 'nothing|'none|'neither free.adjective*",
)


def _denied(text: Text, at: int) -> list[int]:
    """Return the words behind an action that take it back: "is not needed", "nothing"."""
    for source in _DENIALS:
        match = text.match(source, at)
        if match is None or any(text.tokens[k].kind == "mark" and text.tokens[k].text not in "?:()" for k in match.tokens()):
            continue
        if not any(text.within(k, "grammar.operator.not", "policy.state.off", "grammar.mode.later") or text.tokens[k].text in ("nothing", "hold") for k in match.tokens()):
            continue
        ends = match.end >= len(text.tokens) or text.tokens[match.end].kind == "mark"
        told = any(text.tokens[k].text in _COPULA for k in match.tokens())
        if ends or (told or not source.startswith(_THING)) and text.within(match.end, "grammar.free.glue", "grammar.operator.trailing", "grammar.free.adverb", "grammar.courtesy.words"):
            return [k for k in match.tokens() if text.ledger.free(k)]
    return []


def _negation(text: Text, first: int, at: int) -> list[int]:
    """Return the words that take an action back: a negation in its clause with only free words between."""
    k = at - 1
    passed: list[int] = []
    while k >= 0 and at - k < 9:
        starts = [
            s for s in range(max(first, k - 4), k + 1)
            if any(k + 1 in text.ends(s, c) for c in ("grammar.operator.not", "grammar.operator.instead", "grammar.mode.defer"))
        ]  # fmt: skip
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


_SUBJECT = frozenset("i we they he she someone somebody who colleague colleagues team nobody".split())


def _is_put_off(text: Text, first: int, end: int, at: int, *, noun: bool) -> bool:
    """Whether a clause puts an action off or leaves it to somebody: "I will export it myself later"."""
    before = [text.tokens[k].text for k in range(first, at)]
    subject = bool(_SUBJECT & set(before))
    later = any(text.within(k, "grammar.mode.later") for k in range(first, end) if text.ledger.free(k))
    if later and (subject or noun):
        return True
    if before[-2:-1] == ["who"] or before[-2:] in (["will", "we"], ["will", "i"]) or "whether" in before or (any(text.within(k, "grammar.mode.tried") for k in range(first, at)) and _turns(text, at)):
        return True
    future = bool({"will", "shall"} & set(before)) and subject
    if future and any(text.within(k, "grammar.mode.decide") for k in range(first, at)):
        return True
    placed = any(text.tokens[k].kind == "place" for k in range(at, end))
    return noun and future and not placed and bool({"do", "handle", "make", "run", "care", "perform"} & set(before))


def _turns(text: Text, at: int) -> bool:
    """Whether a sentence goes on with "but": what stood before it is no longer meant."""
    for k in range(at, len(text.tokens)):
        if text.tokens[k].text in ("but", "however"):
            return True
        if text.tokens[k].text in (".", "!", "?", ";"):
            return text.tokens[k + 1].text in ("but", "however", "now") if k + 1 < len(text.tokens) else False
    return False


def _was_job(text: Text, at: int) -> bool:
    """Whether it is said which job an action was: "the training of X was job J"."""
    match = text.match(f"{_THING}* &^job", at - 1, len(text.tokens)) or text.match(f"{_THING}* &^job", at)
    if match is None:
        return False
    owner = text.ledger.owner.get(match.end) if match.end < len(text.tokens) else None
    owner = owner if owner is not None and owner.kind == "job" else text.ledger.owner.get(match.end - 1)
    return owner is not None and owner.kind == "job" and any(text.tokens[k].text in ("was", "were", "is") for k in owner.tokens)


def _is_told_of(text: Text, at: int) -> bool:
    """Whether something is told of an action that is named by a noun: "the training is finished", "the export can wait"."""
    end = next((k for k in range(at, len(text.tokens)) if text.tokens[k].kind == "mark" and text.tokens[k].text not in "()"), len(text.tokens))
    match = text.match(f"{_THING}|'and|free.glue|actions.export.nouns|actions.evaluate.ing|actions.export.ing* verb=mode.happened|mode.happens", at, end)
    if match is None:
        owner = text.ledger.owner.get(at)
        return (owner is not None and owner.kind == "talk") or text.match("free.adverb|'and|',|'or+ group.det* ^talk", at) is not None or text.match(f"{_THING}* 'was|'is|'were ^job", at) is not None or _was_job(text, at)
    past = text.within(match.tokens("verb")[0], "grammar.mode.happened")
    rest = range(match.end, end)
    asks = any(text.tokens[k].text in ("needed", "required", "wanted", "due", "requested", "missing", "please") for k in rest)
    says = any(text.tokens[k].kind in ("place", "number") for k in rest)
    return not asks and (past or not says)
