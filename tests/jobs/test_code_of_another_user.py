"""An approval code whose file another user owns: a real second user tries what a shell can."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skillbank import approval_code
from skillbank.approval_code import ApprovalCode

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users"),
]

CODE = "tulips in march"
DRIVER = "tests.jobs.other_user_driver"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of root's that everybody may look into; those of tests are root's alone."""
    monkeypatch.setattr(approval_code, "_COST", approval_code._LEAST)
    folder = Path(tempfile.mkdtemp(prefix="skillbank-users-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def nobody_knows() -> int:
    """Return a user id that has no entry, as in containers."""
    known = {entry.pw_uid for entry in pwd.getpwall()}
    return next(uid for uid in range(54321, 55321) if uid not in known)


def tried(root: Path, folder: Path, user: int) -> dict[str, Any]:
    """Let a user try everything about a code in a folder."""
    for name in ("home", "warm"):
        (root / name).mkdir()
    os.chown(root / "home", user, user)
    place = folder / "approval-code"
    ApprovalCode.made(CODE, place).write()
    environment = {**os.environ, "TEST_CODE": CODE, "PYTHONPATH": str(ROOT)}
    for name in ("SKILLBANK_DATABASE_URL", "SKILLBANK_APPROVE", "SKILLBANK_BANKS"):
        environment.pop(name, None)
    command = [
        sys.executable, "-m", DRIVER, str(user), str(place), str(root / "home"), str(root / "warm"),
    ]  # fmt: skip
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd="/", check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_file_of_root_is_used_and_cannot_be_replaced(root: Path) -> None:
    found = tried(root, root / "etc", nobody_knows())
    assert found["reach"] is False and found["folder"] == str(root / "home")
    assert found["right"][:2] == ["given True", "used False"] and "used already" in found["right"][2]
    assert "not the approval code" in found["wrong"][0]
    assert found["marked otherwise"] == "", "root may change it, and no store of ours has to be told"
    assert "whoever owns it does that" in found["set"] and "whoever owns it does that" in found["remove"]
    assert "an approval code was set for this store" in found["without the variable"]
    assert found["swapped"] == [] and found["after"] == [True, ""]


def test_a_folder_that_everybody_writes_is_shared_with_nobody(root: Path) -> None:
    (root / "shared").mkdir()
    (root / "shared").chmod(0o1777)
    found = tried(root, root / "shared", nobody_knows())
    assert found["reach"] is False and found["swapped"] == []
    assert found["folder"] == str(root / "home"), "what is used is kept where nobody else writes"
    assert found["right"][:2] == ["given True", "used False"]


def test_a_file_of_root_in_a_folder_of_the_user_can_be_replaced_and_that_closes(root: Path) -> None:
    user = nobody_knows()
    (root / "theirs" / "inner").mkdir(parents=True)
    os.chown(root / "theirs", user, user)
    found = tried(root, root / "theirs" / "inner", user)
    assert found["reach"] is True and found["swapped"] == ["folder"]
    assert "is not the approval code that was set" in found["marked otherwise"]
    hard, broken = found["after"]
    assert hard and "no such file" in broken


def test_a_user_without_a_home_is_told_that_nothing_can_be_kept(root: Path) -> None:
    without = [each for each in pwd.getpwall() if each.pw_uid and not Path(each.pw_dir).exists()]
    if not without:
        pytest.skip("every user of this machine has a home")
    found = tried(root, root / "etc", without[0].pw_uid)
    assert found["right"][0] == "given True" and "cannot be kept in" in found["right"][1]
    assert "nothing was started" in found["right"][1]
