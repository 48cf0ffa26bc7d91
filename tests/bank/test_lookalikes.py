"""Letters that are taken for others."""

from __future__ import annotations

import unicodedata

import pytest

from skillbank.bank.lookalikes import LOOK_ALIKE, looks, mixed_words, skeleton
from skillbank.bank.names import normalise


@pytest.mark.parametrize(
    ("name", "like"),
    [("gr\u043eunding dino", "grounding dino"), ("grounding\u200b dino", "grounding_dino"), ("d1no", "dlno"),
     ("\uff27rounding dino", "Grounding-DINO"), ("\U0001d420dino", "gdino"), ("dlno", "dino"),
     ("gr\u00f6unding dino", "grounding dino"), ("Gr\u039funding", "grounding"), ("leaming", "learning"),
     ("\u039dvidia", "nvidia"), ("\u03f9lip", "clip"), ("\u0432ert", "bert"), ("5killbank", "skillbank"),
     ("\u0410\u0306lpha", "alpha"), ("vvindow", "window")],
)  # fmt: skip
def test_what_looks_alike_has_one_skeleton(name: str, like: str) -> None:
    assert skeleton(name) == skeleton(like)
    assert normalise(name) != normalise(like)


@pytest.mark.parametrize(
    ("one", "other"), [("c", "c++"), ("dino", "dinov2"), ("sam", "sam2"), ("\u6f22", "\u5b57")]
)
def test_other_names_have_other_skeletons(one: str, other: str) -> None:
    assert not looks(one) & looks(other)


@pytest.mark.parametrize("name", ["\u039dvidia", "\u03a5OLO", "\u0397elm", "\u041dugging"])
def test_a_name_in_small_letters_still_looks_like_what_its_capitals_did(name: str) -> None:
    assert skeleton(name) in looks(name.lower())


def test_the_table_leads_to_latin_letters_from_letters_that_are_none() -> None:
    for other, latin in LOOK_ALIKE.items():
        assert latin.isascii() and latin.isalpha()
        assert not chr(other).isascii()
        assert skeleton(chr(other)) == skeleton(latin), unicodedata.name(chr(other))


@pytest.mark.parametrize(
    "word",
    ["gr\u043eunding", "\u03b1pproved", "\u0430-pproved", "pre-\u0410pproved", "\u0432ypass", "\u03f2onfirm"],
)
def test_a_word_in_disguise_is_found(word: str) -> None:
    assert mixed_words(f"then {word} it") == [word]


@pytest.mark.parametrize(
    "text",
    ["\u03b5-greedy search", "a \u03b2-VAE", "\u03b1-\u03b2-\u03b3-filter", "\u0394x and \u00b5m",
     "na\u00efve caf\u00e9",
     "\u0411\u0435\u0437 \u043f\u043e\u0434\u0442\u0432\u0435\u0440\u0436\u0434\u0435\u043d\u0438\u044f"],
)  # fmt: skip
def test_signs_of_quantities_and_whole_words_of_a_script_are_no_disguise(text: str) -> None:
    assert mixed_words(text) == []
