"""What is said is what runs: a key of a spec is read by the code, or its line in the log says why not."""

from importlib import import_module

import pytest

from skillbank_engine.config.unheeded import UNHEEDED, not_heeded
from skillbank_engine.family import Family
from skillbank_engine.training.loading import EpochBatches
from tests.engine.spec_reads import Reads

FAMILIES = ("grounding_dino", "rtdetr", "segformer", "classification_pyt")


def family_of(name: str) -> Family:
    family = import_module(f"skillbank_engine.families.{name}.family").FAMILY
    assert isinstance(family, Family)
    return family


def within(key: str, place: str) -> bool:
    return key == place or key.startswith(f"{place}.")


@pytest.mark.parametrize("name", FAMILIES)
def test_every_key_is_read_or_told_of(name: str) -> None:
    family = family_of(name)
    specs = family.specs()
    unread = Reads(family).unread()
    assert {
        key for key in unread if not any(within(key, place) for place in (*UNHEEDED, *specs.unheeded))
    } == set()
    assert [place for place in specs.unheeded if not any(within(key, place) for key in unread)] == []


@pytest.mark.parametrize("name", FAMILIES)
def test_defaults_are_nothing_to_tell_of(name: str) -> None:
    specs = family_of(name).specs()
    for kind in specs.by_action.values():
        assert list(not_heeded(specs, kind())) == []


def test_what_is_said_is_named_and_its_value_is_not_shown() -> None:
    specs = family_of("segformer").specs()
    document = {
        "encryption_key": "sesame",
        "wandb": {"enable": True, "project": "mine"},
        "evaluate": {"num_gpus": 2},
    }
    assert list(not_heeded(specs, specs.by_action["evaluate"].model_validate(document))) == [
        "encryption_key is set, but the embedded engine writes checkpoints in the clear",
        "wandb.enable, wandb.project are set, but the embedded engine reports to status.json only",
        "evaluate.num_gpus is set, but it runs in one process, on the first GPU of gpu_ids",
    ]


def test_without_shuffling_pictures_come_in_their_order() -> None:
    batches = EpochBatches(5, 2, seed=1, shuffle=False)
    for epoch in range(2):
        batches.start(epoch)
        assert [index for batch in batches for _, index in batch] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("name", "key"), [("segformer", "dataset.segment"), ("classification_pyt", "dataset")]
)
def test_families_hand_on_whether_to_shuffle(name: str, key: str) -> None:
    specs = family_of(name).specs()
    document: dict[str, object] = {"shuffle": False}
    for part in reversed(key.split(".")):
        document = {part: document}
    assert not specs.settings(specs.by_action["train"].model_validate(document)).shuffle
