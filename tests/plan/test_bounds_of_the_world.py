"""What bounds a run in words of the world: classes, parts of the data, consent and time, told by themselves.

Such a sentence has the build of what is only told, and what it says is no value of a plan: it is asked about.
"""

from __future__ import annotations

import pytest

from skillbank.runtime import Runtime

REQUEST = "Train RT-DETR on /trees/train, no HPO."
CLASSES = [
    "The dogs are gone.",
    "We no longer keep dogs.",
    "Cats belong to another shelter.",
    "The farmer wants his cows out.",
    "The vet sees only cats.",
    "We ignore tiny birds.",
    "We count a chick as a hen.",
    "We merged hens and chicks.",
    "My nephew labelled the owls as hawks.",
    "The owls and hawks got mixed up.",
    "Somebody swapped the owls and the hawks.",
    "A chick is a hen to us.",
    "There is no difference between hens and chicks.",
    "Weevils matter, beetles do not.",
    "It is weevils we want.",
    "This year: weevils.",
    "We are a dog shelter, no cats.",
    "We are the team that only does dogs.",
    "I am Magda, from the team that may not see faces.",
    "I am the one who decides and I say wait.",
    "We are the people who skip birds.",
]
"""Which classes there are, and which are one."""
PORTIONS = [
    "Two of the cameras were upside down.",
    "Half the labels are by my nephew, who is five.",
    "My nephew drew half the boxes.",
    "Half would do.",
    "Less is more.",
]
"""Which part of the data is spoken of."""
WAITS = [
    "Ruth has yet to say yes.",
    "Ruth has not said yes yet.",
    "Ruth has not answered.",
    "Ruth has to bless it.",
    "We are waiting for Ruth's blessing.",
    "The boss is back on Monday and wants to see it first.",
    "The boss decides tomorrow.",
    "We have until Monday.",
    "We have no card to spare.",
    "Our grant ends on Friday.",
    "The lease is up on Friday.",
    "Tonight is quiet.",
    "Weekends are free.",
]
"""What somebody has yet to say, and until when there is time."""
FRAGMENTS = [
    "Beetles later.",
    "Weevils then beetles.",
    "Weevils before beetles.",
    "Mainly weevils.",
    "Beetles off.",
    "Beetles another day.",
    "Small steps.",
    "Slow and steady.",
    "Quick and dirty.",
]
"""What orders or chooses without a verb."""
BEHIND = [
    "It is done.",
    "That has been done.",
    "We did that in May.",
    "It is running.",
    "Bob already did it.",
    "Bob has done it.",
    "That was yesterday.",
    "This was for Bob.",
    "It is up to Bob.",
    "Bob has the last word.",
    "Bob gives the go.",
    "Time permitting.",
    "Or so I thought.",
    "At least that was the plan.",
    "The dogs hurt it.",
    "The second folder contains the first.",
    "The first hundred were checked by Bob.",
    "Bob has seen the first half.",
    "The rest is for Bob.",
    "Some were taken in May.",
]
"""What has been done, whose it is to decide, and which part is spoken of."""
BESIDE_PLACES = [
    "annotated in part",
    "annotated half by Ruth half by Bob",
    "corrected for rotation",
    "the ones Ruth reviewed",
    "the stack that Ruth made",
]
"""What may choose some of the data at a place, or is to be done with them."""
TOLD = [
    "The students are gone for the weekend.",
    "We no longer live there.",
    "This camera belongs to Ruth.",
    "My nephew labelled the owls.",
    "They did this without us last year, it was fun.",
    "Ruth has not been here for weeks.",
    "My partner in Lyon has been waiting for weeks.",
    "Our hens live on a hill.",
    "Choir again.",
    "I am Magda, who runs the seed bank.",
    "I am a farmer, not a coder.",
]
"""What is only told before a request."""


def asks(bank: Runtime, text: str) -> bool:
    return any(request.questions for request in bank.read(text).requests)


@pytest.mark.parametrize("told", [*CLASSES, *PORTIONS, *WAITS, *FRAGMENTS])
def test_what_bounds_before_a_request_is_asked_about(sets_bank: Runtime, told: str) -> None:
    assert asks(sets_bank, f"{told} {REQUEST}")


@pytest.mark.parametrize("told", BEHIND)
def test_what_bounds_behind_a_request_is_asked_about(sets_bank: Runtime, told: str) -> None:
    assert asks(sets_bank, f"{REQUEST} {told}")


@pytest.mark.parametrize("told", BESIDE_PLACES)
def test_what_bounds_beside_a_place_is_asked_about(sets_bank: Runtime, told: str) -> None:
    assert asks(sets_bank, f"Train RT-DETR on /trees/train, {told}, no HPO.")


@pytest.mark.parametrize("told", TOLD)
def test_what_is_told_in_like_words_asks_nothing(sets_bank: Runtime, told: str) -> None:
    assert not asks(sets_bank, f"{told} {REQUEST}")
