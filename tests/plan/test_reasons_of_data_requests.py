"""Requests about a data set: when and why it is to be done, where it was, and what stands beside a format."""

from __future__ import annotations

import pytest

from skillbank.runtime import Runtime

DECIDING = (
    "convert /d/x to coco after she approves",
    "convert /d/x to coco after the boss approves",
    "convert /d/x to coco after it has been checked",
    "convert /d/x to coco after we hear from Bob",
    "check /d/x after they upload the rest",
    "check /d/x after the export finishes",
    "split /d/x 80/20 before the upload finishes",
    "split /d/x 80/20 after they deliver March",
    "convert /d/x to coco after we delete the trucks",
    "convert /d/x to coco before we delete the trucks",
    "check /d/x after somebody removes the duplicates",
    "split /d/x 80/20 after we remove the duplicates",
    "split /d/x 80/20 since the videos belong together",
    "split /d/x 80/20 because the cameras overlap",
    "split /d/x 80/20 because we have four pictures per patient",
    "split /d/x 80/20 since the classes are rare",
    "convert /d/x to coco since the trucks count as cars",
    "convert /d/x to coco since the boss wants fewer classes",
    "convert /d/x to coco since half the labels are bad",
    "convert /d/x to coco because we need night pictures",
    "split /d/x 80/20 in order",
    "split /d/x 80/20. Cameras are apart.",
    "split /d/x 80/20. The pictures come from three cameras.",
    "split /d/x 80/20. The pictures come in pairs.",
    "split /d/x 80/20. Each patient has four pictures.",
)


@pytest.mark.parametrize("text", DECIDING)
def test_a_time_or_a_reason_that_may_decide_is_asked_about(runtime: Runtime, text: str) -> None:
    assert runtime.read(text).not_understood


@pytest.mark.parametrize(
    "text",
    [
        "check /d/x before we spend money on it",
        "check /d/x before it goes to the customer",
        "check /d/x before the training starts",
        "check /d/x because I am not sure about the labels",
        "check /d/x since we do not trust it",
        "split /d/x 80/20 before we train on it",
        "convert /d/x to yolo since that is what we use",
        "convert /d/x because our tool needs it as coco",
        "convert /d/x to coco because Anna works with it",
    ],
)
def test_a_reason_that_changes_nothing_asks_nothing(runtime: Runtime, text: str) -> None:
    [request] = runtime.read(text).requests
    assert not request.questions


@pytest.mark.parametrize(
    "text",
    [
        "check /d/x because somebody renamed files by hand",
        "check /d/x because it is new",
        "convert /d/x to coco, since the vendor mixed up the labels",
    ],
)
def test_a_reason_that_is_over_or_that_a_check_finds_out_is_told(runtime: Runtime, text: str) -> None:
    [request] = runtime.read(text).requests
    assert not request.questions
    assert any("is taken as told" in str(note) for note in request.notes)


@pytest.mark.parametrize(
    "text",
    [
        "I renamed /d/x to /d/y, convert it to coco",
        "Bob moved /d/x to /d/y. Convert it to coco.",
        "We moved the data set /d/x into /d/y; convert it to coco",
    ],
)
def test_a_data_set_that_was_moved_is_where_it_is_now(runtime: Runtime, text: str) -> None:
    [request] = runtime.read(text).requests
    assert [each.uri for each in request.data] == ["/d/y"]
    assert request.results_root is None


@pytest.mark.parametrize(
    "text",
    [
        "write /d/x as coco next to the yolo",
        "write /d/x as coco next to the voc",
        "write /d/x as coco alongside the yolo",
        "give me /d/x in coco, then yolo",
    ],
)
def test_a_format_beside_the_wanted_one_is_not_written(runtime: Runtime, text: str) -> None:
    read = runtime.read(text)
    [request] = read.requests
    assert [each.value for each in request.settings] == ["coco"]
    assert read.not_understood


@pytest.mark.parametrize(
    "text",
    [
        "convert /d/x to coco as in /d/y",
        "check /d/x as in /d/y",
        "check /d/x on /d/y",
        "split /d/x 80/20 on /d/y",
        "convert /d/x to coco, results were in /d/y",
    ],
)
def test_a_second_place_that_is_no_target_takes_no_results(runtime: Runtime, text: str) -> None:
    read = runtime.read(text)
    assert [each.results_root for each in read.requests] == [None]
    assert read.not_understood


@pytest.mark.parametrize(
    "text",
    [
        "check /d/x, split it, then train RT-DETR on it, no HPO",
        "check /d/x, then split the data and train RT-DETR on it, no HPO",
    ],
)
def test_a_split_between_a_check_and_a_training_is_asked_about(runtime: Runtime, text: str) -> None:
    assert runtime.read(text).not_understood


@pytest.mark.parametrize("verb", ["remove", "drop", "leave out"])
def test_what_is_left_out_between_a_check_and_a_training_is_left_out_of_it(
    runtime: Runtime, verb: str
) -> None:
    check, train = runtime.read(f"check /d/x, {verb} the broken ones, then train RT-DETR on it").requests
    assert (check.action, train.action, train.on_broken) == ("check", "train", "skip")


PARTS = (
    "for the test set",
    "for the training set",
    "for the val split",
    "for the training data",
    "for the test pictures",
    "for train",
    "for train and val",
    "for the trucks",
    "for the night pictures",
)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_a_data_set_that_is_to_be_converted_is_asked_about(runtime: Runtime, part: str) -> None:
    assert runtime.read(f"convert /d/x to coco {part}").not_understood


@pytest.mark.parametrize("purpose", ["a training", "the new training", "validation", "the auditors", "Bob"])
def test_what_a_conversion_is_for_asks_nothing(runtime: Runtime, purpose: str) -> None:
    assert not runtime.read(f"convert /d/x to coco for {purpose}").not_understood
