"""What is written as ``key=value``, as a member of YAML or JSON, or as an option of a command line."""

from __future__ import annotations

from typing import Any

from skillbank.bank.documents import parse_said
from skillbank.errors import SkillFormatError
from skillbank.plan.reader.captions import goes_on, listed
from skillbank.plan.reader.hardware import ids_at
from skillbank.plan.reader.judging import Said
from skillbank.plan.reader.lexicon import word_list
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.own_actions import own_sources
from skillbank.plan.reader.place import SOURCES, Place
from skillbank.plan.reader.value import Value, set_before
from skillbank.plan.request import clean_uri, policy_word
from skillbank.plan.slot_values import value_of
from skillbank.plan.slots import SLOTS, Fills, Kind, Slot, slot

__all__ = ["take_announcements", "take_pairs"]

_POLICY = frozenset(["automl", "automl_policy", "hpo", "automl-policy", "policy"])
_LEADING = frozenset([":", "\n", "are", "is", "=", "as", "follows", "below", "like"])
"""What stands between "these settings" and the settings."""
_JOBS = frozenset(["parent", "job", "parent_job", "from_job", "parent-job"])
_WORDS = word_list("pairs.words")


def take_pairs(text: Text) -> None:
    """Account for pairs and options; what nothing is known of stays, for the spec's own words."""
    own = own_sources(text)
    for i, token in enumerate(text.tokens):
        if token.kind == "pair" and text.ledger.free(i):
            before = text.tokens[i - 1] if i else token
            longer = f"{before.text} {token.value[0].lower()}"
            sections = {r: f"places.roles.{r}.before" for r in SOURCES} | {"results": "places.results.before"}
            role = next((r for r, section in sections.items() if text.lexicon.has(longer, section)), None)
            if role and before.kind == "word":
                uri = clean_uri(token.value[1].strip("\"' "))
                text.ledger.claim("place", [i - 1, i], Place(uri, role, test=before.text == "test"))
            else:
                _pair(text, [i], token.value[0], token.value[1], own, written=True)
    for i, token in enumerate(text.tokens):
        if token.kind == "flag" and text.ledger.free(i):
            _flag(text, i, own)
    for i in [k for k, token in enumerate(text.tokens) if token.kind == "word" and token.text in own]:
        match = text.match("slots.around.link|group.prep* v=@place", i + 1)
        if match is not None:
            place = clean_uri(text.tokens[match.tokens("v")[0]].value)
            text.ledger.claim("place", [i, *match.tokens()], Place(place, text.tokens[i].text))
    for match in text.find("k=@key slots.around.link* v=@number|@quote|@place|@key|'on|'off|'none|~word"):
        [k], [v] = match.tokens("k"), match.tokens("v")
        if all(map(text.ledger.free, match.tokens())):
            said = text.tokens[v]
            value = said.value if said.value is not None else _plain(text.ledger.said([v]))
            tokens = [*set_before(text, match.first), *match.tokens()]
            text.ledger.claim("value", tokens, Value("", value, key=text.tokens[k].value))


def take_announcements(text: Text) -> None:
    """Account for "with these settings:" before values, and for the defaults, which hold anyway."""
    for match in text.find("group.det|'following|'own|'some* slots.around.announce"):
        at = match.end
        while at < len(text.tokens) and text.tokens[at].text in _LEADING:
            at += 1
        owner = text.ledger.owner.get(at)
        if owner is not None and owner.kind in ("value", "policy", "place", "words", "field"):
            text.ledger.claim("context", match.tokens())
    for match in text.find("slots.around.enough"):
        owner = text.ledger.owner.get(match.first - 1)
        if owner is not None and owner.kind in ("action", "policy", "talk", "value", "find"):
            text.ledger.claim("context", match.tokens())
    nouns = "|".join(f"slots.{s.name}.nouns" for s in SLOTS)
    for match in text.find(f"'at|'with|'use|'using|'keep|group.det* 'default {nouns}"):
        text.ledger.claim("context", match.tokens())
    lead = "slots.around.set|'use|'with|'keep|'keeping|'leave|'at|'on|'all|group.det*"
    for match in text.find(f"{lead} slots.around.defaults"):
        text.ledger.claim("context", match.tokens())


def _flag(text: Text, i: int, own: frozenset[str]) -> None:
    """Read an option and the one token behind it; ``--set`` and ``--data`` only lead to a pair."""
    name = text.tokens[i].text
    if name in ("set", "data") and i + 1 < len(text.tokens) and not text.ledger.free(i + 1):
        text.ledger.claim("courtesy", [i])
        return
    at = i + 1
    while at < len(text.tokens) and text.tokens[at].kind == "mark" and text.tokens[at].text in (":", "="):
        at += 1
    if at < len(text.tokens) and text.tokens[at].kind == "name":
        text.ledger.claim("courtesy", [i])
        return
    if at >= len(text.tokens) or not text.ledger.free(at):
        return
    token = text.tokens[at]
    whole = token.kind in ("number", "place", "job", "quote", "key")
    value = token.value if whole else text.ledger.said([at])
    if token.kind == "number" and len(ids := ids_at(text, at)) > 1 and slot_of_flag(text, name) == "gpu_ids":
        value = ids
    if name.lower().replace("-", "_") in _WORDS:
        text.ledger.claim("courtesy", [i])  # its value is a word of the request itself
        return
    _pair(text, [i, at], name, value, own, written=False)


def slot_of_flag(text: Text, name: str) -> str | None:
    """Return the slot that a key or an option means."""
    spelled = name.lower()
    for each in SLOTS:
        if spelled in (each.name, each.option.removeprefix("--")) or text.lexicon.has(
            spelled, f"slots.{each.name}.flags"
        ):
            return each.name
    return None


def _pair(text: Text, tokens: list[int], key: str, said: Any, own: frozenset[str], *, written: bool) -> None:
    ledger, key = text.ledger, _without_container(text, key.strip("\"'"))
    name = key.lower()
    value = _plain(said.strip()) if isinstance(said, str) and written else said
    shown = said.strip("\"' ") if isinstance(said, str) else said
    place = isinstance(shown, str) and ("/" in shown or "\\" in shown or shown.startswith((".", "~")))
    if name in _POLICY and not isinstance(value, dict):
        ledger.claim("policy", tokens, Said(policy_word(shown), f"{key}={shown}"))
    elif name in _JOBS and isinstance(shown, str):
        ledger.claim("job", tokens, shown)
    elif name in _WORDS and isinstance(shown, str | list):
        for word in [shown] if isinstance(shown, str) else shown:
            ledger.claim("words", tokens, str(word))
    elif (role := name if name in own else _role(text, name, shown)) and (
        place or name not in ("test", "text")
    ):
        for uri in shown if isinstance(shown, list) else [shown]:
            made = ledger.claim("place", tokens, Place(clean_uri(str(uri)), role))
            tokens = list(made.tokens)
    elif place and text.lexicon.has(name, "places.data.nouns"):
        ledger.claim("place", tokens, Place(clean_uri(str(shown)), None))
    elif text.lexicon.has(name, "places.platform.flags") and isinstance(shown, str):
        if shown.lower() in slot("platform").choices:
            ledger.claim("platform", tokens, shown.lower())
    elif (found := slot_of_flag(text, name)) is not None and (
        found != "format" or _is_of_kind(slot(found), value)  # other things have formats too: "format=onnx"
    ):
        if _is_of_kind(slot(found), value):
            _slot(text, tokens, found, said, value, shown)
    elif "." in key or written:
        ledger.claim("value", tokens, Value("", value, key=key))


def _is_of_kind(each: Slot, value: Any) -> bool:
    """Whether a slot can have a value; what it cannot have is asked about ("gpus=all")."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if each.kind is Kind.COUNT:
        return number and float(value).is_integer() and value >= (each.minimum or 0)
    if each.kind is Kind.NUMBER:
        return number
    if each.kind is Kind.CHOICE:
        spelled = {word for word, _ in each.spellings} if each.name == "format" else set()
        return isinstance(value, str) and value.lower().replace(" ", "_") in {*each.choices, *spelled}
    if each.kind is Kind.COUNTS:
        return isinstance(value, int) or (isinstance(value, list) and all(isinstance(v, int) for v in value))
    return True


_CONTAINERS = word_list("pairs.containers")


def _without_container(text: Text, key: str) -> str:
    """Return a key without the mappings around it that only hold settings or data (``overrides.seed``)."""
    head, _, rest = key.partition(".")
    if rest and head.lower() in _CONTAINERS:
        return _without_container(text, rest)
    of_data = head.lower() in ("data", "datasets", "dataset") and "." not in rest
    return rest if of_data and _role(text, rest.lower(), "") else key


def _slot(text: Text, tokens: list[int], name: str, said: Any, value: Any, shown: Any) -> None:
    each = slot(name)
    if each.fills is Fills.FIELD and (
        each.kind in (Kind.TEXT, Kind.PLACE, Kind.JOB) or name in ("on_broken", "format")
    ):
        text.ledger.claim("field", tokens, (name, value_of(each, value) if name == "format" else str(shown)))
    elif each.kind is Kind.TEXTS and isinstance(value, int | float):
        head = text.tokens[tokens[0]]  # "number of classes = 4" counts them
        named = head.value[0] if head.kind == "pair" else head.text
        text.ledger.claim("value", tokens, Value("", value, key=named))
    elif each.kind is Kind.TEXTS:
        quoted = (
            not isinstance(said, str)
            or said[:1] in "\"'"
            or any(text.tokens[i].kind == "quote" for i in tokens)
        )
        items = list(map(str, value)) if isinstance(value, list) else listed(str(shown), quoted=quoted)
        used, more = goes_on(text, max(tokens) + 1)
        text.ledger.claim("captions", [*tokens, *used], [*items, *more])
    elif each.kind is Kind.COUNTS and isinstance(value, int):
        ids, at = [value], max(tokens) + 1
        while (further := text.match("', @number", at)) is not None:  # gpu_ids=0,1
            ids.append(text.tokens[at + 1].value)
            at = further.end
        text.ledger.claim("value", [*tokens, *range(max(tokens) + 1, at)], Value(name, ids))
    else:
        text.ledger.claim("value", tokens, Value(name, value))


def _role(text: Text, name: str, value: Any) -> str | None:
    if not isinstance(value, str | list):
        return None
    for role in (*SOURCES, "results", "weights"):
        section = f"places.roles.{role}.flags" if role in SOURCES else f"places.{role}.flags"
        if text.lexicon.has(name, section) or name == role:
            return role
    return None


def _plain(text: str) -> Any:
    """Read a value as YAML does, and as text where it is none."""
    try:
        return parse_said(text, "value") if text else ""
    except (SkillFormatError, ValueError):
        return text
