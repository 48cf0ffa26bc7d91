"""Nothing that cannot be seen gets past the boundary, and what can be seen stays as it is."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillbank.visible import has_invisible, one_line, texts_in, visible


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\x1b[2Jrm -rf", "\\x1b[2Jrm -rf"),
        ("a\u202eb", "a\\u202eb"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("\U000e0041", "\\U000e0041"),
        ("a\rb", "a\\x0db"),
        ("\u3164", "\\u3164"),
        ("naïve 写真 🙂 ⚠\ufe0f\tx\n", "naïve 写真 🙂 ⚠\ufe0f\tx\n"),
        ("a\ufe0f", "a\\ufe0f"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text: str, said: str) -> None:
    assert visible(text) == said
    assert has_invisible(text) == (text != said)


@given(st.text())
def test_nothing_hidden_is_left(text: str) -> None:
    shown = visible(text)
    assert not has_invisible(shown)
    assert visible(shown) == shown
    assert all(unicodedata.category(c) not in ("Cc", "Cf", "Cs") or c in "\t\n" for c in shown)
    assert "\n" not in one_line(text)
    assert len(one_line(text, 20)) <= 20


def test_texts_are_found_in_their_order_however_deep() -> None:
    assert list(texts_in({"a": ["b", {"c": ("d", 1, "e")}, []], "f": {}, "g": "h"})) == list("abcdefgh")
    deep: object = "end"
    for _ in range(5000):
        deep = {"key": [deep]}
    assert list(texts_in(deep)) == ["key"] * 5000 + ["end"]
