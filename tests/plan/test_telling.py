"""Clauses that tell of the world, and clauses that ask for something, by their grammar alone."""

from __future__ import annotations

import pytest

from skillbank.plan.reader.lexer import lex
from skillbank.plan.reader.lexicon import lexicon
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.telling import Teller
from skillbank.plan.reader.tokens import Ledger


def tells(said: str, *, opening: bool = False) -> bool:
    words = lexicon()
    text = Text(Ledger(said, lex(said, lambda _: [], words.is_word)), words)
    return Teller(text).tells(0, len(text.tokens), opening=opening)


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
    ],
)
def test_an_order_a_limit_or_a_wish_does_not_tell(said: str) -> None:
    assert not tells(said)
    assert not tells(said, opening=True)
