"""What the places of a request are for: said words first, then the path's own name, else nobody knows.

Roles are the data sources, and ``results``, ``weights``, ``resume``, ``backbone``, ``labels``; ``None`` is for
the action that the place is said of.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.tokens import Claim
from skillbank.plan.request import clean_uri

__all__ = ["SOURCES", "Place", "is_model_file", "is_test", "role_of_path", "take_places"]

SOURCES = ("calibration_dataset", "inference_dataset", "eval_dataset", "train_datasets")


@dataclass(frozen=True, slots=True)
class Place:
    """A location and what it is for.

    Attributes
    ----------
    doing
        The action whose bare noun gave the role ("training: X"), which asks for it where nothing else does.
    test
        Whether it is said to be for testing: where another is for validation, an evaluation reads this one.
    """

    uri: str
    role: str | None = None
    doing: str | None = None
    test: bool = False


def _any(kind: str, sources: Iterable[str] = SOURCES) -> str:
    """Return the alternatives of a pattern for the words of all roles."""
    return "|".join(f"places.roles.{source}.{kind}" for source in sources)


_LIST = "list=@place"
_OPEN = "'(|'[|'<"
_LINK = f"places.data.link|places.data.nouns|group.det|group.prep|free.adjective|slots.around.link|places.data.use|'is|':|'=|{_OPEN}"
_OF = "~word|free.adjective|group.det|group.it|@name|'of|'from|'for|'that|'which|'i|'we|'have|places.data.nouns"
"""What may describe data behind its noun."""
_WORDS = "free.adjective|~word? free.adjective|~word? free.adjective|~word?"
"""What may describe it before: a few words, none of which leads to anything else."""
_MORE = f"',? places.data.more? group.prep? group.det* places.data.nouns* {_OPEN}? @place"
_BARE, _NOUN = _any("bare"), _any("before")
_AFTER = _any("after")
_SAID = (
    f"group.prep? group.det+ {_WORDS} role={_NOUN} {_LINK}* {_LIST}",
    f"group.prep? group.det* n=@number? free.adjective* role={_NOUN} {_OF}* {_LINK}* {_LIST}",
    f"group.prep? group.det* n=@number? free.adjective* role={_NOUN} {_OF}* places.data.link* n=@number? places.data.nouns* ',|': {_LIST}",
    f"group.prep? group.det? role={_BARE} ':|'=|'is|'are|'-|group.det|{_OPEN}* {_LIST}",
    f"group.prep group.det? role={_BARE} {_LINK}* {_LIST}",
    f"group.det? role={_BARE} places.data.link|places.data.happens|'with|'using|'over* {_LIST}",
)
_PAIRS = (
    f"group.prep? group.det* one={_NOUN}|{_BARE} 'and|'/|'&|'plus group.det* two={_NOUN}|{_BARE} {_LINK}* a=@place ')? ',|'and|'/|'& 'in|'on|'at? b=@place",
    f"a=@place ',|'and|'/|'& b=@place 'are|'as|'for|'=|':|'( group.det* one={_NOUN}|{_BARE} 'and|'/|'&|', group.det* two={_NOUN}|{_BARE}",
)
_DOING = ("train", "evaluate", "inference")
_START = "actions.words.begin|actions.words.resume"
_OBJECT = "'of|group.det|group.it|free.adjective|free.noun|actions.train.nouns|actions.train.base|actions.train.ing|@name|'off|'up|'out|'where|'stopped|'left"
_ORDINALS = {"first": 0, "former": 0, "1st": 0, "second": 1, "latter": -1, "2nd": 1, "third": 2, "other": 1, "last": -1}


def take_places(text: Text, *, training: bool) -> None:
    """Account for the places of a text and for the words that say what they are for.

    Parameters
    ----------
    training
        Whether the text speaks of a training: "validate on X" then says where its validation data lies.
    """
    for match in text.find("group.det* part=places.data.part group.det* free.adjective* places.data.nouns|@place"):
        text.ledger.claim("unread", match.tokens("part"))
    _results(text)
    _weights(text)
    for claim in text.ledger.of("place"):
        if text.tokens[claim.last].kind == "pair" and claim.value.role in SOURCES:
            _listed(text, claim.last + 1, claim.value)
    for source in _PAIRS:
        for match in text.find(source):
            for place, role in (("a", "one"), ("b", "two")):
                text.ledger.claim("place", match.tokens(place), _place(text, match.tokens(place)[0], _role(text, match.tokens(role))))
            text.ledger.claim("order", [i for i in match.tokens() if text.tokens[i].kind != "name"])
    for source in _SAID[:3]:
        for match in text.find(source):
            if not _bridges(text, match):
                _claim(text, match, _role(text, match.tokens("role")))
    what = "|".join(f"places.roles.{source}.done" for source in SOURCES)
    for match in text.find(f"{_LIST} 'is|'are 'what|'where|'which|'the|'data|'one+ @name|group.it|free.glue|'should|'must* role={what} 'on|'with|'against|'from"):
        _claim(text, match, _role(text, match.tokens("role")))
    for match in text.find(f"{_LIST} ')|'>? {_OPEN}|',|'then|'=? 'which|'that? 'is|'are|'has|'holds|'contains? group.det* role={_AFTER}|{_NOUN}|{_BARE}"):
        _after(text, match)
    for source in _SAID[3:]:
        for match in text.find(source):
            if not _bridges(text, match) and not _asks(text, match):
                _claim(text, match, _role(text, match.tokens("role")))
    for role in SOURCES if training else ("calibration_dataset",):
        for match in text.find(f"places.roles.{role}.verbs group.it? @name? group.prep? group.det* {_OF}* {_LINK}* {_LIST}"):
            if not _bridges(text, match):
                _claim(text, match, role)
    for match in text.find(f"'validate|'validating group.it? {_LIST}") if training else ():
        _claim(text, match, "eval_dataset")
    for match in text.find(f"group.prep? group.det* free.adjective* places.labels.before|slots.captions.nouns {_LINK}* {_LIST}"):
        file = str(text.tokens[match.tokens("list")[0]].value).lower().endswith((".txt", ".json", ".names", ".yaml", ".csv"))
        if file or text.within(match.tokens("list")[0] - 1, "places.labels.before") or any(text.within(i, "places.labels.before") for i in match.tokens()):
            _claim(text, match, "labels")
    for source in (
        f"mode.subject places.data.put free.adverb|group.det|'about* @number? {_WORDS} places.data.nouns+ {_OF}* {_LINK}* {_LIST}",
        f"group.prep|group.det|'and|',+ n=@number? {_WORDS} places.data.nouns+ {_OF}* {_LINK}* ',? {_LIST}",
        f"places.data.nouns+ {_OF}* {_LINK}* {_LIST}",
    ):
        for match in text.find(source):
            if not _bridges(text, match) and not _describes_model(text, match):
                _claim(text, match, None)
    for i, token in enumerate(text.tokens):
        if token.kind == "place" and text.ledger.free(i):
            text.ledger.claim("place", [i], Place(token.value, "weights" if is_model_file(text, token.value) else None))
    _ordinals(text)
    _references(text)
    for match in text.find("^place 'is|'are|'was|'has|'holds|'contains|'were free.adverb*"):
        owner = text.ledger.owner[match.first]
        done_on = match.first and text.tokens[match.first - 1].text in ("on", "with")
        if owner.value.role is None and owner.tokens == (match.first,) and not done_on:
            if text.match(f"{_WORDS} group.det* {_WORDS} places.data.nouns|group.it|'which|'where", match.end) is None:
                text.ledger.replace(owner, "unread")  # something is said of it, and not what it is for
    for match in text.find("@name|^name|~word|group.det+ places.data.put ^place"):
        if text.ledger.owner[match.end - 1].value.role in (None, *SOURCES):
            text.ledger.claim("order", [i for i in match.tokens() if text.tokens[i].kind != "name"])
    for match in text.find("^place places.data.more group.prep? &^place"):
        text.ledger.claim("order", match.tokens())
    if any(c.value.role == "resume" for c in text.ledger.of("place")):
        for match in text.find("'was|'is|'has|'got|'been|'just+ places.weights.broken"):
            text.ledger.claim("order", match.tokens())
    if any(c.value.role == "backbone" for c in text.ledger.of("place")):
        for match in text.find("'only|'just? places.weights.backbone 'only|'alone?"):
            text.ledger.claim("order", match.tokens())


def is_model_file(text: Text, uri: object) -> bool:
    """Whether a place is a file of a model by its ending."""
    suffixes = tuple(s for phrase in text.lexicon.classes["places.weights.suffixes"] for s in phrase.split())
    return clean_uri(str(uri)).lower().endswith(suffixes)


def _role(text: Text, said: list[int]) -> str:
    """Return the role that a word or phrase has."""
    end = said[-1] + 1
    return next(
        role for role in SOURCES
        if any(end in text.ends(said[0], f"places.roles.{role}.{kind}") for kind in ("before", "bare", "after", "done"))
    )  # fmt: skip


def _place(text: Text, i: int, role: str | None, words: Iterable[int] = (), *, doing: str | None = None) -> Place:
    test = role == "eval_dataset" and any(text.tokens[k].text.startswith(("test", "held", "holdout", "hold")) for k in words)
    return Place(str(text.tokens[i].value), role, doing, test)


def _bridges(text: Text, match: Match) -> bool:
    """Whether the words between a role and a place hold a verb or mark that begins something else."""
    inside = match.tokens()[:-1]
    texts = [text.tokens[i].text for i in inside]
    if any(t in ("classifier", "detector", "model", "network") for t in texts[1:]) and texts[-1] in ("on", "with", "using"):
        return True
    if any(t in ("and", "then", "but", ".", ";") for t in texts[1:]):
        return True
    verbs = [i for i in inside[1:] if text.tokens[i].text in ("train", "evaluate", "export", "quantize")]
    alone = [i for i in verbs if not any(text.within(i, f"places.roles.{role}.before") for role in SOURCES)]
    return bool(alone) and texts[-1] not in (":", "=")


def _describes_model(text: Text, match: Match) -> bool:
    """Whether the words before a place speak of a model: "an image classifier with the pictures in X"."""
    return any(text.within(i, "places.data.models") and text.within(i + 1, "grammar.group.prep") for i in match.tokens()[:-2])


def _asks(text: Text, match: Match) -> bool:
    """Whether the word of a role asks for the action: "train with X", "an evaluation on X"."""
    behind = {text.tokens[i].text for i in match.tokens() if i > match.tokens("role")[-1]}
    if behind & {":", "=", "is", "are", "-", "(", "[", "use", "take", "using"} or text.tokens[match.first].text == "for":
        return False
    first = match.tokens("role")[0]
    base = any(text.within(first, f"actions.{a}.base") and not text.within(first, f"actions.{a}.nouns") for a in _DOING)
    return base or (bool(behind & {"on", "with", "over", "against", "in"}) and any(text.within(first, f"actions.{a}.nouns") for a in _DOING))


def _claim(text: Text, match: Match, role: str | None) -> None:
    """Give the place of a match, and those listed with it, a role."""
    ledger = text.ledger
    [first] = match.tokens("list")[:1]
    if not ledger.free(first):
        return
    listed = _count(text, first)
    words = [
        i for i in match.tokens()
        if text.tokens[i].kind not in ("name", "place", "number") or i == first or (i in match.tokens("n") and text.tokens[i].value == listed)
        or (text.tokens[i].kind == "number" and i not in match.tokens("n"))
    ]  # fmt: skip
    doing = None
    if role in SOURCES and is_model_file(text, text.tokens[first].value):
        role = None
    if role in SOURCES and not any(text.within(i, "places.data.nouns") for i in words):
        doing = next((a for a in _DOING if text.within(words[0], f"actions.{a}.nouns")), None)
    weights = role is None and is_model_file(text, text.tokens[first].value)
    ledger.claim("place", [*words, *_around(text, first)], _place(text, first, "weights" if weights else role, words, doing=doing))
    if role in SOURCES:
        _listed(text, match.end, _place(text, first, role, words))


def _count(text: Text, first: int) -> int:
    """Return how many places stand in a list."""
    count, at = 1, first + 1
    while (more := text.match(_MORE, at)) is not None and more.end - at > 1:
        count, at = count + 1, more.end
    return count


def _around(text: Text, place: int) -> list[int]:
    """Return the brackets that a place stands in."""
    return [i for i in (place - 1, place + 1) if 0 <= i < len(text.tokens) and text.tokens[i].text in "<>[]" and text.ledger.free(i)]


def _listed(text: Text, at: int, like: Place) -> None:
    """Give what is listed behind a place its role too; a path that is named for another role has that."""
    while (more := text.match(_MORE, at)) is not None and more.end - at > 1:
        place = more.end - 1
        if not text.ledger.free(place) or text.match(f"')? {_OPEN}|',? {_AFTER}", more.end) is not None:
            return
        uri = str(text.tokens[place].value)
        other = role_of_path(text, uri)
        found = Place(uri, other) if other not in (None, like.role) else replace(like, uri=uri, doing=None)
        text.ledger.claim("place", more.tokens(), found)
        at = more.end


def _after(text: Text, match: Match) -> None:
    """Read "X for validation" and "X (validation)"; what a role leads to another place is not of this one."""
    end, said = match.end, match.tokens("role")
    [place] = match.tokens("list")[:1]
    if not text.ledger.free(place):
        return
    role = _role(text, said)
    told = end in text.ends(said[0], f"places.roles.{role}.after")
    between = {text.tokens[i].text for i in range(place + 1, said[0])}
    bracketed = bool({"(", "[", "then", "="} & between)
    last = end >= len(text.tokens) or text.tokens[end].text in ("and", ",", ".", ";", ")", "]", "!")
    bare = end in text.ends(said[0], f"places.roles.{role}.bare")
    if not told and not bracketed and not (last and not bare and between <= {"which", "that", "is", "are", "has", "holds", "contains", ",", "the", "our", "my", "a"}):
        return
    close = place + 1 == said[0] and end < len(text.tokens) and text.tokens[end].text == "on"  # "with V for validation on T"
    if not last and not close and text.match(f"{_LINK}* @place", end):
        return
    verbs = [i for i in said if any(text.within(i, f"actions.{a}.base") and text.tokens[i - 1].text == "to" for a in ("train", "evaluate"))]
    closed = [end] if end < len(text.tokens) and text.tokens[end].text in (")", "]") else []
    words = [i for i in match.tokens() if i not in verbs]
    made = text.ledger.claim("place", [*words, *closed, *_around(text, place)], _place(text, place, role, said))
    also = text.match(f"'and group.det* role={_NOUN}|{_BARE}|{_AFTER}", end)
    if also is not None and text.match(f"{_LINK}* @place", also.end) is None:
        text.ledger.claim("order", also.tokens())
        text.ledger.claim("place", [place], _place(text, place, _role(text, also.tokens("role"))))
    if text.tokens[said[0]].text == "are" or text.tokens[place - 1].text in ("plus", "+") or _is_taken(text, place):
        _backwards(text, place, made.value)


def _is_taken(text: Text, place: int) -> bool:
    """Whether a list of places has one verb or none: "use A and B as training data", "; A and B for validation"."""
    first = place
    while first > 1 and text.tokens[first - 1].text in (",", "and", "&", "plus"):
        before = next((k for k in range(first - 1, max(-1, first - 4), -1) if text.tokens[k].kind == "place"), None)
        if before is None:
            break
        first = before
    alone = (first == 0 or text.tokens[first - 1].kind == "mark") and text.tokens[place - 1].text in ("and", "&", "plus")
    return first != place and (alone or text.tokens[first - 1].text in ("use", "take", "using", "taking", "both"))


def _backwards(text: Text, place: int, like: Place) -> None:
    """Give the places listed before one its role too."""
    while place > 1:
        before = next((k for k in range(place - 1, max(-1, place - 4), -1) if text.tokens[k].kind == "place"), None)
        between = [text.tokens[k].text for k in range(before + 1, place)] if before is not None else ["."]
        if before is None or not text.ledger.free(before) or not set(between) <= {",", "and", "plus", "&", "+", "both"}:
            return
        text.ledger.claim("place", [before, *(k for k in range(before + 1, place) if text.ledger.free(k))], replace(like, uri=str(text.tokens[before].value)))
        place = before


def _ordinals(text: Text) -> None:
    """Read "the first for training, the second for validation"."""
    for match in text.find(f"group.det? nth='first|'former|'second|'latter|'third|'other|'last 'one|places.data.nouns? 'is|'are|'being|'goes|'serves? role={_AFTER}"):
        found = [c for c in text.ledger.of("place") if c.value.role in (None, *SOURCES) and c.last < match.first]
        nth = _ORDINALS[text.tokens[match.tokens("nth")[0]].text]
        if len(found) > max(nth, 0) and found[nth].value.role is None:
            made = replace(found[nth].value, role=_role(text, match.tokens("role")))
            text.ledger.replace(found[nth], "place", made)
            text.ledger.claim("order", match.tokens())


def _references(text: Text) -> None:
    """Account for words that come back to a place: "and evaluate it on the test set"."""
    held = [c.value for c in text.ledger.of("place")]
    for match in text.find(f"group.prep group.det* role={_NOUN}"):
        role = _role(text, match.tokens("role"))
        before = range(max(0, match.first - 6), match.first)
        other = role == "train_datasets" and any(text.within(k, "actions.evaluate.base", "actions.inference.base", "actions.words.test") for k in before)
        if not other and any(p.role == role for p in held):
            text.ledger.claim("order", match.tokens())


# -- results and weights -------------------------------------------------------------------------


def _results(text: Text) -> None:
    """Read where results go: "save everything to X", "results should go to X", "X for the results"."""
    where = "places.results.where|places.data.link"
    things = "places.results.before|places.results.objects|places.weights.before|actions.words.engine|actions.words.onnx|actions.words.boxes|actions.words.metric"
    for source in (
        f"verb=places.results.verbs group.det|group.it|free.adjective|@name|free.glue|group.model|{things}* places.results.where group.det* ~word|free.adjective? places.results.before|free.noun? {_LINK}* {_LIST}",
        f"group.prep? group.det* free.adjective* thing={things}|group.it places.results.go+ {where} group.det* free.adjective* places.results.before|free.noun* ':? {_LIST}",
        f"group.prep? group.det* free.adjective* places.results.before {where}|slots.around.link|group.det|'(|'use* {_LIST}",
        f"places.results.must {where} group.det* free.adjective* places.results.before|free.noun* ':? {_LIST}",
        f"group.prep? group.det* free.adjective* places.results.objects 'to|'into|'under {_LIST}",
        f"{_LIST} ',? places.results.after",
    ):
        for match in text.find(source):
            read = text.tokens[match.first].text in ("with", "of", "using", "from", "on") and not match.tokens("thing")
            if not read and not _is_of_data(text, match):
                _claim(text, match, "results")


def _is_of_data(text: Text, match: Match) -> bool:
    """Whether the words speak of where data lies: "the camera stored its shots in X", "labels in X"."""
    if not match.tokens("verb"):
        return False
    before = text.tokens[match.first - 1] if match.first else None
    word = text.tokens[match.first].text
    told = before is not None and (before.kind == "name" or (before.kind == "word" and before.text in ("i", "we", "he", "she", "they")))
    said = any(text.within(i, "places.results.before", "places.results.objects", "places.weights.before", "actions.words.metric", "grammar.group.it", "grammar.group.model") for i in match.tokens()[1:-1])
    past = not (text.lexicon.has(word, "places.results.verbs") and f"{word}s" in text.lexicon.classes["places.results.verbs"])
    return told or (past and not word.endswith("ing")) or not (said or match.end - match.first <= 4)


def _weights(text: Text) -> None:
    link = f"places.weights.link|places.data.nouns|group.det|free.adjective|':|'=|{_OPEN}|',"
    tail = f"{link}* {_LIST}"
    kinds = (
        ("resume", f"verb=actions.words.resume {_OBJECT}* 'from|'at|'with|'of|'using|': group.det* free.adjective* places.weights.before|free.noun* {tail}"),
        ("backbone", f"group.prep? {_START}? group.det* free.adjective* places.weights.backbone places.weights.before? {tail}"),
        ("backbone", f"group.det* places.weights.before 'of|'for group.det* 'backbone {tail}"),
        ("backbone", f"{_LIST} 'as|'for|'into|'in group.det* places.weights.backbone"),
        ("weights", f"verb={_START} {_OBJECT}* 'from|'with|'at|'of|'using group.det* free.adjective* places.weights.before|free.noun|@name* {tail}"),
        ("weights", f"group.prep? group.det* free.adjective* @name? places.weights.before @name? {tail}"),
        ("weights", f"group.prep? group.det* free.adjective* @name? places.weights.before ~word ~word? places.weights.link+ {_LIST}"),
        ("weights", f"{_LIST} ',? places.weights.after"),
    )
    for role, source in kinds:
        for match in text.find(source):
            place = match.tokens("list")[0]
            words = [text.tokens[i].text for i in match.tokens()]
            named = any(text.within(i, "places.weights.before", "places.weights.backbone", "places.weights.after") for i in match.tokens())
            file = is_model_file(text, text.tokens[place].value)
            if not file and ((role == "weights" and not named and "from" not in words) or "on" in words):
                continue  # "start the training on X" names data
            _claim_weights(text, match, role)


def _claim_weights(text: Text, match: Match, role: str) -> None:
    [place] = match.tokens("list")[:1]
    if not text.ledger.free(place):
        return
    words = [
        i for i in match.tokens()
        if text.tokens[i].kind not in ("name", "place") and not text.within(i, "actions.train.nouns", "actions.train.base")
    ]  # fmt: skip
    text.ledger.claim("place", [*words, place], Place(str(text.tokens[place].value), role))


def role_of_path(text: Text, uri: str) -> str | None:
    """Return the role that the last folder or file of a path is named for."""
    last = clean_uri(uri).replace("\\", "/").rpartition("/")[2].lower()
    for ending in (".tar.gz", ".tgz", ".tar", ".zip", ".jsonl", ".json", ".csv"):
        last = last.removesuffix(ending)
    for role in SOURCES:
        if text.lexicon.has(last, f"places.roles.{role}.path"):
            return role
    return None


def is_test(claim: Claim) -> bool:
    """Whether a place is for testing, by what is said of it or by its own name."""
    last = clean_uri(claim.value.uri).rpartition("/")[2].lower()
    return claim.value.test or (claim.value.role is None and last.startswith("test"))
