"""Words that mean a run in requests and something else in the world; ordinary words near one of requests."""

from __future__ import annotations

import pytest
from benchmarks.requests.answers import Planned, answer

from skillbank.runtime import Runtime

LABEL = "Label cars in /a/b."
THINGS = {
    "county search and rescue. Find people and tents in /a/b": ["people", "tents"],
    'Someone from marketing wants "pictures with the logo". Label red logos in /a/b.': ["red logos"],
    "Prelabel batch 8 for the vendor, i.e. label cars, trucks and cyclists in /a/b": [
        "cars",
        "trucks",
        "cyclists",
    ],
    "I request that container doors and seals be labelled in /a/b.": ["container doors", "seals"],
    "We'd like to see cracks and spalling marked in /a/b.": ["cracks", "spalling"],
    "Please go through the photographs in /a/b and mark every extinguisher.": ["extinguisher"],
    "Label trenches and pits in the trench photographs in /a/b.": ["trenches", "pits"],
    "The harbour's pictures are in /a/b, label ships and cranes in there": ["ships", "cranes"],
    'Everything is in /a/b. Please mark there "queen bee".': ["queen bee"],
    'run Grounding DINO on /a/b, description "a scooter", the model being that of job c25a97.': ["scooter"],
}
ORDINARY = ("police", "party", "county", "market", "marketing", "plates", "apples", "cartoons", "delivery")


def plans(own_bank: Runtime, text: str) -> tuple[Planned, ...]:
    return answer(own_bank, text).plans


@pytest.mark.parametrize("text", THINGS)
def test_what_is_to_be_found_is_no_word_beside_it(own_bank: Runtime, text: str) -> None:
    [planned] = plans(own_bank, text)
    assert planned.slots["captions"] == THINGS[text]


@pytest.mark.parametrize("word", ORDINARY)
def test_an_ordinary_word_is_no_misspelling(own_bank: Runtime, word: str) -> None:
    read = answer(own_bank, f"The {word} told us so. {LABEL}")
    assert not any("was read as" in note for note in read.notes)
    assert read.plans[0].slots["captions"] == ["cars"]


@pytest.mark.parametrize("word", ["trainning", "evalaute", "exprot"])
def test_a_misspelling_is_still_read(own_bank: Runtime, word: str) -> None:
    assert any("was read as" in note for note in answer(own_bank, f"{word} rtdetr on /a/b, no hpo").notes)


@pytest.mark.parametrize("where", ["on the train", "still in the train", "by the train to Bonn"])
def test_who_sits_in_a_train_asks_for_no_training(own_bank: Runtime, where: str) -> None:
    [planned] = plans(own_bank, f"I write this {where}: evaluate rtdetr on /a/b from the last training.")
    assert planned.slots["action"] == "evaluate"


@pytest.mark.parametrize("why", ["so it'll fit my phone", "so that it can fit the tablet", "to fit my box"])
def test_what_fits_a_machine_is_no_training(own_bank: Runtime, why: str) -> None:
    planned = plans(own_bank, f"Quantize the image classifier from the last training with /a/b, {why}.")
    assert [each.slots["action"] for each in planned] == ["quantize"]


@pytest.mark.parametrize(
    "text", ["Fit RT-DETR on /a/b, no HPO.", "fit a detector with rtdetr on /a/b, no hpo"]
)
def test_who_fits_a_model_trains_it(own_bank: Runtime, text: str) -> None:
    [planned] = plans(own_bank, text)
    assert planned.slots["action"] == "train"


def test_a_card_of_another_kind_is_no_gpu(own_bank: Runtime) -> None:
    [planned] = plans(own_bank, "Task card 18: evaluate RT-DETR from the last training on /a/b.")
    assert planned.slots["gpus"] is None and not planned.slots["set"]


@pytest.mark.parametrize("where", ["so I'm on the laptop", "we are on the laptop here"])
def test_where_somebody_sits_chooses_no_platform(own_bank: Runtime, where: str) -> None:
    [planned] = plans(own_bank, f"Train rtdetr on /a/b, no HPO. The roof leaks, {where}.")
    assert planned.slots["platform"] is None


def test_what_was_seen_once_turns_no_search_off(own_bank: Runtime) -> None:
    [planned] = plans(own_bank, f"The camera sees cans and, once, a bicycle. {LABEL}")
    assert planned.slots["policy"] != "off"


@pytest.mark.parametrize("of", ["the checkpoint being that of the last training", "with its checkpoint"])
def test_a_small_word_names_no_file(own_bank: Runtime, of: str) -> None:
    [planned] = plans(own_bank, f"evaluate rtdetr on /a/b, {of}, and a batch size of 4")
    assert {"and", "being"}.isdisjoint(map(str, planned.slots["set"].values()))
