"""Prompts: where each phrase is, what sees what."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers.models.grounding_dino import modeling_grounding_dino

from skillbank_engine.errors import PromptError
from skillbank_engine.families.grounding_dino.prompt import batch_prompts, build_prompt, build_prompts
from skillbank_engine.families.grounding_dino.tokenizer import (
    PhraseTokenizer,
    build_tokenizer,
    normalise_phrase,
)

reference: Any = modeling_grounding_dino
TOKENIZER = build_tokenizer(["cat", "caterpillar", "red cat", "a person without a helmet"])
phrases = st.lists(st.text("abc dot?.,-é猫", min_size=1, max_size=12), min_size=1, max_size=8)


def words(tokenizer: PhraseTokenizer, ids: tuple[int, ...]) -> list[str]:
    return [tokenizer.vocabulary[number] for number in ids]


@pytest.mark.parametrize("order", [["cat", "caterpillar"], ["caterpillar", "cat"], ["red cat", "cat"]])
def test_cat_beside_caterpillar(order: list[str]) -> None:
    prompt = build_prompt(order, TOKENIZER, 64)
    for name, (start, end) in zip(prompt.phrases, prompt.spans, strict=True):
        assert words(TOKENIZER, prompt.token_ids[start:end]) == name.split()
    assert prompt.text == " . ".join(order) + " ."


def test_unknown_words_are_spelled() -> None:
    ids = TOKENIZER.phrase_ids("dog")
    assert words(TOKENIZER, ids) == ["d", "##o", "##g"]
    assert words(TOKENIZER, TOKENIZER.phrase_ids("caterpillar")) == ["caterpillar"]


@given(phrases)
@settings(max_examples=60, deadline=None)
def test_spans_cover_exactly_their_phrases(given_phrases: list[str]) -> None:
    usable = [phrase for phrase in given_phrases if normalise_phrase(phrase)]
    if len(usable) != len(given_phrases):
        with pytest.raises(PromptError, match="empty"):
            build_prompts(given_phrases, TOKENIZER, 256)
        return
    prompt = build_prompt(usable, TOKENIZER, 256)
    assert len(prompt.spans) == len(usable)
    position = 1
    for phrase, (start, end) in zip(prompt.phrases, prompt.spans, strict=True):
        assert start == position
        assert prompt.token_ids[start:end] == TOKENIZER.phrase_ids(phrase)
        assert prompt.token_ids[end] == TOKENIZER.dot
        position = end + 1
    assert prompt.token_ids[0] == TOKENIZER.cls
    assert prompt.token_ids[position:] == (TOKENIZER.sep,)


@given(st.lists(st.sampled_from(["cat", "red cat", "caterpillar", "a person without a helmet"]), min_size=1))
@settings(max_examples=30, deadline=None)
def test_masks_and_positions_are_those_of_transformers(names: list[str]) -> None:
    prompts = [build_prompt(names, TOKENIZER, 256), build_prompt(["cat"], TOKENIZER, 256)]
    batch = batch_prompts(prompts, TOKENIZER.pad)
    special = torch.tensor(TOKENIZER.special_ids())
    for row, prompt in enumerate(prompts):
        used = len(prompt.token_ids)
        ids = batch.token_ids[row : row + 1, :used]
        mask, positions = reference.generate_masks_with_special_tokens_and_transfer_map(ids, special)
        assert torch.equal(batch.attention[row, :used, :used], mask[0])
        assert torch.equal(batch.position_ids[row, :used], positions[0])
        assert int(batch.token_mask[row].sum()) == used


def test_phrases_that_do_not_fit_go_into_further_prompts() -> None:
    names = ["cat", "red cat", "caterpillar", "cat red cat"]
    prompts = build_prompts(names, TOKENIZER, 7)
    assert [prompt.phrases for prompt in prompts] == [("cat", "red cat"), ("caterpillar",), ("cat red cat",)]
    assert all(len(prompt.token_ids) <= 7 for prompt in prompts)
    with pytest.raises(PromptError, match=r"max_text_len 7 .* lower dataset.max_labels"):
        build_prompt(names, TOKENIZER, 7)


@given(st.integers(1, 9), st.integers(0, 10))
def test_prompts_of_so_many_phrases_hold_all_in_order(count: int, most: int) -> None:
    names = ["cat", "red cat", "caterpillar"] * 3
    prompts = build_prompts(names[:count], TOKENIZER, 12, most)
    assert [phrase for prompt in prompts for phrase in prompt.phrases] == names[:count]
    assert all(len(prompt.token_ids) <= 12 for prompt in prompts)
    if most:
        assert all(len(prompt.phrases) <= most for prompt in prompts)
    else:
        assert prompts == build_prompts(names[:count], TOKENIZER, 12)


def test_refusals() -> None:
    with pytest.raises(PromptError, match="at least one description"):
        build_prompts([], TOKENIZER, 64)
    with pytest.raises(PromptError, match="'  ' is empty"):
        build_prompts(["cat", "  "], TOKENIZER, 64)
    with pytest.raises(PromptError, match="shorten it"):
        build_prompts(["a person without a helmet"], TOKENIZER, 6)


def test_vocabulary_is_deterministic_and_bounded() -> None:
    texts = ["b a", "a c"]
    assert build_tokenizer(texts).vocabulary == build_tokenizer(texts).vocabulary
    small = build_tokenizer(["zebra"] * 3 + ["apple"], max_size=0)
    assert "zebra" not in small.vocabulary
    assert words(small, small.phrase_ids("zebra"))[0] == "z"
