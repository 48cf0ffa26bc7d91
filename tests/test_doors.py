"""No door says a mark of a way out, whatever an error offers and however it travels."""

from __future__ import annotations

import copy
import json
import logging
import os
import pickle
import re
import traceback
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

import skillbank.errors
from skillbank.agent import failures
from skillbank.agent.approval import Approval, NeedsApprovalError
from skillbank.agent.mcp_server.rendering import rendered
from skillbank.agent.toolbox import Answer
from skillbank.errors import SkillbankError
from skillbank.team_server.logs import log_lines
from skillbank.team_server.rest import needs_approval
from skillbank.visible import drawn, json_text
from skillbank.ways import Voice, Way, command, option, speak, spoken
from skillbank.web.answers import explain, speak_as

MARK = re.compile(r"[\ue000-\ue002]|\\+u[eE]00[012]")
"""A mark, also as it is written out where it belongs to no way."""
PLAIN = st.text("ab '\"{}-=", max_size=12)
SAID = st.lists(
    PLAIN
    | st.builds(option, st.sampled_from(["set", "data", "parent"]), PLAIN)
    | st.builds(command, st.sampled_from(["logs", "plan", "trust", "label"]), PLAIN, st.just("--watch")),
    max_size=5,
)
ERRORS = [
    each
    for each in vars(skillbank.errors).values()
    if isinstance(each, type) and issubclass(each, SkillbankError)
]


@pytest.fixture(scope="module")
def lines() -> Iterator[logging.Formatter]:
    """The formatter of a team server's log."""
    root, own = logging.getLogger(), logging.getLogger("skillbank.team_server.logs")
    before, levels = root.handlers[:], (root.level, own.level)
    log_lines()
    made = root.handlers[0].formatter
    root.handlers[:] = before
    root.setLevel(levels[0])
    own.setLevel(levels[1])
    assert made is not None
    yield made


@pytest.fixture(autouse=True)
def kept() -> Iterator[None]:
    """Leave the voice and the environment of this process as they were."""
    before = spoken()
    yield
    speak(before)
    os.environ.pop("OF_A_PASSWORD", None)


def at_the_doors(error: SkillbankError, lines: logging.Formatter) -> Iterator[object]:
    """Yield an error as every door says it, and as programs, logs and other processes get it."""
    request = Request({"type": "http", "headers": [], "state": {}})
    asking = NeedsApprovalError(error.sentence, Approval("plan:1", "Run?"))
    for voice in (Voice.COMMAND_LINE, Voice.TOOLS):
        speak_as(request, voice)
        yield bytes(explain(request, error).body).decode()
        yield bytes(needs_approval(request, asking).body).decode()
    for each in (error, asking):
        answer = Answer("plan", error=failures.explain(each))
        yield from (json.dumps(answer.document()), rendered(answer).model_dump_json())
    yield from (drawn(error.sentence), json_text({"message": error.sentence}), error.sentence[3:9])
    record = logging.LogRecord("x", logging.ERROR, "x", 1, "%s", (error,), (type(error), error, None))
    yield from (lines.format(record), logging.Formatter().format(record))
    again = pickle.loads(pickle.dumps(error))
    yield from (repr(again), again.args, f"{again} {again.sentence}", str(copy.deepcopy(error)))
    yield from traceback.format_exception(error)


@given(
    SAID, st.sampled_from(ERRORS), st.sampled_from(Voice), st.sampled_from(["skillbank", "parent", "other"])
)
def test_no_door_says_a_mark(
    lines: logging.Formatter, parts: list[str | Way], kind: type[SkillbankError], voice: Voice, secret: str
) -> None:
    os.environ["OF_A_PASSWORD"] = secret
    speak(voice)
    error = kind("".join(f"{part}" for part in parts))
    assert [each for each in at_the_doors(error, lines) if MARK.search(str(each))] == []
