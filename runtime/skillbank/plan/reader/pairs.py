"""What is written as ``key=value``, as a member of YAML or JSON, or as an option of a command line.

A key is looked up as a policy, a job, a word of the request, a place, a platform, a slot, a key of the spec,
in this order; what nothing is known of stays, for the spec's own words.
"""

from __future__ import annotations

from dataclasses import dataclass

from skillbank.bank.documents import parse_said
from skillbank.errors import SkillFormatError
from skillbank.plan.reader.hardware import ids_at
from skillbank.plan.reader.judging import Said
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.own_actions import own_sources
from skillbank.plan.reader.phrases import word_list
from skillbank.plan.reader.place import SOURCES, Place
from skillbank.plan.reader.things import goes_on, listed
from skillbank.plan.reader.tokens import number_in
from skillbank.plan.reader.value import Value, set_before
from skillbank.plan.request import clean_uri, policy_word
from skillbank.plan.slot_values import value_of
from skillbank.plan.slots import SLOTS, Fills, Kind, Slot, slot

__all__ = ["take_pairs"]

_POLICY = frozenset(["automl", "automl_policy", "hpo", "automl-policy", "policy"])
_JOBS = frozenset(["parent", "job", "parent_job", "from_job", "parent-job"])
_WORDS = word_list("pairs.words")
_CONTAINERS = word_list("pairs.containers")
_WHOLE = ("number", "place", "job", "quote", "key")
_SAID_BEFORE = {
    **{role: f"places.roles.{role}.before" for role in SOURCES}, "results": "places.results.before",
}  # fmt: skip
"""By role: the words that say it before a place."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """A key and what was said for it.

    Attributes
    ----------
    name
        The key in small letters.
    value, shown
        What was said as YAML reads it, and as a text without its quotes; each as it is where it is no text.
    written
        Whether key and value were written as a pair, and not as an option.
    """

    tokens: list[int]
    key: str
    name: str
    said: object
    value: object
    shown: object
    written: bool

    @property
    def is_place(self) -> bool:
        """Whether the value looks like a location."""
        shown = self.shown
        return isinstance(shown, str) and ("/" in shown or "\\" in shown or shown.startswith((".", "~")))


def take_pairs(text: Text) -> None:
    """Account for pairs and options, and for names of data sources and keys with what is said of them."""
    own = own_sources(text)
    for kind, take in (("pair", _take_written), ("flag", _take_option)):
        for i, token in enumerate(text.tokens):
            if token.kind == kind and text.ledger.free(i):
                take(text, i, own)
    for i in [k for k, token in enumerate(text.tokens) if token.kind == "word" and token.text in own]:
        match = text.match("slots.around.link|group.prep* v=@place", i + 1)
        if match is not None:
            place = Place(clean_uri(text.said(match, "v")), text.word(i))
            text.ledger.claim("place", [i, *match.tokens()], place)
    for match in text.find("k=@key slots.around.link* v=@number|@quote|@place|@key|'on|'off|'none|~word"):
        if all(map(text.ledger.free, match.tokens())):
            [v] = match.tokens("v")
            said = text.tokens[v].value
            value = said if said is not None else _plain(text.ledger.said([v]))
            tokens = [*set_before(text, match.first), *match.tokens()]
            text.ledger.claim("value", tokens, Value("", value, key=text.said(match, "k")))


def _take_written(text: Text, i: int, own: frozenset[str]) -> None:
    """Read a pair, or "training data=X" as a place."""
    key, said = text.tokens[i].value
    longer = f"{text.word(i - 1)} {key.lower()}"
    role = next((r for r, section in _SAID_BEFORE.items() if text.lexicon.has(longer, section)), None)
    if role and text.kind(i - 1) == "word":
        place = Place(clean_uri(said.strip("\"' ")), role, test=text.word(i - 1) == "test")
        text.ledger.claim("place", [i - 1, i], place)
    else:
        _take(text, [i], key, said, own, written=True)


def _take_option(text: Text, i: int, own: frozenset[str]) -> None:
    """Read an option and the one token behind it; ``--set`` and ``--data`` only lead to a pair."""
    name, at = text.word(i), i + 1
    leads = name in ("set", "data") and not text.ledger.free(at)
    while text.word(at) in (":", "="):
        at += 1
    if leads or text.kind(at) == "name":
        text.ledger.claim("courtesy", [i])
    elif at < len(text.tokens) and text.ledger.free(at):
        if name.lower().replace("-", "_") in _WORDS:
            text.ledger.claim("courtesy", [i])  # its value is a word of the request itself
        else:
            token = text.tokens[at]
            ids = ids_at(text, at) if token.kind == "number" else []
            said = token.value if token.kind in _WHOLE else text.ledger.said([at])
            several = len(ids) > 1 and _slot_of(text, name) == "gpu_ids"
            _take(text, [i, at], name, ids if several else said, own, written=False)


def _take(
    text: Text, tokens: list[int], key: str, said: object, own: frozenset[str], *, written: bool
) -> None:
    """Account for a key and what was said for it by the first meaning that the key has."""
    value = _plain(said.strip()) if isinstance(said, str) and written else said
    shown = said.strip("\"' ") if isinstance(said, str) else said
    key = _without_container(text, key.strip("\"'"))
    pair = _Pair(tokens, key, key.lower(), said, value, shown, written)
    known = _as_word(text, pair) or _as_place(text, pair, own) or _as_slot(text, pair)
    if not known and ("." in key or written):
        text.ledger.claim("value", tokens, Value("", value, key=key))


def _as_word(text: Text, pair: _Pair) -> bool:
    """Read a key of the request itself: its policy, its job, a word of it (``skill=``)."""
    shown = pair.shown
    if pair.name in _POLICY and not isinstance(pair.value, dict):
        text.ledger.claim("policy", pair.tokens, Said(policy_word(shown), f"{pair.key}={shown}"))
    elif pair.name in _JOBS and isinstance(shown, str):
        text.ledger.claim("job", pair.tokens, shown)
    elif pair.name in _WORDS and isinstance(shown, str | list):
        for word in [shown] if isinstance(shown, str) else shown:
            text.ledger.claim("words", pair.tokens, str(word))
    else:
        return False
    return True


def _as_place(text: Text, pair: _Pair, own: frozenset[str]) -> bool:
    """Read a key that says what a place is for."""
    if str(pair.shown).lstrip().startswith("{"):
        return False  # settings of a section: "train={num_epochs: 20}"
    role = pair.name if pair.name in own else _role(text, pair.name, pair.shown)
    if role and isinstance(pair.shown, str) and pair.shown.lower() in _NO_PLACES:
        text.ledger.claim("unread", pair.tokens)  # "weights=default"
        return True
    if role and (pair.is_place or pair.name not in ("test", "text")):
        tokens = pair.tokens
        for uri in pair.shown if isinstance(pair.shown, list) else [pair.shown]:
            made = text.ledger.claim("place", tokens, Place(clean_uri(str(uri)), role))
            tokens = list(made.tokens)
        return True
    if pair.is_place and text.lexicon.has(pair.name, "places.data.nouns"):
        text.ledger.claim("place", pair.tokens, Place(clean_uri(str(pair.shown)), None))
        return True
    return False


_NO_PLACES = word_list("pairs.no_places")
"""Values that name no place, and what they choose only the person can say."""


def _role(text: Text, name: str, value: object) -> str | None:
    for role in (*SOURCES, "results", "weights") if isinstance(value, str | list) else ():
        section = f"places.roles.{role}.flags" if role in SOURCES else f"places.{role}.flags"
        if text.lexicon.has(name, section) or name == role:
            return role
    return None


def _as_slot(text: Text, pair: _Pair) -> bool:
    """Read a key that means a platform or a slot; what the slot cannot have stays, to be asked about."""
    if text.lexicon.has(pair.name, "places.platform.flags") and isinstance(pair.shown, str):
        if (platform := pair.shown.lower()) in slot("platform").choices:
            text.ledger.claim("platform", pair.tokens, platform)
        return True
    name = _slot_of(text, pair.name)
    if name is None:
        return False
    fits = _is_of_kind(slot(name), pair.value)
    if fits:
        _take_slot(text, pair, slot(name))
    return fits or name != "format"  # other things have formats too: "format=onnx"


def _slot_of(text: Text, name: str) -> str | None:
    """Return the slot that a key or an option means."""
    name = name.lower()
    for each in SLOTS:
        own = (each.name, each.option.removeprefix("--"))
        if name in own or text.lexicon.has(name, f"slots.{each.name}.flags"):
            return each.name
    return None


def _is_of_kind(each: Slot, value: object) -> bool:
    """Whether a slot can have a value; what it cannot have is asked about ("gpus=all")."""
    number = number_in(value)
    if each.kind is Kind.COUNT:
        return number is not None and float(number).is_integer() and number >= (each.minimum or 0)
    if each.kind is Kind.NUMBER:
        return number is not None
    if each.kind is Kind.CHOICE:
        spelled = {word for word, _ in each.spellings} if each.name == "format" else set()
        return isinstance(value, str) and value.lower().replace(" ", "_") in {*each.choices, *spelled}
    if each.kind is Kind.COUNTS:
        return isinstance(value, int) or (isinstance(value, list) and all(isinstance(v, int) for v in value))
    return True


def _take_slot(text: Text, pair: _Pair, each: Slot) -> None:
    """Account for a pair as the value of a slot."""
    tokens, value, end = pair.tokens, pair.value, max(pair.tokens) + 1
    of_request = each.kind in (Kind.TEXT, Kind.PLACE, Kind.JOB) or each.name in ("on_broken", "format")
    if each.kind is Kind.PLACE and isinstance(pair.shown, bool):
        text.ledger.claim("unread", tokens)  # "pretrained: true"
    elif each.fills is Fills.FIELD and of_request:
        shown = value_of(each, value) if each.name == "format" else str(pair.shown)
        text.ledger.claim("field", tokens, (each.name, shown))
    elif each.kind is Kind.TEXTS and isinstance(value, int | float):
        head = text.tokens[tokens[0]]  # "number of classes = 4" counts them
        named = head.value[0] if head.kind == "pair" else head.text
        text.ledger.claim("value", tokens, Value("", value, key=named))
    elif each.kind is Kind.TEXTS:
        used, more = goes_on(text, end)
        text.ledger.claim("captions", [*tokens, *used], [*_texts_of(text, pair), *more])
    elif each.kind is Kind.COUNTS and isinstance(value, int):
        ids, at = [value], end
        while (further := text.match("', @number", at)) is not None:  # gpu_ids=0,1
            ids.append(text.tokens[at + 1].value)
            at = further.end
        text.ledger.claim("value", [*tokens, *range(end, at)], Value(each.name, ids))
    else:
        text.ledger.claim("value", tokens, Value(each.name, value))


def _texts_of(text: Text, pair: _Pair) -> list[str]:
    """Return the texts of a pair: a list, or one text divided as descriptions are."""
    if isinstance(pair.value, list):
        return list(map(str, pair.value))
    plain = isinstance(pair.said, str) and pair.said[:1] not in ("", '"', "'")
    quoted = not plain or any(text.kind(i) == "quote" for i in pair.tokens)
    return listed(str(pair.shown), quoted=quoted)


def _without_container(text: Text, key: str) -> str:
    """Return a key without the mappings around it that only hold settings or data (``overrides.seed``)."""
    head, _, rest = key.partition(".")
    if rest and head.lower() in _CONTAINERS:
        return _without_container(text, rest)
    of_data = head.lower() in ("data", "datasets", "dataset") and "." not in rest
    return rest if of_data and _role(text, rest.lower(), "") else key


def _plain(text: str) -> object:
    """Read a value as YAML does, and as text where it is none."""
    try:
        return parse_said(text, "value") if text else ""
    except (SkillFormatError, ValueError):
        return text
