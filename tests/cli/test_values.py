"""Values that options do not take, and names that are copied: what is said stands in the answer, whole."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest

from skillbank import Runtime
from skillbank.cli.styled import StyledConsole, listing, pairs
from skillbank.errors import PlatformError, UsageError
from skillbank.home import home
from tests.cli.conftest import Command

WHOLE = "but it must be a whole number alone, such as 20."
NUMBER = "but it must be a number alone, such as 0.2."


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["plan", "x", "--epochs", "20%"], f"--epochs is 20%, {WHOLE}"),
        (["plan", "x", "--gpus", "1.5"], f"--gpus is 1.5, {WHOLE}"),
        (["plan", "x", "--threshold", "3h"], f"--threshold is 3h, {NUMBER}"),
        (["label", "a", "b", "--threshold", "20"], "--threshold is 20, but it must be at most 1."),
        (["label", "a", "b", "--every", "0"], "--every is 0, but it must be at least 1."),
        (["jobs", "-n", "many"], f"--limit is many, {WHOLE}"),
    ],
)
def test_a_value_that_an_option_does_not_take_is_named(inline: Command, words: list[str], said: str) -> None:
    told = inline(*words)
    assert (told.code, told.err) == (2, f"skillbank: {said}\n")
    told = inline(*words, "--json")
    assert (told.code, told.document) == (2, {"error": {"code": "usage", "message": said}})


@pytest.mark.parametrize("width", [30, 40, 60, 80, 120])
def test_what_is_copied_is_on_one_line(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    stream = StringIO()
    name = "grounding-dino-inference-20261128-235449-c16c50"
    path = f"/home/ann/.skillbank/results/{name}"
    table = listing("job", "action", "state", "platform", "started")
    table.add_row(name, "inference", "COMPLETE", "local", "2026-11-28 23:54:49")
    facts = pairs()
    facts.add_row("state", "COMPLETE")
    facts.add_row("results", path)
    facts.add_row("last word", "exit code 0")
    StyledConsole(stream).print(table, facts, crop=False)
    lines = stream.getvalue().splitlines()
    assert any(name in line and path not in line for line in lines) and any(path in line for line in lines)
    said = " ".join(stream.getvalue().split())
    assert all(word in said for word in ("COMPLETE", "local", "2026-11-28", "23:54:49", "exit code 0"))
    assert all(len(line.rstrip()) <= width for line in lines if name not in line)


@pytest.mark.parametrize("width", [40, 120])
def test_a_line_end_in_a_cell_begins_no_row(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    stream = StringIO()
    table = listing("job", "action", "state", "platform", "started")
    table.add_row("a-long-id-of-a-job-20261128-235449", "x\n\x1b[31mtrain", "COMPLETE", "local", "now")
    facts = pairs()
    facts.add_row("last word", "it ended\nstate   COMPLETE")
    facts.add_row("results", "/results/\n/" + "x" * 60)
    StyledConsole(stream).print(table, facts, crop=False)
    said = stream.getvalue()
    assert "\x1b[31m" not in said
    assert not any(line.lstrip().startswith(("train", "state", "/x")) for line in said.splitlines())


@pytest.mark.parametrize(
    "words",
    [
        ["data", "show", "D", "-o", "s3://bucket/out"],
        ["data", "convert", "D", "--to", "coco", "--output=s3://bucket/out"],
        ["label", "a", "b", "--out", "s3://bucket/out"],
        ["sets", "backup", "signs", "-o", "s3://bucket/out"],
        ["report", "last", "--out", "s3://bucket/out"],
    ],
)
def test_an_address_is_no_path_of_this_machine(
    inline: Command, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refused = inline(*words)
    assert refused.code == 2
    assert "put is s3://bucket/out, an address, and takes a path of this machine" in refused.err.replace(
        "--out is", "--output is"
    )
    assert not (tmp_path / "s3:").exists()


def test_a_folder_that_is_called_as_an_address_begins_is_a_path(inline: Command, tmp_path: Path) -> None:
    refused = inline("data", "show", str(tmp_path / "none"), "-o", "./s3:/out")
    assert refused.code == 5 and "none" in refused.err
    with Runtime() as runtime, pytest.raises(UsageError, match="output is s3:/bucket/out, an address"):
        runtime.label("a.png", ["a cat"], output=Path("s3://bucket/out"))


def test_a_home_in_a_bucket_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SKILLBANK_HOME", "s3://bucket/home")
    with pytest.raises(PlatformError, match="SKILLBANK_HOME is s3://bucket/home, an address"):
        home()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("slot", ["--results-root", "--data"])
def test_a_place_that_is_almost_an_address_is_no_folder_here(
    inline: Command, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slot: str
) -> None:
    monkeypatch.chdir(tmp_path)
    places = {"--data": f"train={data}", slot: "train=s3:/bucket/x" if slot == "--data" else "s3:/bucket/x"}
    asked = [word for pair in places.items() for word in pair]
    refused = inline("run", "--skill", "toy-detector", "--action", "train", *asked, "--yes")
    assert refused.code == 2
    assert "s3:/bucket/x looks like an address and is none; one begins with s3://" in refused.err
    assert not (tmp_path / "s3:").exists()
