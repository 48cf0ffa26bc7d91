"""Backups that somebody else made: nothing comes in that a store could not have written."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skillbank.errors import DataError
from skillbank.sets import backup as backups
from skillbank.sets.backup import backup, restore
from skillbank.sets.model import Accept, Add, Change, Review
from skillbank.sets.store import SetStore
from tests.sets.conftest import Filled, box, signs_of, spec
from tests.sets.replaying import check_laws

Document = dict[str, Any]


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Filled:
    return Filled(tmp_path_factory.mktemp("filled"), fill)


def fill(sets: SetStore, folder: Path) -> None:
    """Make a set with some of everything."""
    signs = signs_of(sets)
    run = signs.start_run(spec())
    signs.propose(run, {1: [box(1, 10, 0.9), box(2, 50, 0.2)], 2: [box(1, 5, 0.8)]})
    first, _ = signs.picture(1).boxes
    signs.edit(
        1,
        [Change(first.number, box=(1, 2, 30, 40)), Add(2, (5, 5, 50, 50)), Review()],
        who="ann",
        version=signs.picture(1).version,
    )
    [other] = signs.picture(2).boxes
    signs.edit(2, [Accept(other.number)], who="bob", version=signs.picture(2).version)
    signs.merge_classes([2], 1, "ann")
    signs.undo("ann")


@pytest.fixture
def lines(filled: Filled, sets: SetStore, tmp_path: Path) -> list[Document]:
    """A backup of that set, as documents."""
    backup(sets.open("signs"), tmp_path / "good")
    with gzip.open(tmp_path / "good") as file:
        return [json.loads(line) for line in file][:-1]


def written(file: Path, lines: list[Document]) -> Path:
    """Write a backup whose end fits."""
    data = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    end = {"end": True, "lines": len(lines), "sha256": hashlib.sha256(data).hexdigest()}
    file.write_bytes(gzip.compress(data + json.dumps(end).encode() + b"\n"))
    return file


def row(lines: list[Document], table: str, **where: Any) -> Document:
    rows = (line["row"] for line in lines if line.get("table") == table)
    return next(r for r in rows if all(r[k] == v for k, v in where.items()))


def test_what_a_store_has_written_comes_back(sets: SetStore, lines: list[Document], tmp_path: Path) -> None:
    again = restore(sets, written(tmp_path / "b", lines), "again")
    check_laws(again)
    assert again.digest() == sets.open("signs").digest()


def put(table: str, **fields: Any) -> Callable[[list[Document]], None]:
    return lambda lines: row(lines, table).update(fields)


def event(lines: list[Document], **fields: Any) -> None:
    changes = row(lines, "label_events", kind="edit")["body"]["changes"]
    changes[0].update(fields)


FORGED: list[Callable[[list[Document]], None]] = [
    *(
        put("label_pictures", name=name)
        for name in ("../../../x.png", "/etc/x.png", "a/../b.png", "", "a\0b")
    ),
    *(put("label_pictures", split=split) for split in ("test", "../x", 3)),
    put("label_pictures", state="gone"),
    put("label_pictures", place="relative/p.png"),
    put("label_pictures", sha256="../../../../etc/passwd"),
    put("label_pictures", width=0),
    put("label_pictures", number=9_999),
    put("label_pictures", number=1 << 40),
    put("label_pictures", reviewed_by="run 3"),
    put("label_pictures", reviewed_at=[1]),
    *(put("label_boxes", x1=x) for x in (float("nan"), float("inf"), -5, "1", None, True, 99)),
    put("label_boxes", x2=5_000.0),
    put("label_boxes", state="<script>"),
    put("label_boxes", score=7),
    put("label_boxes", picture=77),
    put("label_boxes", **{"class": 77}),
    put("label_boxes", run=77),
    put("label_boxes", first=["a"]),
    put("label_boxes", chance=1e300),
    put("label_boxes", origin="a\nb"),
    put("label_classes", name=""),
    put("label_classes", name="a" * 10_000),
    put("label_classes", captions="abc"),
    put("label_classes", threshold=-1),
    put("label_classes", threshold_run=77),
    *(
        lambda lines, again=again: row(lines, "label_events", kind="propose")["body"].update(again=again)
        for again in (None, [[1, 7, False]], [[1, 0.5]], [["1", 0.5, True]], {"1": 0.5})
    ),
    put("label_classes", name="bare"),
    put("label_runs", captions={"x": 1}),
    put("label_runs", settings={}),
    put("label_runs", who="run 1"),
    put("label_events", who="run x\n"),
    put("label_events", seq=500),
    put("label_events", body=[]),
    put("label_events", body={"changes": [{"what": "file", "number": 1, "before": None, "after": None}]}),
    lambda lines: event(lines, after={"set_id": 1}),
    lambda lines: event(lines, before={"name": "../../out.png"}, what="picture"),
    lambda lines: event(lines, number="1; DROP TABLE label_sets"),
    lambda lines: lines[0]["set"].update(last_box=0),
    lambda lines: lines[0]["set"].update(val=4.0),
    lambda lines: lines[0]["set"].update(learns=7),
    lambda lines: lines[0]["set"].update(version=1),
    lambda lines: lines[0].update(set=None),
    lambda lines: lines[0].update(format=99),
    lambda lines: lines.append({"table": "jobs", "row": {"id": "x"}}),
    lambda lines: lines.append({"table": "label_sets", "row": {"id": 1}}),
    lambda lines: lines.append({"table": ["label_boxes"], "row": {}}),
    lambda lines: lines.append({"table": "label_boxes", "row": []}),
    lambda lines: lines.append(
        {"table": "label_looks", "row": {"picture": 99, "small": base64.b64encode(b"a").decode()}}
    ),
    lambda lines: lines.clear(),
]


@pytest.mark.parametrize("forge", FORGED)
def test_what_no_store_could_have_written_restores_nothing(
    sets: SetStore, lines: list[Document], tmp_path: Path, forge: Callable[[list[Document]], None]
) -> None:
    forge(lines)
    with pytest.raises(DataError, match="name another file"):
        restore(sets, written(tmp_path / "b", lines), "again")
    assert sets.names() == ("signs",)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no archive",
        gzip.compress(b"", mtime=0),
        gzip.compress(b"[]\n", mtime=0),
        gzip.compress(b"[" * 100_000 + b"\n", mtime=0),
        gzip.compress(b'{"kind": "' + b"a" * 5000, mtime=0),
        b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + b"\xff" * 99,
    ],
)
def test_a_file_that_is_none_is_refused(
    sets: SetStore, tmp_path: Path, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "_LONGEST", 4000)  # half a gigabyte of one line takes long to unpack
    (tmp_path / "b").write_bytes(data)
    with pytest.raises(DataError, match="name another file"):
        restore(sets, tmp_path / "b")


def test_an_undo_of_a_foreign_log_renames_no_picture(
    sets: SetStore, lines: list[Document], tmp_path: Path
) -> None:
    picture = row(lines, "label_pictures", number=3)
    head = lines[0]["set"]
    head["version"] += 1
    forged = dict(row(lines, "label_events", kind="edit")) | {"seq": head["version"], "picture": 3}
    names = {"before": {"name": "out.png"}, "after": {"name": picture["name"]}}
    forged["body"] = {"changes": [{"what": "picture", "number": 3, **names}]}
    lines.append({"table": "label_events", "row": forged})
    again = restore(sets, written(tmp_path / "b", lines), "again")
    undone = again.undo("ann")
    assert undone is not None and undone.body["kept"] == [{"what": "picture", "number": 3}]
    assert again.picture(3).row.name == picture["name"]
