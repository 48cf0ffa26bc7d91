"""The forms in which models write a call as text: JSON under many names, Python, and parameters in tags."""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Call", "Tools", "calls_in", "calls_in_json", "calls_in_python"]

Tools: TypeAlias = Mapping[str, Sequence[str]]
_NAMES = ("name", "tool", "tool_name", "function_name", "recipient_name", "function", "action")
_GIVEN = ("arguments", "parameters", "args", "input", "tool_input", "action_input", "params", "kwargs")
_AROUND = ("tool_calls", "tool_call", "function_call", "tool_uses", "calls", "function")
_PREFIX = re.compile(r"^(?:functions|default_api|tools|skillbank|mcp__skillbank_|api)[._]+")
_SEPARATOR = r"<\uff5ctool\u2581sep\uff5c>"
_NAMED = re.compile(
    rf"^\s*(?:function\s*{_SEPARATOR}\s*)?(?P<name>[A-Za-z_][\w.-]*)(?::\d+)?\s*"
    rf"(?:<\|tool_call_argument_begin\|>|{_SEPARATOR}|(?:\[CALL_ID\]\w*)?\[ARGS\]|\n|(?=\{{))\s*(?P<given>.*)$",
    re.DOTALL,
)
_IN_TAGS = re.compile(r"<(?:function=|invoke\s+name=[\"'])(?P<name>[\w.-]+)[\"']?>(?P<given>.*)", re.DOTALL)
_PARAMETERS = (
    re.compile(
        r"<parameter(?:=|\s+name=[\"'])(?P<key>[\w.-]+)[\"']?[^>]*>(?P<value>.*?)</parameter>", re.DOTALL
    ),
    re.compile(r"<arg_key>(?P<key>.*?)</arg_key>\s*<arg_value>(?P<value>.*?)</arg_value>", re.DOTALL),
)
_FENCED = re.compile(r"^\s*```\w*\s*\n?(.*?)\n?\s*```\s*$", re.DOTALL)
_WORDS = {"true": True, "false": False, "null": None}
_DEEPEST = 30


@dataclass(frozen=True)
class Call:
    """A call as it was written; ``arguments`` is JSON, or what should be; ``source`` are its own words."""

    name: str
    arguments: str
    source: str


def calls_in(body: str, tools: Tools) -> list[Call]:
    """Return the calls between tags, in any form; the name need not be a tool's, nor the arguments JSON."""
    body = fenced[1] if (fenced := _FENCED.match(body)) else body
    if tagged := _IN_TAGS.search(body):
        return [_with_parameters(tagged["name"], tagged["given"], body)]
    if found := calls_in_json(body, tools, anything=True) or calls_in_python(body, tools):
        return found
    if named := _NAMED.match(body):
        given = fenced[1] if (fenced := _FENCED.match(named["given"])) else named["given"]
        return [_with_parameters(named["name"], given, body)]
    if broken := re.search(r"[\"'](?:name|tool)[\"']\s*:\s*[\"']([\w.-]+)[\"']", body):
        return [Call(_plain(broken[1]), body.strip(), body)]
    return []


def _with_parameters(name: str, given: str, source: str) -> Call:
    for pattern in _PARAMETERS:
        if pairs := [(pair["key"].strip(), _value(pair["value"])) for pair in pattern.finditer(given)]:
            return Call(_plain(name), json.dumps(dict(pairs), ensure_ascii=False), source)
    given = re.sub(r"</?(?:function|invoke|parameters?)>\s*$", "", given.strip())
    return Call(_plain(name), given.strip() or "{}", source)


def _value(text: str) -> object:
    """Return a parameter that stands in tags: JSON where it is a document, a number or a word of it."""
    text = text.removeprefix("\n").removesuffix("\n")
    if re.fullmatch(r"\s*(?:[\[{].*[\]}]|-?\d+(?:\.\d+)?|true|false|null)\s*", text, re.DOTALL):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            pass
    return text


def calls_in_json(body: str, tools: Tools, *, anything: bool = False) -> list[Call]:
    """Return the calls that a text of nothing but JSON is: one, a list, or several after each other.

    Parameters
    ----------
    anything
        Names that are no tool's count too.
    """
    found: list[Call] = []
    decoder, place = json.JSONDecoder(), 0
    body = body.strip()
    if not body.startswith(("{", "[")):
        return []
    while place < len(body):
        try:
            value, end = decoder.raw_decode(body, place)
        except (ValueError, RecursionError):
            return []
        calls = list(_of(value, tools, body[place:end], anything))
        if not calls:
            return []
        found += calls
        place = end
        while place < len(body) and body[place] in " \t\r\n,;":
            place += 1
    return found


def _of(value: object, tools: Tools, source: str, anything: bool, depth: int = 0) -> Iterator[Call]:
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        each = [
            list(_of(one, tools, json.dumps(one, ensure_ascii=False), anything, depth + 1)) for one in value
        ]
        if all(each):
            yield from (call for calls in each for call in calls)
        return
    if not isinstance(value, Mapping):
        return
    for around in _AROUND:
        if isinstance(inner := value.get(around), Mapping | list):
            yield from _of(inner, tools, source, anything, depth + 1)
            return
    if len(value) == 1:
        [(name, given)] = value.items()
        if _plain(name) in tools and isinstance(given, Mapping):
            yield Call(_plain(name), _json(given), source)
            return
    yield from _flat(value, tools, source, anything)


def _flat(value: Mapping[str, object], tools: Tools, source: str, anything: bool) -> Iterator[Call]:
    named = next((key for key in _NAMES if isinstance(value.get(key), str)), None)
    if named is None:
        return
    name, given = _plain(str(value[named])), next((key for key in _GIVEN if key in value), None)
    if given is not None:
        if name in tools or anything or (set(value) <= {named, given, "id", "type"} and named == "name"):
            yield Call(name, _json(value[given]), source)
    elif name in tools:
        rest = {key: inner for key, inner in value.items() if key not in (named, "type", "id")}
        if set(rest) <= set(tools[name]):
            yield Call(name, _json(rest), source)


def _json(given: object) -> str:
    return given if isinstance(given, str) and given.strip() else json.dumps(given or {}, ensure_ascii=False)


def _plain(name: str) -> str:
    return _PREFIX.sub("", name.strip())


def calls_in_python(body: str, tools: Tools) -> list[Call]:
    """Return the calls that a text is which is nothing but Python calls of tools, with literal arguments."""
    body = body.strip()
    if "(" not in body or not body.endswith((")", "]")):
        return []
    try:
        with warnings.catch_warnings(action="ignore"):  # what it holds may be no good Python in other ways
            statements = ast.parse(body).body
        return [call for statement in statements for call in _of_statement(statement, tools, body)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _of_statement(statement: ast.stmt, tools: Tools, body: str) -> Iterator[Call]:
    """Yield the calls of a statement; raises ValueError when it is anything else."""
    if not isinstance(statement, ast.Expr | ast.Assign):
        raise ValueError
    value = statement.value
    if isinstance(value, ast.Await):
        value = value.value
    inside = value.elts if isinstance(value, ast.List | ast.Tuple) else [value]
    for each in inside:
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id == "print":
            [each] = each.args
        if not isinstance(each, ast.Call):
            raise ValueError
        yield _of_call(each, tools, ast.get_source_segment(body, each) or body)


def _of_call(call: ast.Call, tools: Tools, source: str) -> Call:
    name = _plain(ast.unparse(call.func))
    if name not in tools or len(call.args) > len(tools[name]):
        raise ValueError
    if len(call.args) == 1 and isinstance(call.args[0], ast.Dict) and not call.keywords:
        return Call(name, json.dumps(_literal(call.args[0]), ensure_ascii=False), source)
    given = {key: _literal(value) for key, value in zip(tools[name], call.args, strict=False)}
    for keyword in call.keywords:
        if keyword.arg is None:
            raise ValueError
        given[keyword.arg] = _literal(keyword.value)
    return Call(name, json.dumps(given, ensure_ascii=False), source)


def _literal(node: ast.expr) -> object:
    """Return a literal, also one in JSON's words."""
    if isinstance(node, ast.Name) and node.id in _WORDS:
        return _WORDS[node.id]
    if isinstance(node, ast.List | ast.Tuple):
        return [_literal(each) for each in node.elts]
    if isinstance(node, ast.Dict):
        return {
            str(_literal(key)): _literal(value)
            for key, value in zip(node.keys, node.values, strict=True)
            if key
        }
    value = ast.literal_eval(node)
    if not isinstance(value, str | int | float | bool | None):
        raise ValueError
    return value
