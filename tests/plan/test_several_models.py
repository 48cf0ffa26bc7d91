"""Requests of several models: what is said of one of them is never set for another, and none is lost."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from skillbank.bank.search import SearchIndex
from skillbank.errors import AmbiguousSkillError, SkillNotFoundError
from skillbank.plan.reader.reading import read_text
from skillbank.plan.weights import SCRATCH
from skillbank.runtime import Runtime

BOTH = "train rtdetr and segformer on data/a, no hpo"
APART = "train rtdetr on data/a, segformer on data/b, no hpo"
THREE = "train rtdetr, segformer and grounding dino on data/a, no hpo"
RTDETR, SEGFORMER = "skillbank:tao-train-rtdetr", "skillbank:tao-train-segformer"

ASKED = {
    # an exception among the models that are listed
    f"{THREE}, but not segformer": "not segformer",
    f"{THREE}. Skip segformer.": "Skip segformer",
    f"{THREE}. Segformer can wait.": "Segformer can wait",
    f"{THREE}; no segformer though": "no segformer",
    f"{THREE}; omit segformer": "omit segformer",
    f"{THREE}, except segformer": "except segformer",
    "train all of these except segformer on data/a, no hpo: rtdetr, segformer, grounding dino": "segformer",
    # one of them, by its number, its kind or its place
    f"{BOTH}, lr 1e-4 for the first": "the first",
    "train rtdetr and segformer on data/a, no hpo for the second": "the second",
    f"{BOTH}, the first on 2 gpus": "the first",
    f"{BOTH}, with 10 epochs for the former": "the former",
    f"{APART}, 10 epochs for the latter": "the latter",
    f"{APART}, the first with lr 1e-4": "the first",
    f"{BOTH}, 10 epochs for one and 20 for the other": "the other",
    f"{BOTH}, lr 1e-4 for the detector": "the detector",
    f"{APART}, the one on data/b with lr 1e-4": "the one on data/b",
    f"{APART}, lr 1e-4 for data/b": "data/b",
    f"{APART}, lr 1e-4 for data/a": "data/a",
    f"{APART}, evaluate the first on data/c": "the first",
    "train rtdetr on data/a with no hpo but segformer on data/b with it": "it",
    # a search of one of them
    "train rtdetr on data/a with no hpo, segformer on data/b": "with no hpo",
    "train rtdetr on data/a (no hpo) and segformer on data/b": "no hpo",
    "train rtdetr on data/a without automl. Then train segformer on data/b.": "without automl",
    "train rtdetr on data/a with automl turned off and segformer on data/b": "with automl turned off",
    "train rtdetr on data/a with hpo (8 trials), then segformer on data/b": "with hpo",
    # where one of them runs, with how many GPUs, and where it leaves what it makes
    "train rtdetr on data/a with 2 gpus, then segformer on data/b, no hpo": "with 2 gpus",
    "train rtdetr with 2 gpus on data/a and segformer on data/b, no hpo": "with 2 gpus",
    "train rtdetr on data/a, 2 gpus, and segformer on data/b, no hpo": "2 gpus",
    "train rtdetr on data/a with 2 gpus. Then train segformer on data/b. No hpo.": "with 2 gpus",
    "train rtdetr on data/a on 2 nodes and segformer on data/b, no hpo": "on 2 nodes",
    "train rtdetr on data/a on slurm, then segformer on data/b, no hpo": "on slurm",
    "train rtdetr on data/a locally. Train segformer on data/b. No hpo.": "locally",
    "train rtdetr on data/a, results to ./x, then segformer on data/b, no hpo": "results to ./x",
    "train rtdetr on data/a into ./x and segformer on data/b, no hpo": "./x",
    "train rtdetr on data/a, skip broken pictures, and segformer on data/b, no hpo": "skip broken pictures",
    f"{APART}, 10 epochs in total": "in total",
    f"{APART}, 10 epochs together": "together",
    # one beside another
    "train segformer on data/a, no hpo, and evaluate it and f16b02 on data/b": "it and f16b02",
    "train segformer on data/a, no hpo, from f16b02, and evaluate both on data/b": "both",
    "train segformer on data/a, no hpo, and f16b02 too": "f16b02 too",
    "train rtdetr on data/a, no hpo, detect in pics/ with it and with 0fd673": "it and with 0fd673",
    "evaluate rtdetr 0fd673 and the pretrained one on data/c": "the pretrained one",
    "evaluate rtdetr 0fd673 against the original model on data/c": "against the original model",
    "evaluate rtdetr 0fd673 on data/c on the cpu, then on the gpu": "then on the gpu",
    # a number of models that it is not done with
    f"{THREE}, evaluate both on data/c": "both",
    f"{THREE}, evaluate both models on data/c": "both",
    f"{THREE}, evaluate the two on data/c": "the two",
    f"{BOTH}, evaluate all three of them on data/c": "all three of them",
    "train rtdetr on data/a, no hpo, evaluate the two on data/c": "the two",
    # the step of one is none of the other's
    "train rtdetr on data/a, export it, segformer on data/b, no hpo": "segformer",
    "train rtdetr on data/a and export it, then segformer the same, no hpo": "segformer the same",
}


@pytest.mark.parametrize(("text", "words"), ASKED.items())
def test_what_singles_out_one_of_several_models_is_asked_about(
    runtime: Runtime, text: str, words: str
) -> None:
    asked = runtime.read(text).not_understood
    assert any(words in each for each in asked), asked


DONE = {
    f"{APART}, evaluate them on data/c": ["train", "train", "evaluate", "evaluate"],
    f"{APART}, export both": ["train", "train", "export", "export"],
    f"{BOTH}, then evaluate all of them on data/c": ["train", "train", "evaluate", "evaluate"],
    f"{BOTH}, then evaluate both models on data/c": ["train", "train", "evaluate", "evaluate"],
    f"{APART}, then evaluate the two on data/c": ["train", "train", "evaluate", "evaluate"],
    f"{APART}. Evaluate these two models on data/c.": ["train", "train", "evaluate", "evaluate"],
    f"{APART}, evaluate both on data/c": ["train", "train", "evaluate", "evaluate"],
    f"{APART}, export the two": ["train", "train", "export", "export"],
    f"{BOTH}, then evaluate on data/c": ["train", "train", "evaluate", "evaluate"],
    "train and evaluate rtdetr and segformer on data/a, no hpo": ["train", "train", "evaluate", "evaluate"],
    "no hpo:\n- train rtdetr on data/a\n- train segformer on data/b\n- evaluate both on data/c": [
        "train", "train", "evaluate", "evaluate",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("text", "actions"), DONE.items())
def test_what_is_done_with_all_is_done_with_each(runtime: Runtime, text: str, actions: list[str]) -> None:
    reading = runtime.read(text)
    assert not reading.not_understood
    assert [r.action for r in reading.requests] == actions
    assert [r.skill for r in reading.requests] == [RTDETR, SEGFORMER] * 2


AMONG = (
    "evaluate 5c20ab on d/c, then fine-tune it on d/a, val d/b, no hpo, and evaluate it on d/c again",
    "evaluate 5c20ab on d/c and fine-tune it on d/a without automl, then evaluate the result on d/c",
    "first evaluate 5c20ab on d/c. Then train it on d/a, no hyperparameter search. Then evaluate it on d/c.",
    "evaluate 5c20ab on d/c, then fine-tune it on d/a with no hpo, then evaluate the new model on d/c",
)


@pytest.mark.parametrize("text", AMONG)
def test_no_search_of_the_one_training_between_other_steps_is_of_it(runtime: Runtime, text: str) -> None:
    index = SearchIndex(runtime.library.skills)
    read = read_text(text, runtime.library, index, job_skill=lambda job: "tao-train-grounding-dino")
    assert not read.not_understood
    assert [(r.action, r.automl) for r in read.requests if r.action == "train"] == [("train", "off")]
    assert len(read.requests) == 3


@pytest.mark.parametrize(
    "text",
    [
        f"{APART}, then export",
        f"{APART}, then export it",
        f"{BOTH}, then export it",
        "train a detector and a classifier on data/a, no hpo",
        "train a detector and a segmentation model on data/a, no hpo",
    ],
)
def test_which_of_several_models_is_meant_has_to_be_said(runtime: Runtime, text: str) -> None:
    with pytest.raises(AmbiguousSkillError):
        runtime.read(text)


@pytest.mark.parametrize(("kind", "fits"), [("detector", False), ("classifier", True)])
def test_a_training_of_another_kind_than_the_job_beside_it_has_to_be_named(
    runtime: Runtime, kind: str, fits: bool
) -> None:
    """Of the job's skill, the first sentence of its description says of what kind it is."""
    text = f"train a {kind} on data/a, no hpo, and classify pics/ with e4b815"
    index = SearchIndex(runtime.library.skills)
    with nullcontext() if fits else pytest.raises(AmbiguousSkillError, match="trains a detector"):
        read = read_text(text, runtime.library, index, job_skill=lambda job: "tao-train-image-classification")
        assert [r.action for r in read.requests] == ["train", "inference"]


@pytest.mark.parametrize("name", ["rtdetr-l", "grounding-dino-t", "rf-detr", "rf detr"])
def test_another_size_or_model_is_no_misspelling(runtime: Runtime, name: str) -> None:
    with pytest.raises(SkillNotFoundError, match=name):
        runtime.read(f"train {name} on data/a, no hpo")


@pytest.mark.parametrize("name", ["rt-dert", "rt-detr", "RT DETR"])
def test_a_misspelled_name_is_read(runtime: Runtime, name: str) -> None:
    assert runtime.read(f"train {name} on data/a, no hpo").requests[0].skill == RTDETR


def test_a_word_of_another_language_beside_a_name_is_no_part_of_it(runtime: Runtime) -> None:
    text = "por favor treina grounding dino em data/a, sem automl"
    assert runtime.read(text).requests[0].skill == "skillbank:tao-train-grounding-dino"


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        (f"{APART}, from scratch", [SCRATCH, SCRATCH]),
        ("train rtdetr on data/a, segformer on data/b from scratch, no hpo", [None, SCRATCH]),
        ("train rtdetr on data/a from scratch, segformer on data/b, no hpo", [SCRATCH, None]),
    ],
)
def test_a_start_from_scratch_is_of_all_that_it_is_said_of(
    runtime: Runtime, text: str, starts: list[str | None]
) -> None:
    assert [r.pretrained for r in runtime.read(text).requests] == starts


def test_data_for_both_are_asked_about_where_one_has_no_place_for_them(runtime: Runtime) -> None:
    assert runtime.read(f"{APART}, val data/c for both").not_understood == ("val data/c",)
    detectors = "train rtdetr on data/a, grounding dino on data/b, no hpo, val data/c for both"
    assert not runtime.read(detectors).not_understood


def test_something_is_done_with_all_three(runtime: Runtime) -> None:
    reading = runtime.read(f"{THREE}, export all three")
    assert [r.action for r in reading.requests] == ["train"] * 3 + ["export"] * 3
    assert not reading.not_understood


READ = {
    "train rtdetr on data/a and train segformer on data/b, no hpo, the first on 2 gpus": [2, None],
    "train rtdetr on data/a and segformer on data/b, no hpo, 2 gpus": [2, 2],
    "with 2 gpus train rtdetr on data/a and segformer on data/b, no hpo": [2, 2],
    "train on 2 gpus rtdetr on data/a and segformer on data/b, no hpo": [2, 2],
    "train rtdetr and segformer with 2 gpus on data/a, no hpo": [2, 2],
    "train rtdetr on data/a (2 gpus), segformer on data/b (1 gpu), no hpo": [2, 1],
    "train rtdetr on data/a, no hpo. Then train segformer on data/b with 2 gpus, no hpo.": [None, 2],
}


@pytest.mark.parametrize(("text", "gpus"), READ.items())
def test_what_is_told_apart_by_its_verb_is_read(runtime: Runtime, text: str, gpus: list[int | None]) -> None:
    reading = runtime.read(text)
    assert not reading.not_understood
    assert [r.gpus for r in reading.requests] == gpus


@pytest.mark.parametrize(
    "text",
    [
        "train rtdetr on data/a and segformer on data/b with no hpo",
        "no hpo: train rtdetr on data/a, segformer on data/b",
        "train rtdetr on data/a, no hpo, and segformer on data/b, no hpo",
        "train rtdetr on data/a. No HPO for either. Train segformer on data/b.",
    ],
)
def test_what_is_said_of_the_search_of_all_models_is_of_each(runtime: Runtime, text: str) -> None:
    reading = runtime.read(text)
    assert [r.automl for r in reading.requests] == ["off", "off"] and not reading.not_understood


def test_leaving_out_the_search_of_one_model_turns_off_none(runtime: Runtime) -> None:
    reading = runtime.read("train rtdetr on data/a with no hpo, segformer on data/b")
    assert [r.automl for r in reading.leaving_out(["with no hpo"]).requests] == [None, None]
