"""Each provider's form keeps that provider's rules, and allows what the tools take."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import mcp_types
import pytest
from jsonschema import Draft202012Validator
from openai.types.chat import ChatCompletionFunctionToolParam
from openai.types.responses import FunctionToolParam
from pydantic import TypeAdapter

from skillbank.agent.catalogue import TOOLS
from skillbank.agent.failures import parse_arguments
from skillbank.agent.tool_formats import FORMATS, Format, tools_as
from tests.agent.openai_rules import loose
from tests.cli.conftest import Command
from tests.test_public import modules_after

NAMES = [tool.name for tool in TOOLS]
GEMINI_FIELDS = {
    "type", "format", "title", "description", "nullable", "enum", "items", "properties", "required", "anyOf",
    "minItems", "maxItems", "minimum", "maximum", "minLength", "maxLength", "pattern", "example", "default",
    "propertyOrdering", "minProperties", "maxProperties",
}  # fmt: skip
"""The fields of Schema in the Gemini API."""
GEMINI_TYPES = {"STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT"}


def gemini_faults(schema: dict[str, Any], where: str = "") -> Iterator[str]:
    """Yield what generateContent refuses in a function's parameters."""
    yield from (f"{where}: {name} is unknown" for name in schema.keys() - GEMINI_FIELDS)
    if "anyOf" in schema:
        for each in schema["anyOf"]:
            yield from gemini_faults(each, where)
        return
    kind = schema.get("type")
    if str(kind) not in GEMINI_TYPES:
        yield f"{where}: type {kind}"
    if "enum" in schema and (kind != "STRING" or not all(isinstance(v, str) and v for v in schema["enum"])):
        yield f"{where}: enum of {kind}"
    if kind == "ARRAY" and "items" not in schema:
        yield f"{where}: items missing"
    if kind == "OBJECT" and not schema.get("properties"):
        yield f"{where}: properties of an OBJECT must not be empty"
    if "required" in schema and not (
        schema["required"] and set(schema["required"]) <= set(schema["properties"])
    ):
        yield f"{where}: required"
    for name, each in schema.get("properties", {}).items():
        yield from gemini_faults(each, f"{where}.{name}")
    if "items" in schema:
        yield from gemini_faults(schema["items"], f"{where}[]")


def test_gemini_takes_each() -> None:
    [tool] = tools_as("gemini")
    declarations = tool["functionDeclarations"]
    assert [each["name"] for each in declarations] == NAMES
    for each in declarations:
        assert set(each) <= {"name", "description", "parameters"}
        assert re.fullmatch(r"[A-Za-z_][\w.:-]{0,63}", each["name"])
        assert list(gemini_faults(each["parameters"], each["name"])) == []


def test_the_check_of_gemini_can_fail() -> None:
    for tool in TOOLS:
        assert list(gemini_faults(tool.arguments.model_json_schema())), tool.name


def test_gemini_hears_what_every_argument_means_and_which_must_be_given() -> None:
    [tool] = tools_as("gemini")
    for each, own in zip(tool["functionDeclarations"], TOOLS, strict=True):
        schema = own.arguments.model_json_schema()
        assert list(each["parameters"]["properties"]) == list(schema["properties"])
        assert each["parameters"].get("required", []) == schema.get("required", [])
        for name, made in each["parameters"]["properties"].items():
            assert made.get("description") == schema["properties"][name].get("description")


def test_anthropic_takes_each() -> None:
    for each in tools_as("anthropic"):
        assert set(each) == {"name", "description", "input_schema"}
        assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", each["name"])
        schema = each["input_schema"]
        Draft202012Validator.check_schema(schema)
        assert schema["type"] == "object" and not {"anyOf", "oneOf", "allOf"} & schema.keys()


def test_openai_takes_each_in_both_of_its_forms() -> None:
    chat, responses = tools_as("openai"), tools_as("responses")
    TypeAdapter(list[ChatCompletionFunctionToolParam]).validate_python(chat)
    TypeAdapter(list[FunctionToolParam]).validate_python(responses)
    for outer, flat in zip(chat, responses, strict=True):
        assert flat == {"type": "function", **outer["function"]} and flat["strict"] is True
        assert loose(flat["parameters"]) is None
    for flat in tools_as("responses", strict=False):
        assert flat["strict"] is False, "the Responses API is strict unless told otherwise"


def test_mcp_takes_each() -> None:
    for each in tools_as("mcp"):
        tool = mcp_types.Tool.model_validate(each)
        assert tool.input_schema["type"] == "object" and tool.annotations is not None


@pytest.mark.parametrize("form", FORMATS)
def test_all_name_the_same_tools(form: Format) -> None:
    text = json.dumps(tools_as(form))
    assert [name for name in NAMES if f'"name": "{name}"' in text] == NAMES


def test_null_where_gemini_may_say_it_is_what_the_tools_take() -> None:
    [tool] = tools_as("gemini")
    for each, own in zip(tool["functionDeclarations"], TOOLS, strict=True):
        said: dict[str, Any] = {}
        for name, schema in each["parameters"]["properties"].items():
            if schema.get("nullable"):
                said[name] = None
            elif name in each["parameters"].get("required", ()):
                said[name] = ["x"] if schema["type"] == "ARRAY" else "x"
        parse_arguments(own, said)


def test_the_command_prints_each(inline: Command) -> None:
    for form in FORMATS:
        assert inline("tools", "--format", form).document == tools_as(form)
    wrong = inline("tools", "--format", "cohere")
    assert wrong.code == 2 and "must be one of openai, responses, anthropic, gemini, mcp" in wrong.err


@pytest.mark.slow
def test_rendering_loads_no_clients() -> None:
    loaded = modules_after("from skillbank.agent.tool_formats import tools_as\ntools_as('mcp')")
    assert loaded.isdisjoint({"sqlalchemy", "openai", "mcp", "mcp_types", "torch", "rich"})
