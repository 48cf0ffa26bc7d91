"""``skillbank label --into SET``: what is kept, what goes on after a crash, what people have decided."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from skillbank import Runtime
from skillbank.sets.content import content_of
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import Accept, Add, Operation, Reject, Review
from tests.cli.conftest import Command
from tests.labelling.models import write_picture, write_tiny
from tests.labelling.test_video import film

CLASSES = ["round = red circle | blue circle", "square = red square | not green square"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("model") / "tiny.pth")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for number in range(6):
        write_picture(tmp_path / "photos" / f"{number}.png", (100 + number, 80))
    return tmp_path / "photos"


@pytest.fixture
def words(photos: Path, tiny: Path) -> list[str]:
    return ["label", str(photos), *CLASSES, "--checkpoint", str(tiny), "--into", "signs"]


def boxes(there: LabelSet) -> dict[str, list[tuple[Any, ...]]]:
    """What is kept of every picture, but numbers and what is derived."""
    kept: dict[str, list[tuple[Any, ...]]] = {}
    for row in there.pictures(limit=10_000):
        found = there.picture(row.number).boxes
        kept[row.sha256] = sorted((b.class_number, *b.corners, b.score, b.caption, b.state) for b in found)
    return kept


def assert_alike(
    one: Mapping[str, list[tuple[Any, ...]]], other: Mapping[str, list[tuple[Any, ...]]]
) -> None:
    """See that two sets hold the same, but for what a batch of other neighbours does to last places."""
    assert one.keys() == other.keys()
    for first, second in ((one, other), (other, one)):
        for picture, found in first.items():
            for box in found:
                near = [each for each in second[picture] if each[0] == box[0] and each[6:] == box[6:]]
                assert box[5] < 0.06 or any(
                    each[1:5] == pytest.approx(box[1:5], abs=0.2) and abs(each[5] - box[5]) < 0.005
                    for each in near
                )


@pytest.mark.slow
def test_a_set_is_made_and_the_same_command_does_what_is_missing(
    inline: Command, words: list[str], photos: Path
) -> None:
    first = inline(*words, "--json")
    assert first.code == 0, first.err
    assert first.err == "", "no bar in a pipe"
    made = first.document
    assert made["made"] and made["pictures"] == {
        "new": 6, "labelled": 6, "known": 0, "repeated": 0, "in_set": 6, "todo": 6, "reviewed": 0
    }  # fmt: skip
    assert made["model"] == "tiny.pth" and len(made["model_sha256"]) == 64
    assert (made["least"], made["threshold"], made["nms"], made["across"]) == (0.02, 0.3, 0.7, 0.7)
    assert [each["captions"] for each in made["classes"]] == [["red circle", "blue circle"], ["red square"]]
    with Runtime() as runtime:
        (run,) = runtime.sets.open("signs").runs()
        assert run.finished is not None and run.model_sha256 == made["model_sha256"]
        assert dict(run.captions) == {
            1: (("red circle", "blue circle"), ()),
            2: (("red square",), ("green square",)),
        }
        before = boxes(runtime.sets.open("signs"))
        scores = [box[5] for found in before.values() for box in found]
        assert scores and all(isinstance(score, float) and score >= 0.05 for score in scores)
    again = inline(*words, "--json")
    assert (again.document["pictures"]["labelled"], again.document["pictures"]["known"]) == (0, 6)
    write_picture(photos / "later.png", (140, 90))
    (photos / "broken.png").write_bytes(b"no picture")
    (photos / "copy.png").write_bytes((photos / "later.png").read_bytes())
    more = inline(*words, "--json")
    assert more.code == 1 and "broken.png is no picture that can be used" in more.err
    assert (more.document["pictures"]["labelled"], more.document["run"]) == (1, run.number)
    assert more.document["pictures"]["repeated"] == 1
    with Runtime() as runtime:
        after = boxes(runtime.sets.open("signs"))
        assert len(runtime.sets.open("signs").runs()) == 1
        assert {name: after[name] for name in before} == before


@pytest.mark.slow
def test_a_model_never_changes_what_a_person_has_decided(
    inline: Command, words: list[str], tmp_path: Path
) -> None:
    assert inline(*words, "--threshold", "0.1", "--json").code == 0
    with Runtime() as runtime:
        there = runtime.sets.open("signs")
        first, second, third = there.pictures(limit=3)
        state = there.picture(first.number)
        decided: list[Operation] = [
            Accept(state.boxes[0].number),
            Reject(state.boxes[1].number),
            Add(1, (1, 1, 9, 9)),
        ]
        state = there.edit(first.number, decided, who="ann", version=state.version)
        kept = {b.number: b for b in state.boxes if b.state != "proposed"}
        there.edit(second.number, [Review()], who="ann", version=there.picture(second.number).version)
        there.set_threshold(1, 0.15, "ann")
        reviewed = there.picture(second.number).boxes
    other = write_tiny(tmp_path / "other.pth")
    later = inline(
        "label", "square = red square", "--into", "signs", "--checkpoint", str(other),
        "--only", "unreviewed", "--nms", "0.5", "--json",
    )  # fmt: skip
    assert later.code == 0, later.err
    assert later.document["pictures"]["labelled"] == 5, "pictures of the set, but the reviewed one"
    assert later.document["classes"][0]["threshold"] == 0.15
    assert "The captions have changed: 'square = red square', before" in later.err
    with Runtime() as runtime:
        there = runtime.sets.open("signs")
        state = there.picture(first.number)
        assert {b.number: b for b in state.boxes if b.state != "proposed"} == kept
        assert there.picture(second.number).boxes == reviewed
        assert {b.run for b in there.picture(third.number).boxes} == {2}, "undecided ones give way"
        assert len(there.runs()) == 2


REFUSED = {
    ("photos", "a = x", "--into", "s", "-o", "out"): (2, "--output belongs to a folder of labels"),
    ("photos", "a = x", "--into", "s", "--replace", "-f", "coco"): (2, "--format and --replace belongs"),
    ("photos", "a = x"): (2, "add --into SET"),
    ("photos", "x", "--classes", "c.yaml"): (2, "--classes belongs to a label set"),
    ("photos", "x", "--only", "unreviewed"): (2, "--only belongs to a label set"),
    (): (2, "There is no picture"),
    ("--into", "s"): (5, "there is no label set 's'"),
    ("photos", "--into", "s"): (2, "s has no class"),
    ("photos", "--into", "../s", "x"): (2, "cannot be the name of a label set"),
    ("a = x", "--into", "s"): (5, "there is no label set"),
    ("photoz", "a = x", "--into", "s"): (5, "no picture or folder photoz here (did you mean 'photos'?)"),
    ("photos", "a = x", "b = x | y |", "c =", "--into", "s"): (2, "an empty caption"),
    ("photos", "threshold=0.3", "--into", "s"): (2, "write --threshold 0.3"),
    ("photos", "a = photos/0.png", "--into", "s"): (2, "'photos/0.png' of 'a' is a file's name"),
    ("photos", "a = x", "--into", "s", "--only", "unreviewd"): (2, "did you mean 'unreviewed'?"),
    ("photos", "--classes", "none.yaml", "--into", "s"): (5, "no file none.yaml of classes"),
    ("photos", "@classes.yaml", "--into", "s"): (2, "give it as --classes classes.yaml"),
    ("photos", "a = x", "--into", "s", "--checkpoint", "none.pth"): (5, "no model none.pth"),
}


@pytest.mark.parametrize("words", REFUSED)
def test_refusals_leave_no_set(
    inline: Command, photos: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(photos.parent)
    Path("classes.yaml").write_text("a: x\n")
    code, why = REFUSED[words]
    answer = inline("label", *words)
    assert (answer.code, why in answer.err) == (code, True), answer.err
    with Runtime() as runtime:
        assert runtime.sets.names() == ()


@pytest.mark.parametrize(
    "words",
    [
        ("photos", "a = x", "--into", "s", "-o", "out"),
        ("photos", "a = x"),
        ("photos", "x", "--detach"),
        ("photos", "c =", "--into", "s"),
        ("photos", "a = x", "--into", "s", "--only", "all"),
        (),
    ],
)
def test_what_is_refused_for_its_words(
    inline: Command, photos: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(photos.parent)
    assert inline("label", *words).code == 2


@pytest.mark.slow
def test_classes_come_from_files_too(
    inline: Command, photos: Path, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "names.txt").write_text("# two\nround = red circle | blue circle\nred star\n")
    (tmp_path / "more.yaml").write_text("square: {captions: [red square], threshold: 0.25}\n")
    answer = inline(
        "label", "photos", "@names.txt", "--classes", "more.yaml", "--into", "shapes",
        "--checkpoint", str(tiny), "--json",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    assert [(c["name"], c["threshold"]) for c in answer.document["classes"]] == [
        ("round", None), ("red star", None), ("square", 0.25)
    ]  # fmt: skip
    near = inline("label", "photos", "red star", "--into", "shape", "--checkpoint", str(tiny))
    assert near.code == 0 and "The label set shape is new (did you mean 'shapes'?)" in near.err
    assert "the label set was made; 6 pictures labelled by tiny.pth" in near.out


@pytest.mark.slow
def test_a_precision_that_is_named_is_part_of_the_run_and_of_the_job(
    inline: Command, words: list[str], tiny: Path
) -> None:
    assert inline(*words, "--json").code == 0
    named = inline(*words, "--precision", "bf16")
    assert named.code == 0 and "6 pictures labelled" in named.out and "computed in bf16" in named.out
    job = inline(*words, "--precision", "fp32", "--detach", "--json").document["job"]
    with Runtime() as runtime:
        there = runtime.sets.open("signs")
        assert [run.settings.get("precision") for run in there.runs()] == [None, "bf16", "fp32"]
        assert runtime.jobs.look(job).plan["spec"]["label"]["precision"] == "fp32"
    inline("cancel", job)


@pytest.mark.slow
def test_large_pictures_are_looked_at_in_tiles_where_that_is_asked(
    inline: Command, words: list[str], photos: Path
) -> None:
    write_picture(photos / "large.png", (900, 700))
    whole = inline(*words, "--json")
    assert whole.code == 0 and whole.document["tiles"] == "off"
    assert "large.png has 900 x 700 pixels and the model sees" in whole.err, whole.err
    tiled = inline(*words, "--tiles", "AUTO", "--json")
    assert tiled.document["tiles"] == "auto" and "pixels and the model sees" not in tiled.err
    assert tiled.document["run"] == whole.document["run"] + 1, "another look"
    assert tiled.document["pictures"]["labelled"] == 7
    assert inline(*words, "--tiles", "auto", "--json").document["pictures"]["known"] == 7
    job = inline(*words, "--tiles", "256x200", "--detach", "--json").document["job"]
    with Runtime() as runtime:
        there = runtime.sets.open("signs")
        assert [run.settings["tiles"] for run in there.runs()] == ["off", "auto", "256x200"]
        assert runtime.jobs.look(job).plan["spec"]["label"]["tiles"] == "256x200"
    inline("cancel", job)
    assert "no way to cut pictures" in inline(*words, "--tiles", "some").err


@pytest.mark.slow
def test_frames_of_a_video_become_pictures_of_the_set(
    inline: Command, words: list[str], tmp_path: Path, photos: Path
) -> None:
    video = film(tmp_path / "walk.mp4")
    words = [words[0], str(video), *words[1:], "--json"]
    refused = inline(*words)
    assert (refused.code, "--every N" in refused.document["error"]["message"]) == (2, True)
    made = inline(*words, "--every", "3")
    assert made.code == 0, made.err
    assert made.document["pictures"]["new"] == 10
    again = inline(*words, "--every", "3").document["pictures"]
    assert (again["new"], again["labelled"], again["known"]) == (0, 0, 10)
    video.unlink()
    with Runtime() as runtime:
        there = runtime.sets.open("signs")
        rows = {row.name: row for row in there.pictures()}
        assert "walk/frame-000009.jpg" in rows and "0.png" in rows
        assert len(content_of(rows["walk/frame-000009.jpg"])) > 100, "the frame stays where the video goes"


@pytest.mark.slow
def test_two_names_of_an_object_are_kept_and_the_surest_is_shown(inline: Command, words: list[str]) -> None:
    assert inline(*words, "--threshold", "0.05", "--json").code == 0
    with Runtime() as runtime:
        there = runtime.sets.open("signs")
        rows = there.pictures()
        found = [there.picture(row.number).boxes for row in rows]
        hidden = [box for boxes in found for box in boxes if box.candidate]
        assert hidden and all(box.score is not None and box.score >= 0.05 for box in hidden)
        assert {row.number for row in rows if row.clashes} == {box.picture for box in hidden}
    every = inline(*words, "--threshold", "0.05", "--nms-across", "1", "--json")
    assert every.document["pictures"]["labelled"] == 0, "the bound moves without the model"
    assert sum(each["candidates"] for each in every.document["boxes"]) == 0


KILLS, PICTURES = 20, 500


@pytest.mark.slow
def test_killed_at_any_point_nothing_is_lost_or_doubled(
    inline: Command, tiny: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(PICTURES):
        Image.new("RGB", (64, 64), (number % 256, number // 4 % 256, 90)).save(folder / f"{number:03}.bmp")
    words = ["label", str(folder), *CLASSES, "--checkpoint", str(tiny), "--into"]
    numbers = random.Random(18)
    seen, until_first = [0], 1.0
    with Runtime() as runtime:
        for turn in range(KILLS):
            begun, version = time.monotonic(), _version(runtime, "killed")
            run = subprocess.Popen(
                [sys.executable, "-m", "skillbank", *words, "killed"],
                env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            )  # fmt: skip
            # Half of them while proposals come in, half of them from the start on until the first would come.
            if turn % 2 == 0:
                wanted = version + numbers.randrange(1, 25)
                while run.poll() is None and _version(runtime, "killed") < wanted:
                    time.sleep(0.02)
                until_first = time.monotonic() - begun
            else:
                end = time.monotonic() + numbers.uniform(0, until_first)
                while time.monotonic() < end and _version(runtime, "killed") <= version:
                    time.sleep(0.02)
            run.kill()
            run.communicate()
            seen.append(_seen(runtime, "killed"))
            assert seen[-1] >= seen[-2], "what was kept stays"
    assert 0 < seen[-1] < PICTURES, "killed on the way"
    for name in ("killed", "whole"):
        answer = inline(*words, name, "--json")
        assert answer.code == 0, answer.err
    with Runtime() as runtime:
        killed, whole = (runtime.sets.open(name) for name in ("killed", "whole"))
        assert_alike(boxes(killed), boxes(whole))
        assert killed.summary().pictures == PICTURES
        proposed = Counter(e.picture for e in killed.log(limit=100_000) if e.kind == "propose")
        assert len(proposed) == PICTURES and set(proposed.values()) == {1}, "each once"
        assert len(killed.runs()) == 1


def _version(runtime: Runtime, name: str) -> int:
    return runtime.sets.open(name).version() if name in runtime.sets else -1


def _seen(runtime: Runtime, name: str) -> int:
    if name not in runtime.sets:
        return 0
    return sum(event.kind == "propose" for event in runtime.sets.open(name).log(limit=100_000))


@pytest.mark.slow
def test_a_job_labels_and_the_set_takes_in_what_it_finds(inline: Command, tiny: Path, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(400):
        Image.new("RGB", (64, 64), (number % 256, number // 4 % 256, 90)).save(folder / f"{number:03}.bmp")
    words = ["label", str(folder), *CLASSES, "--checkpoint", str(tiny), "--into"]
    started = inline(*words, "signs", "--detach", "--json")
    assert started.code == 0, started.err
    job = started.document["job"]
    assert started.document["pictures"]["new"] == 400 and started.document["pictures"]["labelled"] == 0
    for _ in range(600):
        with Runtime() as runtime:
            if _seen(runtime, "signs"):
                break
        time.sleep(0.1)
    cancelled = inline("cancel", job, "--json")
    assert cancelled.code == 0 or "has ended (COMPLETE)" in cancelled.out
    with Runtime() as runtime:
        part = _seen(runtime, "signs")
        assert part > 0
    assert inline(*words, "signs", "--json").document["run"] == started.document["run"]
    assert inline(*words, "whole", "--json").code == 0
    with Runtime() as runtime:
        there = runtime.sets.open("signs")
        assert_alike(boxes(there), boxes(runtime.sets.open("whole")))
        proposed = Counter(e.picture for e in there.log(limit=100_000) if e.kind == "propose")
        assert len(proposed) == 400 and set(proposed.values()) == {1}, "each once"
    again = inline(*words, "signs", "--detach")
    assert (again.code, "no job was started" in again.err) == (1, True)


@pytest.mark.slow
def test_a_job_that_ends_ends_its_run(inline: Command, words: list[str]) -> None:
    job = inline(*words, "--detach", "--json").document["job"]
    for _ in range(600):
        if (answer := inline("status", job, "--json")).document["state"] != "RUNNING":
            break
        time.sleep(0.2)
    assert answer.document["state"] == "COMPLETE", answer.out
    with Runtime() as runtime:
        there = runtime.sets.open("signs")
        (run,) = there.runs()
        assert (run.job, run.finished is None, _seen(runtime, "signs")) == (job, False, 6)
        assert there.summary().pictures == 6
