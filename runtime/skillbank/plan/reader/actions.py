"""Which actions a request asks for, and which it only talks about, takes back or puts before another.

Phrases of several words come first, then single words; `_settle` says what becomes of each.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from skillbank.plan.reader.clauses import Clause, Clauses, Mode
from skillbank.plan.reader.lexicon import FORMS
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.own_actions import Word, own_actions, own_word
from skillbank.plan.reader.participles import joins, should, wish_of
from skillbank.plan.reader.phrases import ACTIONS, phrase, phrases
from skillbank.plan.reader.refusals import denied, is_put_off, is_told_of, negation_before, trailing
from skillbank.plan.reader.wording import of

__all__ = ["ACTIONS", "Mention", "take_actions", "take_spelled_actions"]

_ENGINE = "actions.words.engine"
_IN_ORDER = (*ACTIONS[-2:-1], "export", *(a for a in ACTIONS[:-2] if a != "export"), *ACTIONS[-1:])
"""The order in which phrases are looked for: what is made comes before what is done with it."""
_TRAINED = ("actions.train.base", "actions.train.past", "actions.train.nouns")
_FIRST = "group.it|^job|'job* 'first|'beforehand &group.prep"
"""An action that is done first, before what it is done on: "but evaluate JOB first on X"."""
_BEING = frozenset({"am", "are", "is", "was", "were", "been", "already", "currently"})
_OF_ANOTHER = (["during"], ["of"], ["while"], ["during", "the"], ["of", "the"], ["for", "the"])
_LED_TO = (["instead", "of"], ["neither", "is"])
"""What stands before a noun that is none of something else, though it ends as `_OF_ANOTHER` does."""


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
            _word(text, clauses, i, said)


def take_actions(text: Text, clauses: Clauses) -> None:
    """Account for the words of actions: ``action`` for what is asked, ``talk`` for what is only spoken of."""
    own = own_actions(text, ACTIONS)
    _take_resumed(text, clauses)
    for action in _IN_ORDER:
        for source in (
            *phrases(f"actions.{action}"),
            f"{phrase('actions.again')} actions.{action}.nouns",
        ):
            for match in text.find(source):
                # "check X with NAME" is that skill's own check, where it has one.
                if own_word(text, _verb(match), own) is None and _is_meant(text, match, action):
                    _phrase(text, clauses, match, action)
    for i in range(len(text.tokens)):
        if text.ledger.free(i) and (said := own_word(text, i, own) or _word_at(text, i)) is not None:
            _word(text, clauses, i, said)
    for match in text.find("'> &^action|actions.words.engine|actions.words.onnx"):
        text.ledger.claim("order", [match.first])  # "train > export > engine"
    _take_engines(text, clauses)
    _take_onnx(text)


def _take_resumed(text: Text, clauses: Clauses) -> None:
    """Account for a training that is to go on, and for what stopped it: "job J died, please resume it"."""
    jobs = text.ledger.of("job")
    resumed = list(text.phrases("action.resumed")) if len(jobs) == 1 else []
    for match in resumed:
        polite, free = text.word(match.first - 1) == "please", text.unclaimed(match.tokens())
        bound = text.holds(clauses.sentence(match.first), "grammar.mode.condition")
        unasked = clauses.of(match.first).mode in (Mode.REASON, Mode.QUESTION) and not polite
        if free and not (bound or unasked or _is_others(text, match.first)):
            text.ledger.claim("action", free, Mention("train"))
    begun = resumed or text.holds(text.own_words(), "actions.words.resume")
    for match in text.phrases("action.stopped") if begun else ():
        clause = clauses.of(match.first)
        free = text.unclaimed(range(clause.first, clause.end))
        if free and jobs and text.owners(range(clause.first, clause.end)) <= {"job", "courtesy"}:
            text.ledger.claim("context", free)


def _is_others(text: Text, i: int) -> bool:
    """Whether a verb that goes on with a job is what somebody else does: "Tom will continue it"."""
    led = text.kind(i - 1) != "word" or text.owner(i - 1) == "courtesy"
    return text.within(i, "actions.words.resume") and not led and text.word(i - 1) not in _ORDERING


_ORDERING = frozenset({"and", "then", "please", "kindly", "so", "just", "now", "also"})


def _take_engines(text: Text, clauses: Clauses) -> None:
    """Account for engines that something is to be done with, unless they are refused or put off."""
    for match in text.find(f"group.det* free.adjective* {_ENGINE} free.noun?"):
        clause = clauses.of(match.first)
        if negation := negation_before(text, clause.first, match.first):
            rest = trailing(text, match.end)
            text.ledger.claim("refused", [*negation, *match.tokens(), *rest])
        elif is_put_off(text, clause.first, clause.end, match.first, noun=True):
            text.ledger.claim("talk", text.unclaimed(range(clause.first, clause.end)))
        else:
            text.ledger.claim("engine", match.tokens())


def _take_onnx(text: Text) -> None:
    """Account for "to ONNX", which is an export by itself and else only says of one what is known."""
    for match in text.find("'to|'into|'as|'in? group.det? actions.words.onnx"):
        if text.match("'is|'lies+ 'at|'in|'under|'here* ^place", match.end):
            continue  # "the onnx is at X" gives one
        if not text.ledger.of("action", "find"):
            text.ledger.claim("action", match.tokens(), Mention("export"))
        elif any(c.value.action == "export" for c in text.ledger.of("action")) and not _is_used(text, match):
            text.ledger.claim("talk", match.tokens())


def _is_used(text: Text, match: Match) -> bool:
    """Whether something else than an export is to be done with the file: "export it, evaluate the onnx"."""
    before = text.ledger.owner.get(match.first - 1)
    return before is not None and before.kind == "action" and before.value.action != "export"


def _verb(match: Match) -> int:
    return next(iter(match.tokens("verb")), match.first)


def _is_meant(text: Text, match: Match, action: str) -> bool:
    """Whether a phrase speaks of its action, and not of data or of a training that validates by itself."""
    verb, tokens = text.word(_verb(match)), match.tokens()
    if action == "inference":
        return not _is_other_use(text, match)
    if action == "dataset_convert":
        return text.holds(tokens, "places.data.nouns")
    if verb.startswith("compar"):
        placed = text.has_kind(text.own_words(), "place")  # else `skillbank compare` does it
        return placed and len({text.ledger.owner[i].value for i in tokens if text.kind(i) == "job"}) > 1
    return not verb.startswith("validat") or not text.holds(text.own_words(), *_TRAINED)


def _is_other_use(text: Text, match: Match) -> bool:
    """Whether a model is used or let do something else: "use it to train", "let it be trained"."""
    tokens, what, verb = match.tokens(), match.tokens("what"), _verb(match)
    if text.word(verb) == "using" or _is_noun(text, verb):
        return True
    if text.ledger.of("policy") and not text.holds(text.own_words(), *_TRAINED):
        return True
    named = text.has_kind(what, "name") or text.holds(what, "grammar.group.model", _ENGINE)
    if text.word(verb + 1) == "loose":
        return False
    if (text.word(match.first) in ("let", "try", "use") and not named) or "be" in text.words(tokens):
        return True
    behind = text.classes[match.end + 1] if match.end + 1 < len(text.tokens) else ()
    doing = text.word(match.end) == "to" and any(c.startswith("actions.") for c in behind)
    return doing and not text.has_kind(tokens, "place")


def _is_noun(text: Text, i: int) -> bool:
    """Whether "run" is a thing here: "a training run on X"."""
    described = ("grammar.free.adjective", "actions.train.nouns", "grammar.free.noun")
    led = text.word(i - 1) in ("a", "the", "train", "test", "training")
    if text.ledger.of("job") and text.match("'of|'with group.det* @name", i + 1) is not None:
        return False  # "a run of MODEL on P, with the checkpoint of job J"
    return text.word(i) == "run" and (led or text.within(i - 1, *described))


def _phrase(text: Text, clauses: Clauses, match: Match, action: str) -> None:
    """Read a phrase of several words; one that is joined to another goes on with an action or an export."""
    verb = _verb(match)
    done = text.lexicon.has(text.word(verb), "told.done")
    if done and wish_of(text, clauses, verb) is None and not joins(text, clauses, verb):
        text.ledger.claim("talk", text.unclaimed([verb]))  # "I tried it before"
        return
    listed = text.kind(match.first) == "mark" or text.lexicon.has(text.word(match.first), "told.listing")
    exported = text.holds(range(match.first), "actions.export.base", "actions.export.nouns")
    if listed and not (exported or any(c.first < match.first for c in text.ledger.of("action"))):
        return
    other = match.tokens("other")  # a word of its own: "a segmentation engine"
    said = [
        i for i in match.tokens()
        if text.kind(i) == "word" and i not in other
        and not text.within(i, "actions.export.base", "actions.quantize.base")
    ]  # fmt: skip
    if free := text.unclaimed([*_wish_before(text, verb), *said]):
        engine = action != "gen_trt_engine" and text.holds(match.tokens(), _ENGINE)
        _settle(text, clauses, free, Mention(action, engine=engine), noun=listed)


def _wish_before(text: Text, first: int) -> list[int]:
    """Return the words of a wish right before a verb: "should be"."""
    wishes = (text.match(should(), start, first) for start in range(max(0, first - 8), first))
    return next((w.tokens("wish") for w in wishes if w is not None and w.end == first), [])


def _word_at(text: Text, i: int) -> Word | None:
    """Return the verb or noun of an action that stands at a token."""
    if (word := text.word(i)) in ACTIONS and "_" in word:
        return Word(word, i + 1, "base", noun=False)
    if not any(c.startswith("actions.") for c in text.classes[i]):
        return None
    return next(filter(None, (_form_at(text, i, action) for action in ACTIONS)), None)


def _form_at(text: Text, i: int, action: str) -> Word | None:
    """Return the first form of an action that a token has and that is meant."""
    base, nouns = (text.within(i, f"actions.{action}.{form}") for form in ("base", "nouns"))
    for form in (*FORMS, "nouns"):
        ends = text.ends(i, f"actions.{action}.{form}")
        end = next((e for e in ends if all(map(text.ledger.free, range(i, e)))), None)
        if end is None:
            continue
        happens = text.within(end, "grammar.mode.happens", "grammar.mode.happened")
        verb = base and not (happens or _after_det(text, i))
        if verb or form != "base" or not nouns:
            noun = form == "ing" or (form == "nouns" and not verb)
            return Word(action, end, "base" if base else form, noun=noun)
    return None


def _after_det(text: Text, i: int) -> bool:
    k = i - 1
    while text.within(k, "grammar.free.adjective"):
        k -= 1
    return text.lexicon.has(text.word(k), "told.before_noun")


def _word(text: Text, clauses: Clauses, i: int, said: Word) -> None:
    """Account for a word of an action: a participle asks where a wish leads to it."""
    tokens, clause = list(range(i, said.end)), clauses.of(i)
    wish = wish_of(text, clauses, i) if said.form in ("past", "third") else []
    late = said.noun and is_put_off(text, clause.first, clause.end, i, noun=True)
    if (
        wish is None
        or _is_of_world(text, i)
        or (said.noun and not late and _is_talk(text, clauses, i, said.end))
    ):
        text.ledger.claim("talk", tokens)
    else:
        mention = Mention(said.action, asked=not said.noun)
        _settle(text, clauses, [*wish, *tokens], mention, noun=said.noun)


def _is_of_world(text: Text, i: int) -> bool:
    """Whether a word of a training is none: "I'm on the train", "so that it'll fit my phone"."""
    if text.word(i) in ("fit", "fits"):
        return text.match(_FITTED, i + 1) is None
    rides = text.word(i - 2) in ("on", "in", "by") and text.word(i - 1) in ("the", "a", "my")
    return (
        text.word(i) == "train" and rides and not text.within(i + 1, "places.data.nouns", "grammar.free.noun")
    )


_FITTED = (
    "group.det|free.adjective|'new|'me* @name|^name|group.model|actions.train.nouns|group.it|^place|'on|'to"
)
"""What is fitted where a model is: "fit a detector on X"."""


def _is_talk(text: Text, clauses: Clauses, i: int, end: int) -> bool:
    """Whether a noun only says what something else is of: "results of the evaluation", "during training"."""
    before = text.words(range(max(0, i - 2), i))
    if before in _LED_TO:
        return False
    if text.word(i) == "train" and before[:1] != ["of"] and before[-1:] in (["the"], ["a"]):
        return text.kind(end) in ("", "mark") or text.word(end) == "to"  # "I write on the train"
    if text.word(i).endswith("ing") and text.word(i - 1) in _BEING:
        return True
    if before in _OF_ANOTHER or before[-1:] in _OF_ANOTHER:
        return True
    if before[-1:] == ["for"] and not text.has_kind(range(end, min(end + 4, len(text.tokens))), "place"):
        return True
    clause = clauses.of(i)
    if clause.mode is Mode.ORDER and not text.has_kind(range(clause.first, clause.end), "place", "name"):
        return text.word(clause.first) not in ("before", "prior")
    return clause.mode is Mode.REASON


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
        if said := _left_open(text, first) if before else []:
            text.ledger.mark("unread", said)  # it is no courtesy
        text.ledger.claim("action", tokens, replace(mention, before=_order(text, clauses, first)))


def _left_open(text: Text, first: int) -> list[int]:
    """Return the words by which somebody only may do an action oneself: "then I can export it"."""
    verb = first - 1
    while text.within(verb, "grammar.free.adverb") or text.word(verb) in _THEN:
        verb -= 1
    able = text.word(verb) in of("able") or text.word(verb) in _MAYBE
    said = [verb - 1, verb] if able and text.word(verb - 1) in _OURS else []
    return said if text.owners(said) <= {"courtesy"} else []


_THEN = frozenset({"then", "also", "afterwards"})
_MAYBE = frozenset({"may", "might"})
_OURS = frozenset({"i", "we"})


def _is_told(text: Text, clause: Clause, tokens: list[int], *, noun: bool) -> bool:
    """Whether a clause only speaks of an action: it asks a question, puts it off, tells of it."""
    first = min(tokens)
    words = text.words(range(clause.first, first))
    # "so that I can export it"
    enables = clause.mode is Mode.REASON and not (
        of("able").isdisjoint(words) or of("people").isdisjoint(words)
    )
    return (
        clause.mode is Mode.QUESTION
        or is_put_off(text, clause.first, clause.end, first, noun=noun)
        or (noun and is_told_of(text, tokens[-1] + 1))
        or enables
    )


def _order(text: Text, clauses: Clauses, at: int) -> bool | None:
    """Whether an action is said to be done before what else is asked for (True), behind it (False)."""
    clause = clauses.of(at)
    for k in range(clause.first, at):
        for end in text.ends(k, "grammar.order.prior"):
            text.ledger.claim("order", text.unclaimed(range(k, end)))
            return True
    over = text.holds(range(clause.first, at), "grammar.order.done")  # "once that is finished evaluate it"
    if clause.mode is Mode.ORDER and not over:
        return text.word(clause.first) not in ("before", "prior", "until")
    sentence = clauses.sentence(at)
    earlier = any(c.first < at and c.first in sentence for c in text.ledger.of("action"))
    words = [text.word(k) for k in range(at + 1, clause.end) if text.kind(k) != "mark"]
    first = words[-1:] in (["first"], ["beforehand"], ["before"]) or text.match(_FIRST, at + 1) is not None
    return True if earlier and first else None
