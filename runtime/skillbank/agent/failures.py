"""Errors as data that a model can act on: a code, one sentence in the tools' words, and the way out."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from skillbank.agent.approval import NeedsApprovalError, for_the_person
from skillbank.agent.shortening import in_tool_words, shorten
from skillbank.agent.tool import Arguments, Document, Tool, ToolFailure, from_skill
from skillbank.bank.foreign import FromSkill
from skillbank.errors import SkillbankError, UsageError, did_you_mean
from skillbank.redact import redact
from skillbank.unique_names import unique_names
from skillbank.visible import texts_in

__all__ = ["ToolCallError", "explain", "misunderstood", "parse_arguments", "refuse_empty"]

_LONGEST = 600
_MOST_CHARACTERS = 100_000
_NO_TEXT = re.compile("[\\0\ud800-\udfff]")
"""What neither files nor databases take."""
_HINTS = {
    "wrong_code": "Tell the user; when this call is repeated they are asked again.",
    "not_approved": "Tell the user; do not try again.",
    "forbidden": "Tell the user; who administers the server gives rights. Do not try again.",
    "trust": "A person decides that, with 'skillbank trust'; tell the user, never do it yourself.",
    "questions": "Ask the user, then plan again with the answers; launch the new plan_id.",
    "skill_not_found": "search_skills finds names.",
    "ambiguous_skill": "Ask the user which of them is meant, then plan again with skill.",
    "conflict": "Ask the user which of the two is meant.",
    "out_of_scope": "Tell the user that skillbank does not do this.",
    "action_not_found": "search_skills lists the actions of each skill.",
    "spec": "describe_action with find shows keys, types and bounds; then plan again.",
    "job_not_found": "list_jobs shows the ids.",
    "set_not_found": "label_set without a name lists them; label_image with into makes one.",
    "data_not_found": "Ask the user where the data lies, then plan again.",
    "data": "The data must be mended, or other data named; ask the user.",
    "parent": "list_jobs shows jobs that are COMPLETE; plan again with one of them as parent.",
    "platform": "Tell the user; another platform may do: plan again with platform.",
    "state": "job_status says how a job is; of a plan that does not hold any more, plan again.",
}


class ToolCallError(UsageError):
    """The call itself is wrong: no such tool, or arguments that cannot be read."""

    def __init__(self, message: str, code: str, hint: str) -> None:
        super().__init__(message)
        self._code, self.hint = code, hint

    @property
    def code(self) -> str:
        """``unknown_tool``, ``malformed_json`` or ``invalid_arguments``."""
        return self._code

    @classmethod
    def unknown(cls, name: str, known: list[str]) -> ToolCallError:
        """Return the error of a call to a tool that does not exist."""
        said = f"There is no tool '{shorten(name, 60)}'{did_you_mean(name, known)}."
        return cls(said, "unknown_tool", f"The tools are {', '.join(known)}.")


def parse_arguments(tool: Tool, arguments: Mapping[str, object] | str) -> Arguments:
    """Check what a model gave.

    Raises
    ------
    ToolCallError
        One sentence naming each argument that is wrong, and what it should be.
    """
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments or "{}", object_pairs_hook=unique_names)
        except ValueError as error:
            raise ToolCallError(
                f"The arguments of {tool.name} are not JSON: {error}.",
                "malformed_json",
                "Call it again with one JSON object.",
            ) from None
        except RecursionError:
            raise ToolCallError(
                f"The arguments of {tool.name} are nested too deeply.",
                "malformed_json",
                "Call it again with one JSON object.",
            ) from None
    texts = list(texts_in(arguments))
    if sum(map(len, texts)) > _MOST_CHARACTERS:
        said = f"The arguments of {tool.name} have more than {_MOST_CHARACTERS} characters."
        raise ToolCallError(said, "invalid_arguments", "Say it shorter.")
    if any(_NO_TEXT.search(text) for text in texts):
        said = f"The arguments of {tool.name} hold characters that are no text (NUL or half a character)."
        raise ToolCallError(said, "invalid_arguments", "Leave them out.")
    if not isinstance(arguments, Mapping):
        raise ToolCallError(
            f"The arguments of {tool.name} must be an object, not {type(arguments).__name__}.",
            "invalid_arguments",
            _takes(tool),
        )
    try:
        return tool.arguments.model_validate(dict(arguments))
    except ValidationError as error:
        said = "; ".join(_problem(tool, e) for e in error.errors(include_url=False)[:4])
        raise ToolCallError(f"{tool.name}: {said}.", "invalid_arguments", _takes(tool)) from None


def refuse_empty(tool: Tool, arguments: Arguments) -> None:
    """Refuse texts that need not be given and are given as nothing but blanks, which a schema cannot."""
    faults = [
        f"'{name}' is empty: give it a value or leave it out"
        for name, field in tool.arguments.model_fields.items()
        if isinstance(said := getattr(arguments, name), str) and not (said.strip() or field.is_required())
    ]
    if faults:
        raise ToolCallError(f"{tool.name}: {'; '.join(faults[:4])}.", "invalid_arguments", _takes(tool))


def _problem(tool: Tool, error: ErrorDetails) -> str:
    where = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        known = list(tool.arguments.model_fields)
        return f"it has no argument '{shorten(where, 60)}'{did_you_mean(where, known)}"
    if error["type"] == "missing":
        return f"'{where}' is missing"
    given = shorten(json.dumps(error.get("input"), default=str), 60)
    if error["type"] == "list_type" and (shape := _entry(tool, error["loc"])):
        return f"'{where}' is {given}: it is a list, such as [{shape}]"
    return f"'{where}' is {given}: {str(error['msg'])[:1].lower()}{shorten(str(error['msg']), 160)[1:]}"


def _entry(tool: Tool, place: Sequence[str | int]) -> str:
    """Return what an entry of a list among the arguments looks like; nothing where it is no object."""
    field = tool.arguments.model_fields.get(str(place[0])) if len(place) == 1 else None
    waiting: list[object] = [] if field is None else [field.annotation]
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, type) and issubclass(kind, Document):
            return json.dumps(dict.fromkeys(kind.model_fields, "..."))
        waiting += get_args(kind)
    return ""


def _takes(tool: Tool) -> str:
    names = (f"{n}{'' if f.is_required() else '?'}" for n, f in tool.arguments.model_fields.items())
    return f"{tool.name} takes {', '.join(names)}."


def explain(error: SkillbankError) -> ToolFailure:
    """Return a refusal as data."""
    if isinstance(error, NeedsApprovalError):
        hint = for_the_person(error.approval)
    else:
        hint = error.hint if isinstance(error, ToolCallError) else _HINTS.get(error.code, "")
    message = redact(in_tool_words(error.sentence))
    says = FromSkill.of(error.skill, " · ".join(error.skill_says))
    return ToolFailure(
        code=error.code, message=shorten(message, _LONGEST), hint=redact(hint), from_skill=from_skill(says)
    )


def misunderstood(tool: str, error: Exception) -> ToolFailure:
    """Return an error that nobody meant to raise; what it says may help, where it was raised would not."""
    return ToolFailure(
        code="internal_error",
        message=shorten(redact(f"{tool} failed: {type(error).__name__}: {error}"), _LONGEST),
        hint="This is a mistake in skillbank; tell the user, and go on without this call.",
    )
