"""Calls that a model wrote into its answer, where its endpoint has not recognised them.

A call between tags made for that is one wherever it stands. JSON, Python and fences can also be an example:
they are calls where they end the answer and name a tool. What a tool has answered before is a quotation, and
no call, whoever repeats it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from skillbank.language_model.call_forms import Call, calls_in, calls_in_json, calls_in_python
from skillbank.language_model.reply import ToolCall

__all__ = ["Written", "written_calls"]

_TAGGED = tuple(
    re.compile(pattern, re.DOTALL | re.IGNORECASE)
    for pattern in (
        r"<\|tool_call_begin\|>(?P<body>.*?)(?:<\|tool_call_end\|>|\Z)",
        r"<\uff5ctool\u2581call\u2581begin\uff5c>(?P<body>.*?)(?:<\uff5ctool\u2581call\u2581end\uff5c>|\Z)",
        r"\[TOOL_CALLS\](?P<body>.*?)(?=\[TOOL_CALLS\]|\Z)",
        r"<\|python_tag\|>(?P<body>.*?)(?:<\|eom_id\|>|<\|eot_id\|>|\Z)",
        r"<\|?(?:tool_call|functioncall|function_call|tool_use|tool_code)\|?>(?P<body>.*?)"
        r"(?:</(?:tool_call|functioncall|function_call|tool_use|tool_code)>|<\|?/?tool_call\|?>|\Z)",
        r"(?P<body><function=[\w.-]+>.*?(?:</function>|\Z))",
        r"(?P<body><invoke\s+name=[\"'][\w.-]+[\"']>.*?(?:</invoke>|\Z))",
    )
)
_WRAPPERS = re.compile(
    r"</?(?:tool_calls|function_calls|tools)>|<[|\uff5c]/?tool[\u2581_]calls(?:[\u2581_](?:section[\u2581_])?(?:begin|end))?[|\uff5c]>"
    r"|<\|tool_calls_section_(?:begin|end)\|>",
    re.IGNORECASE,
)
_AROUND = re.compile(r"<(?P<tag>tool_calls|function_calls|tools)>(?P<body>.*?)(?:</(?P=tag)>|\Z)", re.DOTALL)
_FENCE = re.compile(
    r"^[ \t]*```[ \t]*(?P<kind>[\w+-]*)[ \t]*\n(?P<body>.*?)^[ \t]*```[ \t]*$", re.DOTALL | re.MULTILINE
)
_ACTION = re.compile(
    r"^[ \t]*Action:[ \t]*(?P<name>[\w.-]+)[ \t]*\n[ \t]*Action Input:[ \t]*(?P<given>\{.*)",
    re.DOTALL | re.MULTILINE,
)
_LINE_START = re.compile(r"^[ \t]*(?=[\[{\w])", re.MULTILINE)
_MOST_STARTS = 60
_LONGEST = 60_000


@dataclass(frozen=True)
class Written:
    """What an answer holds: its calls, the words beside them, and why a call in it is none (``unmade``)."""

    calls: tuple[ToolCall, ...] = ()
    text: str = ""
    unmade: str = ""


def written_calls(text: str, tools: Mapping[str, Sequence[str]], heard: Iterable[str]) -> Written:
    """Recognise the calls in an answer.

    Parameters
    ----------
    tools
        The names of the tools, each with those of its arguments.
    heard
        What tools have answered before, as JSON texts.
    """
    if not text.strip():
        return Written((), text)
    if len(text) > _LONGEST:
        return Written((), text, _unmade(text, tools, "is too long to be read for one"))
    place, found = _tagged(text, tools)
    if not found:
        place, found = _at_the_end(text, tools)
    if not found:
        return Written((), text, _unmade(text, tools, "does not end with it in a form that is known"))
    known = "\n".join(heard)
    quoted = next((call for call in found if _is_quotation(call.source, known)), None)
    if quoted is not None:
        return Written((), text, f"a call of {quoted.name} that repeats what a tool has answered")
    calls = tuple(ToolCall("", call.name, call.arguments) for call in found)
    return Written(calls, _WRAPPERS.sub("", text[:place]).strip())


def _tagged(text: str, tools: Mapping[str, Sequence[str]]) -> tuple[int, list[Call]]:
    bare = _WRAPPERS.sub(lambda tag: " " * len(tag[0]), text)
    for pattern in _TAGGED:
        spans = list(pattern.finditer(bare))
        if spans and (found := [call for span in spans for call in calls_in(span["body"], tools)]):
            return spans[0].start(), found
    if (around := _AROUND.search(text)) and (found := calls_in(around["body"], tools)):
        return around.start(), found
    return 0, []


def _at_the_end(text: str, tools: Mapping[str, Sequence[str]]) -> tuple[int, list[Call]]:
    """Return the calls that an answer ends with, and where they begin."""
    whole = text.rstrip()
    fences = list(_FENCE.finditer(whole))
    if fences and fences[-1].end() == len(whole):
        first, found = len(whole), list[Call]()
        for fence in reversed(fences):  # several blocks with nothing but space between them are several calls
            inner = _of_block(fence["body"], tools)
            if not inner or whole[fence.end() : first].strip():
                break
            first, found = fence.start(), [*inner, *found]
        return first, found
    if action := _ACTION.search(whole):
        given = json.dumps(action["name"]), action["given"]
        if found := calls_in_json(f'{{"name": {given[0]}, "arguments": {given[1]}}}', tools):
            return action.start(), found
    for start in list(_LINE_START.finditer(whole))[:_MOST_STARTS]:
        if found := _of_block(whole[start.end() :], tools):
            return start.start(), found
    return 0, []


def _of_block(body: str, tools: Mapping[str, Sequence[str]]) -> list[Call]:
    return calls_in_json(body, tools) or calls_in_python(body, tools)


def _is_quotation(source: str, heard: str) -> bool:
    """Say whether a call's words stand in what was heard, whatever the spaces and the escapes of JSON."""
    words = _bare(source)
    return any(words in _bare(text) for text in _texts(heard))


def _texts(heard: str) -> Iterator[str]:
    yield heard
    for line in heard.splitlines():
        try:
            waiting: list[object] = [json.loads(line)]
        except (ValueError, RecursionError):
            continue
        joined: list[str] = []
        while waiting:
            value = waiting.pop(0)
            if isinstance(value, str):
                joined.append(value)
            elif isinstance(value, Mapping):
                waiting[:0] = list(value.values())
            elif isinstance(value, list):
                waiting[:0] = value
        yield "\n".join(joined)


def _bare(text: str) -> str:
    return re.sub(r"[\s\\]+", "", text)


def _unmade(text: str, tools: Mapping[str, Sequence[str]], why: str) -> str:
    """Say which call an answer seems to hold all the same; empty when it seems to hold none."""
    for name in tools:
        shapes = (
            rf"[\"']{re.escape(name)}[\"']\s*,\s*[\"'](?:arguments|parameters|args|input|tool_input)[\"']\s*:",
            rf"^[ \t>*`-]*(?:print\()?(?:[\w]+\.)?{re.escape(name)}\(\s*\w+\s*=",
            rf"<(?:tool_call|function_call|invoke|function)\b[^>]*>?[\s\S]{{0,80}}\b{re.escape(name)}\b",
            rf"\[TOOL_CALLS\][\s\S]{{0,80}}\b{re.escape(name)}\b",
        )
        if any(re.search(shape, text, re.MULTILINE) for shape in shapes):
            return f"a call of {name} written as text, and {why}"
    return ""
