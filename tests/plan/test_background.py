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


BEFORE = [
    # people and the world, with small words that limit elsewhere
    "My neighbour has had a vineyard for 40 years and says my computer can't see mildew.",
    "They did this without us last year, it was fun.",
    "The vet says she can finally sleep.",
    "It gets serious here.",
    # who somebody is
    "I'm Magda from the seed bank.",
    "Hi, it's Mehmet from night shift, bay 4.",
    "I'm blind in one eye and do all of this by voice.",
    # numbers that are names, days and hours
    "Good evening, gate 3.",
    "Lesson 8 is about leaves.",
    "Gentle nudge number two.",
    "Our investor visits on the 4th.",
    # when
    "Before breakfast:",
    "After Schnitzel,",
    "In tomorrow's window,",
    "Before the winter break,",
    # verbs of people and things
    "Guests leave towels at the pool.",
    "Owners send them at midnight.",
    "The fish market thanks you.",
]
"""What tells of people, times and the world before anything is asked for."""
BEHIND = [
    "Coffee's on me.",
    "Soup's ready.",
    "The window closes at 06:00.",
    "She's making cake for you.",
    "I'll go walk the dog.",
    "I can finally sleep.",
    "Auf Wiedersehen!",
    "Shabbat shalom!",
    "Lep pozdrav, Tilen",
    "Thanking you in advance.",
    "With collegial greetings, Prof. Benedetti",
    "Regards, Anneli Virtanen, land registry",
]
"""What tells of people and the world behind what is asked for, and how a letter ends."""
BARS = [
    "No oaks.",
    "Only the oaks.",
    "We skip the oaks.",
    "We only look at oaks.",
    "Cars with trailers are trucks.",
    "Find who is wearing a hat.",
    "Without the oaks,",
    "With the usual recipe,",
    "After the conversion:",
    "After Anna has checked the boxes,",
    "Every second hour.",
    "It must stay small.",
    "We start tonight.",
    "Nobody needs the shrubs.",
    "Half as long.",
    "Each camera by itself.",
    "The last one excluded.",
    # what somebody would know may be a limit
    "Rui asks if the dogs could be left out.",
    "Rui asks whether faces are blurred first.",
    "Rui asks whether it fits on one card.",
    "Rui asks which camera we leave out.",
    "Rui doubts whether we should.",
    "Rui wonders if we should wait.",
    "The abbot asks whether the model is any good.",
    # what somebody is may be what somebody keeps to
    "I am a farmer who counts a chick as a hen.",
    # what has no verb may choose or order
    "Weevils first.",
    "Weevils next.",
    "Third one today.",
]
"""What bars, chooses, judges or waits before anything is asked for."""


BARS_BEHIND = [
    "After Ines has had a look.",
    "The green sheet tells you what to do.",
    "From the other camera.",
    "We skip the oaks.",
    "Our customers like smaller ones.",
    "Nobody wants the last one.",
]
"""What waits, refers to something or chooses behind what is asked for."""


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


@pytest.mark.parametrize("told", BEFORE)
def test_what_is_told_before_a_request_changes_nothing(sets_bank: Runtime, told: str) -> None:
    assert meaning(sets_bank, f"{told} {REQUEST}") == meaning(sets_bank, REQUEST)


@pytest.mark.parametrize("told", BEHIND)
def test_what_is_told_behind_a_request_changes_nothing(sets_bank: Runtime, told: str) -> None:
    assert meaning(sets_bank, f"{REQUEST} {told}") == meaning(sets_bank, REQUEST)


@pytest.mark.parametrize("told", BARS_BEHIND)
def test_what_bars_behind_a_request_is_asked_about(sets_bank: Runtime, told: str) -> None:
    assert any(request.questions for request in sets_bank.read(f"{REQUEST} {told}").requests)


@pytest.mark.parametrize("told", BARS)
def test_what_bars_before_a_request_is_asked_about(sets_bank: Runtime, told: str) -> None:
    assert any(request.questions for request in sets_bank.read(f"{told} {REQUEST}").requests)
