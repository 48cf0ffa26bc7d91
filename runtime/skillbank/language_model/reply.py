"""One answer of a language model, put together from the deltas of a stream of chat completions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from skillbank.language_model.lenient import count, mapping, mappings, text_of
from skillbank.language_model.thinking import parted

__all__ = ["CARRIED", "WHOLE", "Reply", "ToolCall", "Usage", "assemble"]

WHOLE = frozenset({"stop", "tool_calls"})
"""How answers end that are whole."""
_ENDS = {
    **dict.fromkeys(("function_call", "tool_use"), "tool_calls"),
    **dict.fromkeys(("end_turn", "eos", "eos_token", "stop_sequence", "complete"), "stop"),
    **dict.fromkeys(("max_tokens", "model_length", "max_output_tokens", "max_new_tokens"), "length"),
    **dict.fromkeys(("safety", "recitation", "prohibited_content", "blocklist"), "content_filter"),
}
"""What compatible endpoints call the ends that the protocol has a word for."""
_BROKEN = frozenset({"error", "abort", "aborted", "cancelled"})
"""What they say of an answer that broke off."""

CARRIED = ("reasoning_content", "reasoning", "reasoning_details")
"""Fields of a message that some endpoints demand back as they gave them."""


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
    """A call as the model wrote it: ``arguments`` is text that should be JSON and may not be.

    ``extra`` is what the endpoint wants to see again with the call, e.g. a signature.
    """

    id: str
    name: str
    arguments: str
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """What the model answered; ``finish`` is None when the stream ended before the answer did.

    ``finish`` is one of `WHOLE`, ``length``, ``content_filter``, or an end of which nobody knows whether the
    answer is whole.

    Attributes
    ----------
    text
        What is for the person, without thoughts.
    thinking
        What the model thought aloud; nobody is shown it as the answer.
    carried
        What the endpoint wants to see again with this answer, by the name it has there.
    unmade
        Which call the text seems to hold, and why it was not taken for one.
    """

    text: str = ""
    refusal: str = ""
    calls: tuple[ToolCall, ...] = ()
    finish: str | None = None
    usage: Usage | None = None
    thinking: str = ""
    carried: Mapping[str, object] = field(default_factory=dict)
    unmade: str = ""

    @property
    def empty(self) -> bool:
        """Whether it holds nothing at all."""
        return not (self.text.strip() or self.refusal or self.calls)


def assemble(chunks: Iterable[Mapping[str, object]]) -> Reply:
    """Put an answer together, whatever the pieces it comes in.

    Parameters
    ----------
    chunks
        Documents of type ``chat.completion.chunk``, or one ``chat.completion``. Compatible endpoints differ
        in the details: indexes of calls may be missing or all 0, ids and names may be repeated, a content may
        be a list of parts. What does not have the protocol's shape is passed over.
    """
    said = _Said()
    finish: str | None = None
    usage: Usage | None = None
    calls = _Calls()
    for chunk in chunks:
        usage = _usage(mapping(chunk.get("usage"))) or usage
        for choice in mappings(chunk.get("choices")):
            if choice.get("index"):
                continue  # only one answer was asked for
            finish = _end(text_of(choice.get("finish_reason"))) or finish
            delta = mapping(choice.get("delta")) or mapping(choice.get("message"))
            said.add(delta)
            for part in mappings(delta.get("tool_calls")):
                calls.add(part)
            if legacy := mapping(delta.get("function_call")):
                calls.add({"index": 0, "function": legacy})
    text, thought = parted("".join(said.text))
    thinking = "\n".join(filter(None, ("".join(said.thinking), thought)))
    return Reply(text, "".join(said.refusal), calls.done(), finish, usage, thinking, said.carried())


class _Said:
    """The words of one answer, by what they are."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.refusal: list[str] = []
        self.thinking: list[str] = []
        self._fields: dict[str, list[object]] = {}

    def add(self, delta: Mapping[str, object]) -> None:
        self.text.append(text_of(delta.get("content")))
        self.refusal.append(text_of(delta.get("refusal")))
        for part in mappings(delta.get("content")):
            thought = part.get("thinking")
            inner = [text_of(each.get("text")) for each in mappings(thought)]
            self.thinking += [text_of(thought), *inner]
            self.text.append(text_of(part.get("text")))
        for name in CARRIED:
            value = delta.get(name)
            if isinstance(value, str | list):
                self._fields.setdefault(name, []).append(value)
        spoken = (text_of(delta.get(name)) for name in CARRIED)
        self.thinking.append(next(filter(None, spoken), ""))

    def carried(self) -> dict[str, object]:
        """Return the fields as they came, texts and lists each put together."""
        made: dict[str, object] = {}
        for name, pieces in self._fields.items():
            texts = [piece for piece in pieces if isinstance(piece, str)]
            items = [item for piece in pieces if isinstance(piece, list) for item in piece]
            made[name] = items or "".join(texts)
        return made


@dataclass
class _Slot:
    index: int
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)
    extra: dict[str, object] = field(default_factory=dict)


class _Calls:
    """The calls of one answer; their deltas may come interleaved."""

    def __init__(self) -> None:
        self._slots: list[_Slot] = []

    def add(self, part: Mapping[str, object]) -> None:
        function, index = mapping(part.get("function")), part.get("index")
        call_id, name = text_of(part.get("id")), text_of(function.get("name"))
        slot = self._slot(index if isinstance(index, int) else None, call_id)
        slot.id = slot.id or call_id
        slot.name += name if name != slot.name else ""
        arguments = function.get("arguments")
        slot.extra |= _mapping_of(part, "extra_content")
        slot.arguments.append(json.dumps(arguments) if isinstance(arguments, Mapping) else text_of(arguments))

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
        return tuple(ToolCall(s.id, s.name, "".join(s.arguments), s.extra) for s in ordered)


def _end(said: str) -> str:
    """Return how an answer ended, in the protocol's words; nothing where it broke off."""
    known = said.lower()
    return "" if known in _BROKEN else _ENDS.get(known, known)


def _usage(counted: Mapping[str, object]) -> Usage | None:
    if not counted:
        return None
    prompt, completion = count(counted.get("prompt_tokens")), count(counted.get("completion_tokens"))
    details = mapping(counted.get("prompt_tokens_details"))
    return Usage(prompt, completion, count(details.get("cached_tokens")))


def _mapping_of(part: Mapping[str, object], name: str) -> dict[str, object]:
    return {name: part[name]} if isinstance(part.get(name), Mapping) else {}
