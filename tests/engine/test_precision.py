"""In which precision a trained model answers on a GPU."""

from __future__ import annotations

import logging

import pytest
import torch

from skillbank_engine.device import choose_compute
from skillbank_engine.families.grounding_dino.config import ExperimentSpec, build_spec
from skillbank_engine.families.grounding_dino.task import GroundingDino
from skillbank_engine.task import Task


def _spec(*words: str) -> ExperimentSpec:
    return build_spec("inference", {"inference": {"checkpoint": "model.pth"}}, words)


@pytest.fixture
def _gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that seems to have a GPU; nothing is computed on it."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: True)


@pytest.mark.usefixtures("_gpu")
@pytest.mark.parametrize(
    ("said", "low", "chosen"),
    [("fp32", True, "bf16"), ("fp32", False, "fp32"), ("fp16", True, "fp16"), ("bf16", False, "bf16")],
)
def test_what_nobody_named_is_bf16_and_said(
    said: str, low: bool, chosen: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="skillbank_engine.device"):
        compute = choose_compute(_spec(), [0], precision=said, low=low)
    assert (compute.device.type, compute.precision) == ("cuda", chosen)
    assert ("bf16" in caplog.text) == (chosen != said)


@pytest.mark.usefixtures("_gpu")
def test_a_gpu_without_bf16_keeps_the_spec(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation)
    assert choose_compute(_spec(), [0], low=True).precision == "fp32"


def test_a_processor_computes_as_ever() -> None:
    assert choose_compute(_spec("engine.device=cpu"), [0], low=True).precision == "fp32"


def test_families_say_whether_it_serves_them() -> None:
    assert GroundingDino.answers_in_low
    assert not Task.answers_in_low
