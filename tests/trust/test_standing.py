"""Whether anything of a bank may run, and which of its files count."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from skillbank.bank import contents
from skillbank.bank.discovery import Bank
from skillbank.bank.home import bank_root
from skillbank.errors import SkillFormatError, UsageError
from skillbank.trust.decisions import forget, keep
from skillbank.trust.look import look
from skillbank.trust.standing import Standing, glance, standing
from tests.trust.conftest import MakeSkill


def trust(bank: Path) -> None:
    keep(look(Bank(bank)).decision())


def state(bank: Path) -> str:
    return standing(Bank(bank)).state


def test_the_bank_that_comes_with_skillbank_is_our_own() -> None:
    for root in (bank_root(), bank_root() / "skills"):
        found = standing(Bank(root))
        assert (found.state, found.digest, found.sentence, found.may_run) == ("own", "", "", True)


def test_a_bank_inside_of_ours_is_not_ours(make_skill: MakeSkill, tmp_path: Path) -> None:
    for name in ("docs", "examples"):
        assert not standing(Bank(bank_root() / name)).may_run
    (tmp_path / "link").symlink_to(bank_root())
    assert standing(Bank(tmp_path / "link")).state == "own", "a link to our bank is our bank"


def test_nothing_runs_of_a_bank_that_nobody_trusted(bank: Path) -> None:
    found = standing(Bank(bank))
    assert (found.state, found.may_run, len(found.digest)) == ("untrusted", False, 64)
    assert found.sentence == (
        f"Nobody has trusted bank bank, so nothing of it runs: 'skillbank trust {bank}' shows what it can "
        "start and asks."
    )


def test_what_was_trusted_runs_until_it_changes_and_again_when_it_is_as_it_was(bank: Path) -> None:
    trust(bank)
    assert standing(Bank(bank)) == Standing("bank", "trusted", Bank(bank).digest, str(bank), sentence=""), (
        "and nothing is to be said"
    )
    file = bank / "skills" / "toy" / "SKILL.md"
    before = file.read_bytes()
    file.write_bytes(before + b"\n")
    found = standing(Bank(bank))
    assert (found.state, found.may_run) == ("changed", False)
    assert "has changed since it was trusted" in found.sentence and f"trust {bank}" in found.sentence
    file.write_bytes(before)
    assert state(bank) == "trusted"
    assert forget(bank) and not forget(bank)
    assert state(bank) == "untrusted"


def test_trust_in_a_bank_is_none_in_its_copy_its_parts_or_what_it_lies_in(bank: Path, tmp_path: Path) -> None:
    trust(bank)
    assert state(bank / "skills") == state(bank / "skills" / "toy") == state(tmp_path) == "untrusted"
    bank.rename(tmp_path / "moved")
    assert state(tmp_path / "moved") == "untrusted"


def change(name: str, content: str = "x") -> Callable[[Path], None]:
    def make(bank: Path) -> None:
        (bank / name).parent.mkdir(parents=True, exist_ok=True)
        (bank / name).write_text(content)

    return make


def link(name: str, target: str) -> Callable[[Path], None]:
    def make(bank: Path) -> None:
        (bank / name).parent.mkdir(parents=True, exist_ok=True)
        (bank / name).symlink_to(target)

    return make


def fifo(bank: Path) -> None:
    os.mkfifo(bank / "skills/toy/references/pipe.yaml")


def gone(bank: Path) -> None:
    (bank / "skills/toy/references/spec_template_train.yaml").unlink()


def same_size_and_time(bank: Path) -> None:
    file = bank / "skills/toy/references/skill_info.yaml"
    info = file.stat()
    file.write_text(file.read_text().replace("toy settle", "toy sett1e"))
    os.utime(file, ns=(info.st_atime_ns, info.st_mtime_ns))


@pytest.mark.parametrize(
    "made",
    [
        change("skills/toy/references/evil.skill_info.yaml", "actions: {train: {command: evil}}"),
        change("skills/toy/schemas/train.schema.json", "{}"),
        change("skills/toy/.hidden/x"),
        change("skills/toy/.git/hooks/post-checkout"),
        change("skills/toy/__pycache__/evil.yaml"),
        change("skills/toy/__pycache__/x.cpython-311.pyc"),
        change("skills/other/SKILL.md", "---\nname: other\n---\n"),
        change("versions.yaml", "images: {}"),
        change("references/images.yaml", "{}"),
        change("manifest.json", "{}"),
        change(".claude-plugin/marketplace.json", '{"name": "bank", "plugins": []}'),
        link("skills/toy/out", "/etc/passwd"),
        link("skills/toy/dangling", "nowhere"),
        fifo,
        gone,
        same_size_and_time,
    ],
)
def test_every_change_of_what_counts_ends_the_trust(bank: Path, made: Callable[[Path], None]) -> None:
    trust(bank)
    made(bank)
    assert state(bank) == "changed"


def test_what_is_no_part_of_a_bank_may_change(bank: Path) -> None:
    trust(bank)
    for name in ("results/model.pth", ".git/HEAD", "README.md"):
        change(name)(bank)
    assert state(bank) == "trusted"


@pytest.mark.parametrize(
    ("named", "command"),
    [
        ("tools/run.sh", "bash tools/run.sh"),
        ("tools/run.sh", "bash {bank}/tools/run.sh"),
        ("tools/run.sh", "bash ../../tools/run.sh"),
        ("tools/run.py", "python -m x --script=tools/run.py"),
    ],
)
def test_a_program_that_a_command_names_counts_wherever_it_lies_in_the_bank(
    tmp_path: Path, make_skill: MakeSkill, named: str, command: str
) -> None:
    bank = tmp_path / "bank"
    make_skill(bank, command=command.replace("{bank}", str(bank)))
    change(named, "one")(bank)
    trust(bank)
    change(named, "two")(bank)
    assert state(bank) == "changed"


def test_a_template_far_from_its_skill_counts(bank: Path) -> None:
    info = bank / "skills/toy/references/skill_info.yaml"
    # As YAML writes it, the name stands nowhere in the text.
    info.write_text(info.read_text() + 'spec_templates: {train: "\\x2e\\x2e/../../far/my template.yaml"}\n')
    change("far/my template.yaml", "a: 1")(bank)
    trust(bank)
    change("far/my template.yaml", "a: 2")(bank)
    assert state(bank) == "changed"


def test_what_links_lead_to_inside_the_bank_counts(bank: Path) -> None:
    skill = bank / "skills" / "toy"
    (skill / "references").rename(bank / "shared")
    (skill / "references").symlink_to("../../shared")
    trust(bank)
    change("shared/late.skill_info.yaml", "actions: {x: {command: evil}}")(bank)
    assert state(bank) == "changed"


def test_links_in_circles_and_out_of_the_bank_are_followed_nowhere(bank: Path, tmp_path: Path) -> None:
    change("secret.txt", "one")(tmp_path)
    link("skills/toy/loop", ".")(bank)
    link("skills/toy/up", "..")(bank)
    link("skills/toy/secret", str(tmp_path / "secret.txt"))(bank)
    link("skills/toy/around", "around")(bank)
    before = Bank(bank).digest
    change("secret.txt", "two")(tmp_path)
    assert Bank(bank).digest == before
    assert Bank(bank).files()["skills/toy/secret"].startswith("link out")


def test_what_is_no_file_is_never_opened(bank: Path, tmp_path: Path) -> None:
    fifo(bank)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(bank / "skills/toy/s"))
    link("skills/toy/references/zero", "/dev/zero")(bank)
    kinds = {name: digest for name, digest in Bank(bank).files().items() if " " in digest}
    assert {n: d.split(":")[0] for n, d in kinds.items()} == {
        "skills/toy/references/pipe.yaml": "no file",
        "skills/toy/s": "no file",
        "skills/toy/references/zero": "link out",
    }


def test_a_bank_that_is_too_much_cannot_be_trusted(bank: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (bank / "skills" / "toy" / "weights.pth").open("wb") as file:
        file.truncate(1 << 40)  # no byte of it is on the disk
    with pytest.raises(SkillFormatError, match=r"holds more than 1 GiB .*weights.pth"):
        _ = Bank(bank).digest
    found = standing(Bank(bank))
    assert (found.state, found.digest) == ("untrusted", "") and "more than 1 GiB" in found.sentence
    (bank / "skills" / "toy" / "weights.pth").unlink()
    monkeypatch.setattr(contents, "_MOST_FILES", 2)
    with pytest.raises(SkillFormatError, match="has more than 2 files"):
        _ = Bank(bank).digest
    monkeypatch.setattr(contents, "_MOST_ENTRIES", 2)
    with pytest.raises(SkillFormatError, match="has more than 2 files and folders"):
        _ = Bank(bank).digest


def test_files_are_told_apart_by_names_and_contents(tmp_path: Path) -> None:
    one = contents.digest_of({"a": "1" * 64, "b": "2" * 64})
    others = [{"a": "2" * 64, "b": "1" * 64}, {"a": "1" * 64}, {"a\nb": "1" * 64}, {"ab": "1" * 64}]
    assert len({one, *(contents.digest_of(o) for o in others)}) == 5
    assert contents.digest_of({"\udcff": "1" * 64}), "names that are no text count as their bytes"


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return lambda text: monkeypatch.setenv("SKILLBANK_TRUST", text)


def test_the_variable_decides_beforehand(bank: Path, said: Callable[[str], None], tmp_path: Path) -> None:
    digest = Bank(bank).digest
    for entry in (f"{bank}@{digest}", f"bank@{digest}", f"other@{'0' * 64} bank@{digest}", f"{bank}@*"):
        said(entry)
        assert state(bank) == "trusted", entry
    (tmp_path / "link").symlink_to(tmp_path)
    said(f"'{tmp_path}/link@*'")
    assert state(bank) == "trusted", "a path goes as far as what it leads to"
    for entry in (f"bank@{'0' * 64}", f"{bank}@{'0' * 64}", f"{tmp_path}@{digest}", f"{bank}/skills@*", ""):
        said(entry)
        assert state(bank) == "untrusted", entry
    said(f"bank@{'0' * 64}")
    assert "SKILLBANK_TRUST names another digest of it" in standing(Bank(bank)).sentence


def test_a_path_is_no_beginning_of_another(
    tmp_path: Path, make_skill: MakeSkill, said: Callable[[str], None]
) -> None:
    make_skill(tmp_path / "bank-of-others")
    said(f"{tmp_path}/bank@*")
    assert state(tmp_path / "bank-of-others") == "untrusted"


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("bank", "names no bank and digest"),
        ("bank@", "has no digest of 64 hex digits"),
        ("@" + "0" * 64, "names no bank and digest"),
        ("bank@*", "stands only behind a path"),
        ("*@*", "is neither a bank's name nor a whole path"),
        ("banks/mine@" + "0" * 64, "is neither a bank's name nor a whole path"),
        ("bank@" + "0" * 12, "has no digest of 64 hex digits"),
        ("bank@" + "A" * 64, "has no digest of 64 hex digits"),
        ("bank@sha256:" + "0" * 64, "has no digest of 64 hex digits"),
        ("'bank@", "cannot be read"),
    ],
)
def test_an_entry_that_is_none_is_refused_and_named(
    bank: Path, said: Callable[[str], None], entry: str, why: str
) -> None:
    said(f"{bank}@* {entry}")
    with pytest.raises(UsageError, match=why) as error:
        standing(Bank(bank))
    assert "SKILLBANK_TRUST" in str(error.value)


def test_a_glance_notices_a_decision_at_once(bank: Path) -> None:
    assert glance(Bank(bank)).state == "untrusted"
    trust(bank)
    assert glance(Bank(bank)).state == "trusted"
    assert glance(Bank(bank)) is glance(Bank(bank)), "a moment ago is now"
    forget(bank)
    assert glance(Bank(bank)).state == "untrusted"
