"""Values said in the words of a spec: keys are known by the words of their names and by what they allow."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from skillbank.bank.actions import Action
from skillbank.bank.skill import Skill
from skillbank.errors import ConflictError
from skillbank.plan.paths import parse_path
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.values import Value, denied_before, set_before
from skillbank.plan.slot_keys import foreign_sections, slot_of
from skillbank.plan.slots import SLOTS, slot

__all__ = ["Keys", "keys_of", "name_at", "name_before", "take_named_choices", "take_spec_words"]

_SLOT_NAMES = frozenset(s.name for s in SLOTS)


@lru_cache(maxsize=256)
def keys_of(skill: Skill, action: str) -> Keys:
    """Return the spec keys of an action's variants, made once."""
    return Keys(skill, [a for a in skill.actions if a.name == action])


class Keys:
    """Spec keys of some actions by the words of their names ("weight decay 0.05", "resnet_50 backbone")."""

    def __init__(self, skill: Skill, actions: Sequence[Action]) -> None:
        self.leaves: dict[str, set[str]] = {}
        self.kinds: dict[str, str] = {}
        self.enums: dict[str, dict[str, str]] = {}
        """By the letters and digits of a value that a key lists: the keys, and how each spells it."""
        self.limits: dict[str, float] = {}
        """The most that a number may be."""
        self.megabytes: set[str] = set()
        for action in actions:
            others = foreign_sections(skill, action)
            schema = skill.schema(action)
            for shorthand, key in action.shorthands.items():
                if key.partition(".")[0] not in others:
                    self.leaves.setdefault(shorthand.lower(), set()).add(key)
            for key in schema.keys:
                node = schema.find(parse_path(key))[0]
                head, _, leaf = key.rpartition(".")
                if node is None or node.children or key.partition(".")[0] in others:
                    continue
                self.kinds[key] = node.kind
                most = node.words.get("maximum")
                if isinstance(most, int | float):
                    self.limits[key] = most
                if "megabyte" in leaf or re.search(r"\bMB\b", str(node.words.get("description"))):
                    self.megabytes.add(key)
                if leaf.lower() in ("enable", "enabled"):
                    leaf = head.rpartition(".")[2]
                self.leaves.setdefault(leaf.lower(), set()).add(key)
                for choice in node.words.get("enum") or ():
                    if isinstance(choice, str) and len(choice) > 2:
                        self.enums.setdefault(_letters(choice), {})[key] = choice

        self._parts = {leaf: _canonical(leaf.split("_")) for leaf in self.leaves}
        self._with: dict[str, list[str]] = {}
        for leaf, parts in self._parts.items():
            for word in parts:
                self._with.setdefault(word, []).append(leaf)
        self.words = frozenset(w for leaf in self.leaves for w in leaf.split("_") if len(w) > 2) - _COMMON
        """The words of the keys' last names that say something by themselves."""
        self.listed = frozenset(v for owners in self.enums.values() for v in owners.values() if v.isalpha())
        """The plain words that keys list as their values, such as "instance" of a mode."""

    def spelled(self, name: str) -> str | None:
        """Return the one key whose last name is spelled like this."""
        found = self.leaves.get(name.lower().replace("-", "_"), set())
        return next(iter(found)) if len(found) == 1 else None

    def extends(self, names: Sequence[str], word: str) -> bool:
        """Whether a word and one of these names are the name of another key: "backbone" and "lr"."""
        word = _ABBREVIATIONS.get(word, word)
        longer = [{word, *said} for name in names if word and word not in (said := _canonical(name.split("_")))]
        return any(self._parts[leaf] in longer for leaf in self._with.get(word, ()))

    def named(self, spoken: Sequence[str], kinds: Sequence[str], *, whole: bool = False) -> str | None:
        """Return the one key of these kinds whose last name these words say: all of it, or what tells it apart."""
        if not all(map(self._may_name, spoken)):
            return None
        said = _canonical(spoken)
        if "num" in said and not any(
            "num" in self._parts[leaf] and said & self._parts[leaf] - {"num"}
            for leaf in self._with.get("num", ())
        ):
            said -= {"num"}  # "num workers" of a key that is only named workers
        leaves = (
            [leaf for leaf in self._with.get(next(iter(said)), ()) if said <= self._parts[leaf]]
            if said
            else []
        )
        for most in self._missing(said, kinds, whole=whole):
            found = [
                leaf
                for leaf in leaves
                if (
                    self._parts[leaf] == said
                    if not most
                    else said < self._parts[leaf] and self._parts[leaf] - said <= most
                )
            ]
            keys = {
                k for leaf in found for k in self.leaves[leaf] if self.kinds.get(k, "any") in (*kinds, "any")
            }
            if len(keys) > 1:
                short = min(len(self._parts[leaf]) for leaf in found)
                keys = {
                    k
                    for leaf in found
                    if len(self._parts[leaf]) == short
                    for k in self.leaves[leaf]
                    if self.kinds.get(k, "any") in (*kinds, "any")
                }
            if len(keys) == 1:
                return next(iter(keys))
        return None

    def _may_name(self, word: str) -> bool:
        return word in self._with or word in _ABBREVIATIONS or word in _IN_PHRASES

    def _missing(self, said: frozenset[str], kinds: Sequence[str], *, whole: bool) -> list[frozenset[str]]:
        """Return which parts of a name may be left out: none, and then those that say little."""
        if whole:
            return [frozenset(), _FILLERS]
        return [frozenset()] if "array" in kinds or not said - _COMMON else [frozenset(), _COMMON | _FILLERS]


_COMMON = frozenset(
    """num max min size type name path dir file id data img image model device mode format enable group tags project layers
    results gpu threads loss input output version use using with without line step steps part interval period time times
    level value count is rate weight random train val test""".split()
)
"""Parts of names that tell nothing apart by themselves."""
_FILLERS = frozenset(["num", "size", "ratio", "prob", "coef", "max", "norm"])
"""Parts of names that people leave out."""
_ABBREVIATIONS = {
    "number": "num", **dict.fromkeys(("maximum", "maximal", "largest", "biggest"), "max"),
    **dict.fromkeys(("minimum", "minimal", "smallest"), "min"),
    "length": "len", **dict.fromkeys(("optimal", "optimum", "typical"), "opt"), "evaluation": "eval",
    **dict.fromkeys(("confidence", "score"), "conf"), **dict.fromkeys(("gradient", "gradients"), "grad"),
    "clipping": "clip", "encoder": "enc", "decoder": "dec", "normalization": "norm",
    **dict.fromkeys(("the", "a", "an", "of", "for", "to", "loader", "dataloader", "loading"), ""), "dimension": "dim",
    "probability": "prob", "worker": "workers", "query": "queries", "flipping": "flip", "optimiser": "optimizer",
    "learning": "lr", **dict.fromkeys(("milestones", "drops", "drop"), "steps"), "sizes": "size", "checkpointing": "checkpoint",
    "image": "img", "images": "img", "picture": "img", "pictures": "img", "threshold": "thresh",
}  # fmt: skip
_PHRASES = {
    ("wd",): ("weight", "decay"),
    ("learning", "rate"): ("lr",),
    ("data", "loader"): (),
    ("data", "loading"): (),
    ("l", "r"): ("lr",),
}
_IN_PHRASES = frozenset(w for phrase in _PHRASES for w in phrase)
_NUMERIC = ("number", "integer")
_LINK = "slots.around.link|'of|'="


def _canonical(spoken: Sequence[str]) -> frozenset[str]:
    """Return spoken words as the names of keys have them."""
    words = list(spoken)
    for said, meant in _PHRASES.items():
        for i in range(len(words) - len(said) + 1):
            if tuple(words[i : i + len(said)]) == said:
                words[i : i + len(said)] = meant
    return frozenset({_ABBREVIATIONS.get(w, w) for w in words} - {""})


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.lower())


def take_spec_words(text: Text, keys: Keys) -> None:
    """Account for what is said in the words of a spec."""
    _pairs(text, keys)
    _flags(text, keys)
    for i, token in enumerate(text.tokens):
        if not text.ledger.free(i):
            continue
        if token.kind in ("number", "percent"):
            _list(text, i, keys) or _number(text, i, keys) or _pixels(text, i, keys) or _ellipsis(text, i, keys)
        elif token.kind == "range":
            _bounds(text, i, keys)
    _choices(text, keys)
    _switches(text, keys)
    _snake(text, keys)
    _texts(text, keys)
    _places(text, keys)


def _places(text: Text, keys: Keys) -> None:
    """Read a place that the words before it give to a key: "timing cache at /cache/trt.bin"."""
    for claim in text.ledger.of("place"):
        if claim.value.role is not None or len(claim.tokens) > 1 or text.tokens[claim.first - 1].text in (",", ";", "."):
            continue
        if (found := name_before(text, claim.first, keys, ("string",))) is not None:
            tokens, key = found
            text.ledger.withdraw(claim)
            text.ledger.claim("value", [*tokens, *claim.tokens], Value("", claim.value.uri, key=key))


def take_named_choices(text: Text, all_keys: Sequence[Keys]) -> None:
    """Account for "prediction Attn": a value with its key's name before it, though the name is a word of requests."""
    for i in range(1, len(text.tokens)):
        name, token = text.tokens[i - 1].text, text.tokens[i]
        if token.kind != "word" or not text.ledger.free(i) or not text.ledger.free(i - 1):
            continue
        owners = {k: v for keys in all_keys for k, v in keys.enums.get(_letters(token.text), {}).items()}
        named = [key for key in owners if key.rpartition(".")[2] == name]
        if len(named) == 1 and not any(text.within(k, "grammar.operator.not") for k in range(max(0, i - 4), i)):
            _claim(text, [i - 1, i], owners[named[0]], named[0])


def name_before(text: Text, i: int, keys: Keys, kinds: Sequence[str] = _NUMERIC) -> tuple[list[int], str] | None:
    """Return the tokens that name a key right before a token, and the key; the longest name counts."""
    words, links = _words_before(text, i)
    for first in range(len(words)):
        key = keys.named([text.tokens[k].text for k in words[first:]], kinds)
        if key is not None:
            return [*words[first:], *links], key
    return None


def name_at(
    text: Text, i: int, keys: Keys, kinds: Sequence[str] = _NUMERIC, most: int = 5, *, whole: bool = False
) -> tuple[list[int], str] | None:
    """Return the tokens that name a key from a token on, and the key; the longest name counts."""
    after: list[int] = []
    k = i
    while (
        k < len(text.tokens)
        and len(after) < most
        and text.ledger.free(k)
        and text.tokens[k].kind == "word"
        and text.tokens[k].text not in _BREAKS
    ):
        after.append(k)
        k += 1
    for end in range(len(after), 0, -1):
        key = keys.named([text.tokens[k].text for k in after[:end]], kinds, whole=whole)
        if key is not None:
            return after[:end], key
    return None


def _words_before(text: Text, i: int) -> tuple[list[int], list[int]]:
    """Return the words before a token that may name it, and those that only link."""
    links: list[int] = []
    k = i - 1
    while (
        k >= 0
        and text.ledger.free(k)
        and text.tokens[k].kind in ("word", "mark")
        and text.within(k, "slots.around.link")
        and text.tokens[k].text not in _NAMING
    ):
        links.append(k)
        k -= 1
    words: list[int] = []
    while (
        k >= 0
        and len(words) < 6
        and text.ledger.free(k)
        and text.tokens[k].kind == "word"
        and (text.tokens[k].text not in _BREAKS)
    ):
        words.append(k)
        k -= 1
    return words[::-1], links[::-1]


_NAMING = frozenset(["max", "maximum", "value"])
_BREAKS = frozenset(
    [
        "with",
        "and",
        "for",
        "use",
        "using",
        "on",
        "at",
        "in",
        "set",
        "have",
        "want",
        "but",
        "then",
        "to",
        "by",
        "from",
        "or",
    ]
)


def _claim(text: Text, tokens: Sequence[int], value: Any, key: str) -> bool:
    """Claim a value with a verb that sets it before it, and its unit and "is enough" behind it."""
    first = min(tokens)
    if first and text.tokens[first - 1].text in ("max", "maximum", "maximal") and text.ledger.free(first - 1):
        tokens = [first - 1, *tokens]  # "a max workspace of 4 GB"
    more = set_before(text, min(tokens))
    enough = text.match("slots.around.enough", max(tokens) + 1)
    text.ledger.claim(
        "value", [*more, *tokens, *(enough.tokens() if enough else ())], Value("", value, key=key)
    )
    return True


def _number(text: Text, i: int, keys: Keys) -> bool:
    """Read "weight decay 0.05", "900 queries", "a workspace of 4096 MB"."""
    found = name_before(text, i, keys) or name_at(text, i + 1, keys)
    if found is None:
        return False
    tokens, key = found
    if _is_of_a_slot(key):
        return False  # what stands with it was no value of the slot
    value, unit = text.tokens[i].value, []
    if text.tokens[i].kind == "percent":
        limits = keys.limits.get(key)
        if limits is None or limits > 1:
            return False
        value /= 100
    match = text.match("'mb|'mib|'megabytes|'megabyte|'gb|'gib|'gigabytes", i + 1)
    if match is not None:
        if key not in keys.megabytes:
            return False
        unit = match.tokens()
        value *= 1024 if text.tokens[i + 1].text.startswith("g") else 1
    return _claim(text, [*tokens, i, *unit], value, key)


def _pixels(text: Text, i: int, keys: Keys) -> bool:
    """Read "512 px images", "640 pixels wide": the size of an image, or one side of it."""
    if i and text.tokens[i - 1].text == "of":
        return False  # "crops of 1024 pixels": of something else than the image
    match = text.match("'px|'pixel|'pixels side='wide|'high|'tall|'width|'height|'images|'image|'pictures?", i + 1)
    if match is None:
        return False
    side = next((_SIDES.get(text.tokens[k].text) for k in match.tokens("side")), None)
    key = keys.named(["input", side] if side else ["image", "size"], _NUMERIC)
    return key is not None and _claim(text, [i, *match.tokens()], text.tokens[i].value, key)


_SIDES = {"wide": "width", "width": "width", "high": "height", "tall": "height", "height": "height"}
def _is_of_a_slot(key: str) -> bool:
    leaf = key.rpartition(".")[2].removeprefix("num_")
    return slot_of(leaf) is not None or leaf in _SLOT_NAMES


def _list(text: Text, i: int, keys: Keys) -> bool:
    """Read "lr steps 9 and 13" for a key that holds a list."""
    at = i - 1
    while at > 0 and text.tokens[at].text in ("at", "epochs", "epoch", "after", "in"):
        at -= 1
    found = name_before(text, at + 1, keys, ("array",))
    if found is None:
        return False
    numbers, k = [i], i + 1
    while (match := text.match("',|'and|'&* @number", k)) is not None:
        numbers.append(match.end - 1)
        k = match.end
    return _claim(text, [*found[0], *range(at + 1, k)], [text.tokens[n].value for n in numbers], found[1])


def _ellipsis(text: Text, i: int, keys: Keys) -> bool:
    """Read "lr 1e-4, 1e-5 for the backbone": the number is of the same kind, of something else."""
    match = text.match("'for|'in|'of group.det?", i + 1)
    before = [c for c in text.ledger.of("value") if c.last < i and i - c.last < 6]
    if match is None or not before or match.end >= len(text.tokens) or text.tokens[match.end].kind != "word":
        return False
    last = before[-1].value
    names = slot(last.slot).names if last.slot in _SLOT_NAMES else (last.key.rpartition(".")[2],)
    what = match.end
    for name in names:
        key = keys.named([*name.split("_"), text.tokens[what].text], _NUMERIC)
        if key is not None:
            return _claim(text, [i, *match.tokens(), what], text.tokens[i].value, key)
    return False


def _bounds(text: Text, i: int, keys: Keys) -> bool:
    """Read "batch sizes from 1 to 16, tuned for 8" where a spec has a least, a largest and a usual one."""
    words, links = _words_before(text, i)
    for first in range(len(words)):
        said = [text.tokens[k].text for k in words[first:]]
        low, high = (keys.named([which, *said], _NUMERIC, whole=True) for which in ("min", "max"))
        if low is None or high is None:
            continue
        least, most = text.tokens[i].value
        text.ledger.claim("value", words[first:], Value("", least, key=low))
        text.ledger.claim("value", [*links, i], Value("", most, key=high))
        usual = text.match(
            "',? 'tuned|'optimized|'optimised|'optimal|'best|'ideally|'opt|'typically|'usually|'mostly 'for|'at|'is|'of? n=@number",
            i + 1,
        )
        key = keys.named(["opt", *said], _NUMERIC, whole=True)
        if usual is not None and key is not None:
            text.ledger.claim(
                "value", usual.tokens(), Value("", text.tokens[usual.tokens("n")[0]].value, key=key)
            )
        return True
    return False


def _pairs(text: Text, keys: Keys) -> None:
    """Read "max text length = 128", where only the last word stands before the sign, and "opset=13"."""
    for i, token in enumerate(text.tokens):
        if token.kind != "pair":
            continue
        owner = text.ledger.owner.get(i)
        if (
            owner is None
            or owner.kind != "value"
            or "." in token.value[0]
            or isinstance(owner.value.value, str | list | dict)
        ):
            continue
        words = [k for k in _words_before(text, i)[0]]
        spoken = re.split(r"[-_\s]", token.value[0].lower())
        for first in range(len(words) + 1):
            said = [*(text.tokens[k].text for k in words[first:]), *spoken]
            key = keys.named(said, _NUMERIC)
            longer = first < len(words)
            if (
                longer
                and owner.value.slot
                and not (key and keys.extends(slot(owner.value.slot).names, said[0]))
            ):
                phrase, section = " ".join(said), f"slots.{owner.value.slot}"
                if text.lexicon.has(phrase, f"{section}.before") or text.lexicon.has(
                    phrase, f"{section}.nouns"
                ):
                    text.ledger.claim("context", words[first:])
                    break
                continue
            known = owner.value.slot or keys.spelled(token.value[0]) is not None
            if key is not None and (longer or not known):
                text.ledger.withdraw(owner)
                text.ledger.claim("value", [*words[first:], i], replace(owner.value, slot="", key=key))
                break


def _flags(text: Text, keys: Keys) -> None:
    """Read "--wd=0.01" and "--warmup-steps 500": options that are named as a key of the spec is."""
    for i, token in enumerate(text.tokens):
        if token.kind != "flag" or not text.ledger.free(i):
            continue
        match = text.match("'=|':? v=@number", i + 1)
        key = keys.named(re.split(r"[-_.]", token.text), _NUMERIC, whole=True)
        if match is not None and key is not None and not _is_of_a_slot(key):
            [v] = match.tokens("v")
            text.ledger.claim("value", [i, *match.tokens()], Value("", text.tokens[v].value, key=key))


def _texts(text: Text, keys: Keys) -> None:
    """Read "project kelp-watch" where the section of the key is spoken of: "wandb"."""
    spoken = {t.text for t in text.tokens if t.kind == "word"}
    for i, token in enumerate(text.tokens):
        if token.kind != "word" or not text.ledger.free(i):
            continue
        mine = [
            k
            for k in keys.leaves.get(token.text, ())
            if keys.kinds.get(k) == "string" and k.split(".")[0] in spoken
        ]
        if len(mine) != 1:
            continue
        match = text.match("'is|'=|':|'name|'called|'named* v=@quote|~word", i + 1)
        if match is None:
            continue
        [v] = match.tokens("v")
        value, end = text.tokens[v].value, v + 1
        if value is None:
            whole = re.match(r"[\w.-]*\w", text.ledger.original[text.tokens[v].start :])
            value = whole[0] if whole else text.tokens[v].text
            while end < len(text.tokens) and text.tokens[end].end <= text.tokens[v].start + len(value):
                end += 1
        section = [
            k
            for k in range(max(0, i - 1), i)
            if text.tokens[k].text == mine[0].split(".")[0] and text.ledger.free(k)
        ]
        text.ledger.claim("value", [*section, *range(i, end)], Value("", value, key=mine[0]))


_OPTIMIZERS = frozenset(
    [
        "adam",
        "lion",
        "rmsprop",
        "adagrad",
        "adadelta",
        "adafactor",
        "lamb",
        "lars",
        "muon",
        "sophia",
        "nadam",
        "radam",
        "adam8bit",
    ]
)


def _choices(text: Text, keys: Keys) -> None:
    """A word that only one key allows ("resnet_50", "fsdp") sets it, with the key's own name beside it."""
    for i in range(len(text.tokens)):
        for size in (3, 2, 1):
            part = range(i, i + size)
            if part.stop > len(text.tokens) or not all(
                text.ledger.free(k) and text.tokens[k].kind in ("word", "number", "key") for k in part
            ):
                continue
            owners = keys.enums.get(_letters(text.ledger.said(part)), {})
            if owners and _choice(text, list(part), owners):
                break
    _refuse_unknown(text, keys)


def _choice(text: Text, part: list[int], owners: dict[str, str]) -> bool:
    said = text.ledger.said(part).lower()
    telling = bool(re.search(r"[\d_-]", said)) or said in (
        "adamw",
        "sgd",
        "fsdp",
        "ddp",
        "multistep",
        "steplr",
        "torchao",
    )
    for key, spelled in owners.items():
        leaf = {*key.rpartition(".")[2].lower().split("_"), key.rpartition(".")[2]}
        named = leaf | {"optimizer", "strategy", "scheduler", "backbone"} if len(owners) == 1 else leaf
        before, links = _words_before(text, part[0])
        beside = [k for k in before[-3:] if text.tokens[k].text in leaf]
        end = part[-1] + 1
        while end < len(text.tokens) and text.ledger.free(end) and text.tokens[end].text in named:
            end += 1
        if (
            (match := text.match("'as|'for|'is group.det*", end)) is not None
            and match.end < len(text.tokens)
            and text.tokens[match.end].text in named
        ):
            end = match.end + 1
        if not ((telling and len(owners) == 1) or beside or end > part[-1] + 1):
            continue
        tokens = [*beside, *(links if beside else ()), *range(part[0], end)]
        tokens = [*_described(text, min(tokens), {*leaf, *re.split(r"\W|_", spelled.lower())}), *tokens]
        denied = denied_before(text, min(tokens))
        tokens = [*(denied or set_before(text, min(tokens))), *tokens]
        text.ledger.claim("value", tokens, Value("", spelled, key=key, negated=bool(denied)))
        return True
    return False


def _described(text: Text, first: int, parts: set[str]) -> list[int]:
    """Return the words right before a choice that only describe it: "a swin base backbone (swin_base_384_22k)"."""
    k = first - 1
    while (
        k >= 0 and text.ledger.free(k) and (text.tokens[k].text in parts or text.tokens[k].text in ("(", ":"))
    ):
        k -= 1
    found = list(range(k + 1, first))
    return found if any(text.tokens[i].kind == "word" for i in found) else []


def _refuse_unknown(text: Text, keys: Keys) -> None:
    """Refuse a value that a key with a closed list of values does not have ("the backbone vgg16").

    Raises
    ------
    ConflictError
        Naming the value and those that there are.
    """
    lists: dict[str, tuple[str, set[str]]] = {}
    for owners in keys.enums.values():
        for key, spelled in owners.items():
            lists.setdefault(key.rpartition(".")[2].lower(), (key, set()))[1].add(spelled)
    for i, token in enumerate(text.tokens):
        leaf = token.text
        if token.kind != "word" or leaf not in lists or not text.ledger.free(i):
            continue
        key, choices = lists[leaf]
        before = next(
            (
                k
                for k in range(i - 1, max(-1, i - 5), -1)
                if text.tokens[k].text not in ("as", "the", "a", "for")
            ),
            -1,
        )
        for k in (before, i + 1, i + 2):
            if 0 <= k < len(text.tokens) and text.ledger.free(k) and text.tokens[k].kind == "word":
                said = text.tokens[k].text
                code = re.fullmatch(r"[a-z]+[-_]?\d[\w.-]*|[a-z]+_\w+", said) or said in _OPTIMIZERS
                if code and (k != i + 2 or text.within(i + 1, "slots.around.link")):
                    raise ConflictError(
                        f"{key} cannot be '{said}'; it is one of {', '.join(sorted(choices))}."
                    )


_ON = "'on|'enabled|'true|'activated"
_OFF = "'off|'disabled|'false|'deactivated"


def _switches(text: Text, keys: Keys) -> None:
    """Read "no activation checkpointing", "enable wandb", "turn wandb on", "pin memory: off"."""
    for on, source in (
        (True, "operator.enable|'with group.det*"),
        (False, "operator.not group.det|free.light*"),
    ):
        for match in text.find(source):
            if (found := _switch_at(text, match.end, keys)) is not None:
                state = text.match(_ON if on else _OFF, found[0][-1] + 1)
                other = text.match(_OFF if on else _ON, found[0][-1] + 1)
                tokens = [*match.tokens(), *found[0], *(state.tokens() if state else ())]
                if other is None:
                    text.ledger.claim("value", tokens, Value("", on, key=found[1]))
    for i in range(len(text.tokens)):
        if text.tokens[i].kind != "word" or not text.ledger.free(i):
            continue
        if (found := _switch_at(text, i, keys)) is None:
            continue
        state = text.match(f"slots.around.link* v={_ON}|{_OFF}", found[0][-1] + 1)
        if state is not None:
            word = text.tokens[state.tokens("v")[0]].text
            verb = (
                [i - 1]
                if i and text.tokens[i - 1].text in ("turn", "switch", "turning", "switching")
                else set_before(text, i)
            )
            on = word in ("on", "enabled", "true", "activated")
            text.ledger.claim("value", [*verb, *found[0], *state.tokens()], Value("", on, key=found[1]))


def _switch_at(text: Text, i: int, keys: Keys) -> tuple[list[int], str] | None:
    """Return the words from a token on that name a key that is true or false, and the key."""
    found = name_at(text, i, keys, ("boolean",), most=4)
    if found is None or keys.kinds.get(found[1]) != "boolean":
        return None
    head, _, leaf = found[1].rpartition(".")
    name = head.rpartition(".")[2] if leaf in ("enable", "enabled") else leaf
    said = _canonical([text.tokens[k].text for k in found[0]])
    return found if said >= _canonical(name.split("_")) - {"enable", "enabled", "use"} else None


def _snake(text: Text, keys: Keys) -> None:
    """Read a key's last name as it is spelled, with its value behind: "max_labels to 80"."""
    for i, token in enumerate(text.tokens):
        if token.kind != "word" or "_" not in token.text or not text.ledger.free(i):
            continue
        key = keys.spelled(token.text)
        match = text.match("slots.around.link* v=@number|@quote|'true|'false|~word", i + 1)
        if key is not None and match is not None:
            [v] = match.tokens("v")
            said = text.tokens[v]
            value: Any = (
                said.value
                if said.value is not None
                else {"true": True, "false": False}.get(said.text, said.text)
            )
            text.ledger.claim("value", [i, *match.tokens()], Value("", value, key=key))
