"""Clauses that tell of the world, and clauses that ask for something, by their grammar alone."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import skillbank.plan.reader
from skillbank.plan.reader.lexer import lex
from skillbank.plan.reader.lexicon import WORDS, lexicon
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import pattern, phrases
from skillbank.plan.reader.telling import Teller
from skillbank.plan.reader.tokens import Ledger
from skillbank.plan.reader.wording import Wording
from skillbank.runtime import Runtime


def tells(said: str, *, opening: bool = False) -> bool:
    words = lexicon()
    text = Text(Ledger(said, lex(said, lambda _: [], words.is_word)), words)
    return Teller(Wording(text)).tells(0, len(text.tokens), opening=opening)


NAMED = sorted(
    word
    for section, words in lexicon().classes.items()
    for word in words
    if section in ("grammar.mode.technical", "grammar.operator.only", "grammar.mode.condition")
    or section in ("grammar.operator.not", "grammar.mode.directive", "grammar.mode.schedule", "told.sizes")
    or (section.startswith("slots.") and section.endswith(".nouns"))
    or (section.startswith("actions.") and section.endswith((".base", ".nouns")))
)
"""Words by which a plan says what it has, or a person bounds a run."""


@given(
    st.sampled_from(NAMED),
    st.sampled_from(
        (
            "if I remember the {}", "in case you wonder about the {}", "if memory serves, {}",
            "do not worry about the {}", "do not be surprised by the {}", "wish me {}", "excuse the {}",
            "please bear with the {}", "feel free to {}", "after the {} we flew home", "forgive the new {}",
        )
    ),
)  # fmt: skip
def test_no_word_of_a_plan_stands_in_what_is_told_for_its_build_alone(named: str, build: str) -> None:
    said = build.format(named)
    if named not in ("am", "with", "to", "of", "use"):  # words of every sentence
        assert not tells(said), said


def test_every_class_of_words_that_the_reader_names_exists() -> None:
    folder = Path(skillbank.plan.reader.__path__[0])
    literals = {
        node.value
        for file in folder.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    known = set(lexicon().classes)
    missing = {
        name
        for name in literals
        if name.startswith(("grammar.", "told.", "places.", "slots.", "policy."))
        and name.replace(".", "").replace("_", "").isalpha()
        and not any(each == name or each.startswith(name) for each in known)
    }
    assert missing == set()


def test_every_class_of_words_that_a_phrase_names_exists() -> None:
    table = tomllib.loads((WORDS / "lists" / "phrases.toml").read_text("utf-8"))
    groups = [
        f"{subject}.{name}"
        for subject, its in table.items()
        for name, listed in its.items()
        if isinstance(listed, list) and subject != "students"  # regular expressions
    ]
    sources = [each for group in groups for each in phrases(group)]
    named = {section for source in sources for item in pattern(source).items for section in item.sections}
    assert len(sources) > 200
    assert named - set(lexicon().classes) == {"PLATFORM"}  # each of them by its names


@pytest.mark.parametrize(
    "said",
    [
        "We breed oysters off the coast of Brittany.",
        "The ferry company wants to count life jackets.",
        "Flew the solar park this morning.",
        "At the brewery we check bottles.",
        "because we have plenty of memory",
        "It has to be ready by Friday.",
        "Everyone in the lab is excited about this.",
        "wish me luck",
        "if I remember right",
        "in case you wonder",
        "do not be surprised by the name",
        "after the flood we replaced the fence",
    ],
)
def test_a_subject_and_a_verb_tell(said: str) -> None:
    assert tells(said)


@pytest.mark.parametrize(
    "said", ["Lid inspection", "Night shift at the foundry again.", "Forest inventory for the county."]
)
def test_a_heading_tells_where_headings_stand(said: str) -> None:
    assert tells(said, opening=True)


@pytest.mark.parametrize(
    "said",
    [
        "Anonymize the faces.",
        "only the night pictures",
        "leaving out the blurry pictures",
        "skipping everything before noon",
        "ignoring the small ones",
        "The rainy days are to be left aside.",
        "The corners should be ignored.",
        "We skip the winter pictures.",
        "I want the small ones weighted higher.",
        "Every second picture is enough.",
        "Pictures from before 2019 don't count.",
        "Mules are horses too.",
        "The model is the small one.",
        "must be ready",
        "as soon as the tide is out",
        "Warn Paul when it is done.",
        "The night pictures of the gate.",
        "Faces blurred, please.",
        "Warm up slowly.",
        "Afterwards wipe the folder.",
        "Night pictures count double.",
        "The cows are the important ones.",
        "Overnight would be fine.",
        "after the flood is over",
    ],
)
def test_an_order_a_limit_or_a_wish_does_not_tell(said: str) -> None:
    assert not tells(said)
    assert not tells(said, opening=True)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("train a small model with RT-DETR on /d, no HPO", "small"),
        ("train RT-DETR on /d with the fast version, no HPO", "fast"),
        ("find cats in /p using the large model", "large"),
        ("train RT-DETR on /d with yolo, no HPO", "yolo"),
        ("We need a small model for our robot. Train RT-DETR on /d, no HPO", ""),
        ("train RT-DETR on /d with YOLO labels, no HPO", ""),
    ],
)
def test_a_size_or_a_model_that_no_skill_has_is_asked_about(text: str, word: str) -> None:
    with Runtime() as runtime:
        [request] = runtime.read(text).requests
        asked = [question.why for question in request.questions if question.key == "words"]
        assert [f"'{word}'" in why for why in asked] == ([True] if word else [])
