"""The claims on the tokens of a text: a token has one owner, the first, unless it is marked or taken back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillbank.plan.reader.tokens import Claim, Ledger, Token, are_rivals, is_number, number_in
from skillbank.plan.reader.value import Value

WORDS = "train it on all of them now"
SETS = st.lists(st.lists(st.integers(0, 6), min_size=1, max_size=4), min_size=1, max_size=5)


def ledger() -> Ledger:
    tokens, at = [], 0
    for word in WORDS.split():
        tokens.append(Token("word", word, at, at + len(word)))
        at += len(word) + 1
    return Ledger(WORDS, tokens)


@given(SETS)
def test_a_token_is_whose_claim_came_first(sets: list[list[int]]) -> None:
    kept = ledger()
    owners: dict[int, int] = {}
    for number, tokens in enumerate(sets):
        made = kept.claim("value", tokens, number)
        mine = sorted(set(tokens) - owners.keys())
        owners.update(dict.fromkeys(mine, number))
        assert made.tokens == (tuple(mine) or (min(tokens),)) and made.value == number
    assert {i: claim.value for i, claim in kept.owner.items()} == owners
    assert all(kept.free(i) is (i not in owners) for i in range(7))
    assert [claim.first for claim in kept.of("value")] == sorted(c.tokens[0] for c in kept.claims)
    assert kept.of("place") == []


def test_what_is_withdrawn_is_free_and_what_is_marked_has_another_owner() -> None:
    kept = ledger()
    one, other = kept.claim("value", [1, 2], "a"), kept.claim("place", [3, 4], "b")
    kept.withdraw(one)
    assert kept.free(1) and kept.free(2) and not kept.free(3) and kept.claims == [other]
    kept.mark("unread", [4, 5])
    assert [kept.owner[i].kind for i in (3, 4, 5)] == ["place", "unread", "unread"]
    assert kept.of("unread", "place") == [other, Claim("unread", (4, 5))] and other.last == 4
    kept.withdraw(other)
    assert kept.free(3) and not kept.free(4)
    said = kept.replace(kept.claim("value", [0, 1], "c"), "courtesy", "d")
    assert (said.kind, said.tokens, said.value, kept.of("value")) == ("courtesy", (0, 1), "d", [])


@pytest.mark.parametrize(
    ("tokens", "said", "runs"),
    [
        ([], "", []),
        ([0], "train", [[0]]),
        ([2, 1], "it on", [[1, 2]]),
        ([6, 3, 4], "all of them now", [[3, 4], [6]]),
        ([0, 2, 4], "train it on all of", [[0], [2], [4]]),
    ],
)
def test_what_tokens_say_and_which_are_neighbours(
    tokens: list[int], said: str, runs: list[list[int]]
) -> None:
    assert ledger().said(tokens) == said and list(ledger().runs(tokens)) == runs


def test_rivals_say_one_thing_and_numbers_are_no_truths() -> None:
    epochs, others, lr = (
        Claim("value", (0,), each) for each in (Value("epochs", 5), Value("epochs", 7), Value("lr", 5))
    )
    assert are_rivals(epochs, others) and not are_rivals(epochs, lr)
    assert not are_rivals(
        Claim("value", (0,), Value("", 1, key="a")), Claim("value", (1,), Value("", 1, key="b"))
    )
    assert are_rivals(Claim("job", (0,), "x"), Claim("job", (1,), "y"))
    assert is_number(epochs) and not is_number(Claim("value", (0,), Value("automl", True)))
    assert [number_in(each) for each in (3, 0.5, True, "3", None)] == [3, 0.5, None, None, None]
