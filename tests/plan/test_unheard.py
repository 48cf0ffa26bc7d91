"""What is said beside a request that reads without a question changes the plan, or is asked about."""

from __future__ import annotations

from pathlib import Path

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


ASKED = (
    "train RT-DETR on /d/t, no HPO, name the job roads-v2",
    "train RT-DETR on /d/t, no HPO, as job night1",
    "new job night1: train RT-DETR on /d/t, no HPO",
    "train RT-DETR on /d/t to detect only cars, no HPO",
    "label cars in /d/a in the COCO format",
    "annotate cars in /d/a as YOLO",
    "train RT-DETR on /d/t, no HPO, 00,100 epochs",
    "Re: half the pictures\nTrain Grounding DINO on /d/t, no HPO",
    "Subject: frozen backbone\nTrain Grounding DINO on /d/t, no HPO",
    "train RT-DETR on /d/t, no HPO. we want a frozen backbone:",
    "Anna needs all 4 GPUs, so train RT-DETR on /d/t, no HPO",
    "redo the same training of RT-DETR on /d/t, no HPO",
)


@pytest.mark.parametrize("text", ASKED)
def test_what_no_part_of_a_plan_can_say_is_asked_about(runtime: Runtime, text: str) -> None:
    assert runtime.read(text).not_understood


@pytest.mark.parametrize(
    ("said", "value"),
    [("0,001", 0.001), ("0,0005", 0.0005), ("0.001", 0.001), ("1e-3", 0.001), ("0,050", 0.05)],
)
def test_no_thousands_begin_with_a_nought(runtime: Runtime, said: str, value: float) -> None:
    [request] = runtime.read(f"train RT-DETR on /d/t, learning rate {said}, no HPO").requests
    assert [(s.key, s.value) for s in request.settings] == [("learning_rate", value)]


@pytest.mark.parametrize("said", ["save it as night.pth", "save the weights to /out/night.pth"])
def test_a_training_writes_into_a_folder(runtime: Runtime, said: str, tmp_path: Path) -> None:
    [request] = runtime.read(f"train RT-DETR on /d/t, no HPO, {said}").requests
    assert request.pretrained is None
    assert "results_root" in {q.key for q in runtime.plan([request])[0].questions}
    (tmp_path / "night.pth").mkdir()
    folder = request.model_copy(update={"results_root": str(tmp_path / "night.pth")})
    assert "results_root" not in {q.key for q in runtime.plan([folder])[0].questions}


@pytest.mark.parametrize("said", ["save it as /out/m.onnx", "and save it to /out/m.onnx"])
def test_an_export_writes_the_file_that_is_named(runtime: Runtime, said: str) -> None:
    [request] = runtime.read(f"export the last RT-DETR training to onnx {said}").requests
    assert (request.results_root, [s.value for s in request.settings]) == (None, ["/out/m.onnx"])


@pytest.mark.parametrize("thing", ["I beams", "type i fractures"])
def test_a_thing_may_hold_a_word_for_somebody(runtime: Runtime, thing: str) -> None:
    [request] = runtime.read(f"find {thing} in /d/a").requests
    assert not request.questions and [s.value for s in request.settings] == [[thing]]
