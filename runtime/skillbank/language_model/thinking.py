"""What a model thought aloud, told apart from what it answered."""

from __future__ import annotations

import json
import re

__all__ = ["parted"]

_NAMES = r"(?:[\w.-]+:)?(?:think(?:ing)?|thoughts?|reasoning|reflection)"
_OPENS = (rf"<{_NAMES}(?:\s[^<>]*)?>", r"\[THINK\]", "◁think▷", r"<\|(?:begin_of_thought|START_THINKING)\|>")
_CLOSES = (rf"</{_NAMES}\s*>", r"\[/THINK\]", "◁/think▷", r"<\|(?:end_of_thought|END_THINKING)\|>")
_TAG = re.compile(f"(?P<open>{'|'.join(_OPENS)})|(?P<close>{'|'.join(_CLOSES)})", re.IGNORECASE)
_QUOTES = ("``", '""', "''")
_CHANNEL = re.compile(
    r"<\|channel\|>(?P<head>[^<]*)(?:<\|constrain\|>[^<]*)?<\|message\|>(?P<said>.*?)"
    r"(?=<\|(?:end|call|return|start|channel)\|>|\Z)",
    re.DOTALL,
)
_ROUTED = re.compile(r"to=(?:functions\.)?(?P<name>[\w.-]+)")


def parted(text: str) -> tuple[str, str]:
    """Part what a model wrote into its answer and its thoughts.

    An end without a beginning makes everything before it a thought: some templates write the beginning
    themselves. A beginning without an end makes a thought of all that follows.
    """
    if "<|channel|>" in text:
        return _by_channel(text)
    answer: list[str] = []
    thoughts: list[str] = []
    thinking, place = False, 0
    for tag in _TAG.finditer(text):
        if text[tag.start() - 1 : tag.start()] + text[tag.end() : tag.end() + 1] in _QUOTES:
            continue  # it is spoken of, not used
        piece, place = text[place : tag.start()], tag.end()
        (thoughts if thinking else answer).append(piece)
        if tag["close"] and not thinking:
            thoughts += answer
            answer.clear()
        thinking = bool(tag["open"])
    (thoughts if thinking else answer).append(text[place:])
    if not place:
        return text, ""
    return "".join(answer).strip(), "\n".join(filter(None, map(str.strip, thoughts)))


def _by_channel(text: str) -> tuple[str, str]:
    """Part the raw form of models that write in channels; a call in it is written as one."""
    answer: list[str] = []
    thoughts: list[str] = []
    for part in _CHANNEL.finditer(text):
        head, said = part["head"], part["said"].strip()
        if routed := _ROUTED.search(head):
            answer.append(
                f'<tool_call>{{"name": {json.dumps(routed["name"])}, "arguments": {said}}}</tool_call>'
            )
        else:
            (thoughts if head.strip().startswith("analysis") else answer).append(said)
    return "\n".join(answer), "\n".join(thoughts)
