"""A job that is waited for, compared with or only spoken of is none that a training starts from."""

from __future__ import annotations

import pytest

from skillbank.runtime import Runtime

TRAIN = "train rtdetr on data/a, val data/b, no hpo"
SPOKEN_OF = {
    # When the run is to start.
    f"{TRAIN}. Start when 0fd673 is done.": "0fd673",
    f"{TRAIN}, once 0fd673 has finished": "0fd673",
    f"{TRAIN}, when 0fd673 finishes": "0fd673",
    f"{TRAIN}, after job 0fd673 finishes": "job 0fd673",
    f"{TRAIN}, while 0fd673 runs": "0fd673",
    f"{TRAIN}, until 0fd673 is done": "0fd673",
    f"{TRAIN}, once 0fd673 is exported": "0fd673",
    f"{TRAIN}. Start when the last training is done.": "the last training",
    f"{TRAIN}, once the last training has finished": "the last training",
    f"{TRAIN}, with 0fd673 running": "with 0fd673",
    f"{TRAIN}, with 0fd673 out of the way": "with 0fd673",
    # What it is like, what it replaces, where it lies, and what else a job has.
    f"{TRAIN}, like the last training": "the last training",
    f"{TRAIN}, as in the last training": "the last training",
    f"{TRAIN}, for comparison with the last model": "the last model",
    f"{TRAIN} (see the last training)": "the last training",
    f"{TRAIN}, the last model can go": "the last model",
    f"{TRAIN}, so it can replace 0fd673": "0fd673",
    f"{TRAIN}, then merge with 0fd673": "0fd673",
    f"{TRAIN}, with 0fd673 in mind": "with 0fd673",
    f"{TRAIN}, into 0fd673": "0fd673",
    f"{TRAIN}, below 0fd673": "0fd673",
    f"{TRAIN}, in 0fd673's folder": "0fd673",
    f"{TRAIN}, with 0fd673's data": "with 0fd673",
    f"{TRAIN}, on the data of the last training": "the last training",
    # Which checkpoint of a job, and how a training goes on from it.
    "export the last checkpoint of 0fd673": "last checkpoint",
    "evaluate the latest checkpoint of job 0fd673 on data/b": "latest checkpoint",
    "fine-tune 0fd673 with data/c added, no hpo": "added",
    "fine-tune 0fd673 also on data/c, no hpo": "also",
    "fine-tune 0fd673 additionally on data/c, no hpo": "additionally",
    "retrain 0fd673 from the start on data/c, no hpo": "from the start",
    "train another 0fd673 on data/c, no hpo": "another",
    # Which model the named one is said to be, of which it stays open whether it is started from.
    "train rtdetr, our previous model, on data/a, no hpo": "our previous model",
    "train rtdetr, our last model, on data/a, no hpo": "our last model",
    "train rtdetr (our latest detector) on data/a, no hpo": "our latest detector",
    "train rtdetr, the most recent version, on data/a, no hpo": "the most recent version",
    # What data are for that another action takes.
    "run 0fd673 on pics/ for training": "for training",
    "run 0fd673 for training on pics/": "for training",
    "run 0fd673 on pics/ as training data": "as training data",
    "run 0fd673 on pics/ for fine-tuning": "for fine-tuning",
    "run 0fd673 on pics/ for validation": "for validation",
    "apply 0fd673 to pics/ for training": "for training",
    "let 0fd673 run on pics/ for evaluation": "for evaluation",
    # More epochs than those of no job that the training starts from.
    "train rtdetr on data/a for another 10 epochs. Evaluate 0fd673 on data/b": "another 10 epochs",
    "evaluate 0fd673 on data/b. Train rtdetr on data/a for 10 more epochs, no hpo": "10 more epochs",
    "train rtdetr on data/a for 10 extra epochs, no hpo, as was done with 0fd673": "10 extra epochs",
}
STARTED_FROM = (
    f"{TRAIN}, from 0fd673",
    f"{TRAIN}, starting from job 0fd673",
    f"{TRAIN}, based on 0fd673",
    f"{TRAIN}, initialised with 0fd673",
    f"{TRAIN}, with the weights of 0fd673",
    f"{TRAIN}, weights: 0fd673",
    f"{TRAIN}, model of 0fd673",
    f"{TRAIN}, parent 0fd673",
    f"{TRAIN}, 0fd673 as parent",
    f"{TRAIN}; the model is 0fd673",
    f"{TRAIN}. Use 0fd673.",
    f"{TRAIN}, weights of job 0fd673 please",
    "use job 0fd673 to train rtdetr on data/a, no hpo",
    "train rtdetr on data/a with 0fd673, no hpo",
    "train rtdetr on data/a on top of 0fd673, no hpo",
    "train rtdetr, 0fd673, data/a, no hpo",
    "continue with 0fd673: train rtdetr from it on data/a, no hpo",
    "fine-tune rtdetr job 0fd673 on data/a, no hpo",
    "fine-tune 0fd673 on data/c, no hpo, also evaluate it on data/b",
)


@pytest.mark.parametrize(("text", "words"), SPOKEN_OF.items())
def test_a_job_that_is_only_spoken_of_is_asked_about(own_bank: Runtime, text: str, words: str) -> None:
    asked = own_bank.read(text).not_understood
    assert any(words in each for each in asked), asked


@pytest.mark.parametrize("text", STARTED_FROM)
def test_a_training_starts_from_the_job_that_leads_to_it(own_bank: Runtime, text: str) -> None:
    read = own_bank.read(text)
    assert read.requests[0].parent == "0fd673"
    assert not read.not_understood


@pytest.mark.parametrize(
    "text",
    [
        "run 0fd673 on the training data data/a", "run 0fd673 on pics/ for inference",
        "label pics/ for training with 0fd673", "run 0fd673 on pics/ for testing",
    ],
)  # fmt: skip
def test_data_of_another_action_may_be_looked_at(own_bank: Runtime, text: str) -> None:
    read = own_bank.read(text)
    assert [r.action for r in read.requests] == ["inference"] and not read.not_understood


@pytest.mark.parametrize("said", ["another 10 epochs", "10 more epochs", "10 additional epochs"])
def test_more_epochs_of_a_job_are_said_to_be_counted_anew(own_bank: Runtime, said: str) -> None:
    read = own_bank.read(f"resume 0fd673 on data/a, no hpo, for {said}")
    assert [s.value for s in read.requests[0].settings] == [10] and not read.not_understood
    assert any(said in note and "at epoch 0" in note for note in read.notes)


def test_the_most_that_a_search_takes_is_no_more_than_a_job_has(own_bank: Runtime) -> None:
    said = (
        "Search with BOHB: train rtdetr on data/a, val data/b, no more than 200 epochs in all trials together"
    )
    assert not own_bank.read(said).not_understood
