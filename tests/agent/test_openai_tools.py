"""The OpenAI rendering: strict mode accepts it, it is short, and what it allows the tools take."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openai import pydantic_function_tool
from openai.lib._pydantic import _ensure_strict_json_schema

from skillbank.agent.catalogue import TOOLS
from skillbank.agent.failures import parse_arguments
from skillbank.agent.openai_tools import openai_tools
from skillbank.agent.tool import Tool
from skillbank.agent.toolbox import Toolbox
from skillbank.bank.home import bank_root
from tests.cli.conftest import Command
from tests.cli.tree import whole
from tests.test_public import modules_after

STRICT = {tool["function"]["name"]: tool["function"]["parameters"] for tool in openai_tools()}
by_tool = pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield every object schema, at every depth."""
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for value in schema.values():
            yield from objects(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from objects(value)


def test_the_list_is_short() -> None:
    text = json.dumps(openai_tools(), separators=(",", ":"), ensure_ascii=False)
    assert len(text) <= 6300, "1,500 tokens of o200k, which are 4.2 characters each here"


@by_tool
def test_strict_mode_accepts_each(tool: Tool) -> None:
    schema = STRICT[tool.name]
    Draft202012Validator.check_schema(schema)
    for part in objects(schema):
        assert part["additionalProperties"] is False
        assert part["required"] == list(part["properties"])
    # OpenAI's own helper has nothing left to change in ours, and would make the same of the model.
    own = copy.deepcopy(schema)
    assert _ensure_strict_json_schema(own, path=(), root=own) == schema
    theirs = pydantic_function_tool(tool.arguments, name=tool.name, description=tool.description)
    assert theirs["function"] == next(
        t["function"] for t in openai_tools() if t["function"]["name"] == tool.name
    )


@pytest.mark.slow
def test_rendering_loads_neither_database_nor_clients() -> None:
    loaded = modules_after("from skillbank.agent.openai_tools import openai_tools\nopenai_tools()")
    assert loaded.isdisjoint({"sqlalchemy", "boto3", "docker", "openai", "mcp", "torch", "rich", "numpy"})


def test_without_strict_mode_only_what_is_needed_is_required() -> None:
    loose = {t["function"]["name"]: t["function"]["parameters"] for t in openai_tools(strict=False)}
    assert "required" not in loose["plan"]
    assert loose["launch"]["required"] == ["plan_id"]


def values(schema: Any, root: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Everything that one of our schemas allows."""
    if "$ref" in schema:
        return values(root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    if "anyOf" in schema:
        return st.one_of([values(branch, root) for branch in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    made: dict[str, Any] = {
        "string": lambda: st.text(
            st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20
        ),
        "integer": lambda: st.integers(-5, 10**6),
        "number": lambda: st.floats(allow_nan=False, allow_infinity=False),
        "boolean": st.booleans,
        "null": st.none,
        "array": lambda: st.lists(values(schema["items"], root), max_size=2),
        "object": lambda: st.fixed_dictionaries(
            {k: values(v, root) for k, v in schema["properties"].items()}
        ),
    }
    return st.one_of([made[name]() for name in types])


@by_tool
@settings(max_examples=15)
@given(data=st.data())
def test_what_the_schema_allows_the_tool_takes(tool: Tool, data: st.DataObject) -> None:
    arguments = data.draw(values(STRICT[tool.name], STRICT[tool.name]))
    Draft202012Validator(STRICT[tool.name]).validate(arguments)
    parse_arguments(tool, json.dumps(arguments))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.just("last"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(data=st.data())
def test_whatever_a_model_says_is_answered(toolbox: Toolbox, data: st.DataObject) -> None:
    tool = data.draw(st.sampled_from([t for t in TOOLS if t.name != "label_image"]))
    names = st.sampled_from([*tool.arguments.model_fields, "x"])
    said = data.draw(
        st.one_of(
            st.text(max_size=40),
            st.dictionaries(names, anything),
            values(STRICT[tool.name], STRICT[tool.name]),
        )
    )
    answer = toolbox.call(tool.name, said if isinstance(said, str) else json.dumps(said))
    document = json.loads(json.dumps(answer.document(), allow_nan=False))
    assert len(json.dumps(document)) < 20_000
    if answer.error is not None:
        assert answer.error.code != "internal_error", answer.error.message
    assert toolbox.runtime.jobs.store.list() == []


def test_the_command_prints_the_rendering(inline: Command) -> None:
    assert inline("tools", "--json").document == openai_tools()
    assert inline("tools", "--no-strict", "--json").document == openai_tools(strict=False)
    listed = inline("tools").out
    assert all(tool.name in listed for tool in TOOLS)


def test_agents_are_told_of_every_tool_and_its_command() -> None:
    text = (bank_root() / "AGENTS.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1:3] for line in text.splitlines() if line.startswith("| `")]
    told = {row[0].split("`")[1]: row[1].split("`")[1].split()[1] for row in rows}
    assert list(told) == [tool.name for tool in TOOLS]
    assert set(told.values()) <= set(whole().commands)
