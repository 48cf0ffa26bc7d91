"""The table of phrases: what a pattern waits for is there to be found."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from skillbank.plan.reader import lexer, normal
from skillbank.plan.reader.lexicon import WORDS, forms, lexicon, split
from skillbank.plan.reader.phrases import Item, groups, pattern, phrases, subjects
from skillbank.plan.reader.tokens import Token

_CODE = Path(lexer.__file__).parent


def _items() -> dict[str, list[Item]]:
    """Return the items of all patterns by group."""
    named = [name for subject in subjects() for name in groups(subject)]
    return {name: [i for source in phrases(name) for i in pattern(source).items] for name in named}


def _tokens(text: str) -> list[Token]:
    words = lexicon()
    tokens = lexer.lex(text, lambda clean: iter(()), words.is_word)
    return normal.count_words(normal.translate(normal.part(tokens, words), words), words)


def _is_read(word: str) -> bool:
    """Whether a word comes out of the lexer as it is, between others or by itself."""
    return any(
        token.text == word and token.kind in ("word", "mark", "flag")
        for text in (f"zebra {word} zebra", f"zebra {word}.", word)
        for token in _tokens(text)
    )


def test_every_word_of_a_pattern_is_one_that_the_lexer_leaves_as_it_is() -> None:
    """A pattern with "2nd" or "two" in it, which are read as numbers, would never be found."""
    said = {word: name for name, items in _items().items() for i in items for word in i.literals}
    lost = {word: name for word, name in said.items() if word[:1].isalnum() and not _is_read(word)}
    assert lost == {}


def test_every_class_of_a_pattern_is_one_of_the_lexicon() -> None:
    named = {(section, name) for name, items in _items().items() for i in items for section in i.sections}
    assert {each for each in named if each[0] not in lexicon().classes and each[0] != "PLATFORM"} == set()


def test_every_group_that_the_code_names_is_in_the_table() -> None:
    """A group that is misspelled would find nothing, and nobody would be told."""
    table = tomllib.loads((WORDS / "lists" / "phrases.toml").read_text("utf-8"))
    named = re.compile(rf'"((?:{"|".join(subjects())})\.\w+)"')
    said = {name for file in _CODE.glob("*.py") for name in named.findall(file.read_text("utf-8"))}
    listed = {f"{subject}.{group}" for subject, each in table.items() for group in each}
    classes = {section.removeprefix("grammar.") for section in lexicon().classes}
    classes |= {section.rpartition(".")[0] for section in classes}  # "actions.words"
    assert len(said & listed) > 100
    assert said - listed - classes == set()


def test_no_word_of_a_pattern_stands_twice_or_beside_a_class_that_has_it() -> None:
    needless: dict[str, list[str]] = {}
    for name in (each for subject in subjects() for each in groups(subject)):
        for source in phrases(name):
            for item, written in zip(pattern(source).items, source.split(), strict=True):
                alternatives = written.partition("=")[2] if item.name else written
                words = alternatives.strip("!&?*+").split("|")
                twice = [word for word in {*words} if words.count(word) > 1]
                beside = [w for w in item.literals if any(lexicon().has(w, s) for s in item.sections)]
                if twice or beside:
                    needless.setdefault(name, []).extend([*twice, *beside])
    assert needless == {}


def _listed(content: object, section: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the classes of a file with the phrases that it lists, verbs in all their forms."""
    for name, inner in content.items() if isinstance(content, dict) else ():
        if isinstance(inner, dict):
            yield from _listed(inner, f"{section}.{name}")
        elif isinstance(inner, str):
            listed = [" ".join(each.split()) for each in re.split(r",\s", inner) if each.strip()]
            spoken = [[*chain(*forms(each[1:]).values())] if each[0] == "~" else [each] for each in listed]
            yield f"{section}.{name}", [each for some in spoken for each in {*some}]


def test_no_phrase_is_listed_twice_in_a_class() -> None:
    twice = {
        section: again
        for file in WORDS.glob("*.toml")
        for section, listed in _listed(tomllib.loads(file.read_text("utf-8")), file.stem)
        if (again := [each for each, count in Counter(listed).items() if count > 1])
    }
    assert twice == {}


IN_ROWS = (
    "grammar.free.glue", "places.data.link", "places.weights.link",
    "places.results.go", "slots.around.before", "slots.around.link",
)  # fmt: skip
"""Classes whose phrases patterns take one after the other, however many."""


@pytest.mark.parametrize("section", IN_ROWS)
def test_no_phrase_of_a_row_is_a_row_of_others(section: str) -> None:
    phrases_of = {tuple(split(phrase)) for phrase in lexicon().classes[section]}

    def is_row(words: tuple[str, ...], whole: tuple[str, ...]) -> bool:
        return not words or any(
            words[:upto] in phrases_of and words[:upto] != whole and is_row(words[upto:], whole)
            for upto in range(1, len(words) + 1)
        )

    assert [" ".join(each) for each in sorted(phrases_of) if len(each) > 1 and is_row(each, each)] == []
