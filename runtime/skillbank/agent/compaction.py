"""A long conversation in short: what is old is sent as what matters of it, the same way each time.

The newest answers of tools stay whole. Older ones keep ids, states, sentences, questions and errors, and the
ends of long lists of lines; the model can call the tool again for the rest. What a person said is never cut,
and the transcript itself keeps everything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from skillbank.language_model.messages import Message, ModelMessage
from skillbank.visible import json_text

__all__ = ["SHORTENED", "compacted"]

SHORTENED = "shortened"
"""The key that says of an answer that it is not whole."""

_WHOLE = 12_000
"""Characters of answers that stay whole, counted from the newest back."""
_LATEST = 40_000
"""Characters that the answers to the last calls may have together."""
_THOUGHTS = 8_000
"""Characters of thoughts that stay whole, counted from the newest back."""
_OLD = 8_000
"""Characters of old answers in short; those beyond it are the oldest, and shorter still."""
_ANSWER, _OLDEST, _ARGUMENTS, _SAID, _THOUGHT = 320, 160, 240, 320, 120
_TEXT = 160
_IDS = (
    "error", "job", "state", "plan_id", "plans", "sentence", "questions", "code", "message", "set",
    "metrics", "count",
)  # fmt: skip
"""What is kept before anything else."""
_OPTIONAL = frozenset({"output"})
"""What an endpoint can do without in older steps: items of the Responses API."""
_LAST_ONES = frozenset({"lines", "log", "logs"})
"""Lists of which the end matters."""


def compacted(messages: Sequence[Message]) -> list[Message]:
    """Return the messages as they are sent: old ones in short, the newest whole."""
    last = max((i for i, m in enumerate(messages) if m["role"] != "tool"), default=0)
    newest = list(map(_size, messages[last + 1 :]))
    share = _LATEST // max(1, len(newest)) if sum(newest) > _LATEST else _LATEST
    room, old, thoughts = _WHOLE, _OLD, _THOUGHTS
    turn = max((i for i, m in enumerate(messages) if m["role"] == "user"), default=0)
    made: list[Message] = []
    for place in range(len(messages) - 1, -1, -1):
        message = messages[place].copy()
        if message["role"] == "tool":
            size = len(message["content"])
            room -= size
            if place > last:
                message["content"] = _answer(message["content"], share)
            elif room < 0:
                message["content"] = _answer(message["content"], _ANSWER if old > 0 else _OLDEST)
                old -= len(message["content"])
        elif message["role"] == "assistant":
            if carried := message.get("carried"):
                thoughts -= len(json_text(carried, compact=True))
                message["carried"] = _carried(carried, whole=thoughts >= 0, now=place > turn)
            if room < 0:
                message = _said(message)
        made.append(message)
    return made[::-1]


def _size(message: Message) -> int:
    return len(message["content"] or "")


def _said(message: ModelMessage) -> ModelMessage:
    """Return an old message of the model: its words and the arguments of its calls in short."""
    if isinstance(text := message.get("content"), str):
        message["content"] = _cut(text, _SAID)
    if calls := message.get("tool_calls"):
        message["tool_calls"] = [
            {
                **call,
                "function": {
                    **call["function"],
                    "arguments": _answer(call["function"]["arguments"], _ARGUMENTS),
                },
            }
            for call in calls
        ]
    return message


def _carried(carried: Mapping[str, object], *, whole: bool, now: bool) -> dict[str, object]:
    """Return what an endpoint wants back: old thoughts in short, sealed ones within their turn."""
    kept: dict[str, object] = {}
    for name, value in carried.items():
        if isinstance(value, str):
            kept[name] = value if whole else _cut(value, _THOUGHT)
        elif now and (whole or name not in _OPTIONAL):
            kept[name] = value
    return kept


def _answer(text: str, most: int) -> str:
    """Return a document in at most about so many characters."""
    if len(text) <= most:
        return text
    document = json.loads(text)
    wide, deep = 8, 3
    while True:
        short = _short(document, wide, max(40, min(_TEXT * 2, most // 4)), deep)
        made = json_text({**short, SHORTENED: "call again for the whole"}, compact=True)
        if len(made) <= most or (wide, deep) == (1, 1):
            return made if len(made) <= 2 * most else _ids(document, most)
        wide, deep = max(1, wide // 2), max(1, deep - 1) if wide <= 2 else deep


def _ids(document: Mapping[str, object], most: int) -> str:
    """Return the little that must be kept of a document with very many parts."""
    kept: dict[str, object] = {}
    for name in (*_IDS, *document):
        if name in document and name not in kept:
            value = _short(document[name], 1, 80, 2)
            if len(json_text({**kept, name: value}, compact=True)) > most:
                continue
            kept[name] = value
    return json_text({**kept, SHORTENED: "call again for the whole"}, compact=True)


def _short(value: object, wide: int, text: int, deep: int, name: str = "") -> Any:
    if isinstance(value, str):
        return value if name.endswith(("_id", "job", "state", "code")) else _cut(value, text)
    if isinstance(value, Mapping):
        if deep < 0:
            return f"{len(value)} values"
        names = sorted(value, key=lambda key: key not in _IDS and not str(key).endswith("_id"))[: 4 * wide]
        made = {key: _short(value[key], wide, text, deep - 1, str(key)) for key in names}
        return made if len(names) == len(value) else made | {"…": f"{len(value) - len(names)} more"}
    if isinstance(value, list):
        if deep < 0:
            return f"{len(value)} entries"
        kept = value[-wide:] if name in _LAST_ONES else value[:wide]
        made_list = [_short(each, wide, text, deep - 1, name) for each in kept]
        more = [f"… {len(value) - len(kept)} more"] if len(kept) < len(value) else []
        return [*more, *made_list] if name in _LAST_ONES else [*made_list, *more]
    return value


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
