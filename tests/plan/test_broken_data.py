"""What a person says about broken pictures and boxes: to skip them, to refuse them, or nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from skillbank.errors import UsageError
from skillbank.facade.composition import compose
from skillbank.runtime import Runtime


@pytest.fixture(scope="module")
def runtime() -> Iterator[Runtime]:
    with Runtime() as opened:
        yield opened


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("skip broken pictures", "skip"),
        ("ignore corrupt or truncated images", "skip"),
        ("drop damaged boxes", "skip"),
        ("skip what is broken", "skip"),
        ("skipping the broken images", "skip"),
        ("broken pictures should be left out", "skip"),
        ("skip pictures that are broken", "skip"),
        ("if a picture is broken, skip it", "skip"),
        ("do not stop on broken pictures", "skip"),
        ("without the broken pictures", "skip"),
        ("on_broken=skip", "skip"),
        ("--on-broken skip", "skip"),
        ("stop if a picture is broken", "refuse"),
        ("do not skip broken pictures", "refuse"),
        ("refuse corrupt images", "refuse"),
        ("seed 3", None),
    ],
)
def test_words_are_read(runtime: Runtime, words: str, meant: str | None) -> None:
    reading = runtime.read(f"train Grounding DINO on s3://b/data, no HPO, {words}")
    assert reading.not_understood == () and reading.requests[0].on_broken == meant


def test_what_is_looked_for_is_no_such_word(runtime: Runtime) -> None:
    words = "run inference with Grounding DINO on s3://b/data, find 'broken boxes', checkpoint /w.pth"
    assert runtime.read(words).requests[0].on_broken is None


def test_it_reads_back_and_only_what_differs_has_another_id(runtime: Runtime) -> None:
    text = "train Grounding DINO on s3://b/data, no HPO"
    plain, skipped, refused = (
        runtime.plan(t)[0] for t in (text, f"{text}, skip broken pictures", f"{text}, refuse broken pictures")
    )
    said = runtime.sentence([skipped])
    assert "; skip what is broken;" in said and runtime.plan(said)[0].plan_id == skipped.plan_id
    assert plain.plan_id == refused.plan_id != skipped.plan_id and "on_broken" not in plain.model_dump()


def test_it_has_no_meaning_without_data(runtime: Runtime) -> None:
    assert (
        "skip broken pictures"
        in runtime.read("export Grounding DINO from job a-1, skip broken pictures").not_understood[-1]
    )
    with pytest.raises(UsageError, match="--on-broken"):
        compose(runtime, None, "grounding_dino", ["export"], on_broken="skip")
    requests, _ = compose(
        runtime, "train Grounding DINO on s3://b/data and export it, no HPO", None, None, on_broken="skip"
    )
    assert [each.on_broken for each in requests] == ["skip", None]
