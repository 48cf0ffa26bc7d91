"""What limits a place is asked about where no run can heed it; what belongs to its name stays in it."""

from __future__ import annotations

import pytest

from skillbank.runtime import Runtime

ASKED = {
    "evaluate rtdetr with m.pth on the test split of /d/a": "test split",
    "evaluate rtdetr with m.pth on /d/a, test split": "test split",
    "evaluate rtdetr with m.pth on split test of /d/a": "split test",
    "evaluate rtdetr with m.pth on the train split of /d/a": "train split",
    "run rtdetr with m.pth on the test pictures of /d/a": "test pictures",
    "find cars in the test split of /d/a with grounding dino, checkpoint m.pth": "test split",
    "train rtdetr on the newest version of /d/a, no hpo": "newest",
    "train rtdetr on what is in /d/a minus what is in /d/b, no hpo": "minus what is in /d/b",
    "evaluate rtdetr with m.pth on /d/val minus /d/test": "minus /d/test",
    "train rtdetr on /d/a, remove /d/b from it, no hpo": "remove /d/b",
    "train rtdetr on /d/a, which is the validation set of /d/b, no hpo": "validation set of /d/b",
    "train rtdetr on /d/a, write logs to /var/log/x, no hpo": "logs",
    "run rtdetr with m.pth on the pictures of /d/a taken in May": "taken in May",
    "run rtdetr with m.pth on a sample of /d/a": "a sample of",
    "run rtdetr with m.pth on some of /d/a": "some of",
    "find cats in /d/a.jpg through /d/z.jpg with grounding dino, checkpoint m.pth": "through",
    "train rtdetr on /d/a[train], no hpo": "/d/a",
    "train rtdetr on data/a{1,2}, no hpo": "data/a{1,2}",
    "train rtdetr on data/?, no hpo": "data/",
    r"train rtdetr on C:\data\my train, no hpo": r"C:\data\my train",
}
WHOLE = {
    r"train rtdetr on C:\Program Files\data, no hpo": [r"C:\Program Files\data"],
    r"train rtdetr on C:\Program Files (x86)\data, no hpo": [r"C:\Program Files (x86)\data"],
    r"train rtdetr on C:\Users\Jo Smith\a and validate on D:\val, no hpo": [
        r"C:\Users\Jo Smith\a",
        r"D:\val",
    ],
    r"train rtdetr on C:\data\train val D:\x, no hpo": [r"C:\data\train", r"D:\x"],
    "train rtdetr on ~nobody-here/data, no hpo": ["~nobody-here/data"],
    "train rtdetr on data/a*, no hpo": ["data/a*"],
    "evaluate rtdetr with m.pth on the test split of s3://b/test": ["s3://b/test"],
    "train rtdetr on /d/a, test split in /d/b, no hpo": ["/d/a", "/d/b"],
    "can you train rtdetr on data/a?": ["data/a"],
    "can you train rtdetr on data/a? 20 epochs, no hpo": ["data/a"],
    '{"model": "rtdetr", "action": "train", "train_datasets": "/d/a"}': ["/d/a"],
}


@pytest.mark.parametrize(("text", "asked"), ASKED.items())
def test_a_part_that_no_run_can_take_is_asked_about(runtime: Runtime, text: str, asked: str) -> None:
    assert asked in runtime.read(text).not_understood


@pytest.mark.parametrize(("text", "places"), WHOLE.items())
def test_a_place_keeps_its_whole_name(runtime: Runtime, text: str, places: list[str]) -> None:
    reading = runtime.read(text)
    assert not reading.not_understood
    assert [each.uri for each in reading.requests[0].data] == places


def test_no_test_split_denies_no_validation(runtime: Runtime) -> None:
    [request] = runtime.read("train rtdetr on /d/a without its test split, no hpo").requests
    assert not request.unwanted
    [request] = runtime.read("train rtdetr on /d/a without a validation split, no hpo").requests
    assert request.unwanted == ("eval_dataset",)


OF_ANOTHER = (
    "before training rtdetr on /d/a, evaluate rtdetr with m.pth on /d/b",
    "evaluate rtdetr with m.pth on /d/b, then train rtdetr on /d/a",
    "train rtdetr on /d/a, then evaluate rtdetr with m.pth on /d/b",
)


@pytest.mark.parametrize("text", OF_ANOTHER)
def test_a_training_is_not_validated_on_what_another_model_is_evaluated_on(
    runtime: Runtime, text: str
) -> None:
    [train] = [r for r in runtime.read(f"{text}, no hpo").requests if r.action == "train"]
    assert [each.uri for each in train.data] == ["/d/a"]


def test_what_a_training_leaves_is_evaluated_on_what_it_is_validated_on(runtime: Runtime) -> None:
    train, evaluate = runtime.read("train rtdetr on /d/a and evaluate it on /d/b, no hpo").requests
    assert [each.uri for each in train.data] == ["/d/a", "/d/b"]
    assert [each.uri for each in evaluate.data] == ["/d/b"]
