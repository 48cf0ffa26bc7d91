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
_JOB = re.compile(r"\{(\w+?)_job_id\}")
MAX_LINE = 4000
"""Characters of a table's line that are read."""


def markdown_tables(text: str, first_line: int = 1) -> Iterator[Table]:
    """Yield every pipe table outside code fences; cells lose their backticks and bold marks."""
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
        if len(table.header) < 3 or table.header[0] != "action" or not table.header[1].startswith("spec"):
            continue
        columns = {name: i for i, name in enumerate(table.header)}
        if any("inference function" in name for name in columns):
            continue
        files = next(
            (i for n, i in columns.items() if re.search(r"files?\b|artifact|runtime value", n)), None
        )
        if files is None:
            continue
        source = columns.get("source")
        listed = next((i for n, i in columns.items() if n.startswith("list")), None)
        for line, cells in table.rows:
            if not _is_key(cells[1]):
                _say(
                    found,
                    path,
                    line,
                    f"the dataset table's '{named(cells[1], 40)}' is not a dotted key",
                    cells,
                )
            for action in _names_or_say(cells, found, path, line, "dataset"):
                rows.append(
                    DatasetRow(
                        action=action,
                        key=cells[1],
                        source=cells[source] if source is not None else "",
                        files=parse_files(cells[files]),
                        is_list=listed is not None and cells[listed].lower().startswith("y"),
                        path=path,
                        line=line,
                    )
                )
    return [r for r in rows if r.action and _is_key(r.key)]


def inference_rows(
    text: str, path: str, first_line: int = 1, found: list[Diagnostic] | None = None
) -> list[InferenceRow]:
    """Return the rows of every ``Action | Spec Field | Inference Function`` table."""
    rows: list[InferenceRow] = []
    for table in markdown_tables(text, first_line):
        if (
            len(table.header) < 3
            or table.header[0] != "action"
            or "inference function" not in table.header[2]
        ):
            continue
        for line, cells in table.rows:
            if not _is_key(cells[1]):
                _say(
                    found,
                    path,
                    line,
                    f"the inference table's '{named(cells[1], 40)}' is not a dotted key",
                    cells,
                )
            for action in _names_or_say(cells, found, path, line, "inference"):
                if _is_key(cells[1]):
                    rows.append(InferenceRow(action, cells[1], cells[2], path, line))
    return rows


def parse_files(cell: str) -> Files:
    """Read one ``Files`` cell (backticks already gone); what is not understood is prose."""
    text = cell.strip()
    if not text or text.lower() in {"(root directory)", "(root)", "root directory", "-", "—"}:
        return Files("root", text)
    arrow = re.split(r"\s*(?:→|->)\s*", text, maxsplit=1)
    if len(arrow) == 2 and _PLAIN_FILE.fullmatch(arrow[0]):
        return Files("file", text, path=arrow[0])
    extracted = re.fullmatch(r"\S+\s+extracted from\s+(\S+)", text)
    if extracted and _PLAIN_FILE.fullmatch(extracted[1]):
        return Files("file", text, path=extracted[1])
    if ";" in text and ":" in text:
        switch = [_SUBKEY.match(p) or re.match(r"^\s*(\*)\s*:\s*(\S+)\s*()$", p) for p in text.split(";")]
        if all(switch):
            return Files("format", text, parts=tuple((m[1], m[2], False) for m in switch if m))
    if ":" in text and "://" not in text:
        # "data_file: a.txt + dataset_name": what has no path is a value that the template holds.
        pieces = [p for p in re.split(r"[,+]", text) if not _WORD.fullmatch(p.strip())]
        parts = [_SUBKEY.match(p) for p in pieces]
        if all(parts):
            return Files("map", text, parts=tuple((m[1], m[2], bool(m[3])) for m in parts if m and m[2]))
    job = _JOB.search(text)
    if job and " " not in text:
        tail = re.sub(r"^/?results/", "", text)
        return Files("job", text, path=re.sub(r"^\{\w+\}/?", "", tail), job=job[1])
    if _PLAIN_FILE.fullmatch(text):
        return Files("file", text, path=text)
    if " " not in text and text.endswith("/") and "{" not in text:
        return Files("file", text, path=text)
    if _WORD.fullmatch(text):
        return Files("literal", text, path=text)
    return Files("prose", text)


def _names_or_say(
    cells: tuple[str, ...], found: list[Diagnostic] | None, path: str, line: int, table: str
) -> list[str]:
    names = _names(cells[0])
    if not names:
        _say(found, path, line, f"the {table} table's '{named(cells[0], 40)}' is no name of an action", ())
    return names


def _say(found: list[Diagnostic] | None, path: str, line: int, what: str, cells: tuple[str, ...]) -> None:
    """Say that a row is not used, to each of its actions."""
    for action in (_names(cells[0]) if cells else []) or [""]:
        if found is not None:
            message = f"{what}, so the row is not used."
            name = action.rpartition("/")[2]
            found.append(Diagnostic("warning", "table-row", message, path, line, name))


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
