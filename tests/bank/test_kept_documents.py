"""What was read of large banks is kept: the next process says the same, whatever became of the file."""

from __future__ import annotations

import json
import math
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from skillbank.bank import documents, kept_documents, plain_yaml
from skillbank.bank.discovery import Library
from skillbank.bank.documents import parse_said, parse_yaml
from skillbank.bank.kept_documents import KeptDocuments
from skillbank.errors import SkillFormatError
from tests.bank.banks import make_skill

MANY = 230
"""Skills of a bank whose documents are worth keeping."""
HARDWARE = {f"note_{i}": "x" * 20 for i in range(80)}
"""Makes a document long enough to be kept."""
SAYS = """
import json, sys
from pathlib import Path
from skillbank.bank.discovery import Library
skills = Library([Path(sys.argv[1])], own=False).skills
called = [s.called for s in skills]
said = [[[a.name for a in s.actions], s.info.facts, list(map(str, s.diagnostics))] for s in skills]
print(json.dumps([called, said]))
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A large bank: one skill repeats a key, one is no YAML, and one has an alias that is no name."""
    root = tmp_path_factory.mktemp("kept") / "bank"
    for i in range(MANY):
        make_skill(root, f"toy-{i}", aliases=[f"plaything {i}"], hardware=HARDWARE)
    last = root / "skills" / "toy-0" / "references" / "skill_info.yaml"
    last.write_text(f"{last.read_text()}container_image: toys/other:1\n")
    (root / "skills" / "toy-1" / "references" / "skill_info.yaml").write_text("actions: [" + "x" * 3000)
    make_skill(root, "toy-words", aliases=["train"], hardware=HARDWARE)
    return root


def file_of(home: Path) -> Path:
    return next((home / "cache" / "documents").iterdir())


def written() -> None:
    """Write what waits, as a process does that ends."""
    records = kept_documents.kept_documents()
    assert records is not None
    records.close()


def said(bank: Path, **environment: str) -> object:
    """What a process of its own says of a bank."""
    command = [sys.executable, "-c", SAYS, str(bank)]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, check=True)
    return json.loads(done.stdout)


def read(bank: Path) -> list[object]:
    """What this process says of a bank, as it is after it was kept."""
    documents._read.cache_clear()
    skills = Library([bank], own=False).skills
    called = [s.called for s in skills]
    return [[c, s.actions, s.info, s.diagnostics] for c, s in zip(called, skills, strict=True)]


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The long texts that are parsed from now on."""
    texts: list[str] = []
    whole = plain_yaml.load

    def noted(text: str, *args: int, **more: object) -> object:
        if len(text) > 1500:
            texts.append(text)
        return whole(text, *args, **more)  # type: ignore[arg-type]

    documents._read.cache_clear()
    monkeypatch.setattr(documents, "load", noted)
    yield texts
    documents._read.cache_clear()


def test_the_next_process_says_the_same_and_faults_where_they_were_told(bank: Path, home: Path) -> None:
    first = said(bank)
    assert file_of(home).stat().st_size > 10_000
    assert said(bank) == first
    assert "is repeated" in str(first)
    assert "is not valid YAML" in str(first)
    assert "alias 'train' is not used" in str(first)


def test_what_was_kept_is_not_parsed_again_and_what_changed_is(
    bank: Path, home: Path, parsed: list[str]
) -> None:
    first = read(bank)
    assert len(parsed) == MANY + 1
    written()
    parsed.clear()
    assert read(bank) == first
    assert len(parsed) == 1  # the one that is no YAML
    file = bank / "skills" / "toy-7" / "references" / "skill_info.yaml"
    was = file.read_text()
    try:
        file.write_text(was.replace("plaything 7", "plaything 777"))
        parsed.clear()
        documents._read.cache_clear()
        skill = Library([bank], own=False).get("toy-7")
        assert skill.called.aliases == skill.info.aliases == ("plaything 777",)
        assert len(parsed) == 1
    finally:
        file.write_text(was)


def test_other_code_reads_anew(bank: Path, monkeypatch: pytest.MonkeyPatch, parsed: list[str]) -> None:
    read(bank)
    monkeypatch.setattr(kept_documents, "_reader", lambda: "another version")
    parsed.clear()
    read(bank)
    assert len(parsed) == MANY + 1


def test_small_banks_leave_nothing(tmp_path: Path, home: Path) -> None:
    make_skill(tmp_path / "small", "toy", hardware=HARDWARE)
    said(tmp_path / "small")
    assert not home.exists()


def test_only_the_owner_can_look_in(bank: Path, home: Path) -> None:
    read(bank)
    assert file_of(home).parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "broken", ["none", "no database", "short", "pages", "records", "other records", "folder"]
)
def test_whatever_became_of_the_file_the_answers_are_the_same(bank: Path, home: Path, broken: str) -> None:
    first = said(bank)
    file = file_of(home)
    content = file.read_bytes()
    match broken:
        case "none":
            file.unlink()
        case "no database":
            file.write_bytes(b"something else" * 1000)
        case "short":
            file.write_bytes(content[: len(content) // 2])
        case "pages":
            file.write_bytes(content[:4096] + bytes(255 - b for b in content[4096:]))
        case "records":
            changed(file, "UPDATE record SET packed = substr(packed, 1, 40) || x'00' || substr(packed, 42)")
        case "other records":
            changed(file, "UPDATE record SET packed = (SELECT packed FROM record LIMIT 1)")
        case "folder":
            file.unlink()
            file.mkdir()
    assert said(bank) == first
    assert said(bank) == first  # after the first has put it right, or has not


def changed(file: Path, statement: str) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute(statement)
    connection.close()


def test_records_that_say_nothing_of_a_document_are_not_used(bank: Path, home: Path) -> None:
    """As another version, or somebody, could leave them under the right key."""
    first = read(bank)
    records = KeptDocuments(home / "cache" / "documents")
    for skill in Library([bank], own=False).skills:
        for file in skill.info_files:
            records.put("yaml", "no pair", skill.text(file))
    records.close()
    assert read(bank) == first


def test_two_writers_at_once(bank: Path, home: Path) -> None:
    command = [sys.executable, "-c", SAYS, str(bank)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
    answers = {process.communicate()[0] for process in both}
    assert [process.returncode for process in both] == [0, 0]
    assert len(answers) == 1
    with sqlite3.connect(file_of(home)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_a_home_that_cannot_be_written_costs_time_and_nothing_else(bank: Path, home: Path) -> None:
    assert said(bank, SKILLBANK_HOME="/proc/none") == said(bank, SKILLBANK_HOME="/dev/null") == said(bank)


def test_the_older_half_goes_where_there_is_too_much(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_documents, "_MOST", 200_000)
    records = KeptDocuments(home)
    for i in range(2000):
        records.put("noise", os.urandom(500).hex(), str(i))
    assert file_of_size(home) < 500_000
    assert records.get("noise", "1999") is not None
    assert records.get("noise", "0") is None


def file_of_size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def test_what_a_person_says_is_never_kept(home: Path) -> None:
    for i in range(250):
        parse_said(f"key: secret-{i}-{'x' * 3000}", "a value")
        parse_yaml(f"key: secret-{i}-{'y' * 3000}", "a value")
    assert not home.exists()


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec="utf-8"), max_size=8)
)
KEYS = (
    st.text("abc", min_size=1, max_size=3) | st.integers(-(2**70), 2**70) | st.booleans() | st.floats(-9, 9)
)
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.none(), inner, max_size=4)
)


@given(TREES)
def test_any_document_is_the_same_from_a_record(
    tmp_path_factory: pytest.TempPathFactory, tree: object
) -> None:
    text = yaml.safe_dump({"tree": tree, "filling": "x" * 2000}, allow_unicode=True)
    records = KeptDocuments(tmp_path_factory.mktemp("any"))
    try:
        document = parse_yaml(text, "a text")
    except SkillFormatError:
        return
    records._wrote = True
    records.put("yaml", [document, []], text)
    records.close()
    kept = records.get("yaml", text)
    assert kept is None or alike(kept, [document, []])


def alike(one: object, other: object) -> bool:
    """Whether two documents are the same to the last type; NaN is NaN."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return alike(list(one.items()), list(other.items()))
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    return one == other
