"""``skillbank sets`` and ``skillbank data ... set:NAME`` as a person calls them."""

from __future__ import annotations

import gzip
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from skillbank.cli import main
from skillbank.datasets.copying import marks_of
from skillbank.datasets.formats import WRITERS
from skillbank.datasets.opening import open_place
from skillbank.home import cache_dir, database_url, pictures_dir
from skillbank.jobs.store import JobStore
from skillbank.sets import kept_pictures
from skillbank.sets.audit import in_random_order
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import (
    Accept,
    Change,
    ClassSpec,
    Operation,
    Proposal,
    Reject,
    Restore,
    Review,
    RunSpec,
)
from skillbank.sets.store import SetStore
from tests.sets.conftest import BARE, EXIT, Filled, box, found, spec
from tests.sets.made import NAMES, photographs, reviewed_set
from tests.sets.replaying import check_laws, events_of, held

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The program; returns exit code, stdout and stderr."""

    def call(*words: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["skillbank", *map(str, words)])
        with pytest.raises(SystemExit) as stopped:
            main()
        said = capsys.readouterr()
        return int(stopped.value.code or 0), said.out, said.err

    return call


@pytest.fixture
def store(home: Path) -> Iterator[SetStore]:
    with JobStore(database_url()) as opened:
        yield SetStore(opened.engine)


@pytest.fixture
def signs(filled: Filled, store: SetStore) -> LabelSet:
    return store.open("signs")


def document(answer: tuple[int, str, str]) -> Any:
    code, out, err = answer
    assert code == 0, out + err
    return json.loads(out)


def test_sets_are_listed_and_shown(run: Run, store: SetStore, tmp_path: Path) -> None:
    assert "No label set yet" in run("sets")[1]
    assert document(run("sets", "--json")) == {"sets": []}
    signs = reviewed_set(store, tmp_path / "photos")
    [listed] = document(run("sets", "--json"))["sets"]
    assert (listed["name"], listed["pictures"], listed["reviewed"]) == ("signs", 20, 15)
    shown = document(run("sets", "signs", "--json"))
    assert shown["digest"] == signs.digest() and shown["people"][0]["name"] == "ann"
    code, out, _ = run("sets", "signs")
    assert code == 0 and "15 of 20 pictures are reviewed" in out and NAMES[1] in out
    code, _, err = run("sets", "sings")
    assert code == 5 and "did you mean 'signs'?" in err


@pytest.mark.parametrize("form", [each.name for each in WRITERS if marks_of(each) == "boxes"])
def test_what_is_exported_comes_back_as_it_was(
    run: Run, signs: LabelSet, store: SetStore, tmp_path: Path, form: str
) -> None:
    written = document(run("sets", "export", "signs", "--to", form, "-o", tmp_path / "out", "--json"))
    assert sum(each["pictures"] for each in written["splits"].values()) == 15
    found = document(run("sets", "import", tmp_path / "out", "--into", "again", "--json"))
    assert (found["new"], found["boxes"]) == (15, 30)
    again = store.open("again")
    assert {c.name for c in again.classes()} == set(NAMES)
    boxes = [
        {(b.class_number, *(round(v) for v in b.corners)) for b in one.picture(row.number).boxes}
        for one in (signs, again)
        for row in sorted(one.pictures(limit=50), key=lambda r: r.sha256)
        if row.state == "reviewed"
    ]
    names = [{c.number: c.name for c in one.classes()} for one in (signs, again)]
    said = [{(names[i // 15][n], *rest) for n, *rest in each} for i, each in enumerate(boxes)]
    assert said[:15] == said[15:]
    if form != "csv":  # which has no splits
        splits = [{r.sha256: r.split for r in one.pictures(limit=50)} for one in (signs, again)]
        assert splits[1].items() <= splits[0].items()
    check_laws(again)


def test_an_import_is_done_once_and_leaves_decisions(
    run: Run, signs: LabelSet, store: SetStore, tmp_path: Path
) -> None:
    run("sets", "export", "signs", "-o", tmp_path / "out")
    document(run("sets", "import", tmp_path / "out", "--into", "again", "--to-review", "--json"))
    again = store.open("again")
    assert again.summary().boxes["proposed"] == 30 and again.summary().reviewed == 0
    first = again.pictures()[0].number
    mine = again.picture(first).boxes[0]
    again.edit(first, [Reject(mine.number)], who="ann", version=again.picture(first).version)
    before = held(again)
    repeated = document(run("sets", "import", tmp_path / "out", "--into", "again", "--to-review", "--json"))
    assert (repeated["new"], repeated["known"], repeated["boxes"]) == (0, 15, 0) and held(again) == before
    # Somebody else's pictures that are reviewed here stay as they were decided.
    document(run("sets", "import", tmp_path / "out", "--into", "signs", "--json"))
    assert signs.summary().pictures == 20 and signs.summary().boxes["accepted"] == 30


def test_classes_that_an_import_brings_are_said(run: Run, signs: LabelSet, tmp_path: Path) -> None:
    run("sets", "export", "signs", "-o", tmp_path / "out")
    same = document(run("sets", "import", tmp_path / "out", "--into", "signs", "--json"))
    assert same["classes"] == []
    for file in (tmp_path / "out").rglob("*.json"):
        file.write_text(file.read_text().replace(NAMES[0], f"other  {NAMES[0]}"))
    # All its boxes are of pictures that are reviewed already, and yet it will be one of what is trained.
    code, out, _ = run("sets", "import", tmp_path / "out", "--into", "signs")
    assert code == 0 and f"classes that it did not have: other {NAMES[0]}\n" in out
    assert f"other {NAMES[0]}" in {each.name for each in signs.classes()}
    again = document(run("sets", "import", tmp_path / "out", "--into", "signs", "--json"))
    assert again["classes"] == []


def test_pictures_of_an_archive_outlive_the_cache(
    run: Run, signs: LabelSet, store: SetStore, tmp_path: Path
) -> None:
    run("sets", "export", "signs", "-o", tmp_path / "out")
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path / "out")
    assert document(run("sets", "import", archive, "--into", "again", "--json"))["new"] == 15
    shutil.rmtree(cache_dir())
    again = store.open("again")
    assert all(Path(row.place).is_file() for row in again.pictures(limit=20))
    assert document(run("data", "check", "set:again", "--json"))["splits"]


def test_pictures_that_were_kept_go_when_no_set_has_them(
    run: Run,
    signs: LabelSet,
    store: SetStore,
    filled: Filled,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def offered(*words: str) -> set[str]:
        return {each["path"] for each in document(run("clean", *words, "--json"))["pictures"]}

    run("sets", "export", "signs", "-o", tmp_path / "out", "--pictures", "copy")
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path / "out")
    for name in ("again", "more"):
        document(run("sets", "import", archive, "--into", name, "--json"))
    places = {row.place for row in store.open("again").pictures(limit=20)}
    assert len(places) == 15 and all(Path(place).is_relative_to(pictures_dir()) for place in places)
    stray = pictures_dir() / "ab" / "frame.jpg"
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"x")
    assert offered("--dry-run") == set(), "what has just come may be on its way into a set"
    monkeypatch.setattr(kept_pictures, "RESTING", -1.0)
    assert offered("--dry-run") == {str(stray)}
    document(run("sets", "remove", "again", "--yes", "--json"))
    assert offered("--yes") == {str(stray)}, "the other set has them"
    assert not stray.exists() and all(Path(place).is_file() for place in places)
    file = tmp_path / "more.set"
    document(run("sets", "backup", "more", "-o", file, "--json"))
    assert run("sets", "remove", "more", "--yes")[0] == 0
    assert offered("--dry-run") == places
    with kept_pictures.keeping(pictures_dir()):
        found = document(run("clean", "--yes", "--json"))
        assert len(found["left"]) == 15 and all(Path(place).is_file() for place in places)
    document(run("sets", "restore", file, "--json"))
    assert offered("--yes") == set()
    document(run("sets", "remove", "more", "--yes", "--json"))
    filled.photos.rename(tmp_path / "away")
    assert offered("--dry-run") == set(), "signs has the same pictures, and they are not where they were"
    (tmp_path / "away").rename(filled.photos)
    assert offered("--yes") == places
    assert [path.name for path in pictures_dir().rglob("*")] == [".lock"]


def test_pictures_alone_come_in_to_be_reviewed(run: Run, store: SetStore, filled: Filled) -> None:
    found = document(run("sets", "import", filled.photos, "--into", "plain", "--json"))
    stands = store.open("plain").summary()
    assert found["new"] == stands.pictures == stands.todo > 0 and found["boxes"] == stands.reviewed == 0
    code, out, _ = run("sets", "audit", "plain")
    assert (
        code == 0
        and "no picture of the random sample is reviewed; the Audit of skillbank review plain" in out
    )


def test_an_import_says_what_it_does_not_take(run: Run, filled: Filled, signs: LabelSet) -> None:
    first = min(path for path in filled.photos.rglob("*") if path.is_file())
    shutil.copy(first, filled.photos / f"again{first.suffix}")
    (filled.photos / "cut.png").write_text("hello")
    (filled.photos / "film.mp4").write_bytes(b"film")
    code, out, _ = run("sets", "import", filled.photos, "--into", "plain")
    assert code == 0 and "other files are not read: film.mp4" in out
    assert "another one, byte for byte, are left out: 1" in out and "cut.png (it is text: 'hello')" in out
    found = document(run("sets", "import", filled.photos, "--into", "plain", "--json"))
    assert [each["image"] for each in found["left_out"]] == ["cut.png"] and sum(found["left"].values()) == 2
    code, _, err = run("sets", "import", filled.photos, "--into", "plain", "--val", "0.5")
    assert code == 2 and "--val 0.5 is the share of a new set, and plain is there" in err
    run("sets", "export", signs.name, "-o", filled.photos.parent / "divided")
    code, out, err = run(
        "sets", "import", filled.photos.parent / "divided", "--into", "other", "--val", "0.5"
    )
    assert code == 0, err
    assert "are of a split of the data set and stay in it; --val 0.5 deals those" in out


def test_an_import_that_fails_leaves_what_somebody_else_has_begun_in_its_set(
    run: Run, filled: Filled, store: SetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(labels: LabelSet, *_: object, **__: object) -> None:
        labels.set_classes([ClassSpec("cat", ("a cat",))], "ben")
        raise KeyboardInterrupt

    monkeypatch.setattr("skillbank.sets.importing.import_data", interrupted)
    code, out, err = run("sets", "import", filled.photos, "--into", "both")
    assert code == 130, out + err
    assert [each.name for each in store.open("both").classes()] == ["cat"]


def test_an_import_that_is_refused_leaves_no_set(run: Run, store: SetStore, tmp_path: Path) -> None:
    root = tmp_path / "data"
    photographs(root / "images", 2)
    (root / "data.yaml").write_text("names: [" + "x" * 300 + "]\n")
    for path in (root / "images").iterdir():
        (root / "labels").mkdir(exist_ok=True)
        (root / "labels" / f"{path.stem}.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    code, _, err = run("sets", "import", root, "--into", "plain")
    assert code == 2 and "1 to 200 characters" in err and store.names() == ()


def test_labels_to_review_stay_beside_what_a_model_finds(
    run: Run, signs: LabelSet, store: SetStore, tmp_path: Path
) -> None:
    run("sets", "export", "signs", "-o", tmp_path / "out")
    run("sets", "import", tmp_path / "out", "--into", "again", "--to-review")
    again = store.open("again")
    one, other = (row.number for row in again.pictures(limit=2))
    held_boxes = again.picture(one).boxes
    number = {c.name: c.number for c in again.classes()}
    again.set_classes([c.spec for c in signs.classes()], "ann")
    run_ = again.start_run(spec(classes=tuple(c.spec for c in again.classes())))
    same = [Proposal(b.class_number, b.corners, 0.9) for b in held_boxes]
    again.propose(run_, {one: same, other: [box(number[NAMES[0]], 70, 0.9, size=4)]})
    assert again.picture(one).boxes == held_boxes and again.picture(one).row.apart == 0
    # Mistakes first: neither has the model found what was marked, nor was marked what it has found.
    assert again.picture(other).row.apart == 3 and len(again.picture(other).boxes) == 3
    assert other in again.next("bob", count=2)


def test_a_set_is_backed_up_and_comes_back_whole(
    run: Run, signs: LabelSet, store: SetStore, tmp_path: Path
) -> None:
    signs.start_run(spec(classes=tuple(c.spec for c in signs.classes())))
    file = tmp_path / "signs.set"
    document(run("sets", "backup", "signs", "-o", file, "--json"))
    assert run("sets", "backup", "signs", "-o", file)[0] == 2
    assert run("sets", "restore", file)[0] == 2  # it is there
    before, log, pages = held(signs), events_of(signs), signs.pictures(limit=50)
    code, _, err = run("sets", "remove", "signs", "--json")
    assert code == 4 and store.names() == ("signs",), err
    assert document(run("sets", "remove", "signs", "--yes", "--json")) == {"removed": "signs"}
    assert document(run("sets", "restore", file, "--json"))["reviewed"] == 15
    again = store.open("signs")
    assert (held(again), events_of(again), again.pictures(limit=50)) == (before, log, pages)
    check_laws(again)
    assert again.undo("ann") is not None
    assert document(run("sets", "restore", file, "--as", "copy", "--json"))["name"] == "copy"


@pytest.mark.parametrize("harm", ["cut", "changed", "empty", "other", "line"])
def test_a_backup_that_is_not_whole_restores_nothing(
    run: Run, signs: LabelSet, store: SetStore, tmp_path: Path, harm: str
) -> None:
    file = tmp_path / "signs.set"
    run("sets", "backup", "signs", "-o", file)
    lines = gzip.decompress(file.read_bytes()).splitlines(keepends=True)
    data = {
        "cut": file.read_bytes()[:-20],
        "changed": gzip.compress(b"".join(lines).replace(b"accepted", b"rejected", 1)),
        "empty": b"",
        "other": gzip.compress(b'{"kind": "something else"}\n'),
        "line": gzip.compress(b"".join(lines[:5] + lines[6:])),
    }[harm]
    file.write_bytes(data)
    code, _, err = run("sets", "restore", file, "--as", "copy")
    assert code == 1 and "name another file" in err and store.names() == ("signs",)
    assert run("sets", "restore", tmp_path / "none")[0] == 5


def test_commands_for_data_sets_take_a_set(run: Run, signs: LabelSet, tmp_path: Path) -> None:
    checked = document(run("data", "check", "set:signs", "--json"))
    assert {each["split"] for each in checked["splits"]} == {"train", "val"}
    document(run("data", "convert", "set:signs", "--to", "yolo", "-o", tmp_path / "yolo", "--json"))
    assert len(open_place(tmp_path / "yolo").data.splits) == 2
    document(run("data", "split", "set:signs/train", "--val", "0.3", "-o", tmp_path / "split", "--json"))
    code, out, err = run("data", "show", "set:signs", "-o", tmp_path / "page.html")
    assert code == 0 and (tmp_path / "page.html").is_file(), out + err
    code, _, err = run("data", "check", "set:sings")
    assert code == 5 and "did you mean 'signs'?" in err
    code, _, err = run("data", "check", "set:signs/test")
    assert code == 5 and "its splits are train and val" in err


def test_a_set_is_renamed(run: Run, signs: LabelSet, store: SetStore) -> None:
    assert document(run("sets", "rename", "signs", "exits", "--json")) == {"set": "exits", "was": "signs"}
    assert store.names() == ("exits",) and run("sets", "rename", "exits", "../x")[0] == 2


def test_what_was_corrected_since_does_not_come_a_second_time(
    run: Run, signs: LabelSet, store: SetStore, tmp_path: Path
) -> None:
    run("sets", "export", "signs", "-o", tmp_path / "out")
    document(run("sets", "import", tmp_path / "out", "--into", "again", "--to-review", "--json"))
    again = store.open("again")
    one = again.pictures()[0].number
    classes = {c.name: c.number for c in again.classes()}
    moved, renamed = again.picture(one).boxes
    change = [
        Change(moved.number, box=(1, 1, 20, 20)),
        Change(renamed.number, class_number=moved.class_number),
    ]
    again.edit(one, change, who="ann", version=again.picture(one).version)
    again.change_class(classes[NAMES[1]], "ann", name="bare head")
    before = {key: fields for key, fields in held(again).items() if key[0] == "box"}
    for _ in range(2):
        found = document(run("sets", "import", tmp_path / "out", "--into", "again", "--to-review", "--json"))
        assert found["boxes"] == 0
    assert {key: fields for key, fields in held(again).items() if key[0] == "box"} == before


def test_a_decision_about_an_imported_box_is_taken_back(
    run: Run, signs: LabelSet, store: SetStore, tmp_path: Path
) -> None:
    run("sets", "export", "signs", "-o", tmp_path / "out")
    for name, options, state in (("open", ["--to-review"], "proposed"), ("done", [], "accepted")):
        run("sets", "import", tmp_path / "out", "--into", name, *options)
        labels = store.open(name)
        number = labels.pictures()[0].number
        first, second = labels.picture(number).boxes
        ways: tuple[list[Operation], ...] = (
            [Reject(first.number), Reject(second.number)],
            [Accept(first.number), Change(second.number, first.class_number, (1, 1, 30, 30))],
        )
        for way in ways:
            labels.edit(number, way, who="ann", version=labels.picture(number).version)
            back = [Restore(first.number), Restore(second.number)]
            after = labels.edit(number, back, who="ann", version=labels.picture(number).version)
            assert [(b.corners, b.class_number, b.state, b.by) for b in after.boxes] == [
                (b.corners, b.class_number, state, None) for b in (first, second)
            ]
        check_laws(labels)


def test_the_rest_is_accepted_unseen(run: Run, store: SetStore, tmp_path: Path) -> None:
    signs = store.create("plain", [ClassSpec("exit")], who="ann")
    signs.add_pictures(photographs(tmp_path / "photos", 20), "ann")
    seen = signs.start_run(RunSpec("m", "m" * 64, (ClassSpec("exit"),), who="ann"))
    signs.propose(seen, {row.number: [Proposal(1, (1, 1, 30, 30), 0.9)] for row in signs.pictures()})
    code, _, said = run("sets", "accept", "plain", "--target", "0.8")
    assert code == 1 and "no picture of the random sample is reviewed" in said
    for row in in_random_order(signs.pictures())[:18]:
        signs.edit(row.number, [Review()], who="ann", version=row.version)
    code, out, _ = run("sets", "audit", "plain", "--target", "0.8")
    assert code == 0 and "skillbank sets accept plain --target 0.8" in out
    done = document(run("sets", "accept", "plain", "--target", "0.8", "--json"))
    assert done == {"set": "plain", "pictures": 2, "boxes": 2, "left": 0}
    code, out, _ = run("sets", "accept", "plain", "--target", "0.8")
    assert code == 0 and "there is no picture to do" in out
    code, out, _ = run("sets", "plain")
    assert code == 0 and "2 accepted unseen" in " ".join(out.split())
    assert document(run("sets", "plain", "--json"))["accepted"] == 2
    for words, count in (((), 18), (("--accepted",), 20)):
        folder = tmp_path / f"out-{count}"
        copy = document(run("sets", "export", "plain", "-o", folder, *words, "--json"))
        assert sum(split["pictures"] for split in copy["splits"].values()) == count


def test_thresholds_that_were_to_be_set_and_are_not_are_no_success(store: SetStore, run: Run) -> None:
    store.create("doors", [EXIT], who="ann")
    assert run("sets", "thresholds", "doors")[0] == 0
    code, out, _ = run("sets", "thresholds", "doors", "--apply")
    assert code == 1 and "Too few proposals" in out
    code, out, _ = run("sets", "thresholds", "doors", "--apply", "--json")
    assert (code, json.loads(out)) == (1, {"set": "doors", "applied": False, "thresholds": {}})


def test_thresholds_say_when_what_was_learned_counts_before_them(store: SetStore, run: Run) -> None:
    doors = store.create("doors", [EXIT, BARE], who="ann")
    numbers = doors.add_pictures([found(i) for i in range(10)], "ann").new
    here = [box(1, 10, 0.9), box(2, 60, 0.6)]
    doors.propose(doors.start_run(spec()), dict.fromkeys(numbers, here))
    doors.learn(True, "ann")
    for number in numbers:
        state = doors.picture(number)
        operations: list[Operation] = [Reject(state.boxes[1].number), Review()]
        doors.edit(number, operations, who="ann", version=state.version)
    _, before, _ = run("sets", "thresholds", "doors")
    doors.next("ann")
    _, after, _ = run("sets", "thresholds", "doors", "--apply")
    assert "set them with" in before and "has learned" not in before
    assert "they are set" in after and "it does once learning is off" in " ".join(after.split())


def test_a_set_is_let_learn_by_a_command(store: SetStore, run: Run) -> None:
    doors = store.create("doors", [EXIT, ClassSpec("bare")], who="ann")
    numbers = doors.add_pictures([found(i) for i in range(10)], "ann").new
    code, said, _ = run("sets", "learn", "doors")
    assert code == 0 and "learns once a model has looked at it" in " ".join(said.split())
    here = [box(1, 10, 0.9), box(2, 60, 0.6)]
    doors.propose(doors.start_run(spec()), dict.fromkeys(numbers, here))
    _, said, _ = run("sets", "learn", "doors")
    assert "learns once 3 pictures are reviewed" in " ".join(said.split())
    for number in numbers[:5]:
        state = doors.picture(number)
        operations: list[Operation] = [Reject(state.boxes[1].number), Review()]
        doors.edit(number, operations, who="ann", version=state.version)
    run("sets", "learn", "doors", "--off")
    code, out, _ = run("sets", "learn", "doors", "--json")
    assert json.loads(out) == {
        "set": "doors", "learns": True, "learned": 5, "proposed": 5, "candidates": 5
    }  # fmt: skip
    _, said, _ = run("sets", "learn", "doors")
    assert "learned from 5 reviewed pictures; 5 boxes are shown" in " ".join(said.split())
    _, out, _ = run("sets", "learn", "doors", "--off", "--json")
    assert json.loads(out) | {"proposed": 10, "candidates": 0, "learns": False} == json.loads(out)
    assert run("sets", "learn", "dors")[0] == 5
    check_laws(doors)
