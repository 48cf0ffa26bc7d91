"""A model that others trained, by its name on the hub or as a folder, where an action asks for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillbank import Runtime
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
