"""Spec keys by the words of their names, and where such words stand before or behind a token."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import takewhile
from typing import Any

from skillbank.bank.actions import Action
from skillbank.bank.schema import Node
from skillbank.bank.skill import Skill
from skillbank.plan.paths import parse_path
from skillbank.plan.reader.key_words import (
    COMMON,
    FILLERS,
    IN_PHRASES,
    canonical,
    letters,
    part_of,
    spells,
    stems_of,
)
from skillbank.plan.reader.lexicon import lexicon
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import word_list
from skillbank.plan.slot_keys import foreign_sections, slot_of
from skillbank.plan.slots import SLOTS

__all__ = [
    "NUMERIC", "Keys", "is_listed", "is_of_a_slot", "keys_of", "name_at", "name_before", "words_before",
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
            self._take_action(skill, action)
        self.shared = self._shared()
        self._parts = {leaf: canonical(leaf.split("_")) for leaf in self.leaves}
        self._with = _by_word(self._parts)
        counted = frozenset[str]().union(*(self._parts[leaf] for leaf in self._with.get("num", ())))
        self._counted = counted - {"num"}
        self.telling = self._telling_parts()
        """What tells the number of each key from others: the parts of its name that are no fillers."""
        words = {w for leaf in self.leaves for w in leaf.split("_") if len(w) > 2}
        self.words = frozenset(words).difference(
            word_list("key_words.common"), *(lexicon().classes[section] for section in _MEANINGLESS)
        )
        """The words of the keys' last names that say something by themselves."""
        self.choices = self._choices()
        """By a last name in small letters, the first key of that name that lists its values, and these."""
        self.listed = frozenset(v for owners in self.enums.values() for v in owners.values() if v.isalpha())
        """The plain words that keys list as their values, such as "instance" of a mode."""

    def _shared(self) -> dict[str, str]:
        """Return the numbers of inner sections whose names end those of others, by key with the section.

        A "decay" alone may be that of ``ema``, and as well ``weight_decay``.
        """
        numbers = [key for key, kind in self.kinds.items() if kind in NUMERIC]
        ends = {"_".join(key.rpartition(".")[2].split("_")[1:]) for key in numbers if "num_" not in key}
        inner = (key for key in numbers if key.count(".") > 1 and key.rpartition(".")[2] in ends)
        return {key: key.split(".")[-2] for key in inner}

    def _choices(self) -> dict[str, tuple[str, set[str]]]:
        lists: dict[str, tuple[str, set[str]]] = {}
        for owners in self.enums.values():
            for key, spelled in owners.items():
                lists.setdefault(key.rpartition(".")[2].lower(), (key, set()))[1].add(spelled)
        return lists

    def _telling_parts(self) -> dict[str, frozenset[str]]:
        numbers = (key for key, kind in self.kinds.items() if kind in NUMERIC and not is_of_a_slot(key))
        parts = {key: self.parts_of(key) - FILLERS for key in numbers}
        return {key: words for key, words in parts.items() if words - COMMON}

    def _take_action(self, skill: Skill, action: Action) -> None:
        """Keep the keys of an action that are no other action's."""
        others = foreign_sections(skill, action)
        schema = skill.schema(action)
        for shorthand, key in action.shorthands.items():
            if key.partition(".")[0] not in others:
                self.leaves.setdefault(shorthand.lower(), set()).add(key)
        for key in schema.keys:
            node = schema.find(parse_path(key))[0]
            if node is not None and not node.children and key.partition(".")[0] not in others:
                self._take(key, node)

    def _take(self, key: str, node: Node) -> None:
        """Keep what a person may say of a key, and what its description tells of its values."""
        head, _, leaf = key.rpartition(".")
        kind = self.kinds[key] = node.kind
        told = self._told[key] = str(node.words.get("description") or "")
        if kind in NUMERIC:
            self._take_number(key, node, told)
        if kind == "boolean" and (off := _OFF.search(told)):
            self.inverse[canonical([off[1], *leaf.split("_")[1:]])] = key
        leaf = head.rpartition(".")[2] if leaf.lower() in ("enable", "enabled") else leaf
        self.leaves.setdefault(leaf.lower(), set()).add(key)
        for choice in node.words.get("enum") or ():
            if isinstance(choice, str) and len(choice) > 2:
                self.enums.setdefault(letters(choice), {})[key] = choice

    def _take_number(self, key: str, node: Node, told: str) -> None:
        """Keep what a number counts, the most that it may be, and what its 0 means."""
        most = node.words.get("maximum")
        if isinstance(most, int | float):
            self.limits[key] = most
        if "megabyte" in key.rpartition(".")[2] or re.search(r"\bMB\b", told):
            self.megabytes.add(key)
        if _NONE.search(told):
            self.zero[key] = node.words.get("default")
        if lack := _LACK.search(told):
            self.lacks[key] = canonical([lack[1]])

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
        return stems_of(self._told.get(key, ""))

    def beside(self, key: str) -> frozenset[str]:
        """Return the last names of the keys of the same inner section: "lr" beside the "policy" of it."""
        head = key.rpartition(".")[0]
        inner = (k.rpartition(".") for k in self.kinds if "." in head)
        return frozenset(leaf for section, _, leaf in inner if section == head and "_" not in leaf)

    def extends(self, names: Sequence[str], word: str) -> bool:
        """Whether a word and one of these names are the name of another key: "backbone" and "lr"."""
        part = canonical([word])
        spoken = [canonical(name.split("_")) for name in names]
        longer = [part | said for said in spoken if part and not part <= said]
        return any(self._parts[leaf] in longer for each in part for leaf in self._with.get(each, ()))

    def named(self, spoken: Sequence[str], kinds: Sequence[str], *, whole: bool = False) -> str | None:
        """Return the one key of these kinds whose last name these words say: all, or what tells it apart."""
        if not all(map(self.may_name, spoken)):
            return None
        said = self._without_num(canonical(spoken))
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

    def _without_num(self, said: frozenset[str]) -> frozenset[str]:
        """Leave out the number of "num workers" where the key is only named workers."""
        return said - {"num"} if said.isdisjoint(self._counted) else said

    def may_name(self, word: str) -> bool:
        """Whether a word may stand in the name of a key; that of no key has another."""
        return word in IN_PHRASES or part_of(word) <= self._with.keys()

    def _missing(self, said: frozenset[str], kinds: Sequence[str], *, whole: bool) -> list[frozenset[str]]:
        """Return which parts of a name may be left out: none, and then those that say little."""
        if whole:
            return [frozenset(), FILLERS]
        return [frozenset()] if "array" in kinds or not said - COMMON else [frozenset(), COMMON | FILLERS]


_MEANINGLESS = (
    *(f"grammar.free.{k}" for k in ("glue", "light", "noun", "adjective", "adverb")),
    "told.counts",
)
"""Words of keys that say nothing by themselves."""


def _by_word(parts: Mapping[str, frozenset[str]]) -> dict[str, list[str]]:
    """Return the last names that have a word among their parts, by the word."""
    found: dict[str, list[str]] = {}
    for leaf, words in parts.items():
        for word in words:
            found.setdefault(word, []).append(leaf)
    return found


_NONE = re.compile(r"^(Chance|Share)\b|(?:^|[;.,:] )0 (?!follows|puts|shares)\w+s (?!for\b)")
"""How a description says that 0 of something is none of it."""
_LACK = re.compile(r"\bwithout (\w+)")
_OFF = re.compile(r"\bfalse (\w+)s\b")


def is_listed(word: str, skills: Iterable[Skill], actions: Sequence[str] = ()) -> bool:
    """Whether a key of some skills lists a word as its value: "mobilenet_v2" of a backbone.

    Parameters
    ----------
    actions
        Whose keys are looked at; without any those of all that a skill has.
    """
    pairs = ((skill, name) for skill in skills for name in actions or [a.name for a in skill.actions])
    return any(letters(word) in keys_of(skill, name).enums for skill, name in pairs)


def is_of_a_slot(key: str) -> bool:
    """Whether a key means the same as a slot, so that the slot's own words say it."""
    name = key.rpartition(".")[2].removeprefix("num_")
    return slot_of(name) is not None or name in _SLOT_NAMES


_SLOT_NAMES = frozenset(s.name for s in SLOTS)


def name_before(
    text: Text, i: int, keys: Keys, kinds: Sequence[str] = NUMERIC
) -> tuple[list[int], str] | None:
    """Return the tokens that name a key right before a token, and the key; the longest name counts."""
    words, links = words_before(text, i)
    strange = (n for n in range(len(words), 0, -1) if not keys.may_name(text.word(words[n - 1])))
    for first in range(next(strange, 0), len(words)):
        if (key := keys.named(text.words(words[first:]), kinds)) is not None:
            return [*words[first:], *links], key
    return None


def name_at(
    text: Text, i: int, keys: Keys, kinds: Sequence[str] = NUMERIC, most: int = 5, *, whole: bool = False
) -> tuple[list[int], str] | None:
    """Return the tokens that name a key from a token on, and the key; the longest name counts."""
    words = [*takewhile(lambda k: _may_name(text, k) and keys.may_name(text.word(k)), range(i, i + most))]
    for end in range(len(words), 0, -1):
        if (key := keys.named(text.words(words[:end]), kinds, whole=whole)) is not None:
            return words[:end], key
    return None


def words_before(text: Text, i: int) -> tuple[list[int], list[int]]:
    """Return the words before a token that may name it, and those that only link."""
    first = i
    while _links(text, first - 1):
        first -= 1
    words = [*takewhile(lambda k: _may_name(text, k), range(first - 1, first - 7, -1))]
    return words[::-1], list(range(first, i))


def _links(text: Text, k: int) -> bool:
    linking = text.within(k, "slots.around.link") and text.word(k) not in _NAMING
    return linking and text.kind(k) in ("word", "mark") and text.ledger.free(k)


def _may_name(text: Text, k: int) -> bool:
    return text.kind(k) == "word" and text.word(k) not in _BREAKS and text.ledger.free(k)


_NAMING = frozenset(["max", "maximum", "value"])
_BREAKS = word_list("spec_keys.breaks")
