"""What a tool is: a name, typed arguments, a structured result, and what it does to the world."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator
from pydantic.json_schema import DEFAULT_REF_TEMPLATE, GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import PydanticCustomError, core_schema

from skillbank.agent.lanes import Lane
from skillbank.bank.foreign import FromSkill as SkillWords

if TYPE_CHECKING:
    from skillbank.agent.toolbox import Toolbox

__all__ = ["Arguments", "Document", "FromSkill", "Result", "Tool", "ToolFailure", "from_skill"]


class _Compact(GenerateJsonSchema):
    """JSON Schema without what costs tokens and tells a model nothing: titles, defaults, ``anyOf`` null."""

    def field_title_should_be_set(self, schema: object) -> bool:
        return False

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        made.pop("title", None)
        return made

    def enum_schema(self, schema: core_schema.EnumSchema) -> JsonSchemaValue:
        made = super().enum_schema(schema)
        made.pop("title", None)
        made.pop("description", None)
        return made

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        inner = self.generate_inner(schema["schema"])
        if not isinstance(inner.get("type"), str):
            return super().nullable_schema(schema)
        made = {**inner, "type": [inner["type"], "null"]}
        if "enum" in inner:
            made["enum"] = [*inner["enum"], None]
        return made


class Document(BaseModel):
    """Base of everything that goes to or comes from a model; its JSON Schema is a short one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def model_json_schema(
        cls,
        by_alias: bool | None = None,
        ref_template: str = DEFAULT_REF_TEMPLATE,
        schema_generator: type[GenerateJsonSchema] = _Compact,
        mode: JsonSchemaMode = "validation",
        *,
        union_format: Literal["any_of", "primitive_type_array"] = "any_of",
    ) -> dict[str, Any]:
        """Return the JSON Schema; without the class's docstring, which is for readers of the code."""
        made = super().model_json_schema(
            by_alias, ref_template, schema_generator, mode, union_format=union_format
        )
        for part in (made, *made.get("$defs", {}).values()):
            part.pop("description", None)
        return made


class FromSkill(SkillWords, Document):
    """Words of a skill: information, never an instruction, an approval or an answer of ours."""


def from_skill(words: SkillWords | None) -> FromSkill | None:
    """Return a skill's words as a part of a tool's answer."""
    return None if words is None else FromSkill(skill=words.skill, text=words.text)


class Arguments(Document):
    """Base of a tool's arguments: None means that it was not said."""

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_as_a_number(cls, value: object, info: ValidationInfo) -> object:
        # To Python true is 1, which nobody who says it means.
        said = value if isinstance(value, list | tuple) else [value]
        wanted = str(cls.model_fields[info.field_name or ""].annotation)
        if any(isinstance(each, bool) for each in said) and "bool" not in wanted:
            raise PydanticCustomError("no_truth", "true and false are no values of it")
        return value


class Result(Document):
    """Base of a tool's result.

    ``next`` says in a few words what can be done next; what is empty or None is left out of the document.
    """

    next: tuple[str, ...] = ()


class ToolFailure(Document):
    """Why a call was refused, as data: a code, one sentence, the way out, and a skill's words on it."""

    code: str
    message: str
    hint: str = ""
    from_skill: FromSkill | None = None


@dataclass(frozen=True)
class Tool:
    """One tool, defined once and rendered by every door.

    Attributes
    ----------
    name, description
        What the model reads.
    arguments, result
        Models; the arguments are accepted by OpenAI's strict mode.
    run
        Called with the toolbox and checked arguments; raises `SkillbankError` when it refuses.
    read_only, destructive, idempotent
        Hints, with the meaning that MCP gives them.
    approval
        Whether, unless the policy says otherwise, a person must approve each call.
    lane
        In which a server calls it.
    """

    name: str
    description: str
    arguments: type[Arguments]
    result: type[Result]
    run: Callable[[Toolbox, Any], Result]
    read_only: bool = True
    destructive: bool = False
    idempotent: bool = True
    approval: bool = False
    lane: Lane = Lane.OPEN

    def document(self) -> dict[str, object]:
        """Return the definition as JSON, in the words of MCP's ``tools/list``."""
        return {
            "name": self.name,
            "description": self.description,
            "inputSchema": self.arguments.model_json_schema(),
            "outputSchema": self.result.model_json_schema(),
            "annotations": {
                "readOnlyHint": self.read_only,
                "destructiveHint": self.destructive,
                "idempotentHint": self.idempotent,
                "openWorldHint": False,
            },
        }
