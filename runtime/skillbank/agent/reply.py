"""One answer of a language model, put together from the deltas of a stream."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Reply", "ToolCall", "Usage", "assemble"]


@dataclass(frozen=True)
class Usage:
    """Tokens, of one answer or of many.

    ``cached`` is the part of ``prompt`` that the endpoint had kept; ``estimated`` says that the endpoint did
    not count some of it.
    """

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    estimated: bool = False

    @property
    def total(self) -> int:
        """Prompt and completion together."""
        return self.prompt + self.completion

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt + other.prompt,
            self.completion + other.completion,
            self.cached + other.cached,
            self.estimated or other.estimated,
        )


@dataclass(frozen=True)
class ToolCall:
    """A call as the model wrote it: ``arguments`` is text that should be JSON and may not be."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Reply:
    """What the model answered; ``finish`` is None when the stream ended before the answer did."""

    text: str = ""
    refusal: str = ""
    calls: tuple[ToolCall, ...] = ()
    finish: str | None = None
    usage: Usage | None = None

    @property
    def empty(self) -> bool:
        """Whether it holds nothing at all."""
        return not (self.text.strip() or self.refusal or self.calls)


def assemble(chunks: Iterable[Mapping[str, Any]], on_text: Callable[[str], None] | None = None) -> Reply:
    """Put an answer together, whatever the pieces it comes in.

    Parameters
    ----------
    chunks
        Documents of type ``chat.completion.chunk``, or one ``chat.completion``. Compatible endpoints differ
        in the details: indexes of calls may be missing or all 0, ids and names may be repeated. What does
        not have the protocol's shape is passed over.
    on_text
        Told each piece of text, and of a refusal, as it comes.
    """
    said: dict[str, list[str]] = {"content": [], "refusal": []}
    finish: str | None = None
    usage: Usage | None = None
    calls = _Calls()
    for chunk in chunks:
        usage = _usage(_mapping(chunk.get("usage"))) or usage
        for choice in _mappings(chunk.get("choices")):
            if choice.get("index"):
                continue  # only one answer was asked for
            finish = _text(choice.get("finish_reason")) or finish
            delta = _mapping(choice.get("delta")) or _mapping(choice.get("message"))
            for kind, pieces in said.items():
                if piece := _text(delta.get(kind)):
                    pieces.append(piece)
                    if on_text is not None:
                        on_text(piece)
            for part in _mappings(delta.get("tool_calls")):
                calls.add(part)
    return Reply("".join(said["content"]), "".join(said["refusal"]), calls.done(), finish, usage)


@dataclass
class _Slot:
    index: int
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class _Calls:
    """The calls of one answer; their deltas may come interleaved."""

    def __init__(self) -> None:
        self._slots: list[_Slot] = []

    def add(self, part: Mapping[str, Any]) -> None:
        function, index = _mapping(part.get("function")), part.get("index")
        call_id, name = _text(part.get("id")), _text(function.get("name"))
        slot = self._slot(index if isinstance(index, int) else None, call_id)
        slot.id = slot.id or call_id
        slot.name += name if name != slot.name else ""
        arguments = function.get("arguments")
        slot.arguments.append(json.dumps(arguments) if isinstance(arguments, Mapping) else _text(arguments))

    def _slot(self, index: int | None, call_id: str) -> _Slot:
        """Find the call that a delta belongs to: by its index, unless the id says that it is another one."""
        near = [s for s in self._slots if s.index == index] if index is not None else self._slots
        if near and (not call_id or near[-1].id in ("", call_id)):
            return near[-1]
        for slot in near:
            if call_id and slot.id == call_id:
                return slot
        self._slots.append(_Slot(len(self._slots) if index is None else index))
        return self._slots[-1]

    def done(self) -> tuple[ToolCall, ...]:
        ordered = sorted(self._slots, key=lambda slot: slot.index)
        return tuple(ToolCall(slot.id, slot.name, "".join(slot.arguments)) for slot in ordered)


def _usage(counted: Mapping[str, Any]) -> Usage | None:
    if not counted:
        return None
    prompt, completion = _count(counted.get("prompt_tokens")), _count(counted.get("completion_tokens"))
    details = _mapping(counted.get("prompt_tokens_details"))
    return Usage(prompt, completion, _count(details.get("cached_tokens")))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: object) -> list[Mapping[str, Any]]:
    return [v for v in value if isinstance(v, Mapping)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0
