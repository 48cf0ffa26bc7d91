"""Which image a plan names, who said so, and no GPU at all."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.conftest import Command

TRAIN = ("plan", "--skill", "toy-detector", "--action", "train", "--platform", "docker", "--json")


def test_a_skill_without_an_image_asks_and_the_option_answers(inline: Command) -> None:
    assert [q["key"] for q in inline(*TRAIN).document["questions"] if q["key"] == "image"] == ["image"]
    plan = inline(*TRAIN, "--image", "toy:1").document
    assert (plan["image"], plan["image_source"]) == ("toy:1", "--image")
    assert not [q for q in plan["questions"] if q["key"] == "image"]


def test_the_environment_names_an_image_and_the_option_wins(
    inline: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKILLBANK_IMAGE", "toy:2")
    plan = inline(*TRAIN).document
    assert (plan["image"], plan["image_source"]) == ("toy:2", "SKILLBANK_IMAGE")
    assert inline(*TRAIN, "--image", "toy:1").document["image"] == "toy:1"


def test_no_gpus_leave_the_spec_as_it_is(inline: Command) -> None:
    with_one: Any = inline("plan", "train Grounding DINO on /data, no HPO", "--gpus", "1", "--json").document
    without: Any = inline("plan", "train Grounding DINO on /data, no HPO", "--gpus", "0", "--json").document
    assert without["resources"]["gpus"] == 0 and with_one["resources"]["gpus"] == 1
    assert without["spec"] == with_one["spec"]
