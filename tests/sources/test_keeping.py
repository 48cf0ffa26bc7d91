"""Adding, updating, removing and ordering banks, also by several processes and by ones that die."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skillbank.bank.discovery import Bank
from skillbank.errors import NotFoundError, SkillNotFoundError, StateError, UsageError
from skillbank.runtime import Runtime
from skillbank.sources.address import parse_address
from skillbank.sources.keeping import Added, add, damage, find, remove, update
from skillbank.sources.kept import banks_dir, changing, fetched_from, installed_banks
from skillbank.sources.lockfile import home_lock, read_lock
from skillbank.sources.ordering import in_order, order
from skillbank.trust.standing import standing
from tests.sources.repository import Repository, make_tar, write_bank, write_skill
from tests.warm import Warm


def added(source: object, **more: Any) -> Added:
    return add(parse_address(str(source)), **more)


def left() -> set[str]:
    """What lies beside the banks, but for the lock file of the folder."""
    return {p.name for p in banks_dir().iterdir() if p.name.startswith(".")} - {".lock"}


def test_a_repository_is_added_and_seen_by_every_runtime(repository: Repository) -> None:
    commit = repository.git("rev-parse", "HEAD")
    got = added(f"{repository.folder}@main")
    assert got.skills == ("toy",) and got.entry.name == "toys" and got.entry.commit == commit
    assert any("not files that are not committed" in note for note in got.notes)
    with Runtime() as runtime:
        assert runtime.library.get("toys:toy").root == banks_dir() / "toys" / "skills" / "toy"
        bank = next(b for b in runtime.library.banks if b.name == "toys")
        held = standing(bank)
        origin = fetched_from(bank.root)
        assert (
            origin is not None
            and held.commit == commit == origin.commit
            and held.source == f"{repository.folder}@main"
        )
        assert runtime.notes == () and fetched_from(Bank(repository.folder).root) is None
    document = json.loads(home_lock().read_text())
    assert document["banks"][0]["source"] == str(repository.folder) and left() == set()


def test_an_explicit_bank_comes_first(repository: Repository, tmp_path: Path) -> None:
    added(repository.folder)
    other = write_bank(tmp_path / "mine", "toy")
    with Runtime([other]) as runtime:
        names = [b.name for b in runtime.library.banks if b.name != "skillbank"]
    assert names == ["mine", "toys"]
    with Runtime([banks_dir() / "toys"]) as runtime:
        assert sum(b.root == banks_dir() / "toys" for b in runtime.library.banks) == 1


def test_names(tmp_path: Path) -> None:
    bank = write_bank(tmp_path / "My Bank!")
    assert added(bank).entry.name == "my-bank"
    with pytest.raises(UsageError, match="'skillbank bank update my-bank'"):
        added(bank)
    other = write_bank(tmp_path / "other")
    with pytest.raises(UsageError, match="give this one another with --name"):
        added(other, name="my-bank")
    with pytest.raises(UsageError, match="comes with skillbank"):
        added(other, name="skillbank")
    with pytest.raises(UsageError, match="give one with --name"):
        added(write_bank(tmp_path / "銀行"))


def test_the_users_order_places_our_own_bank_too(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        added(write_bank(tmp_path / name, "tao-train-grounding-dino"))
    elsewhere = write_bank(tmp_path / "elsewhere" / "b", "tao-train-grounding-dino")
    assert in_order(order(["b", "skillbank", "c"])) == ["b", "skillbank", "c", "a"]
    with Runtime([elsewhere]) as runtime:
        # The folder that calls itself like the bank that was put first is another bank and comes later.
        assert runtime.library.banks[0].root == banks_dir() / "b"
        assert [b.name for b in runtime.library.banks[1:3]] == ["skillbank", "b"]
        found = runtime.library.find("tao-train-grounding-dino")
        assert found.skill.bank_root == banks_dir() / "b" and "skillbank:" in found.note
    (tmp_path / "b" / "README.md").write_text("more")
    update("b")
    added(write_bank(tmp_path / "d"), first=True)
    assert in_order(read_lock(home_lock())) == ["b", "skillbank", "d", "c", "a"]
    assert in_order(order(["a", "b"])) == ["skillbank", "a", "b", "d", "c"]


def test_nothing_stays_of_what_cannot_be_added(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SkillNotFoundError, match="holds no skill"):
        added(tmp_path / "empty")
    assert read_lock(home_lock()) == () and left() == set() and len(list(banks_dir().iterdir())) == 1


def test_an_update_says_what_changed_and_carries_no_trust_over(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    skills = repository.folder / "skills"
    for name in ("moving", "naming", "going"):
        write_skill(skills / name, f"about {name}\n")
    repository.commit()
    added(repository.folder)
    kept = Bank(banks_dir() / "toys", "toys")
    monkeypatch.setenv("SKILLBANK_TRUST", f"toys@{standing(kept).digest}")
    assert standing(kept).state == "trusted"
    before = find("toys")

    (skills / "toy" / "references").mkdir()
    (skills / "toy" / "references" / "skill_info.yaml").write_text("actions: {}\n")
    write_skill(skills / "toy", "more\n", "version: '2'\n")
    (skills / "models").mkdir()
    (skills / "moving").rename(skills / "models" / "moving")
    text = (skills / "naming" / "SKILL.md").read_text().replace("naming", "renamed")
    (skills / "naming" / "SKILL.md").write_text(text)
    repository.git("rm", "-rq", "skills/going")
    write_skill(skills / "coming")
    commit = repository.commit()

    dry = update("toys", dry_run=True)
    assert find("toys") == before and damage(before) == "" and standing(kept).may_run
    done = update("toys")
    assert [c.sentence for c in dry.changes] == [c.sentence for c in done.changes]
    said = {c.kind: c.sentence for c in done.changes}
    assert said["changed"] == (
        "changed toy (version none -> 2): executable: +references/skill_info.yaml; prose: ~SKILL.md"
    )
    assert said["moved"] == "moved moving from skills/moving to skills/models/moving"
    assert said["renamed"].startswith("renamed renamed from naming to renamed")
    assert said["added"].startswith("added coming") and said["removed"] == "removed going"
    assert (done.before.commit, done.after.commit) == (before.commit, commit)
    assert standing(Bank(banks_dir() / "toys", "toys")).state != "trusted"
    assert damage(find("toys")) == "" and left() == set()
    assert update("toys").same


def test_an_update_of_what_somebody_edited_is_refused(repository: Repository) -> None:
    added(repository.folder)
    (banks_dir() / "toys" / "skills" / "toy" / "SKILL.md").write_text("mine")
    with pytest.raises(StateError, match=r"prose: ~skills/toy/SKILL\.md.*--replace"):
        update("toys")
    with pytest.raises(NotFoundError, match=r"did you mean 'toys'"):
        update("toy")


def test_a_tag_that_moved_is_followed_and_a_commit_is_not(repository: Repository) -> None:
    first = repository.git("rev-parse", "HEAD")
    repository.git("tag", "v1")
    added(f"{repository.folder}@v1", name="tag")
    added(f"{repository.folder}@{first}", name="pinned")
    write_skill(repository.folder / "skills" / "second")
    second = repository.commit()
    repository.git("tag", "-f", "v1")
    assert update("tag").after.commit == second and update("pinned").after.commit == first


def test_removing_and_ordering(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        added(write_bank(tmp_path / name))
    added(write_bank(tmp_path / "d"), first=True)
    assert [e.name for e in order(["c", "a"])] == ["c", "a", "d", "b"]
    with pytest.raises(NotFoundError):
        order(["a", "x"])
    remove("a")
    assert [e.name for e in read_lock(home_lock())] == ["c", "d", "b"]
    assert not (banks_dir() / "a").exists() and left() == set()
    with Runtime() as runtime:
        assert [b.name for b in runtime.library.banks if b.name != "skillbank"] == ["c", "d", "b"]


def test_a_projects_own_lock_gets_the_same_changes(tmp_path: Path) -> None:
    lock = tmp_path / "project" / "skillbank.lock"
    bank = write_bank(tmp_path / "bank")
    added(bank, lock=lock)
    assert read_lock(lock) == read_lock(home_lock())
    write_skill(bank / "skills" / "second")
    update("bank", lock=lock)
    assert read_lock(lock) == read_lock(home_lock()) and len(read_lock(lock)[0].files) == 2
    remove("bank", lock=lock)
    assert read_lock(lock) == ()


def test_missing_files_and_a_broken_lock_are_notes(repository: Repository, tmp_path: Path) -> None:
    added(repository.folder)
    (banks_dir() / "toys").rename(tmp_path / "gone")
    with Runtime() as runtime:
        assert "'skillbank bank sync' fetches them again" in runtime.notes[0]
        assert runtime.library.skills
    (banks_dir() / "toys").symlink_to(tmp_path / "gone")  # a link is not what was added
    assert installed_banks()[0] == ()
    home_lock().write_text("{")
    with Runtime() as runtime:
        assert "no installed bank is used until then" in runtime.notes[0] and runtime.library.skills


def test_plugins_that_lie_elsewhere_are_told(tmp_path: Path) -> None:
    bank = write_bank(tmp_path / "market", "one", "two", "three")
    plugins = [
        {"name": "p", "source": "./", "skills": ["./skills/one"]},
        {"name": "far", "source": {"source": "github", "repo": "o/r"}},
    ]
    (bank / ".claude-plugin").mkdir()
    (bank / ".claude-plugin" / "marketplace.json").write_text(json.dumps({"name": "m", "plugins": plugins}))
    got = added(bank / ".claude-plugin" / "marketplace.json")
    assert got.skills == ("one", "three", "two")
    assert any("'far'" in note and "o/r" in note for note in got.notes)


@pytest.mark.slow
def test_two_at_once(tmp_path: Path) -> None:
    banks = [write_bank(tmp_path / f"bank{i}", f"skill{i}") for i in range(4)]
    commands = [(b, f"bank{i}") for i, b in enumerate(banks)] + [(banks[0], "same"), (banks[1], "same")]
    script = "import sys; from skillbank.cli import main; sys.argv[0] = 'skillbank'; main()"
    running = [
        subprocess.Popen(
            [sys.executable, "-c", script, "bank", "add", str(b), "--name", n], stderr=subprocess.PIPE
        )
        for b, n in commands
    ]
    ended = [process.communicate() and process.returncode for process in running]
    assert ended[:4] == [0, 0, 0, 0] and sorted(ended[4:]) == [0, 2]
    entries = read_lock(home_lock())
    assert {e.name for e in entries} == {"bank0", "bank1", "bank2", "bank3", "same"}
    assert all(damage(e) == "" for e in entries) and left() == set()


DYING = """
import os, sys
from pathlib import Path
from skillbank.sources.address import parse_address
from skillbank.sources.keeping import add, remove, update
steps = [int(sys.argv[1])]
def dying(real):
    def call(*args, **kwargs):
        steps[0] -= 1
        if steps[0] < 0:
            os._exit(9)
        return real(*args, **kwargs)
    return call
for name in ("rename", "replace", "touch", "unlink", "mkdir", "write_text"):
    setattr(Path, name, dying(getattr(Path, name)))
what, source = sys.argv[2], parse_address(sys.argv[3])
{"add": lambda: add(source, name="x"), "update": lambda: update("x"), "remove": lambda: remove("x")}[what]()
"""


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    with Warm("skillbank.sources.address", "skillbank.sources.keeping") as server:
        yield server


@pytest.mark.slow
@pytest.mark.parametrize("what", ["add", "update", "remove"])
def test_a_death_at_any_step_leaves_the_earlier_or_the_later_state(
    tmp_path: Path, what: str, warm: Warm
) -> None:
    bank = write_bank(tmp_path / "bank")
    for step in range(40):
        if "x" in [e.name for e in read_lock(home_lock())]:
            remove("x")
        if what != "add":
            added(bank, name="x")
        (bank / "skills" / "toy" / "note.txt").write_text(str(step))
        done = warm.run(DYING, str(step), what, str(bank))
        found, _ = installed_banks()
        with changing():
            pass
        entries = read_lock(home_lock())
        assert [e.name for e in entries] == [b.name for b in found]
        assert all(damage(e) == "" for e in entries) and left() == set()
        assert {p.name for p in banks_dir().iterdir() if not p.name.startswith(".")} == {
            e.name for e in entries
        }
        if done.returncode == 0:
            break
        assert done.returncode == 9, done.stderr
    assert done.returncode == 0 and step > 5, done.stderr


@pytest.mark.slow
def test_a_kill_at_any_time_leaves_nothing_half(tmp_path: Path) -> None:
    bank = write_bank(tmp_path / "bank", *(f"skill{i}" for i in range(800)))
    packed = make_tar(tmp_path / "bank.tgz", bank)
    script = "import sys; from skillbank.cli import main; sys.argv[0] = 'skillbank'; main()"
    for i, delay in enumerate((0.1, 0.2, 0.3, 0.4, 0.5, 0.6)):
        process = subprocess.Popen(
            [sys.executable, "-c", script, "bank", "add", str(packed), "--name", f"b{i}"],
            stdout=subprocess.PIPE,
        )
        time.sleep(delay)
        process.kill()
        process.communicate()  # ends with the last who can write there, also where another does the work
    added(write_bank(tmp_path / "last"))
    entries = read_lock(home_lock())
    assert all(damage(e) == "" for e in entries) and left() == set()
    assert {p.name for p in banks_dir().iterdir()} == {".lock", *(e.name for e in entries)}
