"""What bounds, puts off or takes back a run in words of the world, and wishes of nobody, are asked about."""

from __future__ import annotations

import pytest

from skillbank.runtime import Runtime

BASE = "train rtdetr on /trees/train, val /trees/val, no hpo"
BOUNDS = [
    "The pilot is off limits.",
    "Mirrored signs are a no-go.",
    "We have to stay under 8 gigs.",
    "The grant pays 40 hours.",
    "The phone runs out of memory beyond 5 MB.",
    "Last time it took 50 epochs, now 30 minutes.",
    "Weights kept as they are.",
    "Longer than last time.",
    "Bob wants fewer boxes.",
    "The boss asks for a smaller net.",
    "We agreed on fewer layers.",
    "As discussed with fewer layers.",
    "We chose the small one.",
    "We use the small one.",
    "We go with the second one.",
    "I want the small one.",
    "We take the usual one.",
    "Mirrored",
    "Sequentially",
    "Low Priority",
]
JUDGED = [
    # A part of the data is not as it should be.
    "April was mislabelled.",
    "The masks do not exist.",
    "The labels start at 1.",
    "The card fits 4.",
    "The GPU holds 16 pictures.",
    "The intern mislabelled April.",
    "Those from the north are garbage.",
    "The last folder is a mess.",
    "The north camera is blind.",
    "The owner withdrew March.",
    "Both are swapped.",
    "Note: March is wrong.",
    "The second contains the first.",
    "Half of them are duplicates.",
    "Some boxes are missing.",
    "The images are rotated by 90 degrees.",
    "We call vans trucks.",
    "Accuracy over speed.",
    # What hurts a model, and what somebody objects to.
    "Rotations hurt.",
    "Colour confuses it.",
    "The sponsor frowns on flips.",
    "The works council objects to faces.",
    "Bob vetoed the export.",
    "Nothing may leave the building.",
    "Misses are worse than false alarms.",
    # The state of a machine.
    "The second card is Anna's.",
    "The disk is full.",
    "The lab closes at six.",
    "Results belong on the shared drive.",
    # The request is taken back, or waits for somebody.
    "I take that back.",
    "I changed my mind.",
    "I am joking.",
    "This is hypothetical.",
    "The judge said stop.",
    "The project got cancelled.",
    "After the boss approves.",
    "Bob reviews it first.",
    "Ruth has yet to say yes.",
    "Ruth has not said yes yet.",
    "We are waiting for Ruth's blessing.",
    "The boss is back on Monday and wants to see it first.",
    "It is up to Bob.",
    "Bob has the last word.",
    "Time permitting.",
    "Or so I thought.",
    "We have no card to spare.",
    "Smoke test.",
    "It was the wrong one.",
]
CONFUSED = [
    "We no longer keep dogs.",
    "The farmer wants his cows out.",
    "We ignore tiny birds.",
    "We count a chick as a hen.",
    "We merged hens and chicks.",
    "My nephew labelled the owls as hawks.",
    "The owls and hawks got mixed up.",
    "Rui asks if the dogs could be left out.",
    "Rui asks whether faces are blurred first.",
    "Rui asks whether it fits on one card.",
    "Rui asks which half we take.",
    "Rui doubts whether we should.",
]
"""Which things are out, are one or were confused, before or behind a request."""
WISHES = [
    "Everyone wants an export but me.",
    "Somebody needs an export, not us.",
    "We would be glad to have an export but we lack the disk.",
    "What he needs now is an export.",
    "All he wants is an export.",
    "What he wants is 30 epochs.",
    "30 epochs ought to be enough for the first go.",
    "30 epochs should do it in total.",
    "30 epochs should do it? I doubt it.",
    "30 epochs should do it, Bob says, but he is wrong.",
]
LINES = [
    "Date: tomorrow",
    "Subject: tonight",
    "Prerequisite: Bob signs",
    "Approval: pending",
]
HEADINGS = [
    "Tomorrow", "Overnight", "Rejected", "Pending", "Idea", "Proposal", "Dogs only", "Low priority",
]  # fmt: skip
UNMEANT = [
    "Nobody asked for an export.",
    "No one asked for an export.",
    "Nobody dares to export it.",
    "They asked me to export it but I have no time.",
    "The plan was to export it.",
    "The idea was to export it.",
    "Export it is what Bob says.",
]
TOLD = [
    "The film has 40 hours of footage.",
    "The drive took 3 hours.",
    "The kids are 12 years old.",
    "My wife wants a garden.",
    "My card has only 16 GB.",
    "The line makes 4,000 parts a day.",
    "Dr. Weiss wants a longer run.",
    "My back hurts.",
    "Our picnic got cancelled.",
    "Our kitchen is a mess.",
    "I was wrong last time.",
    "Our market opens at six.",
    "The roof leaks in winter.",
    "The machine is new.",
    "The pictures show garbage bins.",
    "We sort garbage with two cameras at night.",
    "On Monday the hall was empty.",
    "The last chair is missing in our office.",
    "The old model was useless at night.",
    "The last run gave rubbish results.",
    "The lab opens at nine.",
    "Ahmed",
    "Emily Holly",
]
"""What has a measure, a wish or a name of the world, and bounds nothing."""
CHECKED = ["check the result on", "test the result on", "try the result on"]
LOOKED_AT = [
    "look at the result on", "show the results on", "I want results on", "check the output on",
    "check the results on",
]  # fmt: skip


def meaning(sets_bank: Runtime, text: str) -> list[dict[str, object]]:
    return [r.model_dump(exclude={"text", "notes"}) for r in sets_bank.read(text).requests]


@pytest.mark.parametrize("said", [*BOUNDS, *JUDGED, *UNMEANT, *CONFUSED, *WISHES])
def test_what_bounds_a_run_or_is_meant_by_nobody_is_asked_about(sets_bank: Runtime, said: str) -> None:
    assert any(request.questions for request in sets_bank.read(f"{BASE}. {said}").requests)


@pytest.mark.parametrize("said", CONFUSED)
def test_what_is_said_of_things_before_a_request_is_asked_about(sets_bank: Runtime, said: str) -> None:
    assert any(request.questions for request in sets_bank.read(f"{said} {BASE}").requests)


@pytest.mark.parametrize(
    "search",
    [
        "hpo of any sort but bayesian",
        "hpo of any kind save bayesian",
        "any hpo but bayesian",
        "hpo of the kind but bohb",
    ],
)
def test_an_algorithm_that_is_excepted_is_asked_about(sets_bank: Runtime, search: str) -> None:
    [request] = sets_bank.read(f"train rtdetr on /trees/train, val /trees/val, {search}").requests
    assert request.questions


@pytest.mark.parametrize("heading", HEADINGS)
def test_a_heading_that_puts_off_or_bounds_is_asked_about(sets_bank: Runtime, heading: str) -> None:
    assert any(request.questions for request in sets_bank.read(f"{heading}: {BASE}").requests)


@pytest.mark.parametrize("line", LINES)
def test_a_line_that_puts_off_or_bounds_is_asked_about(sets_bank: Runtime, line: str) -> None:
    for text in (f"{line}\n{BASE}", f"{BASE}\n{line}"):
        assert any(request.questions for request in sets_bank.read(text).requests)


@pytest.mark.parametrize("told", TOLD)
def test_measures_and_names_of_the_world_change_nothing(sets_bank: Runtime, told: str) -> None:
    assert meaning(sets_bank, f"{BASE}. {told}") == meaning(sets_bank, BASE)


@pytest.mark.parametrize("said", ["Nobody wants an export.", "Nobody wants it exported."])
def test_the_wish_of_nobody_is_no_order(sets_bank: Runtime, said: str) -> None:
    assert [r.action for r in sets_bank.read(f"{BASE}. {said}").requests] == ["train"]


@pytest.mark.parametrize("said", CHECKED)
def test_where_a_result_is_checked_is_no_place_for_results(sets_bank: Runtime, said: str) -> None:
    training, evaluation = sets_bank.read(f"{BASE}, and {said} /trees/other").requests
    assert evaluation.action == "evaluate"
    assert [source.uri for source in evaluation.data] == ["/trees/other"]
    assert training.results_root == evaluation.results_root != "/trees/other"


@pytest.mark.parametrize("said", LOOKED_AT)
def test_where_a_result_is_looked_at_is_asked_about(sets_bank: Runtime, said: str) -> None:
    [request] = sets_bank.read(f"{BASE}; {said} /trees/other").requests
    assert request.questions
    assert request.results_root != "/trees/other"
