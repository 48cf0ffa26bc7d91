"""``skillbank bank`` as a person types it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skillbank.agent.catalogue import TOOLS
from skillbank.cli import main
from tests.sources.repository import Repository, make_tar, write_bank, write_skill


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run ``skillbank ARGS`` in this process and return exit code, stdout and stderr."""
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "no-gitconfig"))
    monkeypatch.delenv("SKILLBANK_TRUST", raising=False)

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["skillbank", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            main()
        out, err = capsys.readouterr()
        return int(caught.value.code or 0), out, err

    return call


@pytest.fixture
def toys(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "toys")
    write_bank(made.folder)
    made.commit()
    return made


def document(answer: tuple[int, str, str], code: int = 0) -> Any:
    assert answer[0] == code, answer
    return json.loads(answer[1])


def test_a_banks_whole_life(
    run: Callable[..., tuple[int, str, str]], toys: Repository, tmp_path: Path
) -> None:
    code, out, err = run("bank", "add", f"{toys.folder}@main")
    first = toys.git("rev-parse", "HEAD")
    assert (code, err) == (0, "") and f"commit {first[:12]}" in out and "1 skill: toy" in out
    assert "Nothing of it runs until you trust it: skillbank trust toys" in out
    [row] = document(run("bank", "list", "--json"))["banks"]
    assert (row["name"], row["commit"], row["skills"], row["state"]) == ("toys", first, 1, "untrusted")
    assert "untrusted" in run("bank", "list")[1]
    assert "toys" in run("skills", "toy")[1]

    write_skill(toys.folder / "skills" / "new")
    second = toys.commit()
    code, out, _ = run("bank", "update", "--dry-run")
    assert f"toys would change, commit {first[:12]} -> {second[:12]}" in out and "added new" in out
    [updated] = document(run("bank", "update", "--json"))["banks"]
    assert updated["changed"] and updated["skills"][0]["skill"] == "new"
    assert run("bank", "update", "toys")[1] == "toys is unchanged\n"

    assert run("bank", "add", write_bank(tmp_path / "other"), "--first")[0] == 0
    assert document(run("bank", "order", "toys", "--json")) == {"order": ["skillbank", "toys", "other"]}
    assert run("bank", "remove", "toys")[0] == 4 and run("bank", "remove", "toys", "--json")[0] == 4
    assert "cannot be launched any more" in run("bank", "remove", "toys", "--yes")[1]
    assert run("bank", "remove", "toys", "--yes")[0] == 5
    assert [b["name"] for b in document(run("bank", "list", "--json"))["banks"]] == ["other"]


def test_a_lock_on_another_machine(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, bank = tmp_path / "project" / "skillbank.lock", write_bank(tmp_path / "bank")
    lock.parent.mkdir()
    make_tar(lock.parent / "toys.tgz", bank)
    assert run("bank", "add", lock.parent / "toys.tgz", "--lock", lock)[0] == 0
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "second"))
    assert run("bank", "sync", "--lock", lock) == (0, "toys: added\n", "")
    (bank / "skills" / "toy" / "evil.skill_info.yaml").write_text("x")
    make_tar(lock.parent / "toys.tgz", bank)
    assert run("bank", "remove", "toys", "--yes")[0] == 0
    code, out, err = run("bank", "sync", "--lock", lock)
    assert code == 1 and out == "" and "executable: +skills/toy/evil.skill_info.yaml" in err
    [step] = document(run("bank", "sync", "--lock", lock, "--json"), code=1)["banks"]
    assert step["done"] == "refused" and step["code"] == "data"
    assert document(run("bank", "list", "--json"))["banks"] == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["add", "/nowhere"], 5, "is not there"),
        (["add", "ext::sh -c touch% x"], 2, "'ext' is no way to fetch a bank"),
        (["add", "http://example.org/r"], 2, "--insecure"),
        (["add", "{empty}"], 5, "holds no skill"),
        (["add", "{file}"], 1, "cannot be unpacked"),
        (["add", "{bank}", "--name", "../x"], 2, "cannot be a bank's name"),
        (["add", "{bank}", "--ref", "main"], 2, "is no git repository"),
        (["add", "{bank}", "--as", "thing"], 2, "no kind of source"),
        (["update", "none"], 5, "no installed bank"),
        (["order", "none"], 5, "no installed bank"),
        (["sync", "--lock", "{empty}/none"], 5, "is not there"),
        (["sync", "--lock", "{file}"], 2, "no lock of banks"),
    ],
)
def test_one_sentence_each(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    import re

    (tmp_path / "empty").mkdir()
    (tmp_path / "file.zip").write_text("no archive")
    write_bank(tmp_path / "bank")
    places = {"empty": tmp_path / "empty", "file": tmp_path / "file.zip", "bank": tmp_path / "bank"}
    words = [word.format(**places) for word in arguments]
    got, out, err = run("bank", *words)
    assert out == "" and re.search(said, err) and err.count("\n") == 1, err
    assert got == code
    answer = document(run("bank", *words, "--json"), code=code)
    assert re.search(said, answer["error"]["message"])


def test_a_full_disk(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full here")
    from skillbank.sources import lockfile

    monkeypatch.setattr(lockfile, "write_whole", lambda file, text: full.write_text(text))
    code, _, err = run("bank", "add", write_bank(tmp_path / "bank"))
    assert code == 1 and "The disk has no room for the bank" in err and err.count("\n") == 1
    monkeypatch.undo()
    assert not (tmp_path / "home" / "banks" / "bank").exists()


def test_a_broken_lock_is_a_note_beside_the_answer(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    assert run("bank", "add", write_bank(tmp_path / "bank"))[0] == 0
    (tmp_path / "home" / "skillbank.lock").write_text("{")
    code, out, err = run("skills", "--json")
    assert code == 0 and json.loads(out)["skills"] and err.startswith("note: ") and err.count("\n") == 1
    code, _, err = run("bank", "list")
    assert code == 2 and "is no lock of banks" in err


def test_skills_text_cannot_write_on_the_terminal(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    folder = tmp_path / "bank" / "skills" / "x"
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text('---\nname: "a\\e[2Jb\\u202e"\ndescription: y\n---\n')
    for arguments in (("add", tmp_path / "bank"), ("update", "--dry-run"), ("list",)):
        _, out, err = run("bank", *arguments)
        assert "\x1b" not in out + err and "\u202e" not in out + err


def test_no_tool_of_an_agent_adds_banks() -> None:
    assert not [tool.name for tool in TOOLS if "bank" in tool.name or "sync" in tool.name]
    for tool in TOOLS:
        fields = json.dumps(tool.arguments.model_json_schema())
        assert '"source"' not in fields and '"lock"' not in fields


def test_wrong_arguments_are_a_document_too(run: Callable[..., tuple[int, str, str]]) -> None:
    for words in (("bank", "add"), ("sign", "x"), ("verify", "--nothing"), ("trust", "--nothing")):
        answer = document(run(*words, "--json"), code=2)
        assert answer["error"]["code"] == "usage" and answer["error"]["message"].endswith(".")
        code, out, err = run(*words)
        assert (code, out) == (2, "") and "Usage: skillbank " + words[0] in err


def test_what_is_said_next_works_beside_the_source(
    run: Callable[..., tuple[int, str, str]], toys: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(toys.folder.parent)
    assert "see it when they are started again" in run("bank", "add", "./toys")[1]
    shown = document(run("trust", "toys", "--yes", "--json"))
    assert shown["folder"].endswith("/banks/toys") and shown["state"] == "trusted"
    monkeypatch.chdir(toys.folder)
    for name in ("toys", "toy", "toys:toy"):
        assert "1 skill, " in run("audit", name)[1]
    assert document(run("audit", "toys:toy", "--json"))["root"].endswith("/banks/toys")
    for command in ("audit", "verify"):
        code, _, err = run(command, "./none")
        assert code == 5 and "There is no folder ./none" in err


def test_a_list_names_the_fault_and_no_other(
    run: Callable[..., tuple[int, str, str]],
    toys: Repository,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    run("bank", "add", toys.folder)
    code, _, err = run("bank", "list", "--lock", tmp_path / "none")
    assert code == 5 and "is not there" in err
    assert document(run("bank", "list", "--json"))["order"] == ["skillbank", "toys"]
    monkeypatch.setenv("SKILLBANK_TRUST", "toys@1234")
    code, out, err = run("bank", "list")
    assert (code, out) == (2, "") and "64 hex digits" in err
