"""What ends a training or a search that gets no better, in whatever order and words it is said."""

from __future__ import annotations

import pytest

from skillbank.errors import SkillbankError
from skillbank.runtime import Runtime

EARLY = (
    "stop when there was no improvement for 6 validations",
    "stop early if 6 validations in a row bring nothing",
    "stop as soon as 6 validations bring no improvement",
    "stop once it has not improved for 6 epochs",
    "stop the training if the mAP does not get better for 6 validations in a row",
    "end it after 6 validations without a better mAP",
    "stop after 6 bad validations",
    "if nothing improves for 6 validations, stop",
    "stop when the validation mAP stops improving for 6 epochs",
    "I'd like early stopping after 6 validations without improvement",
)
SEARCHES = (
    "stop it when 8 trials in a row brought no improvement",
    "end the search after 8 unsuccessful trials",
    "if 8 trials in a row bring no improvement, give up",
    "give up after 6 hours or when 8 trials bring nothing",
)
OPEN = (
    "stop after 6 epochs",
    "stop after 6 validations with improvement",
    "never stop after 6 validations without improvement",
    "validate every 2 epochs, stop after 6 epochs without improvement",
    "validate every 2 epochs, stop if the validation mAP does not improve for 6 epochs",
    "train.validation_interval=2, stop after 6 epochs without improvement",
    "stop after 6 validations without improvement of the training loss",
    "stop when the loss has not improved for 6 validations",
    "stop after about 6 validations without improvement",
    "stop after 0 bad validations",
)


def settings_of(runtime: Runtime, text: str) -> dict[str, object]:
    """Return what a text sets, nothing where the plan asks about its words or it is refused."""
    try:
        reading = runtime.read(text)
    except SkillbankError:
        return {}
    return {} if reading.not_understood else {s.key: s.value for s in reading.requests[0].settings}


@pytest.mark.parametrize("said", EARLY)
def test_a_training_that_gets_no_better_ends(runtime: Runtime, said: str) -> None:
    text = f"train RT-DETR on /d/t, val /d/v, no HPO, {said}"
    assert settings_of(runtime, text) == {"engine.early_stopping": 6}


@pytest.mark.parametrize("said", SEARCHES)
def test_a_search_that_finds_nothing_better_ends(runtime: Runtime, said: str) -> None:
    text = f"train RT-DETR on /d/t, val /d/v, with HPO, {said}"
    assert settings_of(runtime, text)["automl.patience"] == 8


@pytest.mark.parametrize("said", OPEN)
def test_a_stop_that_denies_no_gain_is_asked_about(runtime: Runtime, said: str) -> None:
    assert settings_of(runtime, f"train RT-DETR on /d/t, val /d/v, no HPO, {said}") == {}


@pytest.mark.parametrize("said", ["bad trials", "trials that do not improve"])
def test_a_trial_that_ends_ends_no_search(runtime: Runtime, said: str) -> None:
    text = f"train RT-DETR on /d/t, val /d/v, with HPO, stop {said} after 3 epochs"
    assert settings_of(runtime, text) == {}


def test_a_report_behind_what_is_asked_for_ends_nothing(runtime: Runtime) -> None:
    text = "train RT-DETR on /d/t, val /d/v, no HPO. My last training ended after 4 validations without gain"
    assert settings_of(runtime, text) == {}


def test_a_run_that_is_over_ends_nothing(runtime: Runtime) -> None:
    text = "Our last run stopped after 5 epochs without improvement. Train RT-DETR on /d/t, no HPO"
    assert "engine.early_stopping" not in settings_of(runtime, text)
