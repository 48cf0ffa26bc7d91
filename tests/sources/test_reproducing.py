"""A lock on a second home: the same commit and files, or a refusal that names what differs."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillbank.errors import DataNotFoundError
from skillbank.sources.address import parse_address
from skillbank.sources.keeping import add, damage, find, update
from skillbank.sources.kept import banks_dir
from skillbank.sources.lockfile import home_lock, read_lock, write_lock
from skillbank.sources.ordering import in_order, order
from skillbank.sources.reproducing import Synced, sync
from skillbank.sources.tree import hash_tree
from tests.sources.repository import Repository, make_tar, write_bank, write_skill


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "project" / "skillbank.lock"


def second_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "second"))


def done(synced: Synced) -> dict[str, str]:
    return {step.name: step.done for step in synced.steps}


def test_the_locked_commit_and_not_the_tip(
    repository: Repository, tmp_path: Path, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(parse_address(f"{repository.folder}@main"), lock=lock)
    add(
        parse_address(str(make_tar(lock.parent / "b.tgz", write_bank(tmp_path / "b")))), lock=lock, first=True
    )
    (banks_dir() / "toys").rename(tmp_path / "before")
    write_skill(repository.folder / "skills" / "later")
    repository.commit()
    second_home(tmp_path, monkeypatch)
    add(parse_address(str(write_bank(tmp_path / "own"))))
    synced = sync(lock)
    assert done(synced) == {"b": "added", "toys": "added"} and synced.others == ["own"]
    assert [e.name for e in read_lock(home_lock())] == ["b", "toys", "own"]
    assert read_lock(home_lock())[:2] == read_lock(lock)
    assert hash_tree(banks_dir() / "toys") == hash_tree(tmp_path / "before")
    assert done(sync(lock)) == {"b": "same", "toys": "same"}
    update("toys")
    assert "skills/later/SKILL.md" in find("toys").files
    assert done(sync(lock)) == {"b": "same", "toys": "moved"}
    assert "skills/later/SKILL.md" not in find("toys").files
    assert done(sync(lock, prune=True))["own"] == "removed" and not (banks_dir() / "own").exists()


def test_a_changed_source_is_refused_with_the_difference(
    tmp_path: Path, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = write_bank(tmp_path / "bank", "toy", "gone")
    archive = make_tar(tmp_path / "b.tgz", bank)
    add(parse_address(str(archive)), lock=lock)
    (bank / "skills" / "toy" / "skill_info.yaml").write_text("command: evil\n")
    (bank / "skills" / "toy" / "SKILL.md").write_text("---\nname: toy\n---\nother\n")
    (bank / "skills" / "gone" / "SKILL.md").unlink()
    make_tar(archive, bank)
    second_home(tmp_path, monkeypatch)
    for _ in range(2):
        synced = sync(lock)
        [step] = synced.refused
        assert "executable: +skills/toy/skill_info.yaml" in step.sentence
        assert "prose: -skills/gone/SKILL.md, ~skills/toy/SKILL.md" in step.sentence
        assert read_lock(home_lock()) == () and [p.name for p in banks_dir().iterdir()] == [".lock"]


def test_what_was_there_stays_when_the_source_differs(tmp_path: Path) -> None:
    bank = write_bank(tmp_path / "bank")
    add(parse_address(str(bank)))
    kept = hash_tree(banks_dir() / "bank")
    write_skill(bank / "skills" / "second")
    (banks_dir() / "bank" / "skills" / "toy" / "SKILL.md").write_text("edited")
    [step] = sync().refused
    assert "--replace" in step.sentence and "~skills/toy/SKILL.md" in step.sentence
    [step] = sync(replace=True).refused  # the folder is not what was added either
    assert "+skills/second/SKILL.md" in step.sentence
    assert (banks_dir() / "bank" / "skills" / "toy" / "SKILL.md").read_text() == "edited"
    (bank / "skills" / "second" / "SKILL.md").unlink()
    assert done(sync(replace=True)) == {"bank": "restored"}
    assert hash_tree(banks_dir() / "bank") == kept


def test_one_that_is_refused_does_not_keep_the_others(
    repository: Repository, tmp_path: Path, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = write_bank(tmp_path / "gone")
    add(parse_address(str(gone)), lock=lock)
    add(parse_address(str(repository.folder)), lock=lock)
    gone.rename(tmp_path / "elsewhere")
    second_home(tmp_path, monkeypatch)
    add(parse_address(str(write_bank(tmp_path / "third"))), name="third", lock=lock)
    assert done(sync(lock)) == {"gone": "refused", "toys": "added", "third": "same"}
    assert damage(find("toys")) == ""


def test_a_name_from_another_source(tmp_path: Path, lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(parse_address(str(write_bank(tmp_path / "a"))), name="x", lock=lock)
    second_home(tmp_path, monkeypatch)
    add(parse_address(str(write_bank(tmp_path / "b"))), name="x")
    [step] = sync(lock).refused
    assert "remove it first" in step.sentence and find("x").source == str(tmp_path / "b")
    with pytest.raises(DataNotFoundError, match="--lock none"):
        sync(tmp_path / "none")


def test_only_the_user_puts_a_bank_before_our_own(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(parse_address(str(repository.folder)))
    lock = tmp_path / "project" / "skillbank.lock"
    order(["toys", "skillbank"])
    write_lock(lock, read_lock(home_lock()))
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "second"))
    synced = sync(lock)
    assert [step.done for step in synced.steps] == ["added"]
    assert "'skillbank bank order toys skillbank'" in synced.notes[0]
    assert in_order(read_lock(home_lock())) == ["skillbank", "toys"]
    order(["toys", "skillbank"])
    assert sync(lock).notes == [] and in_order(read_lock(home_lock())) == ["toys", "skillbank"]
