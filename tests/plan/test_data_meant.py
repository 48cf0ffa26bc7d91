"""Which data a step is done on, where words say it: other data than it would read are asked about."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from skillbank.bank.discovery import Library
from skillbank.bank.search import SearchIndex
from skillbank.plan.reader.reading import Reading, read_text

Read = Callable[[str], Reading]
TRAIN = "train rtdetr on data/a, val data/b, no hpo"


@pytest.fixture(scope="module")
def read() -> Iterator[Read]:
    library = Library()
    index = SearchIndex(library.skills)
    yield lambda said: read_text(said, library, index)
    index.close()


def data(reading: Reading, at: int) -> dict[str, str]:
    return {each.source: each.uri for each in reading.requests[at].data}


@pytest.mark.parametrize(
    ("step", "unread"),
    [
        ("evaluate on the train data", "the train data"), ("evaluate on train", "train"),
        ("evaluate on the training set", "the training set"), ("evaluate on the test set", "the test set"),
        ("evaluate on test data", "test data"), ("evaluate on other data", "other data"),
        ("evaluate on new data", "new data"), ("evaluate on the other", "the other"),
        ("evaluate on everything", "everything"), ("evaluate on all data", "all data"),
        ("evaluate it on both", "both"), ("evaluate on a second set", "a second set"),
        ("evaluate on the small set", "the small set"), ("evaluate on some images", "some images"),
        ("then measure it on the training data", "the training data"),
        ("evaluate on that and data/c", "that and"), ("evaluate on data/c and that", "and that"),
        ("evaluate there and on data/c", "there and"), ("then quantize it with the val data", "the val data"),
        ("export it with the training data", "the training data"),
    ],
)  # fmt: skip
def test_other_data_without_a_place_are_asked_about(read: Read, step: str, unread: str) -> None:
    assert read(f"{TRAIN}, {step}").not_understood == (unread,)


@pytest.mark.parametrize(
    "said",
    [
        f"{TRAIN}, evaluate on the validation data", f"{TRAIN}, evaluate on that",
        "train rtdetr on data/a, test data/b, no hpo, evaluate on the test set",
        f"{TRAIN}, evaluate on the new data in data/b",
    ],
)  # fmt: skip
def test_data_that_are_there_ask_nothing(read: Read, said: str) -> None:
    reading = read(said)
    assert reading.not_understood == ()
    assert data(reading, 1) == {"eval_dataset": "data/b"}


@pytest.mark.parametrize(
    "said",
    [
        "train rtdetr on data/a, no validation, evaluate it on data/b, no hpo",
        "train rtdetr on data/a without validation and evaluate it on data/b, no hpo",
        "train rtdetr on data/a, don't use data/b for validation, evaluate it on data/b, no hpo",
        "train rtdetr on data/a, no hpo, never show it data/b, evaluate it on data/b",
    ],
)
def test_a_validation_that_is_denied_is_not_done(read: Read, said: str) -> None:
    reading = read(said)
    assert data(reading, 0) == {"train_datasets": "data/a"}
    assert data(reading, 1) == {"eval_dataset": "data/b"}


def test_a_final_test_is_no_validation_without_a_word(read: Read) -> None:
    assert read("train rtdetr on data/a, no hpo, final test on data/b").not_understood == ("final",)


@pytest.mark.parametrize(
    "step",
    [
        "export into ./y", "export, onnx in ./y", "evaluate on data/b into ./y", "export, its results in ./y",
        "evaluate on data/b and put the report into ./y", "run on pics/, boxes to ./y",
        "then export, results of that to ./y",
    ],
)  # fmt: skip
def test_whether_a_place_for_what_one_step_leaves_is_for_all_is_asked(read: Read, step: str) -> None:
    first, *_ = read(f"train rtdetr on data/a, no hpo, {step}").requests
    assert [q.key for q in first.questions] == ["results_root"]


@pytest.mark.parametrize("said", ["everything into ./y", "all results in ./y", "results in ./y"])
def test_a_place_for_results_is_for_all_steps(read: Read, said: str) -> None:
    requests = read(f"train rtdetr on data/a, no hpo, evaluate on data/b, {said}").requests
    assert [(r.results_root, r.questions) for r in requests] == [("./y", ())] * 2


def test_data_of_an_evaluation_that_validate_the_training_too_are_noted(read: Read) -> None:
    said = "data/b, on which the model is evaluated, validates its training too"
    assert any(note.startswith(said) for note in read("train rtdetr on data/a, evaluate it on data/b").notes)
    for other in (
        f"{TRAIN}, evaluate it on data/c",
        "train rtdetr on data/a, no validation, evaluate it on data/b",
    ):
        assert not any("validates its training too" in note for note in read(other).notes)


@pytest.mark.parametrize(
    ("said", "unread"),
    [
        ("train rtdetr on data/a and a second set, no hpo", "and a second set"),
        ("train rtdetr on some images of data/a, no hpo", "some images"),
        ("train rtdetr on the images of data/a we labelled, no hpo", "we labelled"),
        (f"{TRAIN}, evaluate it on data/c and run it there", "run it there"),
        (f"{TRAIN}, evaluate it on data/c and the same for the train set", "and the same for"),
        (f"{TRAIN}, evaluate it on data/c, then on a second set", "on a second set"),
        (f"{TRAIN}, evaluate it on its own data and on data/c", "its own data"),
        (f"{TRAIN}, evaluate it on data/c. Use data/d for training.", "data/d for training"),
    ],
)
def test_further_data_in_words_and_a_second_place_for_one_thing_are_asked_about(
    read: Read, said: str, unread: str
) -> None:
    assert unread in read(said).not_understood


@pytest.mark.parametrize(
    "said",
    [
        "train rtdetr on the new images in data/a, no hpo",
        "train rtdetr on data/a and the val set in data/b, no hpo",
        f"{TRAIN}, training data data/a, evaluate it on data/c",
    ],
)
def test_data_with_their_place_ask_nothing(read: Read, said: str) -> None:
    assert read(said).not_understood == ()
