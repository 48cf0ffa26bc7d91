"""The words of a text by closed class and form: what may be a verb, an order, a word that means something."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from functools import lru_cache

from skillbank.plan.reader.lexicon import Lexicon
from skillbank.plan.reader.matching import STOPS, Text
from skillbank.plan.reader.phrases import classes, word_list

__all__ = [
    "FINITE", "SPECIFIC", "Wording", "is_many", "is_month", "is_over", "is_participle", "is_regular_past",
    "of",
]  # fmt: skip


@lru_cache(maxsize=64)
def of(*names: str) -> frozenset[str]:
    """Return the words of some classes of grammar (``telling.*`` of the lists of words)."""
    return frozenset[str]().union(*(word_list(f"telling.{name}") for name in names))


def is_regular_past(word: str) -> bool:
    """Whether a word has the form of a past: "arrived"."""
    return word.endswith("ed") and len(word) > 3 and not word.endswith("eed")


def is_participle(word: str) -> bool:
    """Whether a word may say what is or was done: "taken", "scanned", "lying"."""
    return is_regular_past(word) or word in of("participles") or word.endswith("ing")


def is_month(text: Text, k: int) -> bool:
    """Whether a "may" is the month: "in May", "last may", "May 2019", but not "May I" or "it may"."""
    led = text.word(k - 1) in of("prepositions") | _OF_TIMES
    ends = text.kind(k + 1) in ("", "mark", "number")
    return led or ends or (k > 0 and text.ledger.said([k]) == "May" and text.word(k - 1) not in STOPS)


_OF_TIMES = frozenset({"last", "next", "this", "early", "late", "since", "until", "till"})


def is_over(words: list[str], verb: int) -> bool:
    """Whether the verb of a clause, with the two words behind it, tells of what is over: "have been"."""
    word, behind = words[verb], words[verb + 1 : verb + 3]
    perfect = word in ("have", "has") and any(
        is_regular_past(w) or w == "been" or w in of("participles") for w in behind
    )
    return word in of("past") or is_regular_past(word) or perfect or "did" in words[:verb]


@lru_cache(maxsize=4096)
def _is_form_of_technical(lexicon: Lexicon, word: str) -> bool:
    stems = (word.removesuffix(end) for end in ("ed", "d", "ing", "s"))
    technical = any(lexicon.has(stem, "grammar.mode.technical") for stem in stems)
    return technical or (len(word) > 6 and _is_made(word, _MADE_FORMS))


def _is_made(word: str, forms: tuple[str, ...]) -> bool:
    """Whether a word has the form of a verb that is made of another word: "normalize", but not "promise"."""
    return word.endswith(forms) and word not in of("made")


def _is_inflected(word: str) -> bool:
    """Whether a word has no form of an order, or is one of politeness alone."""
    return is_regular_past(word) or word.endswith("ing") or is_many(word) or word == "thank"


def is_many(word: str) -> bool:
    """Whether a word has the form of a plural."""
    return (word.endswith("s") and not word.endswith(("ss", "us", "this"))) or word.endswith(
        ("men", "people", "children")
    )


FINITE = of("be", "past", "modals", "deontic", "able", "having") | {w for w in of("wants") if w[-1] == "s"}
SPECIFIC = of("determiners", "pronouns")
_SMALL = of("prepositions", "joins")
_NO_ORDER = FINITE | of("determiners", "prepositions", "subordinate")
_NO_NOUN = _SMALL | of("determiners")
_NO_BARE = _SMALL | SPECIFIC | of("elliptic", "participles")
_LOOKS = word_list("things.adjectives")
_GROUPS = of("people") - {"i", "we", "you"}
_NO_SUBJECT = of("prepositions", "determiners") - {"this", "that", "each", "every"}
_ORDERS, _LIMITING = classes("wording.orders"), classes("wording.limiting")
_TECHNICAL, _BOUNDING = classes("wording.technical"), classes("wording.bounding")
_VOCABULARY = (
    "actions.", "slots.", "policy.search.", "places.platform", "places.results",
    "places.roles.", "places.weights",
)  # fmt: skip
"""Classes of words by which a plan says what it has: no word of them stands in what is told."""
_LOOSE = (
    "actions.words", "slots.around", "slots.on_broken", "policy.search.told", "policy.search.over",
    "policy.search.best",
)  # fmt: skip
_BESIDE = (
    ".flags", ".path", ".after", ".where", ".verbs", ".objects", ".go", ".must", ".set", ".below", ".find",
    ".beside", ".link",
)  # fmt: skip
_MADE_VERBS = ("ize", "ise", "ify")
_MADE_FORMS = (*_MADE_VERBS, "ized", "ised", "izing", "ising", "ified")


class Wording:
    """The words of a text, one by one.

    Parameters
    ----------
    known
        Words of the spec keys of the steps: what holds one of them could mean something for a run.
    """

    def __init__(self, text: Text, known: frozenset[str] = frozenset()) -> None:
        self.text, self._known = text, known
        self._verbs: dict[tuple[int, int, bool], int | None] = {}
        self.words = [t.text if t.kind in ("word", "mark") else f"@{t.kind}" for t in text.tokens]
        for k, token in enumerate(text.tokens):
            will = token.text == "will" and k > 0 and text.ledger.original[token.start].isupper()
            if will or (token.text == "may" and is_month(text, k)):
                self.words[k] = "@name"

    def knowing(self, known: frozenset[str]) -> Wording:
        """Return the same words where others are known to be of spec keys."""
        made = copy(self)
        made._known = known
        return made

    def at(self, k: int, end: int) -> str:
        """Return a word, nothing behind the end."""
        return self.words[k] if k < end else ""

    def is_word(self, k: int) -> bool:
        """Whether a token is a word."""
        return self.text.tokens[k].kind == "word"

    def is_technical(self, k: int) -> bool:
        """Whether a word is one of the trade in any form: "crops", "anonymized"."""
        return self.text.within(k, *_TECHNICAL) or _is_form_of_technical(self.text.lexicon, self.words[k])

    def is_label(self, k: int) -> bool:
        """Whether a number is a part of a name: "Hangar 2", "item 3", "in Year 9 and"."""
        if self.text.kind(k) != "number" or k == 0:
            return False
        named = self.text.ledger.said([k - 1]).istitle() and self.words[k - 2 : k - 1] not in ([], ["."])
        if self.words[k - 1] in of("numbered"):
            return True
        before = self.text.is_plain(k - 1) and not is_many(self.words[k - 1])
        behind = self.text.kind(k + 1) != "word" or not self.text.is_plain(k + 1)
        noun = all(c.startswith("english.") for c in self.text.classes[k - 1])
        return before and (named or (behind and noun))

    def mean(self, tokens: Iterable[int]) -> bool:
        """Whether any of some words could mean something for a run."""
        return any(
            not self._known.isdisjoint(self.words[k].removesuffix(end) for end in ("", "s", "ing", "ed"))
            or self.is_technical(k)
            for k in tokens
        )

    def weighs(self, tokens: Iterable[int]) -> bool:
        """Whether any of some words names anything that a plan has, or bounds, counts or delays a run.

        What holds one of them is never taken as told for its build alone.
        """
        return any(
            self.names(k) or (self.text.within(k, *_BOUNDING) and self.words[k] not in of("light"))
            for k in tokens
        )

    def names(self, k: int) -> bool:
        """Whether a word names anything that a plan has, or counts it."""
        return (
            self.mean([k])
            or (self.text.tokens[k].kind not in ("word", "mark") and not self.is_label(k))
            or any(
                c.startswith(_VOCABULARY) and not (c.startswith(_LOOSE) or c.endswith(_BESIDE))
                for c in self.text.classes[k]
            )
        )

    def is_about_runs(self, k: int) -> bool:
        """Whether a noun is that of a run, its data or its model."""
        return self.text.within(k, "grammar.free.noun", "places.data.nouns", "grammar.group.model")

    def is_order(self, i: int, end: int) -> bool:
        """Whether a clause begins with a verb in its base form: "anonymize the faces"."""
        word, after = self.words[i], self.at(i + 1, end)
        if word in ("do", "does", "be", "have"):
            return True
        if word in _NO_ORDER or not self.is_word(i) or after in of("be"):
            return False  # "Team name is"
        if word in of("sequence") and after == "@number":
            return False  # "take four"
        if word.endswith("ing") and self.text.within(i, *_LIMITING):
            return True  # "leaving out the blurry ones"
        known = word in of("imperatives") or self.text.within(i, *_ORDERS) or after in SPECIFIC
        return (known and not _is_inflected(word)) or (len(word) > 5 and _is_made(word, _MADE_VERBS))

    def is_past(self, k: int, end: int, definite: bool) -> bool:
        """Whether a word is a regular past behind its subject: "arrived for", not "made by"."""
        counted = definite and (self.text.tokens[k - 1].kind == "number" or self.words[k - 1] == ")")
        if not is_regular_past(self.words[k]) or not (self.is_word(k - 1) or counted):
            return False
        if self.words[k - 1] in of("determiners", "prepositions") or self.text.within(
            k - 1, "grammar.free.adjective"
        ):
            return False
        if not definite and self.is_technical(k):
            return False  # "pictures resized to 800 pixels"
        if k + 1 < end:
            return self.words[k + 1] not in ("by", "with", "please")
        return definite and not self.is_technical(k)

    def is_third(self, k: int, end: int, *, near: bool, loose: bool = True, weak: bool = False) -> bool:
        """Whether a word is a verb in the third person: "opens in", "wants it".

        Parameters
        ----------
        near
            Whether but one word stands before it in its subject.
        loose
            Whether its subject is known to be one.
        weak
            Whether the clause has a verb in any case, as a reason does.
        """
        before, after = self.words[k - 1], self.at(k + 1, end)
        if not self._may_be_third(k) or (loose and is_many(before)):
            return False
        if not after or after in FINITE:
            return not after and (weak or before.endswith("ly") or before in of("adverbs"))
        if not loose:
            return after in SPECIFIC or self._is_placed(k, after, weak)
        if after in of("joins", "sequence") or after in ("of", "with"):
            return False
        return after not in of("prepositions") or near or weak

    def _is_placed(self, k: int, after: str, weak: bool) -> bool:
        """Whether a word behind a noun has a place or a time, as verbs have: "window closes at six"."""
        looks = self.text.within(k - 1, "told.contrasting") or self.words[k - 1] in _LOOKS
        return weak and not looks and after in of("prepositions") - {"of", "with"}

    def _may_be_third(self, k: int) -> bool:
        """Whether a word has the form of a verb in the third person, and no noun is so called."""
        word = self.words[k]
        formed = word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3
        if not formed or not self.is_word(k) or word in of("elliptic") or self.words[k - 1] in _NO_SUBJECT:
            return False
        return word == "runs" or not self.text.within(k, "grammar.free.noun", "places.data.nouns")

    def is_bare(self, k: int, end: int) -> bool:
        """Whether a word is a verb behind a subject in the plural: "our robots pick strawberries"."""
        before, word = k - 1, self.words[k]
        while before > 0 and self.words[before] in of("adverbs"):
            before -= 1
        return (
            is_many(self.words[before])
            and self.words[before] not in SPECIFIC
            and self.is_word(k)
            and self.at(k + 1, end) not in FINITE
            and (k + 1 < end or (self._is_sentence(k) and not self.is_about_runs(before)))
            and word not in _NO_BARE
            and not (is_regular_past(word) or word.endswith(("ing", "er", "ly")))
            and not self.text.within(k, "grammar.free.adverb", "grammar.free.adjective")
        )

    def _is_sentence(self, last: int) -> bool:
        """Whether the words up to a token are a whole sentence: "The cleaners complain."."""
        k = last
        while k >= 0 and self.is_word(k):
            k -= 1
        return (k < 0 or self.words[k] in ".!?") and self.words[last + 1 : last + 2] in ([], ["."], ["!"])

    def head(self, i: int, end: int) -> int:
        """Return the head of a noun: the word before its first preposition, or before the end."""
        stop = next((k for k in range(i + 1, end) if self.words[k] in of("prepositions")), end)
        while stop - 1 > i and (
            self.words[stop - 1] in of("elliptic") or self.words[stop - 1].endswith("ly")
        ):
            stop -= 1
        return stop - 1

    def over_adverbs(self, k: int, end: int) -> int:
        """Return where adverbs and negations end."""
        while k < end and (
            self.words[k] in of("adverbs")
            or self.words[k].endswith("ly")
            or self.text.within(k, "grammar.free.adverb")
        ):
            k += 1
        return k

    def verb(self, i: int, end: int, *, weak: bool) -> int | None:
        """Return the finite verb of the subject that begins at a token; None without one."""
        if (asked := (i, end, weak)) not in self._verbs:
            self._verbs[asked] = self._find_verb(i, end, weak=weak)
        return self._verbs[asked]

    def _find_verb(self, i: int, end: int, *, weak: bool) -> int | None:
        word, k = self.words[i], self.over_adverbs(i + 1, end)
        after = self.at(k, end)
        if word == "you":
            return k if after in ("are", "were", "had") else None
        if word in of("people") or word in ("it", "there", "here"):
            return self._verb_of_pronoun(i, k, end, weak)
        if word in of("things") and after and (after in FINITE or self.is_third(k, end, near=True)):
            return k
        if word in of("prepositions") or (word == "last" and after in of("sequence", "seasons")):
            return self._verb_behind(i, end)
        definite = word in of("determiners") or word in ("one", "@number")
        headed = definite or not self.is_order(i, end)
        return self._verb_of_noun(i, end, definite, weak) if headed else None

    def _is_short(self, i: int, end: int) -> bool:
        """Whether a noun has its "is" with it: "Soup's ready", "coffee's on me"."""
        short = (
            self.text.ledger.said([i]).lower().endswith(("'s", "\u2019s")) and self.words[i] not in SPECIFIC
        )
        after = self.at(i + 1, end)
        return short and (after in of("prepositions", "ready") or is_regular_past(after))

    def _verb_of_pronoun(self, i: int, k: int, end: int, weak: bool) -> int | None:
        after = self.at(k, end)
        if self.words[i] in _GROUPS and after in of("prepositions"):
            return self._verb_of_noun(i, end, True, weak)  # "everyone in the lab is"
        return self._main(k, end) if after and self.is_word(k) and after not in _SMALL else None

    def _verb_behind(self, i: int, end: int) -> int | None:
        """Return the verb of the subject behind a phrase that opens a clause: "at the brewery we check"."""
        for k in range(i + 2, min(end, i + 6)):
            determined = self.words[k] in of("determiners")
            if self.words[k] in of("people") or (
                determined and self.words[k - 1] not in of("determiners", "prepositions")
            ):
                return self.verb(k, end, weak=True)
        return None

    def _verb_of_noun(self, i: int, end: int, definite: bool, weak: bool) -> int | None:
        if self._is_short(i, end):
            return i
        nouns = 0 if definite else 1
        for k in range(i + 1, min(end, i + 12)):
            word = self.words[k]
            if word in ("(", ")") and "@job" in self.words[k - 1 : k + 2]:
                continue  # "the run from January (3fa91c) failed"
            ends = word in of("subordinate") or (word == "that" and not definite)
            if ends or self.text.tokens[k].kind == "mark":
                return None
            if nouns and self._is_verb(k, end, definite, weak, near=nouns == 1):
                return self._main(k, end)
            nouns += word not in _NO_NOUN
        return None

    def _is_verb(self, k: int, end: int, definite: bool, weak: bool, *, near: bool) -> bool:
        """Whether a word behind a noun is its verb."""
        return (
            (self.words[k] in FINITE and self.words[k] != "am")
            or self.is_past(k, end, definite)
            or ((definite or weak or self.at(k + 1, end) in of("pronouns")) and self.is_bare(k, end))
            or self.is_third(k, end, near=near, loose=definite, weak=weak)
        )

    def _main(self, k: int, end: int) -> int:
        """Return the verb that "do not" goes with, else the verb itself."""
        main = self.over_adverbs(k + 1, end)
        return main if self.words[k] in ("do", "does", "did") and k + 1 < main < end else k
