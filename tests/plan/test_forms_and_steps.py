"""Which form of a job's model is meant, which steps there are, and in which order: none is lost silently."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from skillbank.jobs.record import JobRecord, JobState
from skillbank.plan.model import WORDS
from skillbank.plan.reader.reading import Reading
from skillbank.plan.weights import WEIGHTS
from skillbank.runtime import Runtime

TRAINED, EXPORTED = "rtdetr-train-20260909-120000-0fd673", "rtdetr-export-20260909-170000-3d9f60"
TRAIN = "train RT-DETR on /d/a, no HPO, "
EVALUATE = "evaluate 0fd673 on /d/b, "
OF_ANOTHER_FORM = (
    "evaluate the exported 0fd673 on /d/a",
    "evaluate the onnx of 0fd673 on /d/a",
    "evaluate the export of 0fd673 on /d/a",
    "evaluate the engine of 0fd673 on /d/a",
    "evaluate 0fd673 quantized on /d/a",
    "export the quantized model of 0fd673",
    "evaluate the quantized 3d9f60 on /d/a",
    "evaluate the checkpoint 0fd673 was trained from on /d/a",
    "evaluate the original of 0fd673 on /d/a",
    EVALUATE + "with the quantized model",
    "quantize 0fd673 on /d/a, val /d/v, export the original",
    "export 0fd673, evaluate the onnx on /d/b",
)
NO_SUCH_STEP = (
    *(TRAIN + said for said in (
        "as a tensorrt engine", "do it with tensorrt", "and the engine", "engine too", "tensorrt",
        "use the existing engine", "through to the engine", "all the way to tensorrt", "end to end",
        "and so on", "then fine-tune it", "finetune it afterwards", "pretrain it first",
        "then train another model", "train another one", "train the second one too", "run it once more",
        "from the quantized model", "just the first step", "hold it for now", "put it in the queue",
        "make it fast and small", "evaluate on /d/b after exporting",
    )),
    *(EVALUATE + said for said in (
        "once it is exported", "after retraining", "after the next training", "another one",
        "just one picture", "part of it", "trained on the other data", "over and over",
    )),
    "export 0fd673, then run it",
    "export 0fd673 as an engine",
    "train RT-DETR on /d/a and evaluate it on /d/b, no HPO, then the same with SegFormer",
    "train RT-DETR on /d/a, evaluate it on /d/b if there is time, no HPO",
    "DONE: train RT-DETR on /d/a, no HPO\nNEXT: evaluate it on /d/b",
)  # fmt: skip
FOR_SOMETHING_ELSE = (
    TRAIN + "in the folder of 0fd673",
    TRAIN + "and put it with 0fd673",
    TRAIN + "in place of 0fd673",
    TRAIN + "on the machine of 0fd673",
    TRAIN + "use the gpu of 0fd673",
    TRAIN + "for comparison with 0fd673",
    TRAIN + "see 0fd673",
    TRAIN + "related to 0fd673",
    TRAIN + "as with 0fd673",
    "train RT-DETR with the labels of 0fd673 on /d/a, no HPO",
    "train RT-DETR the way we did it in 0fd673 on /d/a, no HPO",
    "Following 0fd673: train RT-DETR on /d/a, no HPO",
    "evaluate the second RT-DETR training on /d/a",
    "evaluate the RT-DETR training that used /d/b on /d/a",
)
IN_ORDER = {
    TRAIN + "export after evaluating on /d/b": ["train", "evaluate", "export"],
    TRAIN + "but evaluate 0fd673 first on /d/b": ["evaluate", "train"],
    TRAIN + "preceded by an evaluation of 0fd673 on /d/b": ["evaluate", "train"],
    "after evaluating 0fd673 on /d/b, train it on /d/a, no HPO": ["evaluate", "train"],
}
FROM_THE_JOB = (
    "fine-tune it",
    "retrain it",
    "fine-tune that model",
    "train the same model",
    "train this one",
)


@pytest.fixture
def bank(runtime: Runtime) -> Iterator[Runtime]:
    """A runtime with a training and an export of one skill."""
    for job in (TRAINED, EXPORTED):
        record = JobRecord(
            id=job, created=datetime.now(UTC), plan_id="0" * 64, plan={"spec": {}}, skill="tao-train-rtdetr",
            action=job.split("-")[1], platform="local", results_dir=f"/results/{job}",
            state=JobState.COMPLETE,
        )  # fmt: skip
        runtime.jobs.store.create(record)
    yield runtime


def keys(read: Reading) -> set[str]:
    return {q.key for request in read.requests for q in request.questions}


@pytest.mark.parametrize("said", [*OF_ANOTHER_FORM, *NO_SUCH_STEP, *FOR_SOMETHING_ELSE])
def test_what_no_step_does_and_no_job_left_is_asked_about(bank: Runtime, said: str) -> None:
    assert WORDS in keys(bank.read(said))


@pytest.mark.parametrize(
    "said",
    [
        "evaluate the exported 3d9f60 on /d/a",
        "build an engine from the export 3d9f60",
        "export 0fd673 and build an engine",
        "export 0fd673, no engine needed",
        "train RT-DETR on /d/a, no HPO, then build the engine",
        "instead of exporting 0fd673, evaluate it on /d/a",
        "Use one and the same folder, /d/a, both for training and for validation. Train RT-DETR, no HPO.",
    ],
)
def test_a_form_that_is_there_or_is_made_is_read(bank: Runtime, said: str) -> None:
    assert WORDS not in keys(bank.read(said))


@pytest.mark.parametrize(("said", "actions"), IN_ORDER.items())
def test_steps_run_in_the_order_that_is_said(bank: Runtime, said: str, actions: list[str]) -> None:
    read = bank.read(said)
    assert [request.action for request in read.requests] == actions
    assert WORDS not in keys(read)


@pytest.mark.parametrize("said", FROM_THE_JOB)
def test_a_training_of_what_was_evaluated_starts_from_it(bank: Runtime, said: str) -> None:
    read = bank.read(f"evaluate 0fd673 on /d/b, then {said} on /d/a, no HPO")
    assert [request.parent for request in read.requests] == ["0fd673", "0fd673"]


@pytest.mark.parametrize("said", ["fine-tune", "continue training", "train"])
def test_where_a_training_behind_a_job_starts_is_asked(bank: Runtime, said: str) -> None:
    assert WEIGHTS in keys(bank.read(f"evaluate 0fd673 on /d/b and {said} on /d/a, no HPO"))


def test_a_training_of_a_named_model_is_a_new_one(bank: Runtime) -> None:
    read = bank.read("evaluate 0fd673 on /d/b and train RT-DETR on /d/a, no HPO")
    assert [request.parent for request in read.requests] == ["0fd673", None]
    assert not keys(read)
