"""A label set as the data of a run: named in words, pinned to its state, trained on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skillbank.errors import DataError, DataNotFoundError, StateError, UsageError
from skillbank.home import cache_dir
from skillbank.jobs.record import JobState
from skillbank.plan.model import Plan
from skillbank.plan.request import DataLocation, Request, Setting
from skillbank.runtime import Runtime
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import ClassSpec, FoundPicture, Reject, SetNotFoundError
from tests.agent.test_training import TINY
from tests.datasets.running import _runtime, staged
from tests.sets.conftest import Filled
from tests.sets.made import NAMES, review, reviewed_set

WORDS = "train Grounding DINO on {}, no HPO, 1 epoch"


@pytest.fixture
def runtime(home: Path) -> Iterator[Runtime]:
    with _runtime() as opened:  # whose skills are read once, and whose store is that of the home
        yield opened


@pytest.fixture
def signs(filled: Filled, runtime: Runtime) -> LabelSet:
    return runtime.sets.open("signs")


def place_of(plan: Plan, source: str = "train_datasets") -> str:
    return next(each.place for each in plan.inputs if each.source == source)


@pytest.mark.parametrize(
    "words",
    [
        "set signs",
        "the label set signs",
        "label set signs",
        "my set 'signs'",
        'set "signs"',
        "set:signs",
        "set://signs",
        "the set signs",
        "set named signs",
        "set signs, set the seed to 3 and set momentum to 0.9",
        "set signs and validate on set signs",
    ],
)
def test_a_set_is_named_in_words(runtime: Runtime, signs: LabelSet, words: str) -> None:
    [plan] = runtime.plan(WORDS.format(words))
    assert plan.questions == ()
    assert place_of(plan) == place_of(plan, "eval_dataset") == f"set://signs/{signs.digest()}"
    assert any("15 of 20 pictures are reviewed" in note for note in plan.warnings)
    said = runtime.sentence([plan])
    assert f"on set://signs/{signs.digest()}" in said
    assert runtime.plan(said)[0].plan_id == plan.plan_id


@pytest.mark.parametrize(
    "text",
    [
        "fine-tune Grounding DINO on set signs from {}/model.pth, no HPO",
        "evaluate {}/model.pth with Grounding DINO on set signs",
        "train Grounding DINO on set signs and validate on {}/val, no HPO",
        "label the pictures of set signs for 'red exit sign' with Grounding DINO and {}/model.pth",
    ],
)
def test_a_set_stands_among_other_places(
    runtime: Runtime, signs: LabelSet, text: str, tmp_path: Path
) -> None:
    (tmp_path / "model.pth").write_bytes(b"x")
    [plan] = runtime.plan(text.format(tmp_path))
    assert any(each.uri.startswith(f"set://signs/{signs.digest()}") for each in plan.inputs)
    assert not any(each.key == "words" for each in plan.questions)


def test_options_and_words_give_the_same_plan(runtime: Runtime, signs: LabelSet) -> None:
    [plan] = runtime.plan(WORDS.format("set signs"))
    request = Request(
        skill="tao-train-grounding-dino",
        action="train",
        data=(DataLocation(source="train_datasets", uri="set:signs"),),
        settings=(Setting(key="train.num_epochs", value=1),),
        automl="off",
    )
    assert runtime.plan(request)[0].plan_id == plan.plan_id


def test_a_set_that_is_not_there_is_refused_with_the_nearest(runtime: Runtime, signs: LabelSet) -> None:
    with pytest.raises(SetNotFoundError, match=r"no label set 'sings' \(did you mean 'signs'\?\)"):
        runtime.plan(WORDS.format("set sings"))


@pytest.mark.parametrize("said", ["set:signs/unknown", "set signs/unknown", "set:signs/images/a.png"])
def test_a_part_that_a_set_does_not_have_is_an_error(runtime: Runtime, signs: LabelSet, said: str) -> None:
    part = said.partition("/")[2]
    with pytest.raises(UsageError, match=f"no part {part}; its parts are set:signs/train and set:signs/val"):
        runtime.plan(WORDS.format(said))


def test_classes_without_a_box_are_told(runtime: Runtime, signs: LabelSet) -> None:
    [plan] = runtime.plan(WORDS.format("set signs"))
    assert not [note for note in plan.warnings if "learns nothing" in note]
    signs.set_classes([ClassSpec("hat"), ClassSpec("cap")], "ann")
    [plan] = runtime.plan(WORDS.format("set signs"))
    assert (
        "no reviewed box of set:signs is of hat, cap: a model learns nothing of them there" in plan.warnings
    )


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("{}/set", "{}/set"),
        ("./set", "{}/set"),
        ("set", "{}/set"),
        ("the folder set", None),
        ("the set of pictures in {}/set", "{}/set"),
        ("the set in {}/set", "{}/set"),
        ("{}/set and set the seed to 3", "{}/set"),
        ("{}/set, set lr to 0.1", "{}/set"),
        ("{}/set with set epochs", None),
    ],
)
def test_a_folder_called_set_is_a_folder(
    runtime: Runtime,
    signs: LabelSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    said: str,
    read: str | None,
) -> None:
    (tmp_path / "set").mkdir()
    monkeypatch.chdir(tmp_path)
    [plan] = runtime.plan(WORDS.format(said.format(tmp_path)))
    assert not any(each.uri.startswith("set:") for each in plan.inputs)
    if read is not None:
        assert place_of(plan) == read.format(tmp_path)


def test_a_set_called_by_a_word_of_requests_is_read_where_there_is_one(
    runtime: Runtime, tmp_path: Path
) -> None:
    runtime.sets.create("photos", who="ann")
    with pytest.raises(DataError, match="photos has no reviewed picture"):
        runtime.plan(WORDS.format("set photos"))
    [plan] = runtime.plan(WORDS.format(f"set photos of {tmp_path}").replace("set photos", "the photos"))
    assert place_of(plan) == str(tmp_path)


def test_its_reviewed_pictures_are_what_a_training_reads(
    runtime: Runtime, signs: LabelSet, tmp_path: Path
) -> None:
    [plan] = runtime.plan(WORDS.format("set signs"))
    given = staged(plan)
    training, validation = given.training(), given.validation()
    stands = signs.summary()
    assert (len(training.records), len(validation.records)) == (stands.reviewed_train, stands.reviewed_val)
    assert any("15" in said or "pictures" in said for said in given.checks.data)
    assert {box for said in given.checks.data for box in NAMES if box in said} == set(NAMES)


def test_classes_are_trained_by_the_captions_that_labelling_asks_for(
    runtime: Runtime, signs: LabelSet
) -> None:
    [before] = runtime.plan(WORDS.format("set signs"))
    assert not any("go by their first captions" in note for note in before.warnings)
    signs.set_classes([ClassSpec("exit", ("red exit sign", "green exit sign"))], "ann")
    [plan] = runtime.plan(WORDS.format("set signs"))
    assert place_of(plan) != place_of(before)
    assert "classes of set:signs go by their first captions: exit as 'red exit sign'" in plan.warnings
    said = " ".join(staged(plan).checks.data)
    assert "red exit sign" in said and NAMES[1] in said and "green exit sign" not in said
    signs.set_classes([ClassSpec("exit", ("red exit sign", "way out"))], "ann")
    assert place_of(runtime.plan(WORDS.format("set signs"))[0]) == place_of(plan)
    # Files that people take away have the names of the classes.
    assert signs.data_set()[0].classes == NAMES


FIXED = "train RT-DETR on {}, no HPO, 1 epoch"


def test_a_model_of_fixed_classes_learns_their_names(runtime: Runtime, signs: LabelSet) -> None:
    [before] = runtime.plan(FIXED.format("set signs"))
    signs.set_classes([ClassSpec("exit", ("red exit sign", "green exit sign"))], "ann")
    [plan] = runtime.plan(FIXED.format("set signs"))
    assert place_of(plan) == place_of(before), "captions are nothing to it"
    assert not any("first captions" in note for note in plan.warnings)
    said = " ".join(staged(plan).checks.data)
    assert all(name in said for name in NAMES) and "red exit sign" not in said
    # Each kind of model has files of its own, and a state that is named says which of them.
    [words] = runtime.plan(WORDS.format("set signs"))
    assert place_of(words) != place_of(plan)
    for each in (plan, words):
        again = runtime.plan(runtime.sentence([each]))
        assert [found.plan_id for found in again] == [each.plan_id]
    crossed = FIXED.format(place_of(words).removesuffix("/annotations.json"))
    assert "red exit sign" in " ".join(staged(runtime.plan(crossed)[0]).checks.data)
    signs.change_class(1, "ann", name="way out")
    with pytest.raises(StateError, match="signs has changed since the plan was made"):
        runtime.launch(plan)


def test_a_chain_with_a_model_that_reads_words_calls_classes_alike(runtime: Runtime, signs: LabelSet) -> None:
    signs.set_classes([ClassSpec("exit", ("red exit sign",))], "ann")
    both = [
        Request(skill=skill, action="train", data=(DataLocation(source="train_datasets", uri="set:signs"),))
        for skill in ("tao-train-rtdetr", "tao-train-grounding-dino")
    ]
    alone = runtime.plan(both[0])[0]
    states = {place_of(plan).split("/")[3] for plan in runtime.plan(both)}
    assert len(states) == 1 and place_of(alone).split("/")[3] not in states


def test_a_plan_runs_on_the_state_that_it_names(runtime: Runtime, signs: LabelSet, tmp_path: Path) -> None:
    [plan] = runtime.plan(WORDS.format("set signs"))
    todo = [row.number for row in signs.pictures() if row.state == "todo"]
    signs.set_threshold(1, 0.4, "ann")
    signs.add_pictures([], "ann")
    assert runtime.plan(WORDS.format("set signs"))[0].plan_id == plan.plan_id
    review(signs, todo[:1])
    with pytest.raises(StateError, match="signs has changed since the plan was made"):
        runtime.launch(plan)
    with pytest.raises(StateError, match="has changed since the plan was made"):
        runtime.plan(runtime.sentence([plan]))
    signs.undo("ann")
    shutil.rmtree(cache_dir())  # what can be made again is made again
    assert runtime.jobs.preflight(plan).problems == ()
    assert runtime.plan(WORDS.format("set signs"))[0].plan_id == plan.plan_id


def test_pictures_that_are_gone_or_changed_are_told(
    runtime: Runtime, signs: LabelSet, tmp_path: Path
) -> None:
    rows = [row for row in signs.pictures() if row.state == "reviewed"]
    Path(rows[0].place).unlink()
    with pytest.raises(DataNotFoundError, match=rf"1 reviewed pictures .*{rows[0].name}"):
        runtime.plan(WORDS.format("set signs"))
    shutil.copy(rows[1].place, rows[0].place)
    with pytest.raises(DataError, match=rf"have changed since they were added \({rows[0].name}\)"):
        runtime.plan(WORDS.format("set signs"))


@pytest.mark.parametrize("over", [False, True])
def test_a_picture_that_was_written_over_is_told_where_a_plan_was_made_before(
    runtime: Runtime, signs: LabelSet, over: bool
) -> None:
    [plan] = runtime.plan(WORDS.format("set signs"))
    one, other = [row for row in signs.pictures() if row.state == "reviewed"][:2]
    before, new = Path(one.place).read_bytes(), Path(other.place).read_bytes()
    if not over:  # what was written first still has what people have looked at
        Path(one.place).unlink()
        Path(one.place).write_bytes(new)
        assert runtime.jobs.preflight(plan).problems == ()
        return
    Path(one.place).write_bytes(new)
    with pytest.raises(DataError, match=rf"have changed since they were added \({one.name}\)"):
        runtime.plan(WORDS.format("set signs"))
    with pytest.raises(DataError, match="have changed since they were added"):
        runtime.launch(plan)
    Path(one.place).write_bytes(before)
    assert runtime.plan(WORDS.format("set signs"))[0].plan_id == plan.plan_id
    assert runtime.jobs.preflight(plan).problems == ()


def test_without_reviewed_validation_pictures_it_is_asked_for(runtime: Runtime, tmp_path: Path) -> None:
    made = reviewed_set(runtime.sets, tmp_path / "photos", reviewed=2)
    val = [row.number for row in made.pictures() if row.split == "val" and row.state == "reviewed"]
    for number in val:
        boxes = [Reject(box.number) for box in made.picture(number).boxes]
        made.edit(number, boxes, who="ann", version=made.picture(number).version)
    while made.summary().reviewed_val:
        made.undo("ann")
    train = [row.number for row in made.pictures() if row.split == "train"][:3]
    review(made, [n for n in train if made.picture(n).row.state == "todo"])
    [plan] = runtime.plan("train Grounding DINO on set signs")
    assert [each.key for each in plan.questions] == ["data.eval"]
    assert any("no validation picture of set:signs is reviewed yet" in note for note in plan.warnings)


def test_pictures_on_s3_are_brought_once(runtime: Runtime, signs: LabelSet, s3: Any, tmp_path: Path) -> None:
    row = next(row for row in signs.pictures() if row.state == "reviewed")
    data = Path(row.place).read_bytes()
    s3.put_object(Bucket="bucket", Key="photos/p.png", Body=data)
    Path(row.place).unlink()
    found = FoundPicture("p.png", "s3://bucket/photos/p.png", row.sha256, row.width, row.height)
    assert signs.add_pictures([found], "ann").moved == (row.number,)
    [plan] = runtime.plan(WORDS.format("set signs"))
    folder = cache_dir() / f"signs-{signs.digest()}-set" / row.split / "images" / row.name
    assert folder.read_bytes() == data and plan.questions == ()
    s3.put_object(Bucket="bucket", Key="photos/p.png", Body=data + b"x")
    shutil.rmtree(cache_dir())
    with pytest.raises(DataError, match="have changed since they were added"):
        runtime.plan(WORDS.format("set signs"))


@pytest.mark.slow
def test_a_detector_is_trained_on_a_set_and_fine_tuned_from_there(runtime: Runtime, signs: LabelSet) -> None:
    settings = tuple(Setting(key=key, value=value) for key, value in TINY.items())

    def run(text: str) -> tuple[Plan, Any]:
        [request] = runtime.read(text).requests
        [plan] = runtime.plan(request.model_copy(update={"settings": (*request.settings, *settings)}))
        return plan, runtime.jobs.wait(runtime.launch(plan).id)

    _, first = run(WORDS.format("set signs") + ", from scratch")
    assert first.state is JobState.COMPLETE, first.history[-1].message
    review(signs, [row.number for row in signs.pictures() if row.state == "todo"][:2])
    plan, second = run("fine-tune Grounding DINO on set signs from last:train, no HPO, 1 epoch")
    assert second.state is JobState.COMPLETE, second.history[-1].message
    assert place_of(plan).endswith(signs.digest()) and second.parents == (first.id,)
    history = " ".join(line.message for line in second.history)
    assert f"{signs.summary().reviewed_train} pictures" in history
