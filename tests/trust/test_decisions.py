"""What is kept of a decision, and what becomes of it when its file is not as it was."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from skillbank.bank.discovery import Bank
from skillbank.errors import StateError, UsageError
from skillbank.trust import origin
from skillbank.trust.decisions import Decision, all_decisions, decision_of, forget, keep, now, stamp
from skillbank.trust.look import difference, file_class, look
from skillbank.trust.origin import Source
from skillbank.trust.reach import Start
from skillbank.trust.standing import standing
from tests.trust.conftest import MakeSkill


@pytest.fixture
def decision(bank: Path) -> Decision:
    made = look(Bank(bank)).decision()
    keep(made)
    return made


def file_of(home: Path) -> Path:
    [file] = (home / "trust" / "banks").glob("*.json")
    return file


def test_a_decision_is_read_as_it_was_kept_and_is_the_users_alone(
    bank: Path, decision: Decision, home: Path
) -> None:
    assert decision_of(bank) == decision
    assert all_decisions() == ([decision], [])
    file = file_of(home)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [p for p in file.parent.iterdir() if p.suffix != ".json" and p.name != ".lock"] == []


def test_a_decision_has_its_time_to_the_second() -> None:
    assert now().microsecond == 0 and now().tzinfo is not None


def test_a_decision_that_cannot_be_written_leaves_the_earlier_one_alone(
    bank: Path, decision: Decision, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="full"):
        keep(decision.model_copy(update={"digest": "other"}))
    assert decision_of(bank) == decision
    assert {file.name for file in (home / "trust" / "banks").iterdir()} == {".lock", file_of(home).name}


def test_who_decides_waits_for_another_that_writes(bank: Path, decision: Decision, home: Path) -> None:
    with (home / "trust" / "banks" / ".lock").open("w") as other, ThreadPoolExecutor(1) as pool:
        fcntl.flock(other, fcntl.LOCK_EX)
        taken = pool.submit(forget, bank)
        with pytest.raises(TimeoutError):
            taken.result(0.05)
        assert decision_of(bank) == decision
        fcntl.flock(other, fcntl.LOCK_UN)
        assert taken.result(10)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff\xfe", b"null"])
def test_a_broken_decision_is_said_and_trusts_nothing(
    bank: Path, decision: Decision, home: Path, content: bytes
) -> None:
    file_of(home).write_bytes(content)
    with pytest.raises(StateError, match=r"counts as nothing .*skillbank trust BANK"):
        decision_of(bank)
    found = standing(Bank(bank))
    assert found.state == "untrusted" and str(file_of(home)) in found.sentence
    assert len(all_decisions()[1]) == 1
    keep(decision)
    assert standing(Bank(bank)).state == "trusted", "to decide again mends it"


def test_a_decision_about_another_bank_counts_for_nothing(
    bank: Path, decision: Decision, home: Path, tmp_path: Path
) -> None:
    elsewhere = decision.model_copy(update={"root": str(tmp_path / "elsewhere")})
    file_of(home).write_text(elsewhere.model_dump_json())
    with pytest.raises(StateError, match="another bank"):
        decision_of(bank)


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_a_decision_that_is_no_file_counts_for_nothing(
    bank: Path, decision: Decision, home: Path, tmp_path: Path, kind: str
) -> None:
    file = file_of(home)
    file.rename(tmp_path / "kept.json")
    if kind == "link":
        file.symlink_to(tmp_path / "kept.json")
    elif kind == "pipe":
        os.mkfifo(file)
    else:
        file.mkdir()
    assert standing(Bank(bank)).state == "untrusted"


def test_one_broken_decision_leaves_the_others(
    bank: Path, decision: Decision, home: Path, tmp_path: Path, make_skill: MakeSkill
) -> None:
    file_of(home).write_text("{")
    make_skill(tmp_path / "second")
    keep(look(Bank(tmp_path / "second")).decision())
    assert standing(Bank(tmp_path / "second")).state == "trusted"


_DECIDE = """
import sys
from pathlib import Path
from skillbank.bank.discovery import Bank
from skillbank.trust.decisions import keep
from skillbank.trust.look import look
made = [look(Bank(Path(root))).decision() for root in sys.argv[1:]]
for _ in range(60):
    for each in made:
        keep(each)
"""


def test_two_processes_that_decide_at_once_leave_whole_decisions(
    tmp_path: Path, make_skill: MakeSkill, home: Path
) -> None:
    roots = [tmp_path / name for name in ("one", "two")]
    for root in roots:
        make_skill(root)
    command = [sys.executable, "-c", _DECIDE, *map(str, roots)]
    running = [subprocess.Popen(command) for _ in range(2)]
    while any(process.poll() is None for process in running):
        assert all_decisions()[1] == [], "never half of one"
    assert [process.returncode for process in running] == [0, 0]
    assert [d.bank for d in all_decisions()[0]] == ["one", "two"]
    assert len(list((home / "trust" / "banks").glob("*.json"))) == 2


def test_the_difference_says_what_was_and_what_is(
    bank: Path, decision: Decision, make_skill: MakeSkill
) -> None:
    info = bank / "skills/toy/references/skill_info.yaml"
    info.write_text(info.read_text().replace("toy settle", "toy settle; curl evil").replace("toy:1", "toy:2"))
    (bank / "skills/toy/SKILL.md").write_text("---\nname: toy\n---\n")
    (bank / "skills/toy/picture.png").write_bytes(b"x")
    make_skill(bank, "second")
    found = difference(look(Bank(bank)), decision)
    place = "skills/toy"
    assert [(was, now) for was, now in found.starts if was is not None and was.skill == place] == [
        (
            Start("image", place, "train", "example.com/toy:1"),
            Start("image", place, "train", "example.com/toy:2"),
        ),
        (
            Start("settle", place, "train", "toy settle"),
            Start("settle", place, "train", "toy settle; curl evil"),
        ),
    ]
    new = [now for was, now in found.starts if was is None]
    assert {s.kind for s in new if s} == {"command", "settle", "schema_source", "image", "variable", "link"}
    assert found.files["executable"][-1] == ("skills/toy/references/skill_info.yaml", "changed")
    assert ("skills/toy/SKILL.md", "changed") in found.files["prose"]
    assert found.files["other"] == (("skills/toy/picture.png", "new"),)


def test_files_are_classed_by_what_they_decide() -> None:
    executable = ["a/skill_info.yaml", "s.json", "x.py", "run", "scripts/a.txt2", "Makefile", "x.so"]
    assert {file_class(p) for p in executable} == {"executable"}
    assert (file_class("README.md"), file_class("a.png")) == ("prose", "other")


def test_a_bank_that_changes_while_it_is_looked_at_is_not_shown(
    bank: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Bank.fresh_skills
    looks = iter(range(100))

    def changing(self: Bank) -> object:
        (bank / "skills" / "toy" / f"late-{next(looks)}").touch()
        return real(self)

    monkeypatch.setattr(Bank, "fresh_skills", changing)
    with pytest.raises(StateError, match="changes while it is looked at"):
        look(Bank(bank))


def test_who_signed_and_where_it_came_from_is_kept(bank: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(origin, "_Asked", type("Asked", (origin._Asked,), {}))
    origin.ask_signers(lambda skill: "Toys Inc." if skill.name == "toy" else None)
    origin.ask_sources(
        lambda root: Source("https://example.com/toys.git", "c0ffee") if root == bank else None
    )
    made = look(Bank(bank)).decision()
    assert (made.signers, made.source, made.commit) == (
        ("Toys Inc.",),
        "https://example.com/toys.git",
        "c0ffee",
    )
    keep(made)
    found = standing(Bank(bank))
    assert (found.signer, found.source, found.commit) == ("Toys Inc.", made.source, "c0ffee")


def test_a_folder_whose_name_is_no_text_is_refused(tmp_path: Path, make_skill: MakeSkill) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/b\xff"))
    make_skill(odd)
    with pytest.raises(UsageError, match="no text"):
        look(Bank(odd))


def test_names_that_are_no_text_are_kept_inside_a_bank(bank: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(bank) + b"/skills/toy/b\xff"))
    odd.write_text("x")
    keep(look(Bank(bank)).decision())
    assert standing(Bank(bank)).state == "trusted"


def test_the_stamp_of_a_bank_is_another_after_each_decision_and_of_no_other_bank(
    bank: Path, home: Path, tmp_path: Path
) -> None:
    seen = [stamp(bank), stamp(tmp_path / "other")]
    made = look(Bank(bank)).decision()
    for change in (lambda: keep(made), lambda: keep(made), lambda: forget(bank)):
        change()
        seen.append(stamp(bank))
    assert all(isinstance(each, str) for each in seen)
    assert len({*seen}) == 4 and seen[0] == seen[-1]
