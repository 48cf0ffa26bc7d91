"""Indexes of texts: the scores are FTS5's, and one that was kept and changed is one that was made anew."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillbank.bank import text_index
from skillbank.bank.postings import Stems
from skillbank.bank.text_index import Text, TextIndex
from skillbank.bank.tokens import tokens

WORDS = ["prune", "pruning", "prunes", "rose", "roses", "Gärten", "garten", "oak", "42", "розы"]
TEXT = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
SOME = [Text(f"head{i % 7} rose", f"head{i % 7} rose body{i % 31} and oak{i}") for i in range(300)]


def index(texts: Sequence[Text], kept: Path | None = None) -> TextIndex:
    return TextIndex(texts.__getitem__, len(texts), kept)


def scores(made: TextIndex, words: Sequence[str]) -> list[float]:
    found: list[float] = made.scores(made.terms(words).values()).tolist()
    return found


def same(made: TextIndex, other: TextIndex) -> bool:
    """Whether two indexes answer alike."""
    words = ["head3", "rose", "body5", "oak7", "oak299", "fern", "new"]
    return (
        scores(made, words) == pytest.approx(scores(other, words))
        and np.array_equal(made.known(made.terms(words).values()), other.known(other.terms(words).values()))
        and [made.near(word) for word in ("rosee", "haed3")] == [other.near(w) for w in ("rosee", "haed3")]
        and sorted(made.terms(words)) == sorted(other.terms(words))
    )


@settings(deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=9), st.sampled_from(WORDS))
def test_scores_are_those_of_fts5(pairs: list[tuple[str, str]], word: str) -> None:
    texts = [Text(head, f"{head} {body}") for head, body in pairs]
    expected = [0.0] * len(texts)
    with sqlite3.connect(":memory:") as db:
        for place in range(2):
            db.execute(f"CREATE VIRTUAL TABLE t{place} USING fts5(text, tokenize='porter')")
            rows = [text[place] for text in texts] + [""] * (len(texts) + 1)
            db.executemany(f"INSERT INTO t{place}(rowid, text) VALUES (?, ?)", enumerate(rows))
            query = f"SELECT rowid, -bm25(t{place}) FROM t{place} WHERE t{place} MATCH ?"
            for row, score in db.execute(query, (f'"{word}"',)):
                expected[row] += score
    db.close()
    made = index(texts)
    assert scores(made, [word.lower()]) == pytest.approx(expected)
    made.close()


@given(st.text(max_size=60))
def test_a_fast_way_finds_the_same_words(text: str) -> None:
    plain = text.encode("ascii", "ignore").decode()
    assert tokens(plain) == re.findall(r"[^\W_]+", plain.lower())
    assert all(word == word.lower() and word.isalnum() for word in tokens(text))


def test_every_word_has_one_stem() -> None:
    stems = Stems()
    assert stems.of(["pruning", "prunes", "gärten", "running"]) == ["prune", "prune", "garten", "run"]
    assert stems.of(["\U0001e922\U0001e923"]) == ["\U0001e922\U0001e923"]
    assert stems.of([]) == [] and stems.of(["roses"]) == ["rose"]
    stems.close()


def test_an_index_of_nothing_finds_nothing() -> None:
    assert scores(index([]), ["rose"]) == []
    assert scores(index([Text("", "")]), ["rose"]) == [0.0]


def test_only_what_changed_is_read_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def spy(text: str) -> list[str]:
        read.append(text)
        return tokens(text)

    monkeypatch.setattr(text_index, "tokens", spy)
    first = index(SOME, tmp_path / "kept")
    assert {text.whole for text in SOME} <= set(read)
    read.clear()
    assert same(index(SOME, tmp_path / "kept"), first)
    assert read == []
    changed = [*SOME[:7], Text("new rose", "new rose words"), *SOME[8:]]
    assert same(index(changed, tmp_path / "kept"), index(changed))
    read.clear()
    index([*changed, Text("fern", "fern")], tmp_path / "kept")
    wholes = {text.whole for text in changed} - {text.head for text in changed}
    assert "fern" in read and wholes.isdisjoint(read)


@settings(deadline=None, max_examples=20)
@given(st.randoms(use_true_random=False), st.integers(0, 90))
def test_a_kept_index_that_was_changed_is_one_that_was_made_anew(
    tmp_path_factory: pytest.TempPathFactory, random: Random, others: int
) -> None:
    kept = tmp_path_factory.mktemp("kept")
    index(SOME, kept)
    new = [Text(f"new {i % 3}", f"new {i % 3} oak{i} rose") for i in range(others)]
    texts = random.sample(SOME, 210) + new + [SOME[0], SOME[0]]
    random.shuffle(texts)
    assert same(index(texts, kept), index(texts))


def test_a_broken_file_is_made_anew_and_few_are_kept(tmp_path: Path) -> None:
    index(SOME, tmp_path)
    [file] = tmp_path.iterdir()
    assert file.stat().st_mode & 0o077 == 0
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 255
    for broken in (bytes(content), content[:5000], b"", b"no archive"):
        file.write_bytes(broken)
        assert same(index(SOME, tmp_path), index(SOME))
    for i in range(9):
        index([*SOME, Text(str(i), str(i))], tmp_path)
    assert len(list(tmp_path.iterdir())) == 4


def test_small_indexes_and_folders_that_cannot_be_written_keep_nothing(tmp_path: Path) -> None:
    index(SOME[:20], tmp_path)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    assert same(index(SOME, tmp_path / "file"), index(SOME))
