"""What is said beside a request that reads without a question changes the plan, or is asked about."""

from __future__ import annotations

import pytest

from skillbank.runtime import Runtime

REQUESTS = (
    "train Grounding DINO on /d/t, no HPO",
    "export RT-DETR to onnx",
    "find cats in /d/new with Grounding DINO",
)
PHRASES = (
    "images scaled to 800 pixels",
    "images resized to half",
    "starting with the newest",
    "tomorrow morning",
    "overnight",
    "the small one",
    "for the large model",
    "a bit longer",
    "umbrella",
    "with strong augmentation",
    "in two weeks",
    "delete the old results",
)
UNDERSTOOD = (
    "Hey, my supervisor wants me to train Grounding DINO on /d/t, no HPO",
    "train Grounding DINO on /d/t to see whether the pipeline works, no HPO",
    "When convenient, please train Grounding DINO on /d/t, nohpo",
    "train Grounding DINO on /d/t with 30 epochs and not 50, no HPO",
    "train Grounding DINO on /d/t with 4 steps of gradient accumulation, no HPO",
    "Does /d/t have labels? Train Grounding DINO on it without HPO.",
    "label cats in /d/a and train RT-DETR on /d/b, no HPO",
)


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_phrase_behind_a_request_is_no_heading(runtime: Runtime, request_: str) -> None:
    assert [p for p in PHRASES if not runtime.read(f"{request_}, {p}").not_understood] == []


def test_a_signature_holds_no_orders(runtime: Runtime) -> None:
    text = "train Grounding DINO on /d/t, no HPO. Thanks, Maria"
    assert not runtime.read(text).not_understood
    assert runtime.read(f"{text}, freeze the first layers").not_understood


def test_places_that_are_told_of_lead_no_results_anywhere(runtime: Runtime) -> None:
    text = "Our intern sorted the photos into /d/train and /d/val. Train RT-DETR on them, no HPO."
    [request] = runtime.read(text).requests
    assert request.results_root is None
    assert {d.source: d.uri for d in request.data} == {
        "train_datasets": "/d/train",
        "eval_dataset": "/d/val",
    }


def test_pictures_that_are_taken_from_a_place_are_no_checkpoint(runtime: Runtime) -> None:
    [request] = runtime.read("take the pictures from /d/birds and label robin and tit").requests
    assert [(d.source, d.uri) for d in request.data] == [("inference_dataset", "/d/birds")]


def test_what_changes_nothing_is_not_asked_about(runtime: Runtime) -> None:
    assert {t: read for t in UNDERSTOOD if (read := runtime.read(t).not_understood)} == {}


def test_what_follows_a_training_that_is_not_called_so(runtime: Runtime) -> None:
    requests = runtime.read("RT-DETR on /d/t, 30 epochs, no hpo; then export it").requests
    assert [r.action for r in requests] == ["train", "export"]
