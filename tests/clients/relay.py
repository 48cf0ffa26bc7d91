"""Programs on a client's library: calls go in, and what the program sees of the answers comes out."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.clients.conversation import TOOLS, Answers, Call, Conversation, Step

__all__ = ["DRIVERS", "here", "python", "relay"]

DRIVERS = Path(__file__).parent / "drivers"
_SECONDS = 300


def relay(
    command: list[str],
    told: Mapping[str, Any],
    conversation: Conversation,
    shown: list[Step],
    answers: Answers | None = None,
) -> None:
    """Start a program and hold a conversation with it.

    Parameters
    ----------
    told
        The program's argument.
    answers
        What the user says to questions, for a program that can ask.
    """
    settings = {**told, "asks": answers is not None}
    with subprocess.Popen(
        [*command, json.dumps(settings)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            said = _heard(process, answers)
            assert set(said["tools"]) >= TOOLS, said
            shown.append("tools")
            call: Call | None = next(conversation)
            while call is not None:
                _tell(process, {"tool": call.tool, "arguments": dict(call.arguments)})
                call = _after(conversation, _heard(process, answers)["result"])
            _tell(process, None)
            assert process.wait(timeout=_SECONDS) == 0, _said(process)
        finally:
            process.kill()


def _after(conversation: Conversation, result: object) -> Call | None:
    try:
        return conversation.send(result)
    except StopIteration:
        return None


def _tell(process: subprocess.Popen[str], document: object) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(document) + "\n")
    process.stdin.flush()


def _heard(process: subprocess.Popen[str], answers: Answers | None) -> dict[str, Any]:
    """Return what the program says next, after the answers to its questions."""
    assert process.stdout is not None
    while line := process.stdout.readline():
        document: dict[str, Any] = json.loads(line)
        if "question" not in document:
            return document
        assert answers is not None, document
        _tell(process, answers.to(document["question"]))
    raise AssertionError(f"the client ended: {_said(process)}")


def _said(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    return process.stderr.read()[-3000:]


def python(executable: str, name: str) -> list[str]:
    """Return the command of one of our Python programs."""
    return [executable, str(DRIVERS / f"{name}.py")]


def here(name: str) -> list[str]:
    """Return the command of one of our Python programs in the environment of the tests."""
    return python(sys.executable, name)
