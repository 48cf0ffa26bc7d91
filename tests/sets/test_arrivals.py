"""What jobs leave for sets, in any state: whole, cut, of another set, forged."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from skillbank.jobs import label_jobs
from skillbank.sets import arrivals
from skillbank.sets.arrivals import line_of, numbers_in, take_in
from skillbank.sets.label_set import LabelSet
from skillbank.sets.log import jobs_of_run
from skillbank.sets.model import Reject
from tests.sets.conftest import spec


class Found:
    """What a model would have found."""

    phrase, score, box = "red exit sign", 0.6, (1.0, 1.0, 9.0, 9.0)


GOOD = ["red exit sign", 0.6, 1, 1, 9, 9]
STRANGE: list[Any] = [
    {"picture": 999, "found": [GOOD]},
    {"picture": -1, "found": [GOOD]},
    {"picture": 0, "found": [GOOD]},
    {"picture": 1 << 70, "found": [GOOD]},
    {"picture": float("inf"), "found": [GOOD]},
    {"picture": float("nan"), "found": [GOOD]},
    {"picture": None, "found": [GOOD]},
    {"picture": 2, "found": [["red exit sign", 1 << 2000, 1, 1, 9, 9]]},
    {"picture": 2, "found": {"a": 1}},
    {"picture": 2, "found": [[]]},
    {"picture": 2, "found": [GOOD], "sha256": "0" * 64},
    [1, 2],
    "words",
    None,
]
NO_BOX = [
    ["red exit sign", float("nan"), 1, 1, 9, 9],
    ["red exit sign", float("inf"), 1, 1, 9, 9],
    ["red exit sign", 7, 1, 1, 9, 9],
    ["red exit sign", -1, 1, 1, 9, 9],
    ["red exit sign", 0.9, float("nan"), 1, 9, 9],
    ["red exit sign", 0.9, float("-inf"), 1, float("inf"), 9],
    ["red exit sign", 0.9, 500, 500, 900, 900],
    ["no caption of it\0", 0.9, 1, 1, 9, 9],
]


def test_lines_that_are_no_models_are_passed(tmp_path: Path, signs: LabelSet) -> None:
    run, file = signs.start_run(spec()), tmp_path / "proposals.jsonl"
    deep = b'{"picture": 2, "found": ' + b"[" * 200_000 + b"]" * 200_000 + b"}\n"
    long = b'{"picture": 2, "found": [], "a": "' + b"a" * (2 * arrivals._LONGEST + 5) + b'"}\n'
    lines = [json.dumps(each).encode() + b"\n" for each in STRANGE]
    whole = b"".join([*lines, deep, long, b"\xff\xfe\0\n", line_of(1, [Found()]), deep])
    file.write_bytes(whole)
    assert take_in(signs, run, file) == (1, len(whole))
    assert [len(signs.picture(n).boxes) for n in range(1, 11)] == [1, *[0] * 9]
    assert 2 in {row.number for row in signs.missing(run)}
    assert 1 in numbers_in(file)


def test_boxes_that_are_none_are_left_out(tmp_path: Path, signs: LabelSet) -> None:
    run, file = signs.start_run(spec()), tmp_path / "proposals.jsonl"
    file.write_text(json.dumps({"picture": 1, "found": [*NO_BOX, GOOD]}) + "\n")
    assert take_in(signs, run, file)[0] == 1
    [box] = signs.picture(1).boxes
    assert box.corners == (1, 1, 9, 9) and box.score == 0.6


def test_a_line_is_for_the_picture_whose_content_it_names(tmp_path: Path, signs: LabelSet) -> None:
    run, file = signs.start_run(spec()), tmp_path / "proposals.jsonl"
    own, other = signs.picture(1).row.sha256, signs.picture(2).row.sha256
    file.write_bytes(line_of(1, [Found()], sha256=other) + line_of(2, [Found()], sha256=other))
    assert take_in(signs, run, file)[0] == 1 and own != other
    assert [len(signs.picture(n).boxes) for n in (1, 2)] == [0, 1]


class Records:
    """A store of jobs that have ended, with what they left."""

    def __init__(self, signs: LabelSet, folder: Path) -> None:
        self.engine, self._folder = signs.engine, folder

    def get(self, job: str) -> Any:
        state = SimpleNamespace(terminal=True)
        return SimpleNamespace(
            id=job, results_dir=str(self._folder / job), state=state, settled=1, plan={"spec": {}}
        )


def test_two_jobs_of_one_run_are_both_taken_in(tmp_path: Path, signs: LabelSet) -> None:
    for job, picture in (("one", 1), ("two", 2)):
        run = signs.start_run(spec(job=job))
        (tmp_path / job / label_jobs.ACTION).mkdir(parents=True)
        (tmp_path / job / label_jobs.ACTION / "proposals.jsonl").write_bytes(line_of(picture, [Found()]))
    assert jobs_of_run(signs.engine, signs.id, run.number) == ["one", "two"]
    store: Any = Records(signs, tmp_path)
    label_jobs.take_in_all(store, {})
    assert [len(signs.picture(n).boxes) for n in (1, 2)] == [1, 1]
    assert signs.runs()[0].finished is not None


@pytest.mark.parametrize("captions", [("red exit sign",), ("another caption",)])
def test_what_was_rejected_stays_so_with_other_captions(signs: LabelSet, captions: tuple[str, ...]) -> None:
    from dataclasses import replace

    from tests.sets.conftest import EXIT, box

    signs.propose(signs.start_run(spec()), {1: [box(1, 10, 0.9)]})
    [there] = signs.picture(1).boxes
    signs.edit(1, [Reject(there.number)], who="ann", version=signs.picture(1).version)
    signs.set_classes([replace(EXIT, captions=captions)], "ann")
    signs.propose(
        signs.start_run(spec("n", classes=(replace(EXIT, captions=captions),))), {1: [box(1, 11, 0.9)]}
    )
    [left] = signs.picture(1).boxes
    assert left.state == "rejected"
