"""Ways to say something that few use: one sentence for a pattern that no other sentence needs."""

from __future__ import annotations

from typing import Any

import pytest

from skillbank.errors import SkillbankError
from skillbank.plan.request import Request
from skillbank.runtime import Runtime

BOTH = "train grounding dino on /a/t and validate on /a/v"
PLAIN = "train grounding dino on /a/t without automl"


def one(runtime: Runtime, text: str) -> Request:
    [request] = runtime.read(text).requests
    return request


def words(request: Request) -> str:
    return " ".join(str(question.why) for question in request.questions if question.key == "words")


@pytest.mark.parametrize(
    ("said", "key", "value"),
    [
        (f"{PLAIN}, /w/swin.pth as the backbone", "model.pretrained_backbone_path", "/w/swin.pth"),
        ("a plain 10 epoch training run of grounding dino on /a/t", "train.num_epochs", 10),
        (
            "find cups in /a/p with grounding dino, at least a threshold of 0.4",
            "inference.conf_threshold",
            0.4,
        ),
        (f"{BOTH} with HPO, 90 minutes as the trial timeout", "automl.trial_timeout", "90m"),
        (f"{BOTH}, search with asha until 3 hours", "automl.time_budget", "3h"),
        (f"{BOTH} with HPO and with the baseline", "automl.baseline", True),
        (f"{BOTH} with HPO, without the baseline", "automl.baseline", False),
        (f"{BOTH} with HPO, with a final evaluation", "automl.final_evaluation", True),
        (f"{BOTH} with HPO, without the final evaluation", "automl.final_evaluation", False),
        (f"{BOTH} with HPO, keep checkpoints of all trials", "automl.keep", "all"),
        (f"{BOTH} with HPO, keep the checkpoints of the best trial", "automl.keep", "best"),
        (f"{BOTH} with HPO, maximize val_mAP50", "automl.direction", "maximize"),
        (f"{BOTH} with HPO, minimize val_loss", "automl.direction", "minimize"),
        (f"{BOTH} with HPO, rank by val_loss, maximize it", "automl.direction", "maximize"),
        (f"{BOTH} with HPO, rank by val_loss, minimize it", "automl.direction", "minimize"),
    ],
)
def test_a_setting_that_few_say(own_bank: Runtime, said: str, key: str, value: object) -> None:
    request = one(own_bank, said)
    found = {setting.key: setting.value for setting in request.settings}
    assert key in found, found
    assert found[key] == value and not words(request)


@pytest.mark.parametrize(
    ("said", "fields"),
    [
        (f"{PLAIN}, /out is for the results", {"results_root": "/out"}),
        (f"{PLAIN}, must be written to /out", {"results_root": "/out"}),
        (f"{BOTH}, automl, turn it off", {"automl": "off"}),
        (f"{BOTH}, automl, turn it on", {"automl": "on"}),
        (f"{BOTH}, we already did HPO", {"automl": None}),
        ("a plain 10 epoch training run of grounding dino on /a/t", {"automl": "off"}),
        ("our team would be happy if you train grounding dino on /a/t", {}),
        ("show me the plan first: train grounding dino on /a/t", {}),
        ("show me what you would run: train grounding dino on /a/t", {}),
        ("nothing yet, train grounding dino on /a/t", {}),
        ("continue with training grounding dino on /a/t", {}),
        ("train grounding dino on /a/t, export is off", {}),
        ("unlike last time, train grounding dino on /a/t", {}),
        ("readme: use 10 epochs. train grounding dino on /a/t", {"settings": ()}),
        ("i have read somewhere that 10 epochs are best. train grounding dino on /a/t", {"settings": ()}),
        ("note from the boss: use 10 epochs. train grounding dino on /a/t", {"settings": ()}),
        ("train a classifier on /a/t, one folder per class, without automl", {"automl": "off"}),
    ],
)
def test_what_few_say_is_read_or_sets_nothing(own_bank: Runtime, said: str, fields: dict[str, Any]) -> None:
    request = one(own_bank, said)
    assert request.action == "train" and not words(request)
    assert {name: getattr(request, name) for name in fields} == fields


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        (f"{PLAIN} as in job 3fa91c", "as in job 3fa91c"),
        (f"{PLAIN} like in job 3fa91c", "like in job 3fa91c"),
        (f"{PLAIN} with the settings of job 3fa91c", "with the settings of job 3fa91c"),
        (f"{BOTH}, job 3fa91c had lr 1e-4", "lr 1e-4"),
        (f"{BOTH}, HPO only when needed", "HPO only when needed"),
        (f"{BOTH} with HPO, stop the search after 20 trials or after 3 hours", "after 20 trials"),
        (f"{BOTH}, as good as the last one", "good"),
        ("train something like grounding dino on /a/t", "something"),
        ("train grounding dino on /a/t, the ones from 2023", "ones from 2023"),
        ("train grounding dino on /a/t, one per folder", "one"),
        ("train grounding dino on /a/t, all in one file", "in one file"),
        ("train grounding dino on /a/t, the second set validates it", "validates"),
        ("evaluate how fast the last grounding dino training is on /a/v", "how fast"),
        (f"{PLAIN}, no cluster", "no cluster"),
        (f"{BOTH} with HPO and 2 hours for the evaluation", "2 hours"),
        (f"{BOTH}, leave all the defaults", "leave all the defaults"),
        ("evaluate the second best grounding dino job on /a/v", "second"),
    ],
)
def test_what_few_say_and_no_plan_has_is_asked_about(own_bank: Runtime, said: str, asked: str) -> None:
    assert asked in words(one(own_bank, said))


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ("get a distilled grounding dino from /a/t", "has no action 'distill'"),
        ("continue the last detector on /a/t", "does not say which model"),
        ("evaluate the last training but one on /a/v", "does not say which model"),
        ("train grounding dino on /a/t for 20 epochs instead of 10 epochs", "epochs"),
        ("train grounding dino on /a/t, precision half", "must be one of fp16"),
    ],
)
def test_what_few_say_and_cannot_be_is_refused(own_bank: Runtime, said: str, refusal: str) -> None:
    with pytest.raises(SkillbankError, match=refusal):
        own_bank.plan(said)
