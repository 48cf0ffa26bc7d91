"""What a pattern only passes over is evidence of nothing, and a number that is hedged is no value."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from skillbank.plan import reader
from skillbank.plan.reader.lexer import lex
from skillbank.plan.reader.lexicon import lexicon
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.numerals import count_words
from skillbank.plan.reader.tokens import Ledger
from skillbank.plan.reader.value import Value, claim_value, hedges
from skillbank.runtime import Runtime

KEPT = "train grounding dino on {} with no hpo"


def page(text: str) -> Text:
    words = lexicon()
    return Text(Ledger(text, count_words(lex(text, lambda _: (), words.is_word), words)), words)


def test_a_word_passed_over_is_no_token_of_the_match() -> None:
    text = page("on the blurry pictures in /d/a")
    [match] = text.find("group.prep group.det* ~aside? places.data.nouns 'in list=@place")
    assert [text.tokens[i].text for i in match.tokens()] == ["on", "the", "pictures", "in", "place"]
    [match] = text.find("group.prep group.det* ~word? places.data.nouns 'in list=@place")
    assert len(match.tokens()) == 6


def test_classes_that_words_are_looked_for_in_are_there() -> None:
    """A name that no list has finds nothing, and nobody hears of it."""
    known, unknown = lexicon().classes, []
    for file in sorted(Path(reader.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "within"
            ):
                names = [
                    a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)
                ]
                unknown += [f"{file.name}:{node.lineno} {name}" for name in names if name not in known]
    assert not unknown


def test_a_text_is_matched_as_if_nothing_had_been_claimed() -> None:
    text = page("on the big pictures")
    text.ledger.claim("place", range(len(text.tokens)))
    assert not list(text.find("places.data.nouns"))
    assert list(text.unread().find("places.data.nouns"))
    assert not text.ledger.free(0)


@pytest.mark.parametrize(
    "said", ["5 more epochs", "at least 5 epochs", "5 epochs or more", "another 5 epochs"]
)
def test_a_hedged_number_is_not_claimed_as_a_value(said: str) -> None:
    text = page(said)
    number = next(i for i, token in enumerate(text.tokens) if token.kind == "number")
    assert hedges(text, [number, number + 1], "vague")
    claim_value(text, [number, number + 1], Value("epochs", 5))
    assert [c.kind for c in text.ledger.claims] == ["unread"]


def test_a_limit_of_a_search_is_its_value() -> None:
    text = page("no more than 12 trials")
    claim_value(text, [3], Value("trials", 12))
    assert [(c.kind, c.value.value) for c in text.ledger.claims] == [("value", 12)]


@pytest.mark.parametrize(
    "where",
    [
        "the newest folder under /d/a",
        "the folder above /d/a",
        "one folder in /d/a",
        "/d/a on the fast machine",
        "the big images in /d/a",
        "everything else in /d/a",
        "/d/a for 5 epochs at first",
        "/d/a, 8 gpus if possible",
    ],
)
def test_what_no_run_heeds_is_asked_about(runtime: Runtime, where: str) -> None:
    assert any(q.key == "words" for plan in runtime.plan(KEPT.format(where)) for q in plan.questions)


@pytest.mark.parametrize(
    "where",
    ["the new folder /d/a", "our images in /d/a", "the blade photos in /d/blades", "every image in /d/a"],
)
def test_what_describes_a_place_by_itself_asks_nothing(runtime: Runtime, where: str) -> None:
    assert not any(q.key == "words" for plan in runtime.plan(KEPT.format(where)) for q in plan.questions)
