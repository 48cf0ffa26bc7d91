"""The two tables in a skill's prose: which data an action needs, and how its fields are inferred.

The ``Files`` column of the dataset table is a small language of its own; `parse_files` reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from skillbank.bank.diagnostics import Diagnostic
from skillbank.visible import named

FilesKind = Literal["file", "root", "map", "format", "literal", "job", "prose"]


@dataclass(frozen=True, slots=True)
class Files:
    """One ``Files`` cell, understood.

    ``kind`` is ``file`` (``path``), ``root`` (the data location itself), ``map`` (``parts`` by
    sub-key), ``format`` (``parts`` by data format), ``literal`` (a bare word: a value or a file
    without ending; the reader of the skill decides), ``job`` (a path in an earlier job's results,
    with ``job`` naming the action), or ``prose`` (binds nothing).
    """

    kind: FilesKind
    text: str
    path: str = ""
    parts: tuple[tuple[str, str, bool], ...] = ()
    """For ``map``: (sub-key, path, optional); for ``format``: (format, path, False)."""
    job: str = ""


@dataclass(frozen=True, slots=True)
class DatasetRow:
    """One row of a dataset table."""

    action: str
    key: str
    source: str
    files: Files
    is_list: bool
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class InferenceRow:
    """One row of an inference table."""

    action: str
    field: str
    function: str
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Table:
    """A Markdown table: lower-case headers, rows of plain cells with their lines."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


_RULE = re.compile(r"^\s*\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?\s*$")
_FENCE = re.compile(r"^\s*(```|~~~)")
_PLAIN_FILE = re.compile(r"[\w./*-]*\w\.(?:tar\.gz|[A-Za-z][A-Za-z0-9]{0,7})")
_WORD = re.compile(r"[A-Za-z_][\w-]*")
_SUBKEY = re.compile(r"^\s*`?([A-Za-z_]\w*)`?\s*:\s*`?([^`\s]*)`?\s*(\(optional\))?\s*$")
_FILES = re.compile(r"files?\b|artifact|runtime value")
_JOB = re.compile(r"\{(\w+?)_job_id\}")
MAX_LINE = 4000
"""Characters of a table's line that are read."""


def markdown_tables(text: str, first_line: int = 1) -> Iterator[Table]:
    """Yield every pipe table outside code fences; cells lose their backticks and bold marks."""
    if "|" not in text:
        return  # a long text without any is not gone through line by line
    lines = text.splitlines()
    fenced = False
    i = 0
    while i < len(lines):
        if _FENCE.match(lines[i]):
            fenced = not fenced
        head = lines[i]
        rule = lines[i + 1] if i + 1 < len(lines) else ""
        if not fenced and "|" in head and max(len(head), len(rule)) < MAX_LINE and _RULE.match(rule):
            header = tuple(c.lower() for c in _cells(head))
            rows = []
            j = i + 2
            while j < len(lines) and "|" in lines[j] and lines[j].strip():
                cells = _cells(lines[j][:MAX_LINE])
                rows.append((first_line + j, (*cells, *[""] * (len(header) - len(cells)))))
                j += 1
            yield Table(header, tuple(rows))
            i = j
            continue
        i += 1


@dataclass(frozen=True, slots=True)
class _DatasetColumns:
    """Where the columns of a dataset table stand that may stand anywhere."""

    files: int
    source: int | None
    listed: int | None

    @classmethod
    def of(cls, header: tuple[str, ...]) -> _DatasetColumns | None:
        """Find them in a header; None where it is not that of a dataset table."""
        if len(header) < 3 or header[0] != "action" or not header[1].startswith("spec"):
            return None
        columns = {name: i for i, name in enumerate(header)}
        if any("inference function" in name for name in columns):
            return None
        files = next((i for n, i in columns.items() if _FILES.search(n)), None)
        if files is None:
            return None
        listed = next((i for n, i in columns.items() if n.startswith("list")), None)
        return cls(files, columns.get("source"), listed)


def dataset_rows(
    text: str, path: str, first_line: int = 1, found: list[Diagnostic] | None = None
) -> list[DatasetRow]:
    """Return the rows of every dataset table in a Markdown text; rows without action or key go to `found`.

    Recognised by an action column followed at once by a spec-key column and, later, a column of
    files or runtime values. Action cells may carry a variant prefix (``deploy/gen_trt_engine``)
    or several names (``evaluate, inference``).
    """
    rows: list[DatasetRow] = []
    for table in markdown_tables(text, first_line):
        columns = _DatasetColumns.of(table.header)
        if columns is None:
            continue
        for action, line, cells in _used(table, "dataset", path, found):
            rows.append(
                DatasetRow(
                    action=action,
                    key=cells[1],
                    source="" if columns.source is None else cells[columns.source],
                    files=parse_files(cells[columns.files]),
                    is_list=columns.listed is not None and cells[columns.listed].lower().startswith("y"),
                    path=path,
                    line=line,
                )
            )
    return rows


def inference_rows(
    text: str, path: str, first_line: int = 1, found: list[Diagnostic] | None = None
) -> list[InferenceRow]:
    """Return the rows of every ``Action | Spec Field | Inference Function`` table."""
    return [
        InferenceRow(action, cells[1], cells[2], path, line)
        for table in markdown_tables(text, first_line)
        if len(table.header) >= 3 and table.header[0] == "action" and "inference function" in table.header[2]
        for action, line, cells in _used(table, "inference", path, found)
    ]


def _used(
    table: Table, kind: str, path: str, found: list[Diagnostic] | None
) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    """Yield action, line and cells of a table's rows, once for each action; what cannot be used is said."""
    said = [] if found is None else found

    def say(what: str, line: int, actions: list[str]) -> None:
        message = f"the {kind} table's {what}, so the row is not used."
        names = (action.rpartition("/")[2] for action in actions)
        said.extend(Diagnostic("warning", "table-row", message, path, line, name) for name in names)

    for line, cells in table.rows:
        actions, keyed = _names(cells[0]), _is_key(cells[1])
        if not keyed:
            say(f"'{named(cells[1], 40)}' is not a dotted key", line, actions or [""])
        if not actions:
            say(f"'{named(cells[0], 40)}' is no name of an action", line, [""])
        for action in actions if keyed else ():
            yield action, line, cells


def parse_files(cell: str) -> Files:
    """Read one ``Files`` cell (backticks already gone); what is not understood is prose."""
    text = cell.strip()
    read = (reading(text) for reading in _READINGS)
    return next((files for files in read if files is not None), Files("prose", text))


def _root(text: str) -> Files | None:
    spelled = text.lower() in {"", "(root directory)", "(root)", "root directory", "-", "—"}
    return Files("root", text) if spelled else None


def _unpacked(text: str) -> Files | None:
    """Read a file that is unpacked (``a.tar.gz -> a``), or one that comes out of an archive."""
    arrow = re.split(r"\s*(?:→|->)\s*", text, maxsplit=1)
    if len(arrow) == 2 and _PLAIN_FILE.fullmatch(arrow[0]):
        return Files("file", text, path=arrow[0])
    extracted = re.fullmatch(r"\S+\s+extracted from\s+(\S+)", text)
    if extracted and _PLAIN_FILE.fullmatch(extracted[1]):
        return Files("file", text, path=extracted[1])
    return None


def _by_format(text: str) -> Files | None:
    if ";" not in text or ":" not in text:
        return None
    switch = [_SUBKEY.match(p) or re.match(r"^\s*(\*)\s*:\s*(\S+)\s*()$", p) for p in text.split(";")]
    if not all(switch):
        return None
    return Files("format", text, parts=tuple((m[1], m[2], False) for m in switch if m))


def _by_key(text: str) -> Files | None:
    if ":" not in text or "://" in text:
        return None
    # "data_file: a.txt + dataset_name": what has no path is a value that the template holds.
    pieces = [p for p in re.split(r"[,+]", text) if not _WORD.fullmatch(p.strip())]
    parts = [_SUBKEY.match(p) for p in pieces]
    if not all(parts):
        return None
    return Files("map", text, parts=tuple((m[1], m[2], bool(m[3])) for m in parts if m and m[2]))


def _of_job(text: str) -> Files | None:
    job = _JOB.search(text)
    if job is None or " " in text:
        return None
    tail = re.sub(r"^/?results/", "", text)
    return Files("job", text, path=re.sub(r"^\{\w+\}/?", "", tail), job=job[1])


def _plain(text: str) -> Files | None:
    folder = " " not in text and text.endswith("/") and "{" not in text
    if folder or _PLAIN_FILE.fullmatch(text):
        return Files("file", text, path=text)
    return Files("literal", text, path=text) if _WORD.fullmatch(text) else None


_READINGS = (_root, _unpacked, _by_format, _by_key, _of_job, _plain)
"""What a cell may be, in the order in which it is tried."""


def _cells(line: str) -> tuple[str, ...]:
    inner = line.strip().removeprefix("|")
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    return tuple(
        c.replace("\\|", "|").replace("`", "").replace("**", "").strip()
        for c in re.split(r"(?<!\\)\|", inner)
    )


def _names(cell: str) -> list[str]:
    names = (n.strip() for n in re.split(r",|\band\b", cell))
    return list(dict.fromkeys(n for n in names if re.fullmatch(r"[\w/ -]+", n)))  # each once


def _is_key(text: str) -> bool:
    return re.fullmatch(r"[\w-]+(\[\d+\])*(\.[\w-]+(\[\d+\])*)*", text) is not None
