"""Every number of a spec can be said by the words of its key, and never sets another key."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillbank.errors import SkillbankError
from skillbank.plan.reader.key_words import stem
from skillbank.plan.reader.spec_keys import keys_of
from skillbank.runtime import Runtime

FAMILIES = (
    "tao-train-grounding-dino",
    "tao-train-rtdetr",
    "tao-train-segformer",
    "tao-train-image-classification",
)
FORMS = ("with {words} {value}", "{value} {words}", "set the {words} to {value}", "a {words} of {value}")
READ = 0.8
"""Share of what is said that is read; the rest is asked about: its words name two keys, or say little."""


@pytest.fixture(scope="module")
def runtime() -> Iterator[Runtime]:
    with Runtime() as opened:
        yield opened


def settings_of(runtime: Runtime, text: str) -> dict[str, object]:
    """Return what a text sets, nothing where the plan asks about its words or it is refused."""
    try:
        reading = runtime.read(text)
    except SkillbankError:
        return {}
    return {} if reading.not_understood else {s.key: s.value for s in reading.requests[0].settings}


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_words_of_a_key_set_that_key_or_ask(runtime: Runtime, family: str) -> None:
    keys = keys_of(runtime.library.get(family), "train")
    read = said = 0
    for key in keys.telling:
        value = 1 if keys.kinds[key] == "integer" else 0.3
        for form in FORMS:
            words = key.rpartition(".")[2].replace("_", " ")
            text = f"train {family} on s3://b/a, no hpo, {form.format(words=words, value=value)}"
            found = settings_of(runtime, text)
            assert found in ({}, {key: value}), text
            read, said = read + bool(found), said + 1
    assert read / said >= READ


def in_words(runtime: Runtime, family: str, said: str) -> dict[str, object]:
    return settings_of(runtime, f"train {family} on s3://b/a, no hpo, {said}")


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("said", "key", "value"),
    [
        ("stop early after 5 epochs without improvement", "engine.early_stopping", 5),
        ("early stopping with a patience of 4", "engine.early_stopping", 4),
        ("accumulate gradients over 4 batches", "engine.accumulate", 4),
        ("gradient accumulation of 2", "engine.accumulate", 2),
        ("keep the best checkpoint", "engine.keep_best", True),
    ],
)
def test_settings_of_every_family_in_peoples_words(
    runtime: Runtime, family: str, said: str, key: str, value: object
) -> None:
    assert in_words(runtime, family, said) == {key: value}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("exponential moving average of the weights with a decay of 0.999", {"engine.ema_decay": 0.999}),
        ("a cosine learning rate schedule", {"engine.lr_scheduler": "cosine"}),
        ("with a frozen backbone", {"model.train_backbone": False}),
        ("no horizontal flips", {"dataset.augmentation.horizontal_flip_prob": 0}),
        ("without pinned memory", {"dataset.pin_memory": False}),
        ("warm up for 500 steps", {"engine.warmup_steps": 500}),
        ("log to wandb", {"wandb.enable": True}),
    ],
)
def test_forms_of_a_word_and_words_of_a_description_say_a_key(
    runtime: Runtime, said: str, expected: dict[str, object]
) -> None:
    assert in_words(runtime, FAMILIES[0], said) == expected


@pytest.mark.parametrize(
    "said",
    [
        "with early stopping",
        "do not stop early after 5 epochs without improvement",
        "early stopping after 2 hours",
        "our intern labelled 800 pictures",
        "process 5 images",
        "no weight decay",
        "text encoder dropout 0.1",
        "freeze the first 3 layers",
        "keep 5 checkpoints",
    ],
)
def test_what_names_no_key_or_has_no_value_sets_nothing(runtime: Runtime, said: str) -> None:
    assert in_words(runtime, FAMILIES[0], said) == {}


@given(st.from_regex(r"[a-z]{3,12}", fullmatch=True))
def test_a_plural_has_the_stem_of_its_word(word: str) -> None:
    assert stem(word).startswith(word[:3])
    assert len(stem(word)) <= max(len(word), 6)


@pytest.mark.parametrize(
    ("said", "teacher", "student"),
    [
        ("into a resnet_18 student", None, "resnet_18"),
        ("to a smaller resnet_18", None, "resnet_18"),
        ("with student backbone resnet_18", None, "resnet_18"),
        ("with teacher resnet_50 and student resnet_18", "resnet_50", "resnet_18"),
        ("with teacher backbone resnet_50", "resnet_50", None),
    ],
)
def test_the_backbones_of_a_teacher_and_its_student_are_told_apart(
    runtime: Runtime, said: str, teacher: str | None, student: str | None
) -> None:
    found = settings_of(runtime, f"distill RT-DETR job 2b6e17 {said} on s3://b/a")
    wanted = {"distill.teacher.backbone": teacher, "model.backbone": student}
    assert found == {key: value for key, value in wanted.items() if value}


def test_a_backbone_that_is_neither_the_teachers_nor_the_students_is_asked_about(runtime: Runtime) -> None:
    assert runtime.read("distill the resnet_50 of RT-DETR job 2b6e17 on s3://b/a").not_understood


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("adam, lr 1e-4", {"train.optim.optim": "adam", "learning_rate": 0.0001}),
        ("with adam", {"train.optim.optim": "adam"}),
    ],
)
def test_an_optimizer_by_itself(runtime: Runtime, said: str, found: dict[str, object]) -> None:
    assert in_words(runtime, "tao-train-segformer", said) == found
    assert runtime.read("train SegFormer on s3://b/a, no hpo. Adam needs it").not_understood


@pytest.mark.parametrize("said", ["with ema switched {}", "ema turned {}", "ema should be {}"])
@pytest.mark.parametrize("on", [True, False])
def test_a_switch_is_turned(runtime: Runtime, said: str, on: bool) -> None:
    found = in_words(runtime, "tao-train-rtdetr", said.format("on" if on else "off"))
    assert found == {"train.enable_ema": on}
