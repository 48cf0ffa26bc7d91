"""What is asked of a data set by itself: phrases in any order, and a question about words beside them."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import pytest

from skillbank.errors import ConflictError, SkillbankError, UsageError
from skillbank.runtime import Runtime

CHECKS = (
    "check /d/x for annotation errors",
    "check /d/x for broken pictures and wrong boxes",
    "Data check on /d/x please.",
    "do a data check of /d/x",
    "is the data set /d/x okay? please check it",
    "Before we train anything, please check the data set /d/x",
    "The pictures in /d/x are ready. Check them.",
)
DIVISIONS: dict[str, dict[str, Any]] = {
    "split /d/x 80/20": {"split.val": "0.2"},
    "split /d/x into train, val (20%) and test (10%)": {"split.val": "0.2", "split.test": "0.1"},
    "split /d/x into train, val and test 70/20/10": {"split.val": "0.2", "split.test": "0.1"},
    "split /d/x, a quarter for validation": {"split.val": "0.25"},
    "split /d/x so that a fifth of it is test data, seed 5": {
        "split.seed": 5,
        "split.test": "0.2",
        "split.val": "",
    },
    "split /d/x into train and val, by folder, seed 11": {"split.seed": 11, "split.by": "folder"},
    "split /d/x by folder, 90 % training and 10 percent validation": {
        "split.by": "folder",
        "split.val": "0.1",
    },
    "hold out 15% of /d/x for validation": {"split.val": "0.15"},
    "split off 10% of /d/x as a test set": {"split.test": "0.1", "split.val": ""},
    "split /d/x with 20% for validation, what lies in one folder must stay together": {
        "split.by": "folder",
        "split.val": "0.2",
    },
}
CONVERSIONS = {
    "convert /d/x to YOLO format, results to /d/y": ("yolo", "", "/d/y"),
    "convert /d/x as VOC to COCO": ("coco", "voc", None),
    "convert /d/x in coco": ("coco", "", None),
    "The annotations in /d/x came from CVAT. Please convert them to COCO.": ("coco", "cvat", None),
    "make CSV out of the Pascal VOC folder /d/x and write it to /d/y, skip broken pictures": (
        "csv",
        "voc",
        "/d/y",
    ),
}


@pytest.mark.parametrize("text", CHECKS)
def test_a_data_set_is_checked(runtime: Runtime, text: str) -> None:
    [request] = runtime.read(text).requests
    assert (request.action, request.data[0].uri, request.settings) == ("check", "/d/x", ())
    assert not request.questions


@pytest.mark.parametrize(("text", "settings"), DIVISIONS.items())
def test_a_data_set_is_divided_as_it_is_said(runtime: Runtime, text: str, settings: dict[str, Any]) -> None:
    [request] = runtime.read(text).requests
    assert (request.action, request.data[0].uri) == ("split", "/d/x")
    assert {s.key: s.value for s in request.settings} == settings
    assert not request.questions


@pytest.mark.parametrize(("text", "said"), CONVERSIONS.items())
def test_a_data_set_is_written_in_another_format(
    runtime: Runtime, text: str, said: tuple[str, str, str | None]
) -> None:
    [request] = runtime.read(text).requests
    to = {s.key: s.value for s in request.settings}["convert.to"]
    assert (to, request.data[0].form, request.results_root) == said


def test_the_share_of_val_that_nobody_says_is_told(runtime: Runtime) -> None:
    [request] = runtime.read("split /d/x into train and val").requests
    assert "so 0.2 of it is" in str(request.notes[0])
    [request] = runtime.read("split /d/x into train/val/test").requests
    assert [q.key for q in request.questions] == ["split.val", "split.test"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("check /d/x on gpu 2", ("gpu 2",)),
        ("check /d/x for images", ("for images",)),
        ("check /d/x: /d/y", ("/d/y",)),
        ("Only half of ./d is labelled. Please check it.", ("Only half",)),
        ("I trained on ./d. Check it.", ("I trained on",)),
        ("convert /d/x to coco, only the night pictures", ("only the night pictures",)),
        ("look at /d/x and tell me", ("tell me",)),
        ("check /d/a and /d/b", ("/d/b",)),
    ],
)
def test_words_beside_such_a_request_are_asked_about(
    runtime: Runtime, text: str, words: tuple[str, ...]
) -> None:
    reading = runtime.read(text)
    assert reading.not_understood == words
    assert not reading.leaving_out(words).not_understood


@pytest.mark.parametrize(
    "text",
    [
        "hold out 10% of /d/x",
        "hold out a few pictures of /d/x for validation",
        "hold out 20 pictures of /d/x for validation",
        "hold out the last 10% of /d/x for validation",
        "split /d/x, 20 for val",
        "split /d/x 70/20/10 into train and val",
    ],
)
def test_what_is_no_share_of_a_split_is_asked_about(runtime: Runtime, text: str) -> None:
    [request] = runtime.read(text).requests
    assert [q.key for q in request.questions] == ["split.val"] and not request.settings


def test_shares_in_percent_and_in_parts_are_of_one_whole(runtime: Runtime) -> None:
    [request] = runtime.read("split /d/x, 0.2 for val and 10% for test").requests
    assert {s.key: s.value for s in request.settings} == {"split.val": "0.2", "split.test": "0.1"}


@pytest.mark.parametrize(
    "text",
    [
        "convert /d/x to coco so that it leaves out the empty pictures",
        "convert /d/x to coco because we only want the trucks",
        "split /d/x 80/20 so that it is stratified by class",
        "split /d/x 80/20 before you shuffle anything",
    ],
)
def test_a_reason_that_limits_what_is_done_is_asked_about(runtime: Runtime, text: str) -> None:
    assert runtime.read(text).not_understood


def test_what_is_to_be_done_before_a_check_is_asked_about(runtime: Runtime) -> None:
    assert runtime.read("before you split the data, check /d/x").not_understood


def test_what_such_a_request_is_for_changes_nothing(runtime: Runtime) -> None:
    [request] = runtime.read("split /d/x for the workshop 80/20").requests
    assert not request.questions
    assert any("workshop' is taken as what it is for" in str(note) for note in request.notes)


def test_the_model_behind_a_check_is_not_the_data_set(runtime: Runtime) -> None:
    check, train, export = runtime.read("Check /d/x and then train RT-DETR, no HPO, and export it").requests
    assert (check.action, train.data, export.action, export.data) == ("check", (), "export", ())


@pytest.mark.parametrize("place", ["/d/my set", "/d/a\\1"])
def test_a_data_set_that_was_checked_keeps_its_name(runtime: Runtime, place: str) -> None:
    check, train = runtime.read(f'check "{place}" then train RT-DETR on it, no HPO').requests
    assert check.data[0].uri == train.data[0].uri == place


@pytest.mark.parametrize("many", ["the ", "data ", "of ", "of the "])
def test_a_long_text_that_begins_like_a_request_is_soon_read(runtime: Runtime, many: str) -> None:
    begun = time.process_time()
    with suppress(SkillbankError):
        runtime.read(f"hold out {many * (18_000 // len(many))}of it for val")
    assert time.process_time() - begun < 5


def test_what_is_said_twice_is_refused(runtime: Runtime) -> None:
    with pytest.raises(UsageError, match="says 'voc' and 'coco'; keep one"):
        runtime.read("convert /d/x to voc to coco")
    with pytest.raises((UsageError, ConflictError), match="klingon"):
        runtime.read("convert /d/x to klingon")


def test_it_is_the_data_set_that_was_checked(runtime: Runtime) -> None:
    check, train = runtime.read(
        "First check /d/x for errors, then train RT-DETR on it with /d/v for validation, no HPO."
    ).requests
    assert check.action == "check"
    assert {d.source: d.uri for d in train.data} == {"train_datasets": "/d/x", "eval_dataset": "/d/v"}


IT = {
    "My nephew labelled ./d for me. Can you check the annotations?": ("check", {}),
    "the lab delivered ./d in their own format, convert it to yolo": ("convert", {"convert.to": "yolo"}),
    "We need ./d in YOLO format, please convert it.": ("convert", {"convert.to": "yolo"}),
    "whats wrong with ./d? please check the data": ("check", {}),
}


@pytest.mark.parametrize("text", IT)
def test_a_data_set_may_be_named_in_the_sentence_before(runtime: Runtime, text: str) -> None:
    action, said = IT[text]
    [request] = runtime.read(text).requests
    assert request.action == action and not request.questions
    assert {each.key: each.value for each in request.settings} == said
