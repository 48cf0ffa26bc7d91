"""Pages of logs: every line once, in order, however the stream is cut and the pages are read."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillbank.agent.logs import _KEPT_OF_LINE, _PAGE_CHARACTERS, _PAGE_LINES, _lines, _Page, _shown
from skillbank.agent.toolbox import Toolbox

texts = st.lists(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=90))


def page(lines: list[str], cursor: int | None, find: str | None = None) -> tuple[list[str], int, bool]:
    made = _Page(cursor, find)
    for number, line in enumerate(lines):
        made.take(number, line)
    return made.done()


@given(st.text(st.characters(exclude_categories=["Cs"])), st.lists(st.integers(0, 80)), st.booleans())
def test_lines_do_not_depend_on_where_the_stream_is_cut(text: str, cuts: list[int], whole: bool) -> None:
    edges = sorted({0, len(text), *(min(c, len(text)) for c in cuts)})
    pieces = [text[a:b] for a, b in pairwise(edges)]
    *lines, rest = text.split("\n")
    assert list(_lines(pieces, whole)) == lines + ([rest] if rest and whole else [])


@given(texts, st.sampled_from([None, "a", "1"]))
def test_pages_from_the_beginning_show_every_line_once(lines: list[str], find: str | None) -> None:
    shown: list[str] = []
    cursor, more = 0, True
    while more:
        part, after, more = page(lines * 3, cursor, find)
        assert after > cursor or not more, "a page goes forward"
        assert len(part) <= _PAGE_LINES
        assert sum(map(len, part)) <= _PAGE_CHARACTERS
        shown, cursor = shown + part, after
    wanted = [(n, x) for n, x in enumerate(lines * 3) if find is None or find in x.lower()]
    assert shown == [f"{n}: {_shown(x)}" for n, x in wanted]
    assert cursor == len(lines * 3)


@given(texts)
def test_without_a_cursor_the_last_lines_are_shown(lines: list[str]) -> None:
    shown, cursor, more = page(lines, None)
    assert (cursor, more) == (len(lines), False)
    assert shown == [f"{n}: {_shown(x)}" for n, x in enumerate(lines)][len(lines) - len(shown) :]
    assert bool(shown) == bool(lines)


def test_a_line_without_an_end_costs_what_is_shown_of_it() -> None:
    """A progress bar drawn over and over is one line; it grew to hundreds of megabytes in some logs."""
    bar = [f"\r{n:>9}|####" for n in range(100_000)]
    [line] = _lines(["first", *bar], whole=True)
    assert len(line) <= 4 * _KEPT_OF_LINE + 20 and line.startswith("first")
    assert page([line], None)[0] == ["0:     99999|####"]
    [line] = _lines(["begins", *["x" * 999] * 1000], whole=True)
    assert page([line], 0)[0][0].startswith("0: beginsxxx")


def test_a_line_is_shown_as_a_terminal_would_leave_it() -> None:
    assert _shown("\x1b[31mred\x1b[0m\x07 \x1b]0;t") == "red\\x07 \\x1b]0;t"
    assert _shown("10%\r50%\r100%\r") == "100%"
    assert len(_shown("x" * 10_000)) == 300


@pytest.mark.slow
def test_a_running_job_is_read_on_with_the_cursor_and_without_its_secrets(
    trusted: Toolbox, bank: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = bank.parent / "program.py"
    noise = 'for i in range(90):\n    print("line", i, "hush-hush-123", flush=True)\n'
    program.write_text(noise + program.read_text())
    monkeypatch.setenv("TOY_TOKEN", "hush-hush-123")
    settings = [{"key": "train.seconds", "value_json": "1"}]
    [plan] = trusted.plan(text=f"train the toy detector on {data}", settings=settings).plans
    job = trusted.launch(plan_id=plan.plan_id).job
    first = trusted.job_logs(job=job, cursor=0)
    seen, cursor = list(first.lines), first.cursor
    while trusted.job_status(job=job).state != "COMPLETE" or cursor < trusted.job_logs(job=job).total:
        part = trusted.job_logs(job=job, cursor=cursor)
        seen, cursor = seen + list(part.lines), part.cursor
    assert [int(line.partition(":")[0]) for line in seen] == list(range(91))
    assert "hush" not in "".join(seen)
    assert "line 7 [redacted]" in seen[7]
    found = trusted.job_logs(job=job, find="LINE 8")
    assert [line.split()[2] for line in found.lines] == ["8", *(str(n) for n in range(80, 90))]
