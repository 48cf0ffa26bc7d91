"""What stands around a plain request: background changes nothing and is not asked about; limits are."""

from __future__ import annotations

import pytest

from skillbank.runtime import Runtime

REQUEST = "Train RT-DETR on /trees/train, no HPO."
CHECK = "Split /trees/all into train and val."
BACKGROUND = [
    "Lid inspection, second attempt",
    "Lid inspection: next try",
    "Second attempt",
    "Our drones came back yesterday with a full card.",
    "I run a small vineyard in the south and have no idea about computers.",
    "The lake froze early this winter.",
    "We put a camera above the milking robot.",
    "My grandmother collected buttons and I inherited eleven boxes of them.",
    "My supervisor keeps asking me about it.",
    "Our partner in Lyon has been waiting for weeks.",
    "We are moving offices and everything is in boxes here.",
    "I spent all weekend drawing boxes, my back hurts.",
    "The students drew the boxes themselves and were very proud.",
    "I am a retired engineer with too much time.",
    "For context, we operate forty ferries in Norway.",
    "The company that drew the boxes did a wonderful job.",
    "The dam is sixty years old and people are nervous.",
    "Management finally approved the budget for cameras!",
    "My mentor is on holiday and told me to ask you.",
    "Let me introduce myself: I am Pavel and I map roofs for the city.",
    "The city wants to know where solar panels could go.",
    "Doctors here are tired.",
    "There are oaks and beeches in the pictures.",
    "It rained when we took the pictures.",
    "My colleague Sven took the pictures with his phone.",
    "We are three people and a dog.",
    "I have a meeting with the council tomorrow.",
    "I know you are busy.",
    "I owe you a beer.",
    "Sorry if this is a stupid question.",
    "Let me know how it goes!",
    "Last year a consultant did this for us and charged a fortune.",
    "Our park has 300 trees and two gardeners.",
    "The belt moves quickly and the parcels shine.",
    "This will save us hours of sorting.",
    "Background: the site moved to LED lights in March.",
]
"""What tells of people, places and the world, and names nothing that a plan has."""
MATTERS = [
    "The night pictures are unusable.",
    "The boxes of the first hundred pictures are wrong.",
    "Pictures from 2019 have no boxes.",
    "Everything from camera 4 is garbage.",
    "The blurry ones don't count.",
    "Shrubs count as trees.",
    "Thanks, Anna. Shrubs count as trees.",
    "Saplings are ignored.",
    "Faces are private.",
    "Nobody needs the shrubs.",
    "Birches are not of interest.",
    "We only care about oaks.",
    "Accuracy is more important than speed.",
    "The GPU is free until noon.",
    "It must not take longer than a day.",
    "It has to be finished by Monday.",
    "The model has to be small.",
    "A small model is enough.",
    "A threshold of 0.3 was agreed.",
    "50 epochs were not enough.",
    "The backbone should stay as it is.",
    "Flipping makes no sense for our signs.",
    "Every tenth picture is for validation.",
    "The data may not leave the building.",
    "We start tonight.",
    "Provided that the check passes.",
    "Purpose: at least 50 epochs",
]
"""What limits, excludes, judges a part of the data, states a condition or a time."""
OF_DATA = [
    "Our partner uses other tools than we do.",
    "Somebody dropped the disk.",
    "My thesis is about parcels.",
]
LIMITS_DATA = [
    "The pictures of one patient belong together.",
    "Cars are vehicles for us.",
    "Nobody may see the faces.",
]


def meaning(sets_bank: Runtime, text: str) -> list[dict[str, object]]:
    return [r.model_dump(exclude={"text", "notes"}) for r in sets_bank.read(text).requests]


@pytest.mark.parametrize("told", BACKGROUND)
def test_background_changes_nothing_and_is_not_asked_about(sets_bank: Runtime, told: str) -> None:
    plain = meaning(sets_bank, REQUEST)
    assert meaning(sets_bank, f"{told} {REQUEST}") == plain
    assert meaning(sets_bank, f"{REQUEST} {told}") == plain


@pytest.mark.parametrize("told", MATTERS)
def test_what_limits_or_judges_is_asked_about(sets_bank: Runtime, told: str) -> None:
    assert any(request.questions for request in sets_bank.read(f"{REQUEST} {told}").requests)


@pytest.mark.parametrize("told", OF_DATA)
def test_background_of_a_request_about_a_data_set_changes_nothing(sets_bank: Runtime, told: str) -> None:
    plain = meaning(sets_bank, CHECK)
    assert meaning(sets_bank, f"{told} {CHECK}") == plain
    assert meaning(sets_bank, f"{CHECK} {told}") == plain


@pytest.mark.parametrize("told", LIMITS_DATA)
def test_what_limits_a_data_set_is_asked_about(sets_bank: Runtime, told: str) -> None:
    assert any(request.questions for request in sets_bank.read(f"{CHECK} {told}").requests)
