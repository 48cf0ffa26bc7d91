"""What is to be found in pictures, in the forms in which people write it; what is no description asks."""

from __future__ import annotations

import pytest

from skillbank.errors import OutOfScopeError
from skillbank.runtime import Runtime

LISTS = {
    "label ./p: forklift, pallet, person, threshold 0.4": ["forklift", "pallet", "person"],
    "label ./p: forklift, pallet; threshold 0.4": ["forklift", "pallet"],
    "label ./p: forklift and pallet, please": ["forklift", "pallet"],
    "annotate ./p -- forklift, pallet": ["forklift", "pallet"],
    "label ./p -> forklift, pallet": ["forklift", "pallet"],
    "label ./p (forklift, pallet)": ["forklift", "pallet"],
    "find these in ./p:\n* red car\n* blue car": ["red car", "blue car"],
    "label ./p:\n1. cat\n2. dog\nThanks\nJules": ["cat", "dog"],
    "label ./p with\ncat\ndog\n\nJules": ["cat", "dog"],
    "label ./p:\n- cat\n- train\n- dog": ["cat", "train", "dog"],
    "find these in ./p:\n1. train\n2. bus": ["train", "bus"],
    "label ./p with these things:\n* bus\n* train": ["bus", "train"],
    "find apples; pears; plums in ./p": ["apples", "pears", "plums"],
    "Helmet, harness: please label these in ./p": ["Helmet", "harness"],
    "Where: ./p. What: horse carriages. Please label them.": ["horse carriages"],
    "put a box on each forklift and each pallet in ./p": ["forklift", "pallet"],
    "give me all forklifts in ./p": ["forklifts"],
    "I'd like to have goalposts and corner flags tagged in ./p.": ["goalposts", "corner flags"],
    "box visitors and delivery parcels in ./p": ["visitors", "delivery parcels"],
    "find these in ./p: hammer, saw, drill, file, level": ["hammer", "saw", "drill", "file", "level"],
    "label helmets and work boots in ./p": ["helmets", "work boots"],
    "label weeds and crops in ./p": ["weeds", "crops"],
    "find either a hammer or a crowbar in ./p": ["hammer", "crowbar"],
    "find both cats and dogs in ./p": ["cats", "dogs"],
    "find cats as well as dogs in ./p": ["cats", "dogs"],
    "label ./p for cats only": ["cats"],
    "find every single cat in ./p": ["cat"],
    'find signs that say "no entry" in ./p': ['signs that say "no entry"'],
    'find the "no smoking" sign in ./p': ['"no smoking" sign'],
    'find "red cup" and "blue cup" in ./p': ["red cup", "blue cup"],
    "find a person riding a bike and wearing a helmet in ./p": ["person riding a bike and wearing a helmet"],
    "find lights that are on in ./p": ["lights that are on"],
    "find cats in ./p and ./q with IDEA-Research/grounding-dino-tiny": ["cats"],
    "run inference on ./p looking for cats with IDEA-Research/grounding-dino-tiny": ["cats"],
    "find first aid kits in ./p": ["first aid kits"],
    "label for me the red cars in ./p": ["red cars"],
    "label bottles in the second batch, ./p": ["bottles"],
}
ASKED = [
    "find neither cats nor dogs in ./p",
    "find cats, dogs and the like in ./p",
    "find cats, dogs, ... in ./p",
    "find cats, dogs, whatever in ./p",
    "find cats and count them in ./p",
    "find cats and save crops of them to ./out from ./p",
    "find cats in half of ./p",
    "find those in ./p",
    "find some in ./p",
    "find cats and show me the 5 best in ./p",
    "find mainly cats in ./p",
    "find the number of cats in ./p",
    "find pictures with cats in ./p",
    "find one cat per picture in ./p",
    "find red and green apples in ./p",
    "find cars that are red or blue in ./p",
    "find traffic and road signs in ./p",
    "find cars rather than taxis in ./p",
    "find no cars in ./p",
    "search ./p for cars and mark the red ones",
    "search ./p for cars and then for trucks",
    "search ./p for several cars",
    "find 🐱 in ./p",
    "find cats and 🐶 in ./p",
    "label cats in ./p, some frames",
    "label for the audit all exits in ./p",
    "label for Maria's thesis cracks and rust in ./p",
    "label as always bottles in ./p",
    "the things to label are loose bolts and nuts, in ./p",
    "find things in ./p with 9e2d10",
    "find objects in ./p with 9e2d10",
    "annotate the things in ./p with 9e2d10",
    "draw boxes around objects in ./p with 9e2d10",
]
ELSEWHERE = {
    "cancel the running job": "skillbank cancel JOB stops a job",
    "show me the last training": "skillbank jobs lists the jobs",
    "which models can you train?": "skillbank skills",
    "where are the forklifts in ./p?": "skillbank label",
    "I want to correct the labels": "skillbank review",
    "make room on my disk": "skillbank clean",
}


@pytest.mark.parametrize("text", LISTS)
def test_things_are_read_in_the_forms_that_people_write(sets_bank: Runtime, text: str) -> None:
    [request] = sets_bank.read(text).requests
    said = {each.key: each.value for each in request.settings}
    assert next(value for key, value in said.items() if key.endswith("captions")) == LISTS[text]
    assert not request.questions


@pytest.mark.parametrize("text", ASKED)
def test_what_is_no_description_is_asked_about(sets_bank: Runtime, text: str) -> None:
    read = sets_bank.read(text)
    assert read.requests[0].questions, read.requests


@pytest.mark.parametrize("text", ELSEWHERE)
def test_who_asks_for_no_run_is_told_what_does_it(sets_bank: Runtime, text: str) -> None:
    with pytest.raises(OutOfScopeError, match="asks for no run") as refused:
        sets_bank.read(text)
    assert ELSEWHERE[text] in str(refused.value)


def test_a_model_that_knows_its_own_classes_finds_objects(sets_bank: Runtime) -> None:
    [request] = sets_bank.read("find objects in ./p with e1f0a9").requests
    assert (request.parent, request.questions) == ("e1f0a9", ())


def test_a_step_behind_what_is_to_be_found_is_no_thing(sets_bank: Runtime) -> None:
    actions = [r.action for r in sets_bank.read("do this:\n- find cats in ./p with 9e2d10\n- train").requests]
    assert "train" in actions
