"""What the engine chooses where a spec says nothing; what is said runs, also where it repeats a default."""

import pytest

from skillbank_engine.choices import choose
from skillbank_engine.families.grounding_dino.config import build_spec
from skillbank_engine.families.grounding_dino.config.experiment import GROUNDING_DINO
from skillbank_engine.profile import apply_profile

PADDING, ACTIVATIONS = "dataset.augmentation.fixed_padding", "train.activation_checkpoint"


def chosen(
    document: dict[str, object], *words: str, repeats: bool = True
) -> tuple[bool, bool, str, dict[str, object]]:
    read = build_spec("train", document, words)
    spec, _ = apply_profile(GROUNDING_DINO, read, "train", words, cuda=True)
    found, changed = choose(GROUNDING_DINO, spec, "train", read, repeats=repeats)
    return (
        found.dataset.augmentation.fixed_padding,
        found.train.activation_checkpoint,
        found.engine.memory,
        dict(changed),
    )


def test_silence_is_the_engines_to_fill() -> None:
    changed = {PADDING: False, ACTIVATIONS: False}
    assert chosen({}) == (False, False, "auto", changed)
    assert chosen({"dataset": {"augmentation": {"scales": [480]}}, "train": {}})[3] == changed


@pytest.mark.parametrize("value", [True, False])
def test_what_is_said_runs(value: bool) -> None:
    document = {
        "dataset": {"augmentation": {"fixed_padding": value}},
        "train": {"activation_checkpoint": value},
    }
    assert chosen(document) == (value, value, "spec", {})
    words = [f"{key}={str(value).lower()}" for key in (PADDING, ACTIVATIONS)]
    assert chosen({}, *words) == (value, value, "spec", {})


def test_the_spec_can_be_followed_in_its_defaults() -> None:
    assert chosen({}, "engine.memory=spec") == (False, True, "spec", {PADDING: False})


def test_several_processes_keep_to_the_default_of_what_cannot_be_taken_back() -> None:
    assert chosen({}, repeats=False) == (False, True, "spec", {PADDING: False})
