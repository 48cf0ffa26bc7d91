"""What narrows, doubts or takes back an order asks: "every second picture", "any hpo but bayesian"."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from skillbank.bank.discovery import Library
from skillbank.bank.search import SearchIndex
from skillbank.errors import NotFoundError, OutOfScopeError
from skillbank.plan.reader.reading import Reading, read_text

Read = Callable[[str], Reading]
TRAIN = "Train rtdetr on data/a, val data/v, no hpo"
MODEL = "with job c25a97"
JOB = f"data/p {MODEL}"


def skill_of(job: str) -> str:
    return "skillbank:tao-train-grounding-dino" if job == "c25a97" else "skillbank:tao-train-rtdetr"


@pytest.fixture(scope="module")
def read() -> Iterator[Read]:
    library = Library()
    index = SearchIndex(library.skills)
    yield lambda said: read_text(said, library, index, job_skill=skill_of)
    index.close()


def actions(reading: Reading) -> list[str]:
    return [request.action for request in reading.requests]


def settings(reading: Reading, key: str) -> list[object]:
    return [s.value for request in reading.requests for s in request.settings if s.key == key]


def captions(reading: Reading) -> list[object]:
    """Return what is to be found, as a request holds it."""
    return [s.value for request in reading.requests for s in request.settings if isinstance(s.value, list)]


@pytest.mark.parametrize(
    "which",
    [
        "every second picture", "every other picture", "every new picture", "every large picture",
        "every May picture", "a few pictures", "half the pictures", "the first picture",
        "all the new pictures",
    ],
)  # fmt: skip
@pytest.mark.parametrize("verb", ["search", "look through"])
def test_pictures_of_a_place_that_are_chosen_to_be_searched_ask(read: Read, verb: str, which: str) -> None:
    reading = read(f"{verb} {which} in data/p for cats {MODEL}")
    assert reading.not_understood


@pytest.mark.parametrize(
    "which", ["every picture", "each picture", "all pictures", "the pictures", "every single picture"]
)
def test_all_pictures_of_a_place_are_searched(read: Read, which: str) -> None:
    reading = read(f"search {which} in data/p for cats {MODEL}")
    assert (captions(reading), reading.not_understood) == ([["cats"]], ())


@pytest.mark.parametrize(
    "said",
    [
        f'find "cats" for classes other than dogs in {JOB}', f"find cats in {JOB}. The counting matters.",
        f"label for Bob all cats in {JOB}", f"label for dogs all cats in {JOB}",
        f"label for training all cats in {JOB}", f'find "cats", "kittens" as one class in {JOB}',
        f'find "cats" and "dogs" as two classes in {JOB}', f'captions "cats", "dogs" for another time. {JOB}',
        f'find "cats" as the prompt and "dogs" as the class in {JOB}',
        f"animals of interest: cats for Bob, dogs for me; look in {JOB}",
        f"animals of interest: unknown; look in {JOB}", f"animals of interest: none; look in {JOB}",
    ],
)  # fmt: skip
def test_what_is_said_of_things_to_be_found_asks(read: Read, said: str) -> None:
    reading = read(said)
    assert reading.not_understood
    assert not any("matters" in each for each in captions(reading) if isinstance(each, list))


@pytest.mark.parametrize("behind", ["as well", "for now", "please"])
def test_words_behind_what_is_quoted_are_no_thing(read: Read, behind: str) -> None:
    assert captions(read(f'find "cats", "dogs" {behind} in {JOB}')) == [["cats", "dogs"]]


@pytest.mark.parametrize(
    "what", ["as training data", "for training", "to learn from", ""],
)  # fmt: skip
@pytest.mark.parametrize("verb", ["give", "hand", "push"])
def test_data_that_are_given_to_a_job_are_no_inference(read: Read, verb: str, what: str) -> None:
    try:
        found = actions(read(f"{verb} data/p to 0fd673 {what}"))
    except (OutOfScopeError, NotFoundError):
        found = []
    assert "inference" not in found


@pytest.mark.parametrize(
    "said",
    [f"{TRAIN}. Smoke test.", f"{TRAIN}. Smoke run.", f"Smoke test: {TRAIN}", f"{TRAIN}, a dry run."],
)
def test_a_trial_of_a_run_asks(read: Read, said: str) -> None:
    assert read(said).not_understood


@pytest.mark.parametrize(
    "search",
    [
        "hpo of any sort but bayesian", "hpo of the kind but bayesian", "any hpo but bayesian",
        "hpo of any kind save bayesian", "hpo but bayesian",
    ],
)  # fmt: skip
def test_an_algorithm_that_is_taken_out_is_not_searched_with(read: Read, search: str) -> None:
    reading = read(f"Train rtdetr on data/a, val data/v, {search}")
    assert settings(reading, "automl.algorithm") == []
    assert reading.not_understood


def test_an_algorithm_behind_a_comma_and_but_is_meant(read: Read) -> None:
    reading = read("Train rtdetr on data/a, val data/v, hpo, but bayesian")
    assert reading.not_understood == ()


@pytest.mark.parametrize(
    "said",
    [
        "30 epochs ought to be enough for the first go.", "30 epochs should do it in total.",
        "30 epochs should do it?", "30 epochs should do it? I doubt it.",
        "30 epochs should do it, Bob says, but he is wrong.", "30 epochs is enough for the small one.",
        "30 epochs will do until Friday.", "30 epochs is about right per stage.",
    ],
)  # fmt: skip
def test_what_is_enough_for_something_or_doubted_asks(read: Read, said: str) -> None:
    assert read(f"{TRAIN}. {said}").not_understood


@pytest.mark.parametrize(
    "said", ["30 epochs should do it.", "30 epochs is enough for now.", "30 epochs will do for me."]
)
def test_what_is_enough_is_set(read: Read, said: str) -> None:
    reading = read(f"{TRAIN}. {said}")
    assert (settings(reading, "train.num_epochs"), reading.not_understood) == ([30], ())


@pytest.mark.parametrize(
    "said",
    [
        "What he needs now is an export.", "What they want is an export.", "All he wants is an export.",
        "What we need by Friday is an export.", "Everyone wants an export but me.",
        "Somebody needs an export, not us.", "We would be glad to have an export but we lack the disk.",
        "Is what I want an export?", "Could it be exported?",
        "What I want is an export?", "Everyone wants an export, which is silly.",
    ],
)  # fmt: skip
def test_a_wish_that_is_others_or_limited_exports_nothing_unasked(read: Read, said: str) -> None:
    reading = read(f"{TRAIN}. {said}")
    assert "export" not in actions(reading) or reading.not_understood


@pytest.mark.parametrize("said", ["Can it run on data/p?", "Could it run on data/p?"])
def test_what_a_model_is_able_to_is_a_question(read: Read, said: str) -> None:
    assert actions(read(f"{TRAIN}. {said}")) == ["train"]


def test_what_somebody_else_wants_sets_nothing(read: Read) -> None:
    reading = read(f"{TRAIN}. What he wants is 30 epochs.")
    assert (settings(reading, "train.num_epochs"), bool(reading.not_understood)) == ([], True)
