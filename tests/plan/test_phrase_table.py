"""The table of phrases: what a pattern waits for is there to be found."""

import re
import tomllib
from pathlib import Path

from skillbank.plan.reader import lexer, normal
from skillbank.plan.reader.lexicon import WORDS, lexicon
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
