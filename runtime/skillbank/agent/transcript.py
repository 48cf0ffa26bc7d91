"""What was said in a conversation, on the disk before it has consequences.

A transcript is a file of JSON lines, ``chats/ID.jsonl`` in the home, readable by its owner alone. Each line
is on the disk when `Transcript.add` returns: what the model asked for is written before a tool runs, the
answer after it, so that a conversation that was killed in between goes on with the calls that have no answer.
No secret gets into it, and none to the model either: what is kept is what is sent.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Required, TypedDict

from pydantic import BaseModel, Field, Json

from skillbank.agent.compaction import compacted
from skillbank.errors import NotFoundError, StateError, did_you_mean
from skillbank.home import home
from skillbank.language_model.messages import MadeCall, Message, ModelMessage
from skillbank.language_model.reply import Reply, ToolCall, Usage
from skillbank.redact import redact, secret_values
from skillbank.visible import json_text, visible_values, with_texts
from skillbank.ways import command
from skillbank.whole_files import to_disk

__all__ = ["Transcript"]


class Line(TypedDict, total=False):
    """A line of the file, by its kind: the head, a message, or what was used of the model."""

    kind: Required[str]
    model: str | None
    banks: list[str]
    message: Message
    prompt: int
    completion: int
    cached: int
    estimated: bool


class Transcript:
    """One conversation; only one process at a time has it open.

    Lines are of a ``kind``: ``chat`` (the head), ``message``, ``usage`` and ``approval``.
    """

    def __init__(self, path: Path, *, new: bool) -> None:
        self.path = path
        self.head: Line = {"kind": "chat"}
        self.usage = Usage()
        self._messages: list[Message] = []
        self._secrets = tuple({form for value in secret_values() for form in _forms(value)})
        path.parent.mkdir(mode=0o700, exist_ok=True)
        flags = os.O_RDWR | os.O_APPEND | (os.O_CREAT | os.O_EXCL if new else 0)
        self._file = os.open(path, flags, 0o600)
        try:
            self._lock()
            self._read()
            if not (new or self._messages):
                raise StateError(f"The conversation {self.id} ended before it began; start a new one.")
        except BaseException:
            self.close()
            raise

    @classmethod
    def start(cls, system: str, **head: object) -> Transcript:
        """Begin a conversation; ``head`` is kept with it."""
        now = datetime.now(UTC)
        chat_id = f"chat-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        made = cls(_folder() / f"{chat_id}.jsonl", new=True)
        to_disk(made.path.parent)  # its name
        made._write({"kind": "chat", "id": chat_id, **head})
        made.add({"role": "system", "content": system})
        return made

    @classmethod
    def resume(cls, chat: str) -> Transcript:
        """Open a conversation again, by its id, a unique beginning or end of it, or ``last``.

        Raises
        ------
        NotFoundError
            When there is none, or more than one.
        StateError
            When another process has it open, or the file is damaged.
        """
        found = sorted(_folder().glob("chat-*.jsonl"), key=lambda path: path.stat().st_mtime_ns)
        if chat == "last":
            if not found:
                raise NotFoundError(
                    f"There is no conversation yet; start one with {command('chat', 'TEXT')}."
                )
            return cls(found[-1], new=False)
        named = [p for p in found if p.stem == chat] or [
            p for p in found if chat and (p.stem.startswith(chat) or p.stem.endswith(chat))
        ]
        if len(named) == 1:
            return cls(named[0], new=False)
        if named:
            raise NotFoundError(f"'{chat}' could be {len(named)} conversations; give more of the id.")
        near = did_you_mean(chat, [p.stem for p in found])
        raise NotFoundError(f"There is no conversation '{chat}'{near}; they are kept in {_folder()}.")

    @property
    def id(self) -> str:
        """The conversation's id."""
        return self.path.stem

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Transcript:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, message: Message) -> None:
        """Add a message, as the protocol has it."""
        self._write({"kind": "message", "message": message})

    def add_reply(self, reply: Reply) -> tuple[ToolCall, ...]:
        """Add what the model answered; return its calls, each with an id that no other call here has."""
        calls = tuple(self._named(reply.calls))
        message: ModelMessage = {"role": "assistant", "content": reply.text or reply.refusal or None}
        if calls:
            message["tool_calls"] = [_made(call) for call in calls]
        if reply.carried:
            message["carried"] = dict(reply.carried)
        if usage := reply.usage:
            counted = {"prompt": usage.prompt, "completion": usage.completion, "cached": usage.cached}
            self._write({"kind": "usage", **counted, "estimated": usage.estimated})
        self.add(message)
        return self.pending

    def add_answer(self, call_id: str, document: Mapping[str, object]) -> None:
        """Add what a tool answered."""
        text = json_text(visible_values(document), compact=True)
        self.add({"role": "tool", "tool_call_id": call_id, "content": text})

    def note(self, kind: str, **fields: object) -> None:
        """Keep something that is no message."""
        self._write({"kind": kind, **fields})

    @property
    def pending(self) -> tuple[ToolCall, ...]:
        """The calls that have no answer yet, in their order."""
        answered = {m["tool_call_id"] for m in self._messages if m["role"] == "tool"}
        asked = [call for m in self._messages for call in _calls(m)]
        return tuple(call for call in asked if call.id not in answered)

    @property
    def said(self) -> list[str]:
        """What the person said, in its order."""
        return [str(m["content"]) for m in self._messages if m["role"] == "user"]

    @property
    def started(self) -> set[str]:
        """The plans that were launched."""
        launches = (answer for call, answer in self.answers() if call.name == "launch")
        return {str(answer["plan_id"]) for answer in launches if "job" in answer}

    @property
    def waits_for_person(self) -> bool:
        """Whether it is a person's turn to say something."""
        last = self._messages[-1]
        return last["role"] == "system" or (last["role"] == "assistant" and not self.pending)

    def answers(self) -> list[tuple[ToolCall, dict[str, Any]]]:
        """Return every call that was answered, with the answer's document."""
        by_id = {m["tool_call_id"]: m["content"] for m in self._messages if m["role"] == "tool"}
        asked = [call for m in self._messages for call in _calls(m)]
        return [(call, json.loads(by_id[call.id])) for call in asked if call.id in by_id]

    def messages(self) -> list[Message]:
        """Return the conversation as it is sent: answers in the order of the calls, old ones in short.

        ``carried`` in an answer of the model is what the endpoint may want back. Names and arguments that are
        not well-formed would make some endpoints refuse all that follows, so they are sent in a form that
        every endpoint takes.
        """
        answers = {m["tool_call_id"]: m for m in self._messages if m["role"] == "tool"}
        sent: list[Message] = []
        for message in self._messages:
            if message["role"] == "tool":
                continue
            if message["role"] != "assistant" or not (calls := message.get("tool_calls")):
                sent.append(message)
                continue
            sent.append({**message, "tool_calls": [_well_formed(call) for call in calls]})
            sent += [answers[call["id"]] for call in calls if call["id"] in answers]
        return compacted(sent)

    def _named(self, calls: Sequence[ToolCall]) -> list[ToolCall]:
        """Give ids to calls that have none, or one that the conversation has had."""
        taken = {call.id for m in self._messages for call in _calls(m)}
        named = []
        for call in calls:
            call_id = call.id
            if not call_id or call_id in taken:
                call_id = f"call_{len(taken) + 1}_{secrets.token_hex(4)}"
            taken.add(call_id)
            named.append(replace(call, id=call_id))
        return named

    def _write(self, line: Mapping[str, object]) -> None:
        kept = self._redacted({"kind": line["kind"], "at": datetime.now(UTC).isoformat(), **line})
        data = json_text(kept).encode() + b"\n"
        if os.write(self._file, data) != len(data):
            raise OSError(f"{self.path}: the disk is full")
        os.fsync(self._file)
        self._take(json.loads(data))

    def _take(self, line: Line) -> None:
        if line["kind"] == "chat":
            self.head = line
        elif line["kind"] == "message":
            self._messages.append(line["message"])
        elif line["kind"] == "usage":
            self.usage += Usage(line["prompt"], line["completion"], line["cached"], line["estimated"])

    def _read(self) -> None:
        """Read what is there; half a line at the end is what a kill leaves, and is cut off."""
        data = b"".join(iter(lambda: os.read(self._file, 1 << 20), b""))
        whole, number = data.rfind(b"\n") + 1, 0
        try:
            for text in data[:whole].split(b"\n")[:-1]:
                number += 1
                line = json.loads(text)
                if line["kind"] in _SHAPES:
                    _SHAPES[line["kind"]].model_validate(line)
                self._take(line)
        except (ValueError, KeyError, TypeError, RecursionError):
            raise StateError(f"{self.path} is damaged in line {number}; start a new conversation.") from None
        if whole < len(data):
            os.ftruncate(self._file, whole)

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StateError(
                f"The conversation {self.id} is going on in another process; wait for its end, or end it."
            ) from None

    def _redacted(self, value: object) -> object:
        return with_texts(value, lambda text: redact(_encodable(text), self._secrets))


class _Function(BaseModel):
    name: str
    arguments: str


class _Call(BaseModel):
    id: str
    function: _Function


class _Said(BaseModel):
    role: Literal["system", "user", "assistant"]
    content: str | None
    tool_calls: list[_Call] = []
    carried: dict[str, object] = {}


class _Answered(BaseModel):
    role: Literal["tool"]
    tool_call_id: str
    content: Json[dict[str, object]]


class _MessageLine(BaseModel):
    message: _Said | _Answered = Field(discriminator="role")


class _HeadLine(BaseModel):
    model: str | None = None
    banks: list[str] = []


_SHAPES: dict[str, type[BaseModel]] = {"chat": _HeadLine, "message": _MessageLine}
"""What is asked of lines that somebody may have edited."""


def _folder() -> Path:
    return home() / "chats"


def _encodable(text: str) -> str:
    """Return a text that can be sent: halves of a character are put together, or replaced."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _forms(secret: str) -> set[str]:
    """Return how a secret looks, also in a text that is JSON, and in JSON within JSON."""
    forms = {secret}
    for _ in range(2):
        forms |= {json.dumps(form, ensure_ascii=plain)[1:-1] for form in forms for plain in (True, False)}
    return forms


def _calls(message: Message) -> list[ToolCall]:
    called = message.get("tool_calls", ()) if message["role"] == "assistant" else ()
    return [ToolCall(c["id"], c["function"]["name"], c["function"]["arguments"]) for c in called]


def _made(call: ToolCall) -> MadeCall:
    made: MadeCall = {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments},
    }
    if "extra_content" in call.extra:
        made["extra_content"] = call.extra["extra_content"]
    return made


def _well_formed(call: MadeCall) -> MadeCall:
    name = re.sub(r"[^\w-]", "_", call["function"]["name"], flags=re.ASCII)[:64] or "unnamed"
    arguments = call["function"]["arguments"]
    try:
        good = isinstance(json.loads(arguments), dict)
    except (ValueError, RecursionError):
        good = False
    sent = arguments if good else json.dumps({"malformed": arguments})
    return {**call, "function": {"name": name, "arguments": sent}}
