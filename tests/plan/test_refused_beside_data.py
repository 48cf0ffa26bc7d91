"""A request about a data set that says which runs are not to be, and how its pictures come along."""

from __future__ import annotations

import pytest

from skillbank.errors import UsageError
from skillbank.runtime import Runtime

NOT_RUN = {
    "No training today. Just check ./cans for annotation errors.": "check",
    "Don't train anything. Only check ./cans.": "check",
    "I do not want to train anything. Please check ./cans for annotation errors": "check",
    "Without training anything, check ./cans": "check",
    "Only check the data set ./cans": "check",
    "Training is not needed. Check ./cans for broken boxes.": "check",
    "Please no training and no evaluation, only check ./cans": "check",
    "no training yet, just convert ./cans to COCO": "convert",
    "Convert ./cans to YOLO, don't train on it": "convert",
    "we need no export, just convert ./cans to COCO": "convert",
    "No training this time: split ./cans into train and val, 80/20.": "split",
}
OPEN = {
    "split ./cans 80/20, no train split": "no train",
    "split ./cans 80/20, no test": "no test",
    "check ./cans, no training pictures": "no training",
    "convert ./cans to coco, no predictions": "no predictions",
    "No training on ./cans. Just check it.": "No training",
    "only check the labels in ./cans": "only",
    "convert ./cans to coco, no export": "no export",
    "split ./cans 80/20, don't export it": "don't export it",
    "convert only the train split of ./cans to coco": "only the train",
}
"""What may be a part of the data as well, or says more than that a run is not to be."""


@pytest.mark.parametrize(("text", "action"), NOT_RUN.items())
def test_a_run_that_is_not_to_be_leaves_what_is_asked_of_the_data(
    own_bank: Runtime, text: str, action: str
) -> None:
    read = own_bank.read(text)
    assert [each.action for each in read.requests] == [action]
    assert not read.not_understood


@pytest.mark.parametrize(("text", "words"), OPEN.items())
def test_what_may_be_a_part_of_the_data_is_asked_about(own_bank: Runtime, text: str, words: str) -> None:
    assert words in own_bank.read(text).not_understood


def test_a_training_that_is_taken_back_and_asked_for_is_no_check_alone(own_bank: Runtime) -> None:
    read = own_bank.read("Don't train yet: check ./cans and then train rtdetr on it, no hpo")
    assert read.not_understood


PICTURES = {
    "convert ./a to Pascal VOC and copy the pictures": ("convert.pictures", "copy"),
    "convert ./a to Pascal VOC with copies of the pictures": ("convert.pictures", "copy"),
    "convert ./a to Pascal VOC, pictures copied": ("convert.pictures", "copy"),
    "convert ./a to YOLO, the images should be copied": ("convert.pictures", "copy"),
    "convert ./a to COCO. Copy the images too.": ("convert.pictures", "copy"),
    "convert ./a to COCO, copy the photos and skip broken ones": ("convert.pictures", "copy"),
    "convert ./a to COCO, link the pictures": ("convert.pictures", "link"),
    "split ./a 80/20 and copy the pictures": ("split.pictures", "copy"),
    "split ./a 80/20, all pictures linked": ("split.pictures", "link"),
}
NO_PICTURES = (
    "convert ./a to Pascal VOC and do not copy the images",
    "convert ./a to Pascal VOC, don't link the images",
    "convert ./a to Pascal VOC and copy the pictures to ./x",
    "convert ./a to Pascal VOC, copy the pictures and the labels",
    "convert ./a to Pascal VOC without copying the images",
    "check ./a and copy the pictures",
)


@pytest.mark.parametrize(("text", "setting"), PICTURES.items())
def test_how_pictures_come_into_a_data_set_is_said(
    own_bank: Runtime, text: str, setting: tuple[str, str]
) -> None:
    read = own_bank.read(text)
    assert setting in [(each.key, each.value) for each in read.requests[0].settings]
    assert not read.not_understood


@pytest.mark.parametrize("text", NO_PICTURES)
def test_what_else_is_said_of_pictures_is_asked_about(own_bank: Runtime, text: str) -> None:
    read = own_bank.read(text)
    assert read.not_understood
    assert not any(each.key.endswith(".pictures") for each in read.requests[0].settings)


def test_pictures_copied_and_linked_are_one_too_many(own_bank: Runtime) -> None:
    with pytest.raises(UsageError, match="copied and to be linked"):
        own_bank.read("convert ./a to COCO, copy the pictures, link the images")
