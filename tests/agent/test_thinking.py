"""Thoughts of a model are never its answer, however they are marked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillbank.language_model.reply import assemble
from skillbank.language_model.thinking import parted

MARKED = [
    ("<think>hm</think>It runs.", "It runs.", "hm"),
    ("<think>\nhm\n</think>\n\nIt runs.", "It runs.", "hm"),
    ("<thinking>hm</thinking>It runs.", "It runs.", "hm"),
    ("<THOUGHT>hm</THOUGHT> It runs.", "It runs.", "hm"),
    ("<reasoning effort='high'>hm</reasoning>It runs.", "It runs.", "hm"),
    ("<seed:think>hm</seed:think>It runs.", "It runs.", "hm"),
    ("[THINK]hm[/THINK]It runs.", "It runs.", "hm"),
    ("◁think▷hm◁/think▷It runs.", "It runs.", "hm"),
    ("<|START_THINKING|>hm<|END_THINKING|>It runs.", "It runs.", "hm"),
    ("hm, so they want it</think>\nIt runs.", "It runs.", "hm, so they want it"),
    ("<think>a</think>It <think>b</think>runs.", "It runs.", "a\nb"),
    ("<think>the tag <think> is mine</think>It runs.", "It runs.", "the tag\nis mine"),
    ("<think>no end", "", "no end"),
    ("It runs.<think>no end", "It runs.", "no end"),
    ("<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>It runs.<|return|>",
     "It runs.", "hm"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "answer", "thought"), MARKED)
def test_what_is_marked_is_parted(written: str, answer: str, thought: str) -> None:
    assert parted(written) == (answer, thought)


@pytest.mark.parametrize(
    "text",
    ["It runs.", " spaces stay \n", "`<think>` begins a thought and `</think>` ends it.", "", "a < b > c"],
)
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert parted(text) == (text, "")


@given(st.text(max_size=30), st.integers(1, 9))
def test_it_does_not_matter_in_which_pieces_it_comes(thought: str, size: int) -> None:
    whole = f"<think>{thought}</think>The answer."
    chunks = [{"choices": [{"delta": {"content": whole[i : i + size]}}]} for i in range(0, len(whole), size)]
    assert assemble(chunks).text == parted(whole)[0] == "The answer."


@pytest.mark.parametrize(
    "message",
    [
        {"content": "It runs.", "reasoning_content": "hm"},
        {"content": "It runs.", "reasoning": "hm"},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                     {"type": "text", "text": "It runs."}]},
    ],
)  # fmt: skip
def test_fields_and_parts_of_thoughts(message: dict[str, object]) -> None:
    reply = assemble([{"choices": [{"message": message, "finish_reason": "stop"}]}])
    assert (reply.text, reply.thinking, reply.finish) == ("It runs.", "hm", "stop")
