"""Sentences and what they mean; the same words always give the same requests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skillbank.bank.discovery import Library
from skillbank.bank.search import SearchIndex
from skillbank.errors import (
    ActionNotFoundError,
    AmbiguousSkillError,
    ConflictError,
    OutOfScopeError,
    SkillbankError,
    SkillNotFoundError,
    UsageError,
)
from skillbank.plan.reader.reading import Reading, read_text
from skillbank.plan.request import Request
from skillbank.runtime import Runtime


@pytest.fixture(scope="module")
def reader() -> Iterator[Any]:
    library = Library()
    index = SearchIndex(library.skills)

    def read(text: str, folders: dict[str, set[str]] | None = None) -> Reading:
        return read_text(text, library, index, (folders or {}).get)

    yield read
    index.close()


def facts(request: Request) -> dict[str, Any]:
    """What a request says beyond its skill, without what it leaves open."""
    said: dict[str, Any] = {"action": request.action}
    if request.data:
        said["data"] = [(d.source, d.uri) for d in request.data]
    if request.settings:
        said["set"] = {s.key: s.value for s in request.settings}
    for name in ("parent", "pretrained", "automl", "platform", "gpus", "nodes", "results_root"):
        if getattr(request, name) is not None:
            said[name] = getattr(request, name)
    return said


TRAIN, EVAL, INFER = "train_datasets", "eval_dataset", "inference_dataset"
SENTENCES: dict[str, list[dict[str, Any]]] = {
    "train Grounding DINO on s3://bucket/train, no HPO": [
        {"action": "train", "data": [(TRAIN, "s3://bucket/train")], "automl": "off"}],
    "Train grounding-dino on s3://bucket/train.": [{"action": "train", "data": [(TRAIN, "s3://bucket/train")]}],
    "fine-tune grounding_dino with s3://b/t for 20 epochs": [
        {"action": "train", "data": [(TRAIN, "s3://b/t")], "set": {"train.num_epochs": 20}}],
    "please train grounding dino on s3://b/t, validate on s3://b/v, disable AutoML": [
        {"action": "train", "data": [(TRAIN, "s3://b/t"), (EVAL, "s3://b/v")], "automl": "off"}],
    "train Grounding DINO on s3://b/t with batch size 2 and learning rate 1e-4 on 4 GPUs": [
        {"action": "train", "data": [(TRAIN, "s3://b/t")], "gpus": 4,
         "set": {"batch_size": 2, "learning_rate": 1e-4}}],
    "train Grounding DINO on s3://b/t across 2 nodes via slurm": [
        {"action": "train", "data": [(TRAIN, "s3://b/t")], "nodes": 2, "platform": "slurm"}],
    "train Grounding DINO on s3://b/t in docker with bf16": [
        {"action": "train", "data": [(TRAIN, "s3://b/t")], "platform": "docker",
         "set": {"train.precision": "bf16"}}],
    "train Grounding DINO on s3://b/t train.optim.lr=1e-5 model.num_queries=100": [
        {"action": "train", "data": [(TRAIN, "s3://b/t")],
         "set": {"train.optim.lr": 1e-5, "model.num_queries": 100}}],
    "train Grounding DINO on s3://b/t, don't turn off AutoML": [
        {"action": "train", "data": [(TRAIN, "s3://b/t")], "automl": "auto"}],
    "train Grounding DINO on s3://b/t starting from s3://b/weights.pth": [
        {"action": "train", "data": [(TRAIN, "s3://b/t")], "pretrained": "s3://b/weights.pth"}],
    "train Grounding DINO on s3://b/t, save results to s3://b/out": [
        {"action": "train", "data": [(TRAIN, "s3://b/t")], "results_root": "s3://b/out"}],
    "train Grounding DINO on s3://b/t with 10k epochs": [
        {"action": "train", "data": [(TRAIN, "s3://b/t")], "set": {"train.num_epochs": 10_000}}],
    "evaluate Grounding DINO from job ab12cd on s3://b/v": [
        {"action": "evaluate", "data": [(EVAL, "s3://b/v")], "parent": "ab12cd"}],
    "evaluate the last training of Grounding DINO on s3://b/v": [
        {"action": "evaluate", "data": [(EVAL, "s3://b/v")], "parent": "last:train"}],
    "export Grounding DINO from the last job": [{"action": "export", "parent": "last"}],
    "export Grounding DINO and build an fp16 TensorRT engine": [
        {"action": "export"},
        {"action": "gen_trt_engine", "set": {"gen_trt_engine.tensorrt.data_type": "FP16"}}],
    "train Grounding DINO on s3://b/t, evaluate it on s3://b/v, then export": [
        {"action": "train", "data": [(TRAIN, "s3://b/t"), (EVAL, "s3://b/v")]},
        {"action": "evaluate", "data": [(EVAL, "s3://b/v")]},
        {"action": "export"}],
    "quantize Grounding DINO from job q-42": [{"action": "quantize", "parent": "q-42"}],
    "find people without helmets in s3://b/new with Grounding DINO": [
        {"action": "inference", "data": [(INFER, "s3://b/new")],
         "set": {"dataset.infer_data_sources.captions": ["people without helmets"]}}],
    'detect "red emergency exit signs" and "blue doors" in s3://b/new using Grounding DINO': [
        {"action": "inference", "data": [(INFER, "s3://b/new")],
         "set": {"dataset.infer_data_sources.captions": ["red emergency exit signs", "blue doors"]}}],
    "label cats, dogs and a bird in s3://b/new with grounding dino": [
        {"action": "inference", "data": [(INFER, "s3://b/new")],
         "set": {"dataset.infer_data_sources.captions": ["cats", "dogs", "bird"]}}],
    "run inference of Grounding DINO on s3://b/new": [
        {"action": "inference", "data": [(INFER, "s3://b/new")]}],
    "train Grounding DINO locally on s3://b/t": [
        {"action": "train", "data": [(TRAIN, "s3://b/t")], "platform": "local"}],
    "train Grounding DINO on kubernetes with s3://b/t, seed 7": [
        {"action": "train", "data": [(TRAIN, "s3://b/t")], "platform": "kubernetes",
         "set": {"train.seed": 7}}],
    "automl_policy=off train Grounding DINO on s3://b/t": [
        {"action": "train", "data": [(TRAIN, "s3://b/t")], "automl": "off"}],
}  # fmt: skip


@pytest.mark.parametrize("text", SENTENCES)
def test_sentence(reader: Any, text: str) -> None:
    reading = reader(text)
    assert all(r.skill.endswith("tao-train-grounding-dino") for r in reading.requests)
    assert all(r.text == text for r in reading.requests)
    got = [facts(r) for r in reading.requests]
    wanted = SENTENCES[text]
    if len(wanted) > 1:
        # In a chain it only matters that each action has its own data.
        for have, want in zip(got, wanted, strict=True):
            want_data, have_data = want.pop("data", []), have.pop("data", [])
            assert set(want_data) <= set(have_data)
    assert got == wanted


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("train Grounding DINO on s3://a/new, not on s3://a/old, no HPO", "s3://a/new"),
        ("use s3://a/t but not s3://a/t2 to train Grounding DINO, no HPO", "s3://a/t"),
        ("leave s3://a/prod alone. train Grounding DINO on s3://a/dev, plain run", "s3://a/dev"),
        ("do not write to s3://a/prod; train Grounding DINO on s3://a/t without AutoML", "s3://a/t"),
    ],
)
def test_what_is_excluded_is_not_used(reader: Any, text: str, data: str) -> None:
    [request] = reader(text).requests
    assert facts(request) == {"action": "train", "data": [(TRAIN, data)], "automl": "off"}


@pytest.mark.parametrize(
    ("wish", "named"),
    [
        ("with the backbone vgg16", "model.backbone cannot be 'vgg16'"),
        ("resnet101 as the backbone", "model.backbone cannot be 'resnet101'"),
        ("using the adam optimizer", "train.optim.optimizer cannot be 'adam'"),
        ("precision int4", "train.precision cannot be 'int4'"),
    ],
)
def test_values_that_no_plan_has_are_refused(reader: Any, wish: str, named: str) -> None:
    with pytest.raises(UsageError, match=named):
        reader(f"train Grounding DINO on s3://a/t, no HPO, {wish}")


def test_a_skill_is_found_by_what_it_does(reader: Any) -> None:
    reading = reader("train an open-vocabulary detector on s3://b/t")
    assert reading.requests[0].skill.endswith("tao-train-grounding-dino")
    assert any("no skill was named" in n for n in reading.notes)


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("train Grounding DINO on s3://b/t with wobbly frobnication", "wobbly frobnication"),
        ("if the mAP is below 0.5, train Grounding DINO on s3://b/t", "if"),
        ("train Grounding DINO on s3://b/t, no HPO, and if mAP > 0.5 export it", "if"),
        ("train Grounding DINO on s3://b/t with twice as many epochs", "twice as many"),
        ("train Grounding DINO on s3://b/t unless it has been trained", "unless"),
        ("train Grounding DINO on s3://b/t with batch size 4 or 8", "or 8"),
        ("evaluate or export Grounding DINO from job 9e2d10", "or"),
        ("train Grounding DINO on s3://b/t every night at 2", "every night"),
        ("train Grounding DINO on 10 % of s3://b/t", "10 %"),
        ("train Grounding DINO on s3://b/t for 3-5 epochs", "3-5"),
        ("train Grounding DINO on s3://b/t with 2 warmup epochs", "2 warmup epochs"),
        ("train Grounding DINO on s3://b/t, only the night pictures", "only the night"),
        ("I wanted to train Grounding DINO on s3://b/t", "wanted"),
    ],
)
def test_what_was_not_understood_is_asked(reader: Any, text: str, fragment: str) -> None:
    [question] = reader(text).requests[0].questions
    assert question.key == "words" and fragment in question.why


def test_a_number_beside_what_was_not_understood_fills_nothing(reader: Any) -> None:
    for text in ("2 warmup epochs", "for about 7 frobnicated epochs", "freeze for 3 epochs"):
        [request] = reader(f"train Grounding DINO on s3://b/t, {text}").requests
        assert not request.settings and request.questions, text


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("", UsageError, "empty"),
        ("   \n", UsageError, "empty"),
        ("x" * 20_001, UsageError, "20000"),
        ("Grounding DINO", ActionNotFoundError, "no action"),
        ("don't train Grounding DINO", ActionNotFoundError, "takes back"),
        ("bake a cake on s3://b/t", OutOfScopeError, "asks for no run"),
        ("train MM Grounding DINO on s3://b/t", SkillNotFoundError, "no skill for 'MM Grounding DINO'"),
        ("train Grounding DINO with no HPO but use AutoML", ConflictError, "keep one"),
        ("train Grounding DINO for 3 epochs and 5 epochs", ConflictError, "num_epochs to 3 and to 5"),
        ("train Grounding DINO on slurm and in docker", ConflictError, "slurm and docker"),
        ("train a detector on s3://b/t", AmbiguousSkillError, "does not say which model"),
        ("train a weather forecaster on s3://b/t", SkillNotFoundError, "No skill fits"),
    ],
)
def test_what_cannot_be_read(reader: Any, text: str, error: type[SkillbankError], words: str) -> None:
    with pytest.raises(error, match=words):
        reader(text)


def test_reading_is_deterministic(reader: Any) -> None:
    text = "train Grounding DINO on s3://b/t, evaluate it on s3://b/v with 3 epochs"
    assert reader(text) == reader(text)


@pytest.mark.parametrize("said", ["'my photos'", '"my photos"', "photos"])
def test_a_name_that_is_a_folder_here_is_a_place(
    said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / said.strip("'\"")
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    with Runtime() as runtime:
        [request] = runtime.read(f"find red stars in {said}").requests
    assert [place.uri for place in request.data] == [str(folder)]
    assert [setting.value for setting in request.settings] == [["red stars"]]


@pytest.mark.parametrize(
    ("text", "places", "asked"),
    [
        ("Train Grounding DINO and RT-DETR, both without HPO, on /a and /b respectively", ["/a"], False),
        ("Train Grounding DINO and RT-DETR, both without HPO, on /a and /b", ["/a", "/b"], True),
        ("Train RT-DETR on /a and /b, no HPO, and tell both of us", ["/a", "/b"], True),
        ("I have /a and /b. Train RT-DETR on both, no HPO", ["/a", "/b"], False),
        ("Train RT-DETR on both folders, /a and /b, no HPO", ["/a", "/b"], False),
    ],
)
def test_both_and_respectively_say_of_places_what_they_are_beside(
    text: str, places: list[str], asked: bool
) -> None:
    with Runtime() as runtime:
        first = runtime.read(text).requests[0]
    assert [place.uri for place in first.data] == places
    assert ("data.train" in {question.key for question in first.questions}) is asked
