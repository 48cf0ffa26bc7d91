from __future__ import annotations

import pytest

from skillbank.datasets.faults import KINDS, Severity
from skillbank.datasets.names import alike, estimated_tokens, name_faults, plain_name


def kinds(*classes: str) -> set[str]:
    return {fault.kind for fault in name_faults(classes, "data.yaml")}


IDENTIFIERS = (
    "hardhat_v2",
    "class_1",
    "class1",
    "7",
    "object-3",
    "hard_hat",
    "HardHat",
    "hardHat",
    "label#12",
    "n01440764",
    "helmet2",
    "__",
    "c0",
    "id#4",
)
WORDS = (
    "hard hat",
    "a person",
    "T-shirt",
    "iPhone",
    "SUV",
    "Boeing 747",
    "McDonald",
    "St Bernard",
    "crêpe",
    "AK-47",
    "x-ray",
    "traffic light",
    "PPE",
    "7-segment display",
    "A320",
    "level 2 sign",
    "no helmet",
    "co-pilot's seat",
    "N95 mask",
    "H2O",
    "4x4",
)


@pytest.mark.parametrize("name", IDENTIFIERS)
def test_identifiers(name: str) -> None:
    assert kinds("person", name) == {"class-identifier"}


@pytest.mark.parametrize("name", WORDS)
def test_words_are_no_identifiers(name: str) -> None:
    assert kinds("person", name) == set()


def test_names_that_are_one_to_a_prompt() -> None:
    assert kinds("Car", "car") == {"classes-alike"}
    assert kinds("no. 1 sign", "no 1 sign") == {"classes-alike", "class-full-stop"}
    assert kinds("caf\u00e9", "cafe\u0301") == {"classes-alike"}
    assert alike(("car", "bus", "CAR", " car ")) == {2: 0, 3: 0}
    assert plain_name("  St. Bernard? ") == "st bernard"


def test_nameless_and_endless_names() -> None:
    assert kinds("") == {"class-nameless"}
    assert kinds(" . ") == {"class-nameless"}
    assert "class-too-long" in kinds("a very long name " * 70)
    assert "class-long" in kinds("x" * 120)


def test_letters_of_other_scripts_are_a_note() -> None:
    assert kinds("安全帽", "каска") == {"class-letters"}
    assert KINDS["class-letters"].severity is Severity.NOTE


def test_a_list_that_one_prompt_cannot_hold_is_a_note() -> None:
    nouns = ["car", "bus", "cup", "hat", "dog", "cow", "cat", "van", "map", "pen"]
    many = [f"{colour} {noun} in {place}" for colour in nouns for noun in nouns for place in nouns[:2]]
    assert kinds(*many) == {"prompt-long"}
    assert "prompt-long" not in kinds("person", "car")
    assert estimated_tokens("traffic light") == 2
    assert estimated_tokens("rhinoceros") > 1
