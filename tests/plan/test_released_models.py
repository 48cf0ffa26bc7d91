"""A model that others trained, by its name on the hub or as a folder, where an action asks for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillbank import Runtime
from skillbank.errors import SkillNotFoundError
from tests.plan.conftest import composed

KEYS = {
    "evaluate": "evaluate.checkpoint",
    "inference": "inference.checkpoint",
    "export": "export.checkpoint",
    "quantize": "quantize.model_path",
}


@pytest.mark.parametrize(
    "skill",
    [
        "tao-train-grounding-dino",
        "tao-train-rtdetr",
        "tao-train-segformer",
        "tao-train-image-classification",
    ],
)
@pytest.mark.parametrize(("action", "key"), KEYS.items())
def test_actions_take_a_name_on_the_hub(skill: str, action: str, key: str, tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    folder.mkdir()
    with Runtime() as runtime:
        for model, on_hub in (("owner/name", True), (str(folder), False)):
            requests, _ = composed(runtime, None, skill, [action], data=[], settings=[f"{key}={model}"])
            [plan] = runtime.plan(requests)
            [found] = [each for each in plan.inputs if each.key == key]
            assert (found.uri, found.on_hub) == (model, on_hub)


def test_what_finds_by_a_description_needs_no_training(tmp_path: Path) -> None:
    text = f"find 'red emergency exit signs' in {tmp_path}"
    with Runtime() as runtime:
        [asking] = runtime.plan(text)
        [question] = asking.questions
        [way] = question.choices
        key, _, model = str(way).partition(" ")[2].partition("=")
        requests, _ = composed(runtime, text, None, [], data=[], settings=[f"{key}={model}"])
        for plan in (runtime.plan(requests)[0], runtime.plan(f"{text} with {model}")[0]):
            [found] = [each for each in plan.inputs if each.key == key]
            assert found.on_hub and not plan.questions


LISTED = {
    "evaluate IDEA-Research/grounding-dino-tiny on data/b": "tao-train-grounding-dino",
    "evaluate PekingU/rtdetr_v2_r18vd on data/b": "tao-train-rtdetr",
    "evaluate microsoft/resnet-50 on data/b": "tao-train-image-classification",
    "run nvidia/segformer-b0-finetuned-ade-512-512 on data/b": "tao-train-segformer",
    "use IDEA-Research/grounding-dino-base to find cars in data/b": "tao-train-grounding-dino",
    "export PekingU/rtdetr_v2_r50vd": "tao-train-rtdetr",
    "quantize PekingU/rtdetr_v2_r18vd, train data/a, val data/b": "tao-train-rtdetr",
}
STARTED_FROM = (
    "fine-tune PekingU/rtdetr_v2_r18vd on data/a, val data/b, no hpo",
    "fine-tune rtdetr PekingU/rtdetr_v2_r18vd on data/a, val data/b, no hpo",
    "train from PekingU/rtdetr_v2_r18vd on data/a, val data/b, no hpo",
    "train rtdetr on data/a, val data/b, no hpo, PekingU/rtdetr_v2_r18vd",
)


@pytest.mark.parametrize(("text", "skill"), LISTED.items())
def test_a_model_that_a_skill_lists_names_it(own_bank: Runtime, text: str, skill: str) -> None:
    read = own_bank.read(text)
    [request] = read.requests
    model = next(word for word in text.split() if "/" in word and not word.startswith("data")).strip(",")
    assert request.skill == f"skillbank:{skill}"
    assert model in [each.value for each in request.settings]
    assert not [each for each in request.data if model in each.uri]
    assert not read.not_understood


@pytest.mark.parametrize("text", STARTED_FROM)
def test_a_training_starts_from_a_listed_model_and_reads_it_as_no_data(own_bank: Runtime, text: str) -> None:
    [request] = own_bank.read(text).requests
    assert request.pretrained == "PekingU/rtdetr_v2_r18vd"
    assert [each.uri.rpartition("data/")[2] for each in request.data] == ["a", "b"]


@pytest.mark.parametrize("model", ["google/owlvit-base", "someone/grounding-dino-tiny"])
def test_a_model_that_no_skill_lists_names_none(own_bank: Runtime, model: str) -> None:
    with pytest.raises(SkillNotFoundError, match="does not say which model"):
        own_bank.read(f"evaluate {model} on data/b")


@pytest.mark.parametrize(
    "text",
    [
        "evaluate rtdetr IDEA-Research/grounding-dino-tiny on data/b",
        "train rtdetr on data/a from IDEA-Research/grounding-dino-tiny, val data/b, no hpo",
        "train segformer on data/a, val data/b, no hpo, starting from PekingU/rtdetr_v2_r18vd",
    ],
)
def test_a_model_that_only_other_skills_list_asks(own_bank: Runtime, text: str) -> None:
    model = next(word for word in text.split() if "/" in word and not word.startswith("data")).strip(",")
    assert any(model in each for each in own_bank.read(text).not_understood)


def test_each_of_two_trainings_may_start_from_a_model_of_its_own(own_bank: Runtime) -> None:
    read = own_bank.read(
        "train rtdetr on data/a from PekingU/rtdetr_v2_r18vd, then grounding dino on data/b from "
        "IDEA-Research/grounding-dino-tiny, no hpo"
    )
    assert [each.pretrained for each in read.requests] == [
        "PekingU/rtdetr_v2_r18vd", "IDEA-Research/grounding-dino-tiny",
    ]  # fmt: skip
    assert not read.not_understood
