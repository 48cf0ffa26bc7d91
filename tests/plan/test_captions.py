"""Captions of a request: one rule, whoever gives them, and the plan shows what is looked for."""

from __future__ import annotations

from typing import Any

import pytest

from skillbank import Request, Runtime
from skillbank.errors import UsageError
from skillbank.plan.captions import CAPTIONS
from skillbank.plan.request import Setting

SKILL = "tao-train-grounding-dino"
COMMA = "'red circle, blue star' was taken as one description"


@pytest.fixture(scope="module")
def runtime() -> Runtime:
    return Runtime()


def asking(settings: dict[str, Any]) -> Request:
    return Request(
        skill=SKILL, action="inference", settings=tuple(Setting(key=k, value=v) for k, v in settings.items())
    )


def captions(plan: Any) -> Any:
    return plan.spec["dataset"]["infer_data_sources"]["captions"]


@pytest.mark.parametrize(
    ("given", "read", "warned"),
    [
        ("red circle . blue star .", ["red circle", "blue star"], ""),
        (["red circle\nblue star", "1.5 inch screw"], ["red circle", "blue star", "1.5 inch screw"], ""),
        (["person with a hat, without glasses", "dog"], ["person with a hat, without glasses", "dog"], ""),
        ("red circle, blue star", ["red circle, blue star"], COMMA),
        (["dog", "Dog"], ["dog"], "'Dog' is the same to the model as 'dog'"),
    ],
)
def test_settings_are_taken_apart(runtime: Runtime, given: Any, read: list[str], warned: str) -> None:
    for settings in ({CAPTIONS: given}, {"dataset.infer_data_sources": {"captions": given}}):
        [plan] = runtime.plan(asking(settings))
        assert captions(plan) == read
        told = [text for text in plan.warnings if "description" in text or "the same" in text]
        assert len(told) == bool(warned) and all(warned in text for text in told)


@pytest.mark.parametrize("given", [["dog", " . "], "?", "@names.txt"])
def test_captions_that_are_none_are_refused(runtime: Runtime, given: Any) -> None:
    with pytest.raises(UsageError, match=rf"^{CAPTIONS}: (A description is empty|'@names.txt' names a file)"):
        runtime.plan(asking({CAPTIONS: given}))


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("find red circle . blue star . in ./x with Grounding DINO", ["red circle", "blue star"]),
        ('find "red circle . blue star" in ./x with Grounding DINO', ["red circle", "blue star"]),
        (
            "run Grounding DINO inference on ./x, captions: red dot . blue star .",
            ["red dot", "blue star"],
        ),
        ('run Grounding DINO inference on ./x captions="a . b, c"', ["a", "b, c"]),
        ("find helmets, vests and boots in ./x with Grounding DINO", ["helmets", "vests", "boots"]),
        (
            "find people with a hat, without glasses in ./x with Grounding DINO",
            ["people with a hat, without glasses"],
        ),
        ("find people without helmets, with Grounding DINO in ./x", ["people without helmets"]),
        ("find cats, dogs, wearing a collar, in ./x with Grounding DINO", ["cats", "dogs, wearing a collar"]),
        (
            "find 1.5 inch screws and No. 5 signs in ./x with Grounding DINO",
            ["1.5 inch screws", "No. 5 signs"],
        ),
        ("find vehicles, e.g. cars, in ./x with Grounding DINO", ["vehicles, e.g. cars"]),
        ("find cats in ./x with Grounding DINO. Write results to ./out", ["cats"]),
    ],
)
def test_sentences(runtime: Runtime, text: str, read: list[str]) -> None:
    [plan] = runtime.plan(text)
    assert captions(plan) == read
