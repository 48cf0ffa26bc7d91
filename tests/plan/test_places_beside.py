"""Places and models that stand beside what a step reads or starts from are not taken for it."""

from __future__ import annotations

import pytest

from skillbank.runtime import Runtime

TRAIN = "train rtdetr on data/a, val data/b, no hpo"
ASKED = {
    # A place that nothing joins to the one where things are to be found.
    "find cars in pics/ to out/ with c25a97": "out/",
    "find cars in pics/ with c25a97, to out/": "out/",
    "run c25a97 on pics/ to out/ for 'cars'": "out/",
    "find cars in pics/ with c25a97 against old/": "old/",
    "find cars in pics/ like those in old/ with c25a97": "old/",
    "find cars in pics/ (labels in old/) with c25a97": "labels in old/",
    "find cars in pics/ with c25a97. See vids/.": "vids/",
    "find cars in pics/ with c25a97 and add them to old/": "add them to old/",
    # Data that are put together first, and a training that is to go somewhere.
    "merge ./a into ./b and train rtdetr on it, no hpo": "merge ./a into ./b",
    "put ./a into ./b and train rtdetr on it, no hpo": "put ./a into ./b",
    "train rtdetr to ./out, no hpo": "to ./out",
    # What is written, and not what a training starts from.
    f"{TRAIN}. Name the checkpoint night.pth.": "Name the checkpoint night.pth",
    f"{TRAIN}. The checkpoint is called final.pth.": "checkpoint is called final.pth",
    f"{TRAIN}. Checkpoint dir: ./ck": "Checkpoint dir",
    f"{TRAIN}. I want the weights in ./ck": "the weights in ./ck",
    f"{TRAIN}. Logs go to ./logs": "Logs go to ./logs",
    f"{TRAIN}; with checkpoints in ./ck": "with checkpoints in ./ck",
    f"{TRAIN}, with checkpoints to ./ck": "checkpoints",
    f"{TRAIN}, with a checkpoint to ./ck": "checkpoint",
    f"{TRAIN}, with m.pth in mind": "m.pth in mind",
    # What the data were made of, and what is gone.
    "Ruth made data/c from data/a. Train rtdetr, val data/b, no hpo": "data/a",
    "Ruth built data/c out of data/a. Train rtdetr, val data/b, no hpo": "data/a",
    "train rtdetr on data/c, made from data/a, no hpo": "data/a",
    "Ruth lost data/a. Train rtdetr, val data/b, no hpo": "lost data/a",
    "My photos were in data/a before they burned. Train rtdetr, no hpo": "they burned",
    # How it is to be split or written.
    "split data/a 80/20, one folder for each patient": "one folder for each patient",
    "convert data/a to coco, one file for each camera": "one file for each camera",
    f"{TRAIN}, I just don't know how": "don't know how",
    # What an evaluation is to be on.
    f"{TRAIN}, evaluate on the train data": "the train data",
    f"{TRAIN}, evaluate on train": "train",
    f"{TRAIN}, evaluate it on the test set": "the test set",
    f"{TRAIN}, evaluate it on other data": "other data",
    f"{TRAIN}, evaluate it on everything": "everything",
    # Which model is the last one.
    f"{TRAIN}, and evaluate the latest model on ./c": "the latest model",
    f"{TRAIN}, export the last checkpoint": "the last checkpoint",
    f"{TRAIN}. Evaluate the last training on ./c.": "the last training",
}
READ = {
    "find cars in pics/ and vids/ with c25a97": [["pics", "vids"]],
    "find cars in pics/, vids/ with c25a97": [["pics", "vids"]],
    "find cars in pics/ as well as vids/ with c25a97": [["pics", "vids"]],
    "find cars in pics/ with c25a97, also in vids/": [["pics", "vids"]],
    "find cars in a/ b/ with c25a97": [["a", "b"]],
    "find cars in pics/ with IDEA-Research/grounding-dino-tiny": [["pics"]],
    "apply c25a97 to pics/ to find cars": [["pics"]],
    "evaluate c25a97 on ./w1 and find cars in ./w2 with it": [["./w1"], ["./w2"]],
    f"{TRAIN}, evaluate it on the validation data": [["data/a", "data/b"], ["data/b"]],
    f"{TRAIN}, test data/t, evaluate it on the test set": [["data/a", "data/b"], ["data/t"]],
    f"{TRAIN}, evaluate it on the test set: data/t": [["data/a", "data/b"], ["data/t"]],
    f"{TRAIN}, export the best checkpoint": [["data/a", "data/b"], []],
    f"{TRAIN}. The checkpoint is m.pth": [["data/a", "data/b"]],
}


@pytest.mark.parametrize(("text", "words"), ASKED.items())
def test_what_stands_beside_is_asked_about(own_bank: Runtime, text: str, words: str) -> None:
    assert words in own_bank.read(text).unread


@pytest.mark.parametrize(("text", "data"), READ.items())
def test_what_is_joined_or_named_is_read(own_bank: Runtime, text: str, data: list[list[str]]) -> None:
    reading = own_bank.read(text)
    assert not reading.not_understood
    assert [[each.uri for each in request.data] for request in reading.requests] == data


def test_the_model_before_the_new_one_is_that_of_an_earlier_job(own_bank: Runtime) -> None:
    [_, evaluate] = own_bank.read(f"{TRAIN}, and evaluate the previous model on ./c").requests
    assert (evaluate.parent, evaluate.questions) == ("last:train", ())
