"""Requests about a data set in the words of many people: politeness, order and context change nothing."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from skillbank.errors import SkillbankError
from skillbank.runtime import Runtime


class Meant(NamedTuple):
    """What a request asks for; the data set of all lies in /d/x."""

    action: str
    settings: tuple[tuple[str, str], ...] = ()
    out: str | None = None
    form: str = ""


CHECK = Meant("check")


def to(name: str, out: str | None = None, form: str = "") -> Meant:
    """Return what a conversion asks for."""
    return Meant("convert", (("convert.to", name),), out, form)


def split(out: str | None = None, **shares: str) -> Meant:
    """Return what a division asks for."""
    return Meant("split", tuple((f"split.{name}", share) for name, share in shares.items()), out)


CHECKED: dict[str, Meant] = {
    "Could you go over /d/x and tell us if the dataset is valid?": CHECK,
    "Check /d/x before we spend money on it, please.": CHECK,
    "could you validate the data set in /d/x? The annotators swear it is COCO.": CHECK._replace(form="coco"),
    "Would you mind checking the annotations under /d/x?": CHECK,
    "/d/x needs a sanity check.": CHECK,
    "Hello, I would like a quick check of the labels in /d/x. Thank you!": CHECK,
    "Please run a check over /d/x.": CHECK,
    "Somebody renamed files by hand, so please verify /d/x.": CHECK,
    "I'm not sure about the boxes. Please inspect /d/x for me.": CHECK,
    "We got a delivery from the vendor. It lies in /d/x; please check it and list what is broken.": CHECK,
    "Is /d/x a valid data set?": CHECK,
    "can someone please validate /d/x": CHECK,
    "I need the labels in /d/x checked.": CHECK,
    "Please have the folder /d/x checked, some boxes looked odd to my colleague.": CHECK,
    "Before we train on it I want you to check /d/x.": CHECK,
    "please tell me whether the data set in /d/x is ok": CHECK,
    "What's wrong with /d/x?": CHECK,
    "The pictures came back from the scanner yesterday. Examine /d/x, please.": CHECK,
    "Good morning! Our intern labelled everything in /d/x. Could you double-check it?": CHECK,
    "The data set /d/x should be checked for duplicates.": CHECK,
    "We need a validation of the data set in /d/x": CHECK,
    "Please have a look over the annotations of /d/x, thanks": CHECK,
    "Are the labels in /d/x fine?": CHECK,
    "Does /d/x have errors?": CHECK,
    "See if /d/x is ok": CHECK,
    "It'd be great if you could validate /d/x": CHECK,
    "kindly verify that /d/x is a correct VOC data set": CHECK._replace(form="voc"),
}
CONVERTED: dict[str, Meant] = {
    "convert /d/x from yolo to coco, output /d/y": to("coco", "/d/y", "yolo"),
    "Kindly convert /d/x to YOLO and store it under /d/y. My grandson says he needs it so.": to(
        "yolo", "/d/y"
    ),
    "A university partner wants our labels as YOLO. Source: /d/x, put the result into /d/y": to(
        "yolo", "/d/y"
    ),
    "Please help me to convert /d/x to coco, output is /d/y.": to("coco", "/d/y"),
    "We would need a YOLO copy of /d/x in /d/y": to("yolo", "/d/y"),
    "Convert /d/x to COCO, destination /d/y.": to("coco", "/d/y"),
    "also convert /d/x to pascal voc into /d/y": to("voc", "/d/y"),
    "The annotators work with CVAT. Could you turn /d/x into CVAT for them?": to("cvat"),
    "I'd like /d/x in COCO format, please.": to("coco"),
    "Into /d/y, please convert /d/x as COCO.": to("coco", "/d/y"),
    "My tool only reads CSV, so please convert /d/x to CSV.": to("csv"),
    "Would it be possible to have the labels in /d/x converted to YOLO?": to("yolo"),
    "Could you transform the VOC annotations in /d/x to COCO and save them in /d/y? Thanks!": to(
        "coco", "/d/y", "voc"
    ),
    "the customer needs /d/x as YOLO": to("yolo"),
    "From LabelMe to COCO please: /d/x, and write it to /d/y.": to("coco", "/d/y", "labelme"),
    "/d/x is in Pascal VOC. Convert it to YOLO.": to("yolo", None, "voc"),
    "Please export the data set /d/x as COCO to /d/y": to("coco", "/d/y"),
    "I want to convert my data set, which lies in /d/x, to odvg": to("odvg"),
    "convert /d/x (yolo) -> coco": to("coco", None, "yolo"),
    "We moved to a new tool last month. Please rewrite /d/x in COCO format and leave it under /d/y.": to(
        "coco", "/d/y"
    ),
    "Give me a COCO version of /d/x": to("coco"),
    "The office asks for a copy in Pascal VOC. Convert /d/x to VOC, please, placing it in /d/y.": to(
        "voc", "/d/y"
    ),
    "I need convert data set /d/x to format COCO.": to("coco"),
    "need coco from /d/x -> /d/y": to("coco", "/d/y"),
    "/d/x -> coco": to("coco"),
    "/d/x as COCO, please.": to("coco"),
    "/d/x should become YOLO, output /d/y": to("yolo", "/d/y"),
    "Re-export /d/x as Label Studio, to /d/y": to("label_studio", "/d/y"),
    "source /d/x, target /d/y, convert to yolo": to("yolo", "/d/y"),
    "convert from voc to coco: /d/x": to("coco", None, "voc"),
    "Can /d/x be converted to COCO?": to("coco"),
    "save /d/x as yolo in /d/y": to("yolo", "/d/y"),
}
DIVIDED: dict[str, Meant] = {
    "Split /d/x 75/25 into train and val and save that as /d/y": split("/d/y", val="0.25"),
    "Please split /d/x into train and val, 85/15. I'm off to lunch.": split(val="0.15"),
    "Could you split /d/x into train, valid and test at 70/20/10? Output in /d/y.": split(
        "/d/y", val="0.2", test="0.1"
    ),
    "Split the data set /d/x into 90% train and 10% val into /d/y, please.": split("/d/y", val="0.1"),
    "Would you hold out 15 percent of /d/x for validation?": split(val="0.15"),
    "We have no validation data. Please divide /d/x, 80 % training and 20 % validation.": split(val="0.2"),
    "I need /d/x split 80/20.": split(val="0.2"),
    "please make a 70/30 split of /d/x": split(val="0.3"),
    "Hi, I want to split /d/x so that a quarter of it is for validation.": split(val="0.25"),
    "Divide the pictures in /d/x into train and val at 90/10 and put the result in /d/y, thanks.": split(
        "/d/y", val="0.1"
    ),
    "set aside a tenth of /d/x for testing": Meant("split", (("split.test", "0.1"), ("split.val", ""))),
    "/d/x is ready. Split it 60/20/20 into train, val and test, output /d/y": split(
        "/d/y", val="0.2", test="0.2"
    ),
    "can you partition /d/x: 80% train, 20% val": split(val="0.2"),
    "The labels are done at last! Split /d/x by folder, 20 percent for validation.": Meant(
        "split", (("split.by", "folder"), ("split.val", "0.2"))
    ),
    "Reserve 20% of /d/x for validation, please": split(val="0.2"),
    "Put 20% of /d/x aside for validation": split(val="0.2"),
    "Take 15 % of /d/x for validation and 5 % for test": split(val="0.15", test="0.05"),
    "train/val/test split of /d/x, 80/10/10": split(val="0.1", test="0.1"),
    "split /d/x into train and val with 80% for train": split(val="0.2"),
    "My professor asked for it: please split /d/x into 80 percent train and 20 percent validation.": split(
        val="0.2"
    ),
}


@pytest.mark.parametrize(("text", "meant"), (CHECKED | CONVERTED | DIVIDED).items())
def test_a_free_request_is_read_as_it_is_meant(runtime: Runtime, text: str, meant: Meant) -> None:
    [request] = runtime.read(text).requests
    settings = tuple(sorted((each.key, str(each.value)) for each in request.settings))
    assert not request.questions, request.questions
    assert [each.uri for each in request.data] == ["/d/x"]
    read = Meant(request.action, settings, request.results_root, request.data[0].form)
    assert read == meant._replace(settings=tuple(sorted(meant.settings)))


ASKED = (
    "convert only the test split of /d/x to coco",
    "convert /d/x to coco, but leave out empty pictures",
    "convert /d/x to coco, but only the trucks",
    "convert /d/x to coco without the night pictures",
    "convert /d/x to coco and rename the class car to vehicle",
    "convert /d/x to coco with 640 pixels",
    "convert half of /d/x to coco",
    "convert the first 100 pictures of /d/x to coco",
    "convert /d/x to coco unless it is coco already",
    "convert /d/x to coco and to yolo",
    "convert /d/x to coco and send it to my mail",
    "convert /d/x to coco tomorrow at noon",
    "convert /d/x and /d/z to coco",
    "convert /d/x",
    "convert /d/x to yolo. oh, they want coco instead",
    "convert /d/x to coco, merged with /d/z",
    "convert /d/x to coco so that it keeps the masks",
    "convert /d/x to coco, classes 1 to 3",
    "please turn /d/x into COCO, resized to half",
    "convert everything but the boats in /d/x to coco",
    "I want /d/x as YOLO, one class",
    "check /d/x every night",
    "check /d/x every Monday at 6",
    "check only the val folder of /d/x",
    "check the first 50 images of /d/x",
    "check /d/x for helmets",
    "check /d/x for images",
    "check /d/x and delete what is broken",
    "check /d/x and repair it",
    "check /d/x if it has changed",
    "check /d/x against /d/z",
    "check /d/x without looking at the pictures",
    "please validate /d/x, except the masks",
    "check /d/x and mail the report to Anna",
    "before you split the data, check /d/x",
    "split /d/x 80/20, stratified by class",
    "split /d/x 80/20, but keep the night pictures in train",
    "split /d/x 80/20 so that it is the same as last time",
    "split /d/x into five folds",
    "split /d/x 80/20 without shuffling",
    "split /d/x into 500 pictures each",
    "split only the reviewed pictures of /d/x 80/20",
    "split /d/x and /d/z 80/20",
    "hold out 20 pictures of /d/x for validation",
    "split /d/x 80/20 by date",
    "check /d/x and convert it to COCO",
    "convert /d/x to coco and split it 80/20",
    "check /d/x, then split it 80/20",
    "convert the old labels of /d/x to coco",
    "convert the other half of /d/x to coco",
    "convert /d/x to coco like last time",
    "convert /d/x to coco again, but smaller",
    "convert /d/x to coco, classes merged",
    "convert /d/x to coco with the classes in capital letters",
    "convert /d/x to coco at night",
    "convert /d/x to coco weekly",
    "convert /d/x to coco twice",
    "convert some pictures of /d/x to coco",
    "convert a few of the labels in /d/x to coco",
    "convert the pictures of last week in /d/x to coco",
    "convert the approved annotations in /d/x to coco",
    "convert the annotations of Anna in /d/x to coco",
    "convert /d/x to coco as well as yolo",
    "convert /d/x to coco instead of yolo",
    "convert /d/x to coco, one file per class",
    "convert each folder of /d/x to coco",
    "convert the subfolders of /d/x to coco",
    "convert /d/x to coco using 4 workers",
    "convert /d/x to coco in place",
    "convert /d/x to coco and overwrite it",
    "convert /d/x to coco, keep the picture sizes",
    "convert /d/x to coco without pictures",
    "convert /d/x to coco. The boats are not needed.",
    "convert /d/x to coco. Boats can be ignored.",
    "convert /d/x to coco. Leave the boats out.",
    "convert /d/x to coco. The class car should be called vehicle.",
    "convert /d/x to coco. Half of the pictures is enough.",
    "convert /d/x to coco. The night pictures are unusable.",
    "check /d/x. The night pictures should be skipped.",
    "check /d/x, ignore small boxes",
    "check /d/x with a tolerance of 2 pixels",
    "check /d/x. It must have at least 100 pictures per class.",
    "check /d/x. I want no warnings.",
    "check /d/x. Every box should have a class.",
    "check if /d/x has enough pictures",
    "check whether /d/x has 500 pictures",
    "check how many boxes are in /d/x",
    "check that /d/x has no faces",
    "check /d/x and count the boxes",
    "check /d/x and tell me how many cars there are",
    "check /d/x and fix the boxes",
    "split /d/x 80/20. The test set must stay as it is.",
    "split /d/x 80/20. Pictures of one day belong together.",
    "split /d/x 80/20, each class equally",
    "split /d/x 80/20 evenly",
    "split /d/x 80/20 randomly",
    "split /d/x 80/20 like before",
    "split /d/x 80/20 and put the night pictures in val",
    "split /d/x 80/20 once more with another seed",
    "split the train part of /d/x 80/20",
    "split /d/x into train and val, val from camera 4",
    "split /d/x in two",
    "split /d/x in half",
    "split /d/x between Anna and Ben",
    "check /d/x. The masks need not be checked.",
    "check /d/x. I don't want the masks checked.",
    "check /d/x. The masks are not to be checked.",
    "check /d/x. Masks don't count.",
    "check /d/x. We do not use the val folder.",
    "check /d/x. The val folder is not relevant.",
    "check /d/x. The val folder is not part of it.",
    "check /d/x. It does not have to be thorough.",
    "check /d/x. You must not look at the pictures.",
    "check /d/x. We don't need the masks.",
    "check /d/x. Don't look at the masks.",
    "check /d/x. Never mind the masks.",
    "check /d/x. The masks don't matter.",
    "check /d/x. The masks do not belong to it.",
    "check /d/x. I am not interested in the masks.",
    "check /d/x. The pictures of May should not be counted.",
    "check /d/x. No pictures may be opened.",
    "how to convert /d/x to coco?",
    "Anna wants to convert /d/x to coco herself.",
    "we used to convert /d/x to coco",
    "convert /d/x to coco, maybe",
)


@pytest.mark.parametrize("text", ASKED)
def test_what_no_such_request_has_a_place_for_is_asked_about(runtime: Runtime, text: str) -> None:
    try:
        requests = runtime.read(text).requests
    except SkillbankError:
        return
    assert any(request.questions for request in requests), requests


@pytest.mark.parametrize(
    "text",
    [
        "check the model on /d/x",
        "validate the detector on /d/x",
        "We check /d/x every week.",
        "I converted /d/x to coco yesterday.",
        "Write the report as CSV to /d/x",
        "export it as coco to /d/x",
    ],
)
def test_what_asks_for_nothing_of_a_data_set_is_no_such_request(runtime: Runtime, text: str) -> None:
    try:
        requests = runtime.read(text).requests
    except SkillbankError:
        return
    assert all(
        request.questions or request.action not in ("check", "convert", "split") for request in requests
    )


@pytest.mark.parametrize(
    ("text", "action", "asked"),
    [
        ("results of 3fa91c, and check /d/x", "check", "results of 3fa91c"),
        ("show me the results of 3fa91c, then check /d/x", "check", "show me the results of 3fa91c"),
        ("status of 3fa91c. Check /d/x.", "check", "status of 3fa91c"),
        ("the metrics of 3fa91c and validate /d/x", "check", "the metrics of 3fa91c"),
        ("logs of 3fa91c, and convert /d/x to coco", "convert", "logs of 3fa91c"),
        ("the results of 3fa91c; split /d/x 80/20", "split", "the results of 3fa91c"),
        ("what are the results of 3fa91c? And check /d/x", "check", "what are the results of 3fa91c?"),
    ],
)
def test_what_no_run_shows_stands_before_a_request_of_data(
    runtime: Runtime, text: str, action: str, asked: str
) -> None:
    reading = runtime.read(text)
    assert [(r.action, r.parent) for r in reading.requests] == [(action, None)]
    assert reading.not_understood == (asked,)
