"""One boundary for output: nothing that a bank hides reaches a terminal, whichever command writes it."""

from __future__ import annotations

import ast
import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import skillbank.cli
from skillbank.cli import main, terminal
from skillbank.visible import has_invisible, json_text
from tests.trust.hostile import DIRT, HIDDEN, OURS, hostile_bank, leaks

CLI = Path(skillbank.cli.__file__).parent
BOUNDARY = {"terminal.py", "styled.py", "moving.py", "copyable.py"}
FORBIDDEN = {
    "print", "input",
    "Console", "Live", "Progress", "TextColumn", "FileProxy", "Text", "Table", "echo",
    "secho",
    "confirm", "prompt", "progressbar", "pager", "echo_via_pager", "print_exc",
    "print_exception", "from_ansi",
    "from_markup", "assemble",
}  # fmt: skip
STREAMS = {"stdout", "stderr", "__stdout__", "__stderr__"}

Run = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize("path", sorted(p.name for p in CLI.glob("*.py") if p.name not in BOUNDARY))
def test_no_command_writes_but_through_the_boundary(path: str) -> None:
    found = []
    for node in ast.walk(ast.parse((CLI / path).read_text())):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in FORBIDDEN:
                found.append(f"{path}:{node.lineno} calls {name}")
        if isinstance(node, ast.Attribute) and node.attr in STREAMS and path != "__init__.py":
            found.append(f"{path}:{node.lineno} touches {node.attr}")
        if (
            isinstance(node, ast.ImportFrom)
            and node.module == "sys"
            and {a.name for a in node.names} & STREAMS
        ):
            found.append(f"{path}:{node.lineno} imports a stream")
    assert not found


@pytest.fixture(autouse=True)
def trusted(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person has trusted the bank, so that all that it says is seen."""
    monkeypatch.setenv("SKILLBANK_TRUST", f"{tmp_path}@*")


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    return hostile_bank(tmp_path, DIRT)


@pytest.fixture
def run(
    bank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("COLUMNS", raising=False)

    def call(*arguments: str) -> tuple[int, str, str]:
        given = (
            [*arguments, "--bank", str(bank)]
            if arguments[0] in ("plan", "run", "skills", "show") and "--bank" not in arguments
            else arguments
        )
        monkeypatch.setattr(sys, "argv", ["skillbank", *given])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return call


def _data(bank: Path) -> str:
    [folder] = bank.parent.glob("data*")
    return f"train={folder}"


def _plan(bank: Path) -> tuple[str, ...]:
    return ("--skill", "odd", "--action", "train", "--data", _data(bank), "--platform", "local")


def _ready(bank: Path) -> tuple[str, ...]:
    return (*_plan(bank), "--set", "train.prose=x")


def _commands(bank: Path) -> list[tuple[str, ...]]:
    planned, skill = _plan(bank), str(bank / "odd")
    return [
        ("skills",), ("skills", "odd"), ("skills", f"none{DIRT}"), ("skills", "--json"), ("show", "odd"),
        ("show", "odd", "--json"), ("show", "odd", "train"), ("show", "odd", "train", "--json"),
        ("show", "odd", f"none{DIRT}"), ("show", f"none{DIRT}"), ("show", f"none{DIRT}", "--json"),
        ("show", "odd", "train", "--search-space"),
        ("plan", f"train odd on /x{DIRT}"), ("plan", "--skill", "odd", "--action", "train"),
        ("plan", *planned), ("plan", *planned, "--explain"), ("plan", *planned, "--json"),
        ("plan", *planned, "--submission"), ("plan", *planned, "--set", f"train.none{DIRT}=1"),
        ("plan", *planned, "--set", "train.mode=b"), ("plan", *planned, "--set", "train.mode=b", "--json"),
        ("plan", *planned, "--set", "train.mode=zzz"), ("plan", *planned, "--gpus", "1"),
        ("plan", f"--none{DIRT}"), ("plan", "--gpus", f"x{DIRT}"), (f"none{DIRT}",),
        ("run", *planned), ("run", *_ready(bank)), ("run", *_ready(bank), "--json"),
        ("run", *planned, "--resume", f"x{DIRT}"),
        ("lint", skill), ("lint", str(bank)), ("lint", str(bank), "--json"), ("lint", str(bank), "--summary"),
        ("manifest", "check", str(bank)), ("manifest", "build", str(bank)), ("doctor",), ("doctor", "--json"),
        ("tools",), ("tools", "--json"), ("jobs",), ("status", f"x{DIRT}"), ("logs", f"x{DIRT}"),
        ("approve", f"x{DIRT}"), ("approve", f"call:x{DIRT}"), ("results", f"x{DIRT}", "--json"),
        ("cancel", f"x{DIRT}"),
        ("experiments",), ("experiments", f"x{DIRT}"), ("report", f"x{DIRT}"),
        ("label", f"x{DIRT}.png", DIRT),
        ("chat", "--resume", f"x{DIRT}"),
    ]  # fmt: skip


def test_nothing_hidden_reaches_a_pipe(run: Run, bank: Path) -> None:
    for command in _commands(bank):
        code, out, err = run(*command)
        assert not leaks(out) and not leaks(err), (command, code, leaks(out + err)[:3])
        assert "Traceback" not in err, (command, err)
        if "--json" in command and out:
            json.loads(out)


def test_json_loses_nothing(run: Run) -> None:
    _, out, _ = run("skills", "odd", "--json")
    [skill] = [s for s in json.loads(out)["skills"] if s["name"] == "odd"]
    assert HIDDEN["clear"] in skill["description"] and HIDDEN["tags"] in skill["description"]
    assert "\\u001b[2J" in out and "\\udb40\\udc41" in out


def test_what_is_hidden_is_shown(run: Run, bank: Path) -> None:
    _, out, _ = run("show", "odd")
    assert "\\x1b[2J" in out and "\\u202e" in out and "\\U000e0041" in out
    _, out, _ = run("plan", *_plan(bank))
    assert "\\x1b[2J" in "".join(out.split())


def test_a_variable_that_has_no_name_is_refused_visibly(run: Run, tmp_path: Path) -> None:
    bank = hostile_bank(tmp_path / "named", DIRT, variable=f"TOKEN{DIRT}")
    code, out, err = run("plan", *_plan(bank), "--bank", str(bank))
    assert code == 2 and "asks for a variable that has no name of letters" in err
    assert not leaks(out) and not leaks(err)


@pytest.mark.slow
def test_a_jobs_own_words_show_what_they_hide(run: Run, bank: Path) -> None:
    code, out, err = run("run", *_ready(bank), "--yes")
    assert code == 1 and not leaks(out) and not leaks(err), leaks(out + err)
    for command in ("status", "logs", "results", "jobs", "cancel"):
        for more in ((), ("--json",)):
            arguments = () if command == "jobs" else ("last",)
            _, out, err = (
                run(command, *arguments, *more)
                if command != "logs" or not more
                else run("logs", "last", *more)
            )
            assert not leaks(out) and not leaks(err), (command, leaks(out + err)[:3])
    _, out, _ = run("logs", "last")
    assert "\nfaked" in out, "a carriage return ends a line"
    _, out, _ = run("status", "last")
    assert "the skill odd says: “luck" in out


def _in_terminal(arguments: list[str], home: Path, answer: bytes = b"") -> str:
    """Run a command on a terminal of its own and return everything that reached it."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "SKILLBANK_HOME": str(home), "TERM": "xterm-256color", "COLUMNS": "100"}
    command = [sys.executable, "-m", "skillbank", *arguments]
    process = subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower, env=environment)
    os.close(follower)
    seen, end, answered = b"", time.monotonic() + 60, not answer
    while time.monotonic() < end:
        ready, _, _ = select.select([leader], [], [], 0.2)
        try:
            piece = os.read(leader, 65536) if ready else b""
        except OSError:
            break
        seen += piece
        if not answered and b"[y/N]" in seen:
            os.write(leader, answer)
            answered = True
        if not piece and process.poll() is not None:
            break
    process.wait(10)
    os.close(leader)
    return seen.decode(errors="surrogateescape")


@pytest.mark.slow
@pytest.mark.parametrize("which", ["skills", "show", "plan", "run", "usage", "error"])
def test_nothing_hidden_reaches_a_terminal(bank: Path, tmp_path: Path, which: str) -> None:
    arguments = {
        "skills": ["skills"], "show": ["show", "odd", "train"], "plan": ["plan", *_plan(bank), "--explain"],
        "run": ["run", *_ready(bank)], "usage": ["plan", f"--none{DIRT}"], "error": ["show", f"none{DIRT}"],
    }[which]  # fmt: skip
    banks = ["--bank", str(bank)]
    seen = _in_terminal([*arguments, *banks], tmp_path / "home", b"n\n" if which == "run" else b"")
    left = OURS.sub("\n", seen)
    assert seen and not leaks(left), leaks(left)[:3]
    if which == "plan":
        assert "\x1b[1m" in seen, "our own styles still work"
    if which == "run":
        assert "[y/N]" in seen and "not approved" in seen


@pytest.mark.parametrize("name", sorted(HIDDEN))
def test_the_guard_stands_before_whatever_writes(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout, sys.stderr
    try:
        terminal.guard()
        print("out", HIDDEN[name])
        print("err", HIDDEN[name], file=sys.stderr)
        sys.stdout.writelines(["a", HIDDEN[name]])
    finally:
        sys.stdout, sys.stderr = before
    out, err = capsys.readouterr()
    assert not has_invisible(out) and not has_invisible(err)


@pytest.mark.slow
def test_a_stream_of_ascii_gets_escapes(bank: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "SKILLBANK_HOME": str(tmp_path / "home"), "PYTHONIOENCODING": "ascii"}
    for arguments in (["show", "odd"], ["show", f"none{DIRT}"], ["plan", f"--none{DIRT}"]):
        command = [sys.executable, "-m", "skillbank", *arguments, "--bank", str(bank)]
        done = subprocess.run(command, capture_output=True, env=environment, check=False)
        seen = (done.stdout + done.stderr).decode("ascii")
        assert seen and not leaks(seen) and "Traceback" not in seen


def test_a_carriage_return_ends_a_line_also_between_pieces(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.follow(["10%\r", "20%\r", "\nnext\r", "\n", "last\r"])
    assert capsys.readouterr().out == "10%\n20%\nnext\nlast\n"


def test_json_escapes_are_pairs_where_they_must_be() -> None:
    text = json_text({"a": f"é{DIRT}"})
    assert not has_invisible(text) and json.loads(text) == {"a": f"é{DIRT}"} and "é" in text
