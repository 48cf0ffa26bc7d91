"""Label Studio: its export as JSON, whole or "min", or as a table, with marks in percent of the sides."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from skillbank.datasets.document import DataSet, Picture, Where, labels_of
from skillbank.datasets.formats.base import Recognised, files_of
from skillbank.datasets.formats.files import head
from skillbank.datasets.formats.gathering import (
    Gathering,
    by_file,
    classes_of,
    divided,
    outside,
    split_in,
    unlisted,
)
from skillbank.datasets.formats.json_entries import entries_of
from skillbank.datasets.formats.label_studio_config import listed_classes
from skillbank.datasets.formats.label_studio_marks import Answer, classes_in, marks, names_of, picture_of
from skillbank.datasets.formats.rows import table_of
from skillbank.datasets.tree import Tree
from skillbank.errors import DataError

__all__ = ["LabelStudio"]

_LOOKED_INTO = 200
_HEAD = 1 << 16
_WHOLE = re.compile(rb'"(annotations|completions|predictions)"\s*:\s*\[')
_DATA = re.compile(rb'"data"\s*:\s*\{')
_MIN = re.compile(rb'"annotation_id"\s*:|"(rectangle|polygon|ellipse|brush|keypoint)labels"\s*:')

_TABLES = (".csv", ".tsv")
_LONGEST = 1 << 26
"""Letters of a cell; a brush has as many as a picture has pixels."""
_CELL = re.compile(rb'""(rectangle|polygon|ellipse|brush|keypoint)labels""\s*:')

_Task = dict[str, object]


class LabelStudio:
    """The format."""

    name = "label_studio"
    title = "Label Studio"

    def recognise(self, tree: Tree) -> Recognised | None:
        """Say whether lists or tables of tasks lie outside of the split folders."""
        files = islice(outside(tree, ".json", *_TABLES), _LOOKED_INTO)
        mine = tuple(name for name in files if _is_export(tree, name))
        return Recognised(mine, f"{', '.join(mine[:3])}, a list of tasks") if mine else None

    def read(self, tree: Tree) -> DataSet:
        """Read the exports once for classes and what is left out, and again when pictures are asked for."""
        found = self.recognise(tree)
        censuses = [_census(tree, file) for file in files_of(found)]
        used = {name for census in censuses for name in census.names}
        classes = classes_of(used, listed := tuple(listed_classes(tree)))
        entries: dict[str, list[tuple[str, int]]] = {}
        for census in censuses:
            for position, said in census.chosen.items():
                entries.setdefault(said, []).append((census.file, position))
        if not entries:
            total = sum(census.count for census in censuses)
            raise DataError(
                f"{tree.root} holds {total:,} tasks of Label Studio that "
                "nobody has annotated (predictions are no annotations); annotate them and export again"
            )
        reader = _Reader(
            tree,
            labels_of(classes),
            {census.file: census.several for census in censuses},
        )
        splits, notes = divided(entries, reader.pictures, lambda some: (file for file, _ in some))
        notes += _left_out(censuses)
        return DataSet(self.name, classes, splits, (*unlisted(used, listed), *notes))


def _is_another(size: tuple[int, int], said: tuple[int, int] | None) -> bool:
    """Whether a picture is no scaled and no turned copy of the one that was annotated, to a pixel or two."""
    if said is None:
        return False
    width, height = size
    return all(abs(w * height - h * width) > 2 * max(w, h, width, height) for w, h in (said, said[::-1]))


def _is_export(tree: Tree, file: str) -> bool:
    start = head(tree.path(file), _HEAD)
    if file.lower().endswith(_TABLES):
        return _CELL.search(start) is not None
    if start.lstrip()[:1] != b"[":
        return False
    return bool((_WHOLE.search(start) and _DATA.search(start)) or _MIN.search(start))


def _tasks(tree: Tree, file: str) -> Iterator[_Task | str]:
    """Yield the tasks of an export one by one, and of one that is no task what is wrong with it."""
    if file.lower().endswith(_TABLES):
        yield from _rows(tree, file)
        return
    for _, task in entries_of(tree, file, _Task).each():
        yield task


def _rows(tree: Tree, file: str) -> Iterator[_Task | str]:
    """Yield the rows of a table as the tasks of the small export, whose lists stand in cells as JSON."""
    table = table_of(tree, file)
    if table is None:
        return
    usual = csv.field_size_limit(_LONGEST)  # all marks of a picture stand in one cell
    try:
        rows = list(table.rows(table.encoding()))
    finally:
        csv.field_size_limit(usual)
    header = rows[0][1] if rows else []
    for line, cells in rows[1:]:
        if len(cells) != len(header):
            yield f"the row that ends in line {line} has {len(cells)} cells of {len(header)}"
            continue
        try:
            yield {name: _cell(cell) for name, cell in zip(header, cells, strict=True) if name}
        except (ValueError, RecursionError):
            yield f"the row that ends in line {line} holds a list that is no JSON"


def _cell(text: str) -> object:
    """Return what a cell holds: the marks of a picture, or text.

    Raises
    ------
    ValueError
        When a list of marks is cut off or otherwise none.
    """
    return json.loads(text) if text.startswith("[{") or text == "[]" else text


@dataclass(slots=True)
class _Census:
    """What a first look found in an export.

    Attributes
    ----------
    chosen
        The split's word by the position of each task that is read.
    several
        Positions of tasks with further answers that are not read.
    count, unanswered, cancelled, predicted
        Tasks: all, those without an answer, those that were skipped, those with predictions.
    """

    file: str
    chosen: dict[int, str] = field(default_factory=dict)
    several: set[int] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    count: int = 0
    unanswered: int = 0
    cancelled: int = 0
    predicted: int = 0


def _census(tree: Tree, file: str) -> _Census:
    census = _Census(file)
    newest: dict[str, tuple[str, int]] = {}
    for position, task in enumerate(_tasks(tree, file)):
        census.count += 1
        if isinstance(task, str):
            census.chosen[position] = ""
            continue
        census.predicted += bool(task.get("predictions"))
        answer = Answer.of(task)
        if answer is None:
            if task.get("annotations") or task.get("completions"):
                census.cancelled += 1
            else:
                census.unanswered += 1
            continue
        if answer.further:
            census.several.add(position)
        # In the small export each answer is an entry of its own, with the number of its task.
        if answer.task and answer.task in newest:
            when, before = newest[answer.task]
            census.several.update((before, position))
            if when > answer.when:
                continue
            census.chosen.pop(before, None)
        if answer.task:
            newest[answer.task] = (answer.when, position)
        census.chosen[position] = _split(tree, task, file)
        census.names.update(classes_in(answer.results))
    return census


def _split(tree: Tree, task: _Task, file: str) -> str:
    """Return the word for a task's split: what its data says, or the folder that its picture lies in."""
    data = task.get("data")
    said = data.get("split") if isinstance(data, dict) else None
    if isinstance(said, str):
        return said
    names = names_of(picture_of(task))
    return split_in(*names[:1], _found(tree, names, file), file)


def _found(tree: Tree, names: Sequence[str], file: str) -> str | None:
    return next((found for name in names if (found := tree.find(name, beside=file))), None)


def _left_out(censuses: Sequence[_Census]) -> Iterator[str]:
    """Say which tasks are left out, and that predictions are."""
    for title, count in (
        ("tasks that nobody annotated", sum(census.unanswered for census in censuses)),
        ("tasks that were skipped in Label Studio", sum(census.cancelled for census in censuses)),
    ):
        if count:
            yield f"{count:,} {title} are left out"
    if any(census.predicted for census in censuses):
        yield "predictions are not taken for annotations"


@dataclass(frozen=True)
class _Reader:
    tree: Tree
    labels: Mapping[str, int]
    several: Mapping[str, set[int]]

    def pictures(self, entries: Sequence[tuple[str, int]]) -> Iterator[Picture]:
        """Yield the pictures of tasks."""
        for file, positions in by_file(entries).items():
            for position, task in enumerate(_tasks(self.tree, file)):
                if position in positions:
                    yield self._picture(file, position, task)

    def _picture(self, file: str, position: int, task: _Task | str) -> Picture:
        here = Gathering(Where(file, f"task {position + 1}"), self.labels)
        answer = Answer.of(task) if isinstance(task, dict) else None
        if isinstance(task, str) or answer is None:
            here.fault("unreadable-annotation", str(task))
            return here.picture(f"task {position + 1}", None, (None, None))
        said = picture_of(task)
        if not said:
            here.fault("unreadable-annotation", "it names no picture, or several")
        names = names_of(said)
        path = _found(self.tree, names, file)
        if position in self.several[file]:
            here.fault("several-answers", f"{answer.further + 1} of them" if answer.further else "")
        size = self._size(path, answer)
        if size is not None:
            for at, corners, name in marks(here, answer.results, size):
                here.box(corners, name, at)
        elif answer.results:
            here.fault("size-unknown", "it has no original_width and original_height")
        return here.picture(names[0] if names else "", path, size or (None, None))

    def _size(self, path: str | None, answer: Answer) -> tuple[int, int] | None:
        """Return the size of a picture: that of its file, or of what was annotated where that is another one.

        Shares of a picture of other proportions fit the one that was annotated; the check says so then.
        """
        there = self.tree.size(path) if path is not None else None
        return answer.size if there is None or _is_another(there, answer.size) else there
