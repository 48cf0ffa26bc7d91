"""Spec keys by the words of their names, and where such words stand before or behind a token."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from skillbank.bank.actions import Action
from skillbank.bank.schema import Node
from skillbank.bank.skill import Skill
from skillbank.plan.paths import parse_path
from skillbank.plan.reader.lexicon import lexicon, word_list
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.stems import stem
from skillbank.plan.slot_keys import foreign_sections, slot_of
from skillbank.plan.slots import SLOTS

__all__ = [
    "COMMON", "NUMERIC", "Keys", "canonical", "is_of_a_slot", "keys_of", "letters", "name_at", "name_before",
    "spells", "words_before",
]  # fmt: skip

NUMERIC = ("number", "integer")


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
        self.zero: dict[str, Any] = {}
        """Numbers of which 0 is none (a chance, or as the description says): the key, and its default."""
        self.inverse: dict[frozenset[str], str] = {}
        """By what a person says to have a switch off ("freeze the backbone"): the key."""
        self.metric = skill.info.metric or skill.monitoring_metric or ""
        """What a search of this skill goes by, as its program reports it."""
        self._told: dict[str, str] = {}
        self.lacks: dict[str, frozenset[str]] = {}
        """What numbers count the lack of: "validations without improvement"."""
        for action in actions:
            others = foreign_sections(skill, action)
            schema = skill.schema(action)
            for shorthand, key in action.shorthands.items():
                if key.partition(".")[0] not in others:
                    self.leaves.setdefault(shorthand.lower(), set()).add(key)
            for key in schema.keys:
                node = schema.find(parse_path(key))[0]
                if node is not None and not node.children and key.partition(".")[0] not in others:
                    self._take(key, node)

        self._parts = {leaf: canonical(leaf.split("_")) for leaf in self.leaves}
        self._with: dict[str, list[str]] = {}
        for leaf, parts in self._parts.items():
            for word in parts:
                self._with.setdefault(word, []).append(leaf)
        self.telling = {
            key: parts
            for key, kind in self.kinds.items()
            if kind in NUMERIC and not is_of_a_slot(key) and (parts := self.parts_of(key) - _FILLERS) - COMMON
        }
        """What tells the number of each key from others: the parts of its name that are no fillers."""
        self.words = frozenset(w for leaf in self.leaves for w in leaf.split("_") if len(w) > 2) - word_list(
            "spec_keys.common"
        )
        """The words of the keys' last names that say something by themselves."""
        self.listed = frozenset(v for owners in self.enums.values() for v in owners.values() if v.isalpha())
        """The plain words that keys list as their values, such as "instance" of a mode."""

    def _take(self, key: str, node: Node) -> None:
        """Keep what a person may say of a key, and what its description tells of its values."""
        head, _, leaf = key.rpartition(".")
        kind = self.kinds[key] = node.kind
        most = node.words.get("maximum")
        if isinstance(most, int | float):
            self.limits[key] = most
        told = self._told[key] = str(node.words.get("description") or "")
        if "megabyte" in leaf or re.search(r"\bMB\b", told):
            self.megabytes.add(key)
        if kind in NUMERIC and _NONE.search(told):
            self.zero[key] = node.words.get("default")
        if kind in NUMERIC and (lack := _LACK.search(told)):
            self.lacks[key] = canonical([lack[1]])
        if kind == "boolean" and (off := _OFF.search(told)):
            self.inverse[canonical([off[1], *leaf.split("_")[1:]])] = key
        leaf = head.rpartition(".")[2] if leaf.lower() in ("enable", "enabled") else leaf
        self.leaves.setdefault(leaf.lower(), set()).add(key)
        for choice in node.words.get("enum") or ():
            if isinstance(choice, str) and len(choice) > 2:
                self.enums.setdefault(letters(choice), {})[key] = choice

    def spelled(self, name: str) -> str | None:
        """Return the one key whose last name is spelled like this."""
        found = self.leaves.get(name.lower().replace("-", "_"), set())
        return next(iter(found)) if len(found) == 1 else None

    def parts_of(self, key: str) -> frozenset[str]:
        """Return the parts of a key's last name."""
        return canonical(key.rpartition(".")[2].lower().split("_"))

    def head_of(self, key: str) -> frozenset[str]:
        """Return the last telling part of a key's name: the noun of it."""
        words = key.rpartition(".")[2].lower().split("_")[::-1]
        parts = (canonical([word]) for word in words)
        return next((part for part in parts if part and part <= self.telling[key]), frozenset())

    def described(self, key: str) -> frozenset[str]:
        """Return the words of a key's description, as `canonical` has them."""
        return _stems_of(self._told.get(key, ""))

    def extends(self, names: Sequence[str], word: str) -> bool:
        """Whether a word and one of these names are the name of another key: "backbone" and "lr"."""
        part = canonical([word])
        spoken = [canonical(name.split("_")) for name in names]
        longer = [part | said for said in spoken if part and not part <= said]
        return any(self._parts[leaf] in longer for each in part for leaf in self._with.get(each, ()))

    def named(self, spoken: Sequence[str], kinds: Sequence[str], *, whole: bool = False) -> str | None:
        """Return the one key of these kinds whose last name these words say: all, or what tells it apart."""
        if not all(map(self._may_name, spoken)):
            return None
        said = canonical(spoken)
        if "num" in said and not any(
            "num" in self._parts[leaf] and said & self._parts[leaf] - {"num"}
            for leaf in self._with.get("num", ())
        ):
            said -= {"num"}  # "num workers" of a key that is only named workers
        leaves = [leaf for leaf in self._with.get(next(iter(said), ""), ()) if said <= self._parts[leaf]]
        if len(spoken) == 1:  # "labelled 800 pictures" names no ``max_labels``, "scale 2" no list ``scales``
            leaves = [leaf for leaf in leaves if spells(leaf, spoken[0], exactly="array" in kinds)]
        for most in self._missing(said, kinds, whole=whole):
            found = [leaf for leaf in leaves if self._parts[leaf] - said <= most]
            keys = {k for leaf in found for k in self.leaves[leaf]}
            keys = {k for k in keys if self.kinds.get(k, "any") in (*kinds, "any")}
            if len(keys) == 1:
                return next(iter(keys))
        return None

    def _may_name(self, word: str) -> bool:
        return word in _IN_PHRASES or canonical([word]) <= self._with.keys()

    def _missing(self, said: frozenset[str], kinds: Sequence[str], *, whole: bool) -> list[frozenset[str]]:
        """Return which parts of a name may be left out: none, and then those that say little."""
        if whole:
            return [frozenset(), _FILLERS]
        return [frozenset()] if "array" in kinds or not said - COMMON else [frozenset(), COMMON | _FILLERS]


_NONE = re.compile(r"^(Chance|Share)\b|(?:^|[;.,:] )0 (?!follows|puts|shares)\w+s (?!for\b)")
"""How a description says that 0 of something is none of it."""
_LACK = re.compile(r"\bwithout (\w+)")
_OFF = re.compile(r"\bfalse (\w+)s\b")
_ABBREVIATIONS = {
    "number": "num", **dict.fromkeys(("maximum", "maximal", "largest", "biggest"), "max"),
    **dict.fromkeys(("minimum", "minimal", "smallest"), "min"),
    "length": "len", **dict.fromkeys(("optimal", "optimum", "typical"), "opt"), "evaluation": "eval",
    **dict.fromkeys(("confidence", "score"), "conf"), **dict.fromkeys(("gradient", "gradients"), "grad"),
    "encoder": "enc", "decoder": "dec", "normalization": "norm",
    **dict.fromkeys(("the", "a", "an", "of", "for", "to", "loader", "dataloader", "loading"), ""),
    "dimension": "dim", "probability": "prob", "query": "queries", "optimiser": "optimizer",
    "learning": "lr", **dict.fromkeys(("milestones", "drops", "drop"), "steps"),
    **dict.fromkeys(("image", "images", "picture", "pictures"), "img"), "threshold": "thresh",
}  # fmt: skip
_PHRASES = {
    ("wd",): ("weight", "decay"),
    ("learning", "rate"): ("lr",),
    ("data", "loader"): (),
    ("data", "loading"): (),
    ("l", "r"): ("lr",),
    ("exponential", "moving", "average"): ("ema",),
    ("moving", "average"): ("ema",),
    ("warm", "up"): ("warmup",),
}
_IN_PHRASES = frozenset(w for phrase in _PHRASES for w in phrase)


def canonical(spoken: Sequence[str]) -> frozenset[str]:
    """Return spoken words as the names of keys have them."""
    return _canonical(tuple(spoken))


@lru_cache(maxsize=1 << 14)
def _canonical(spoken: tuple[str, ...]) -> frozenset[str]:
    words = list(spoken)
    for said, meant in _PHRASES.items():
        for i in range(len(words) - len(said) + 1):
            if tuple(words[i : i + len(said)]) == said:
                words[i : i + len(said)] = meant
    return frozenset(_part(_ABBREVIATIONS.get(w, w)) for w in words) - {""}


@lru_cache(maxsize=4096)
def _part(word: str) -> str:
    """Return the stem of a word; a verb that says nothing by itself ("process 5 images") stays as it is."""
    return word if lexicon().has(word, "grammar.free.light") else stem(word)


COMMON = canonical([*word_list("spec_keys.common")])
"""Parts of names that tell nothing apart by themselves."""
_FILLERS = canonical(["num", "size", "ratio", "prob", "coef", "max", "norm"])
"""Parts of names that people leave out."""


@lru_cache(maxsize=4096)
def _stems_of(description: str) -> frozenset[str]:
    words = re.findall(r"[a-z]+", description.lower())
    return canonical(words) | {_part(word) for word in words}


def spells(leaf: str, word: str, *, exactly: bool = False) -> bool:
    """Whether a word is a part of a last name (but for the plural where not exactly), or stands for one."""
    short = _ABBREVIATIONS.get(word, word)
    forms = {short} if exactly else {short, f"{short}s", short.removesuffix("s"), short.removesuffix("es")}
    return short != word or not forms.isdisjoint(leaf.lower().split("_"))


def is_of_a_slot(key: str) -> bool:
    """Whether a key means the same as a slot, so that the slot's own words say it."""
    name = key.rpartition(".")[2].removeprefix("num_")
    return slot_of(name) is not None or name in _SLOT_NAMES


_SLOT_NAMES = frozenset(s.name for s in SLOTS)


@lru_cache(maxsize=4096)
def letters(text: str) -> str:
    """Return the letters and digits of a value: ``resnet_50`` and "ResNet-50" are one."""
    return re.sub(r"[\W_]+", "", text.lower())


def name_before(
    text: Text, i: int, keys: Keys, kinds: Sequence[str] = NUMERIC
) -> tuple[list[int], str] | None:
    """Return the tokens that name a key right before a token, and the key; the longest name counts."""
    words, links = words_before(text, i)
    for first in range(len(words)):
        key = keys.named([text.tokens[k].text for k in words[first:]], kinds)
        if key is not None:
            return [*words[first:], *links], key
    return None


def name_at(
    text: Text, i: int, keys: Keys, kinds: Sequence[str] = NUMERIC, most: int = 5, *, whole: bool = False
) -> tuple[list[int], str] | None:
    """Return the tokens that name a key from a token on, and the key; the longest name counts."""
    after: list[int] = []
    k = i
    while k < len(text.tokens) and len(after) < most and _may_name(text, k):
        after.append(k)
        k += 1
    for end in range(len(after), 0, -1):
        key = keys.named([text.tokens[k].text for k in after[:end]], kinds, whole=whole)
        if key is not None:
            return after[:end], key
    return None


def words_before(text: Text, i: int) -> tuple[list[int], list[int]]:
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
    while k >= 0 and len(words) < 6 and _may_name(text, k):
        words.append(k)
        k -= 1
    return words[::-1], links[::-1]


def _may_name(text: Text, k: int) -> bool:
    token = text.tokens[k]
    return token.kind == "word" and token.text not in _BREAKS and text.ledger.free(k)


_NAMING = frozenset(["max", "maximum", "value"])
_BREAKS = word_list("spec_keys.breaks")
