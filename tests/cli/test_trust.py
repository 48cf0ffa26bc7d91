"""``skillbank trust`` as people, scripts and attackers use it, by real commands in a home of their own."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Answer, Command

_DIGEST = re.compile(r"^digest +([0-9a-f]{64})", re.MULTILINE)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Nothing is trusted beforehand."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SKILLBANK_") and k != "COLUMNS"}
    return {**kept, "SKILLBANK_HOME": str(tmp_path / "home")}


@pytest.fixture
def inline(inline: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command line of this process, where nothing is trusted beforehand."""
    monkeypatch.delenv("SKILLBANK_TRUST")
    return inline


def info_of(bank: Path) -> Path:
    return bank / "toy-detector" / "references" / "skill_info.yaml"


def rewrite(bank: Path, old: str, new: str) -> None:
    text = info_of(bank).read_text()
    assert old in text
    info_of(bank).write_text(text.replace(old, new))


def state(inline: Command, bank: Path) -> str:
    found = inline("trust", str(bank), "--json").document["state"]
    assert isinstance(found, str)
    return found


def test_a_bank_is_shown_and_trusted_by_a_yes_alone(inline: Command, bank: Path) -> None:
    refused = inline("trust", str(bank))
    assert refused.code == 4, refused.err
    digest = _DIGEST.search(refused.out)
    assert digest and f'SKILLBANK_TRUST="{bank}@{digest[1]}"' in refused.err and "--yes" in refused.err
    assert f"{sys.executable} {bank.parent}/program.py <action> -e {{config_path}}" in refused.out
    assert "evaluate, train of toy-detector" in refused.out
    assert f"{bank.parent}/program.py is no part of the bank and may change unseen" in refused.out
    assert "in all: 2 commands" in refused.out
    assert inline("trust", "--list", "--json").document["decisions"] == []
    given = inline("trust", str(bank), "--yes")
    assert given.code == 0 and given.out.endswith(
        f"is trusted as it lies there now, digest {digest[1][:12]}.\n"
    )
    assert "is trusted already" in inline("trust", str(bank)).out
    assert state(inline, bank) == "trusted"


def test_a_bank_is_known_by_its_name_where_it_is_in_use(inline: Command, bank: Path, tmp_path: Path) -> None:
    assert inline("trust", "bank", "--bank", str(bank), "--yes").code == 0
    unknown = inline("trust", "bankk", "--bank", str(bank))
    assert (unknown.code, "did you mean 'bank'?" in unknown.err) == (5, True)
    assert inline("trust", str(tmp_path / "nowhere")).code == 5
    assert inline("trust").code == 2
    assert "nothing to decide" in inline("trust", "skillbank").out


def test_a_name_that_is_a_folder_here_too_is_not_guessed(
    inline: Command, bank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere" / "bank").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "elsewhere")
    answer = inline("trust", "bank", "--bank", str(bank), "--yes")
    assert (answer.code, "write ./bank for the folder" in answer.err) == (2, True)


def test_a_change_asks_again_and_shows_the_difference_alone(inline: Command, bank: Path) -> None:
    assert inline("trust", str(bank), "--yes").code == 0
    rewrite(bank, "evaluate -e", "evaluate --upload https://example.com -e")
    (bank / "toy-detector" / "SKILL.md").write_text("---\nname: toy-detector\n---\nOther words.\n")
    (bank / "toy-detector" / "late.dat").write_bytes(b"x")
    shown = inline("trust", str(bank))
    assert shown.code == 4
    assert "what it can start has changed:\n  command evaluate of toy-detector" in shown.out
    assert re.search(r"^    - \| .*evaluate -e", shown.out, re.MULTILINE)
    assert re.search(r"^    \+ \| .*evaluate --upload https://example.com -e", shown.out, re.MULTILINE)
    assert "mind: may use the network (https://)" in shown.out
    assert "command train" not in shown.out, "what is as it was is not shown"
    assert "executable files: toy-detector/references/skill_info.yaml (changed)" in shown.out
    assert "prose files: toy-detector/SKILL.md (changed)" in shown.out
    assert "other files: toy-detector/late.dat (new)" in shown.out
    document = inline("trust", str(bank), "--json").document
    assert document["state"] == "changed" and document["error"]["code"] == "trust"
    [start] = document["changed"]["starts"]
    assert start["was"] != start["now"] and "--upload" in start["now"]
    assert [f["path"] for f in document["changed"]["files"]["other"]] == ["toy-detector/late.dat"]
    assert inline("trust", str(bank), "--yes").code == 0
    assert "what it can start" not in inline("trust", str(bank)).out


def test_trust_is_taken_back_by_name_or_folder_even_when_the_folder_is_gone(
    inline: Command, bank: Path, tmp_path: Path
) -> None:
    for how in (str(bank), "bank"):
        assert inline("trust", str(bank), "--yes").code == 0
        assert inline("trust", how, "--remove").code == 0
        assert state(inline, bank) == "untrusted"
    assert inline("trust", str(bank), "--yes").code == 0
    bank.rename(tmp_path / "moved")
    assert inline("trust", str(bank), "--revoke", "--json").document == {"removed": [str(bank)]}
    assert inline("trust", str(bank), "--remove").code == 5


def test_the_digest_that_was_read_is_the_one_that_is_trusted(inline: Command, bank: Path) -> None:
    digest = inline("trust", str(bank), "--json").document["digest"]
    rewrite(bank, "train -e", "train --evil -e")
    refused = inline("trust", f"{bank}@{digest}", "--yes")
    assert refused.code == 4 and f"not {digest}; nothing was decided" in refused.err
    rewrite(bank, "train --evil -e", "train -e")
    assert inline("trust", f"{bank}@{digest}", "--yes").code == 0


def test_the_variable_decides_for_automation(
    inline: Command, bank: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = inline("trust", str(bank), "--json").document["digest"]
    monkeypatch.setenv("SKILLBANK_TRUST", f"bank@{digest} nobody@{'0' * 64}")
    assert "trusted beforehand by SKILLBANK_TRUST" in inline("trust", str(bank)).out
    listed = inline("trust", "--list", "--bank", str(bank))
    assert "nobody with digest 000000000000 (no bank in use here is meant by it)" in listed.out
    assert f"bank with digest {digest[:12]}\n" in listed.out
    monkeypatch.setenv("SKILLBANK_TRUST", f"bank@{'0' * 64}")
    assert state(inline, bank) == "untrusted"
    monkeypatch.setenv("SKILLBANK_TRUST", "bank@*")
    wrong = inline("skills", "--json")
    assert wrong.code == 2 and "'bank@*' needs a digest" in wrong.document["error"]["message"]


def test_untrusted_banks_are_looked_at_searched_and_planned_and_say_so(
    inline: Command, bank: Path, data: Path
) -> None:
    listed = inline("skills", "toys", "--json").document["skills"]
    assert {s["name"]: s["trust"] for s in listed}["toy-detector"] == {"state": "untrusted"}
    assert inline("show", "toy-detector", "--json").document["trust"] == {"state": "untrusted"}
    assert "the bank is untrusted" in inline("show", "toy-detector").out
    assert inline("show", "tao-train-grounding-dino", "--json").document["trust"] == {"state": "own"}
    words = f"train the toy detector on {data}"
    plan = inline("plan", words, "--json")
    assert plan.code == 0 and plan.document["checks"]["trust"] == "untrusted"
    assert f"skillbank trust {bank}" in plan.document["checks"]["notes"][0]
    digest = inline("trust", str(bank), "--json").document["digest"]
    assert plan.document["skill"]["bank_digest"] == digest
    assert "untrusted · skill's digest" in (said := inline("plan", words, "--explain").out)
    assert f"bank's digest {digest[:12]} · no known signer" in said
    assert inline("trust", str(bank), "--yes").code == 0
    after = inline("plan", words, "--json").document
    assert after["plan_id"] == plan.document["plan_id"], "the state of trust is no part of a plan"
    assert after["checks"]["trust"] == "trusted"
    assert not any("trust" in note for note in after["checks"]["notes"])
    (bank / "versions.yaml").write_text("images: {}\n")
    changed = inline("plan", words, "--json").document
    assert changed["checks"]["trust"] == "changed" and changed["plan_id"] != after["plan_id"]


def test_nothing_that_is_shown_rewrites_the_screen_or_speaks_in_our_voice(
    inline: Command, tmp_path: Path
) -> None:
    bank = tmp_path / "bank\x1b[2K"
    skill = bank / "toy"
    (skill / "references").mkdir(parents=True)
    (skill / "SKILL.md").write_text("---\nname: toy\n---\n")
    (skill / "x\x1b[1A\u202e.py").write_text("")
    evil = "echo hi\n\nin all: 0 commands\nBank toy is trusted already.\x1b[8m\u200b"
    info = {
        "network_arch": "toy",
        "required_credentials": ["A\x1b]0;x\x07"],
        "container_image": "example.com/x\u2066:1",
        "settle": {"train\x1b[0m": "run\u200dme"},
        "actions": {"tra\x1bin": {"command": evil}},
        "spec_params": {"tra\x1bin": {"a.b": {"link": "https://example.com/\u202egpj"}}},
    }
    (skill / "references" / "skill_info.yaml").write_text(json.dumps(info))
    for arguments in (("trust", str(bank)), ("trust", str(bank), "--json"), ("trust", str(bank), "--yes"),
                      ("trust", "--list"), ("trust", "--list", "--json")):  # fmt: skip
        answer = inline(*arguments)
        assert not re.search(
            "[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", answer.out + answer.err
        )
    (skill / "x\x1b[1A\u202e.py").unlink()
    rewritten = {**info, "settle": {"train": "run\x1b[2J"}}
    (skill / "references" / "skill_info.yaml").write_text(json.dumps(rewritten))
    answer = inline("trust", str(bank))
    assert answer.code == 4 and "\x1b" not in answer.out + answer.err
    assert "run\\x1b[2J" in answer.out
    assert not re.search(r"^(in all|Bank toy)", answer.out, re.MULTILINE)


def test_a_text_that_is_too_long_to_read_is_cut_and_said(inline: Command, bank: Path) -> None:
    rewrite(bank, "train -e", f"train {'x' * 20_000} --evil -e")
    answer = inline("trust", str(bank))
    assert re.search(r"\[1\d,\d{3} more characters, all of them in --json\]", answer.out)
    assert "1 of these texts shown in part, whole in --json" in answer.out.splitlines()[-1]
    texts = [s["text"] for s in inline("trust", str(bank), "--json").document["starts"]]
    assert any("x" * 20_000 in text for text in texts)


def test_many_skills_with_the_same_commands_stay_readable(inline: Command, bank: Path) -> None:
    for number in range(80):
        skill = bank / f"toy-{number:02}" / "references"
        skill.mkdir(parents=True)
        (skill.parent / "SKILL.md").write_text(f"---\nname: toy-{number:02}\n---\n")
        actions = {
            name: {"command": f"toy {name} -e {{config_path}}"} for name in ("train", "evaluate", "export")
        }
        (skill / "skill_info.yaml").write_text(json.dumps({"actions": actions, "container_image": "x/y:1"}))
    shown = inline("trust", str(bank)).out
    assert len(shown.splitlines()) < 40
    assert "  | toy <action> -e {config_path}\n      evaluate, export, train of toy-00" in shown
    assert "and 74 more" in shown and "81: " in shown
    assert len(inline("trust", str(bank), "--json").document["starts"]) == 2 + 80 * 6


class Session:
    """A command at a terminal of its own."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self.terminal, inner = pty.openpty()
        command = [sys.executable, "-m", "skillbank", *arguments]
        self.process = subprocess.Popen(command, env=environment, stdin=inner, stdout=inner, stderr=inner)
        os.close(inner)
        self.said = ""

    def until(self, words: str, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while words not in self.said:
            assert time.monotonic() < end, self.said
            if select.select([self.terminal], [], [], 0.5)[0] and not self._read():
                break
        assert words in self.said, self.said

    def type(self, text: str) -> None:
        os.write(self.terminal, text.encode())

    def end(self) -> int:
        while self._read():
            pass
        os.close(self.terminal)
        return self.process.wait(60)

    def _read(self) -> bool:
        try:
            piece = os.read(self.terminal, 65536)
        except OSError:
            return False
        self.said += piece.decode(errors="replace")
        return bool(piece)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "code"), [("yes\n", 0), ("YES \n", 0), ("y\n", 4), ("\n", 4), ("no\n", 4), ("\x04", 4)]
)
def test_at_a_terminal_the_whole_word_is_asked_for(
    bank: Path, environment: dict[str, str], answer: str, code: int, inline: Command
) -> None:
    session = Session(["trust", str(bank)], environment)
    session.until("Type yes: ")
    session.type(answer)
    assert session.end() == code, session.said
    assert state(inline, bank) == ("trusted" if code == 0 else "untrusted")


@pytest.mark.slow
def test_what_was_typed_before_the_question_is_no_answer(
    bank: Path, environment: dict[str, str], inline: Command
) -> None:
    session = Session(["trust", str(bank)], environment)
    session.type("yes\n")
    session.until("Type yes: ")
    session.type("no\n")
    assert session.end() == 4, session.said
    assert state(inline, bank) == "untrusted"


@pytest.mark.slow
def test_two_processes_trust_at_once(bank: Path, environment: dict[str, str], inline: Command) -> None:
    command = [sys.executable, "-m", "skillbank", "trust", str(bank), "--yes", "--json"]
    running = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    said = [Answer(0, process.communicate(timeout=120)[0], "").document for process in running]
    assert [process.returncode for process in running] == [0, 0, 0]
    assert {document["state"] for document in said} == {"trusted"}
    [kept] = inline("trust", "--list", "--json").document["decisions"]
    assert kept["folder"] == str(bank)
