"""What a question is a wish of, what asks whether something can be done, what goes on from another run."""

from __future__ import annotations

import pytest

from skillbank.errors import OutOfScopeError
from skillbank.runtime import Runtime

RUN = "train rtdetr on data/a, no hpo"

WHETHER = {
    f"Is it possible to {RUN}?": "Is it possible to",
    f"Hi! Is it possible to {RUN}?": "Is it possible to",
    f"Is there a way to {RUN}?": "Is there a way to",
    f"Can I {RUN}?": "Can I",
    f"Could I {RUN}?": "Could I",
    f"Can one {RUN}?": "Can one",
    "Is it possible to find cats in data/a with IDEA-Research/grounding-dino-tiny?": "Is it possible to",
}
WISHES = (
    f"Could you {RUN}?",
    f"Can we {RUN}?",
    f"Could somebody {RUN}?",
    f"Is it possible that you {RUN}?",
    f"Would it be possible to {RUN}?",
    f"Is it possible to {RUN}, please?",
    f"Is it possible to {RUN}? Thanks!",
    "Can I have rtdetr trained on data/a, no hpo?",
    "Is it possible to get rtdetr trained on data/a, no hpo?",
)


@pytest.mark.parametrize(("text", "words"), WHETHER.items())
def test_whether_something_can_be_done_is_no_wish(runtime: Runtime, text: str, words: str) -> None:
    assert words in runtime.read(text).unread


@pytest.mark.parametrize("text", WISHES)
def test_what_is_asked_of_somebody_or_to_be_had_is_a_wish(runtime: Runtime, text: str) -> None:
    reading = runtime.read(text)
    assert [r.action for r in reading.requests] == ["train"] and not reading.not_understood


@pytest.mark.parametrize(
    "asked",
    [
        "what would that cost?",
        "how long will that take?",
        "how much memory does it need?",
        "is it worth the effort?",
    ],
)
@pytest.mark.parametrize("mark", [", ", ". "])
def test_a_question_behind_an_order_is_answered_as_others_are(
    runtime: Runtime, asked: str, mark: str
) -> None:
    reading = runtime.read(f"{RUN}{mark}{asked}")
    assert not reading.not_understood
    assert f"'{asked}' is a question, and nothing of it is run" in reading.notes


def test_what_says_more_of_what_stands_before_it_is_no_question(runtime: Runtime) -> None:
    reading = runtime.read("Could you train rtdetr on data/a, which is new, no hpo?")
    assert not any("is a question" in note for note in reading.notes)


ELSEWHERE = {
    f"{RUN}, as Bob did with 30 epochs": "as Bob did with 30 epochs",
    f"{RUN}, as Bob did": "as Bob did",
    f"{RUN}, like Anna did last week with lr 1e-4": "like Anna did last week with lr 1e-4",
    f"{RUN}, as we did last time": "as we did last time",
    f"{RUN}, as the paper did with 50 epochs": "as the paper did with 50 epochs",
    "train rtdetr just as we did before on data/a, no hpo": "just as we did before",
    f"Continuing from yesterday, {RUN}": "Continuing from yesterday",
    f"Continuing yesterday's run, {RUN}": "Continuing yesterday's run",
    f"Picking up where we left off, {RUN}": "Picking up where we left off",
    f"Going on from last week, {RUN}": "Going on from last week",
    f"Building on Bob's run, {RUN}": "Building on Bob's run",
    f"Starting from Bob's weights, {RUN}": "Starting from Bob's weights",
    f"Resuming, {RUN}": "Resuming",
    f"{RUN}, starting from yesterday's weights": "starting from yesterday's weights",
}


@pytest.mark.parametrize(("text", "words"), ELSEWHERE.items())
def test_what_only_the_person_knows_of_another_run_is_asked_about(
    runtime: Runtime, text: str, words: str
) -> None:
    reading = runtime.read(text)
    assert words in reading.unread
    assert not any(s.key.endswith(("epochs", "lr")) for r in reading.requests for s in r.settings)


@pytest.mark.parametrize(
    "text",
    [
        f"{RUN}, as we do not have a choice",
        f"{RUN}, as I do the labelling myself",
        f"{RUN}. Bob did it with 30 epochs.",
        f"As we did last year, we flew over the park. {RUN}",
        f"Based on your advice, {RUN}",
        f"We are building on Bob's run. {RUN}",
        f"Starting from scratch, {RUN}",
        f"{RUN}, continuing from e1f0a9",
        f"Continuing our tests of last week, {RUN}",
    ],
)
def test_what_is_told_or_named_asks_nothing(runtime: Runtime, text: str) -> None:
    assert not runtime.read(text).not_understood


OVER = {
    f"{RUN}, last time it was 20 epochs and 2 gpus": "2 gpus",
    f"{RUN}, Bob used 20 epochs and 2 gpus": "2 gpus",
    f"{RUN}. Bob used 20 epochs and batch size 2.": "batch size 2",
}


@pytest.mark.parametrize(("text", "told"), OVER.items())
def test_what_goes_on_with_values_of_what_is_over_is_told_too(runtime: Runtime, text: str, told: str) -> None:
    reading = runtime.read(text)
    assert f"'{told}' is taken as told, and sets nothing" in reading.notes
    assert not any(r.gpus or r.settings for r in reading.requests)


def test_a_list_of_them_without_an_and_may_be_meant(runtime: Runtime) -> None:
    reading = runtime.read(f"{RUN}, it had 20 epochs, 2 gpus and fp16")
    assert reading.unread == ("2 gpus and fp16",)
    assert not any(r.gpus or r.settings for r in reading.requests)


@pytest.mark.parametrize(
    "said",
    ["Last time we had 20 epochs, and 2 gpus please.", "We used 20 epochs, now 2 gpus.", "It ran, 2 gpus."],
)
def test_what_is_to_be_now_is_set(runtime: Runtime, said: str) -> None:
    assert [r.gpus for r in runtime.read(f"{RUN}. {said}").requests] == [2]


@pytest.mark.parametrize(
    "text",
    [
        "evaluate rtdetr with m.pth on data/b, then train rtdetr on data/a from it, no hpo",
        "evaluate rtdetr with m.pth on data/b and train on from it on data/a, no hpo",
    ],
)
def test_a_training_that_starts_from_a_file_before_it_asks(runtime: Runtime, text: str) -> None:
    [_, train] = runtime.read(text).requests
    assert [q.key for q in train.questions] == ["pretrained"]


@pytest.mark.parametrize(
    "asked",
    [
        "All I want is an export?", "All that I want is an export?", "So all that is needed is an export?",
        "You want an export?", "You all want an export?", "The goal is an export?", "My wish is an export?",
        "Could it be that we need an export?", "Could it be that an export helps",
        "Can it be that we export it",
        "Might it be that the model should be exported", "Is it so that we export it",
    ],
)  # fmt: skip
def test_what_asks_whether_something_is_so_orders_nothing(runtime: Runtime, asked: str) -> None:
    reading = runtime.read(f"{RUN}. {asked}")
    assert [r.action for r in reading.requests] == ["train"] and not reading.not_understood
    assert any("is a question, and nothing of it is run" in note for note in reading.notes)


@pytest.mark.parametrize("text", [f"Could it be that {RUN}", f"Might it be that we {RUN}?"])
def test_an_order_is_no_order_where_it_is_asked_whether_it_is_one(runtime: Runtime, text: str) -> None:
    with pytest.raises(OutOfScopeError, match="asks for no run"):
        runtime.read(text)


@pytest.mark.parametrize("text", ["All I want is 30 epochs?", "30 epochs is what we want?"])
def test_a_value_that_is_asked_about_is_not_set(runtime: Runtime, text: str) -> None:
    reading = runtime.read(f"{RUN}. {text}")
    assert reading.unread and not reading.requests[0].settings


@pytest.mark.parametrize(
    "said", ["All I want is an export.", "The goal is an export.", "Could it be exported?"]
)
def test_a_wish_without_a_question_mark_is_one(runtime: Runtime, said: str) -> None:
    reading = runtime.read(f"{RUN}. {said}")
    wished = ["train", "export"] if said.endswith(".") else ["train"]
    assert [r.action for r in reading.requests] == wished and not reading.not_understood
