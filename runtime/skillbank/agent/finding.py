"""The tools that look: which skill, and what one of its actions takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pydantic import Field

from skillbank.agent.shortening import shorten
from skillbank.agent.tool import Arguments, Document, Result, Tool
from skillbank.bank.discovery import OWN
from skillbank.bank.foreign import is_prose
from skillbank.errors import UsageError
from skillbank.plan.description import describe_action as action_document
from skillbank.plan.description import find_parameters
from skillbank.plan.request import ROLES
from skillbank.visible import named, one_line

if TYPE_CHECKING:
    from skillbank.agent.toolbox import Toolbox
    from skillbank.bank.skill import Skill

__all__ = ["DESCRIBE_ACTION", "SEARCH_SKILLS", "DescribeAnswer", "SearchAnswer"]

_MOST_SKILLS = 5
_MOST_PARAMETERS = 15
_BOUNDS = {
    "minimum": ">= {}",
    "exclusiveMinimum": "> {}",
    "maximum": "<= {}",
    "exclusiveMaximum": "< {}",
}


class SearchArguments(Arguments):
    """What to look for."""

    query: str = Field(description="Task or model, e.g. 'detection'")


class SkillSummary(Document):
    """A skill in a few words, which are its own; an action with a variant is ``action:variant``.

    ``name`` is what to call it; ``bank`` is empty for the bank that comes with skillbank, and ``also_in``
    are banks with a copy. ``bank_trust`` is left out for our own bank; nothing runs of one that is not
    ``trusted``. A ``weak`` one only shares words with the query, and may have nothing to do with it.
    """

    name: str
    weak: bool = False
    bank: str = ""
    also_in: tuple[str, ...] = ()
    from_skill: str
    actions: tuple[str, ...] = ()
    automl: bool = False
    bank_trust: str = ""


class SearchAnswer(Result):
    """Skills that share words with the query, the best first.

    ``note`` says what was read into the query, and what else claims the name that was asked for.
    """

    skills: tuple[SkillSummary, ...] = ()
    note: str = ""


class DescribeArguments(Arguments):
    """Which action, and which of its parameters."""

    skill: str
    action: str
    variant: str | None = None
    find: str | None = Field(None, description="Words of a parameter, e.g. 'lr'")


class DataNeed(Document):
    """One data set that the action reads: its role, the files in it, and the keys they fill."""

    role: str
    files: list[str]
    optional: bool = False


class Parameter(Document):
    """A parameter that ``settings`` of plan can set; what its schema says of it is in the skill's words."""

    key: str
    type: str
    default: object = None
    allowed: str = ""
    from_skill: str = ""


class DescribeAnswer(Result):
    """What an action takes. ``shorthands`` are short names of common parameters.

    ``note`` says what else claims the skill's name.
    """

    skill: str
    action: str
    variant: str | None = None
    data: tuple[DataNeed, ...] = ()
    bank_trust: str = ""
    needs_parent: tuple[str, ...] = ()
    shorthands: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    matching: int = 0
    total: int = 0
    note: str = ""


def _search(box: Toolbox, arguments: SearchArguments) -> SearchAnswer:
    if not arguments.query.strip():
        raise UsageError("query is empty; give words of what is to be done.")
    with box.runtime.reading:
        hits = box.runtime.search(arguments.query, _MOST_SKILLS)
        if not hits:
            count = len(box.runtime.library.skills)
            return SearchAnswer(next=[f"None of the {count} skills fits; try other words, or tell the user."])
        skills = [_summary(box, hit.skill, weak=not hit.strong) for hit in hits]
        note = box.runtime.search_note(arguments.query)
    steps = ["plan", "describe_action for one action"]
    if all(skill.weak for skill in skills):
        steps.insert(0, "weak hits only share words: try other words, or ask the user which is meant")
    return SearchAnswer(skills=skills, note=shorten(note, 300), next=steps)


def _summary(box: Toolbox, skill: Skill, *, weak: bool) -> SkillSummary:
    library = box.runtime.library
    return SkillSummary(
        name=library.said(skill),
        weak=weak,
        bank="" if skill.bank == OWN else skill.bank,
        also_in=library.also_in(skill),
        from_skill=one_line(skill.frontmatter.description, 240),
        actions=[a.name if a.variant is None else f"{a.name}:{a.variant}" for a in skill.actions],
        automl=skill.info.automl_enabled and skill.automl_problem is None,
        bank_trust=_trust(box, skill),
    )


def _trust(box: Toolbox, skill: Skill) -> str:
    """Return how a skill's bank stands when it comes from outside."""
    state = box.runtime.trust_of(skill, signer=False)["state"]
    return "" if state == "own" else state


def _describe(box: Toolbox, arguments: DescribeArguments) -> DescribeAnswer:
    with box.runtime.reading:
        resolved = box.runtime.library.find(arguments.skill)
        skill, note = resolved.skill, shorten(resolved.note, 300)
        action = skill.action(arguments.action, arguments.variant)
        document = action_document(skill, action)
        trust = _trust(box, skill)
    parameters, find = document["parameters"], arguments.find
    if find is None:
        return DescribeAnswer(
            skill=box.runtime.library.said(skill),
            action=action.name,
            variant=action.variant,
            note=note,
            data=list(_data(document["data"])),
            bank_trust=trust,
            needs_parent=[key for key, how in document["functions"].items() if how == "parent_model"],
            shorthands=[f"{named(name)} = {named(key)}" for name, key in action.shorthands.items()],
            total=len(parameters),
            next=[*([f"search the {len(parameters)} parameters with find"] if parameters else []), "plan"],
        )
    # What has a short name is what people mean first.
    common = set(action.shorthands.values())
    found = sorted(find_parameters(parameters, find), key=lambda p: p["key"] not in common)
    return DescribeAnswer(
        skill=box.runtime.library.said(skill),
        action=action.name,
        variant=action.variant,
        note=note,
        parameters=[_parameter(p) for p in found[:_MOST_PARAMETERS]],
        matching=len(found),
        total=len(parameters),
        next=_found_next(find, len(found), len(parameters)),
    )


def _data(rows: list[dict[str, Any]]) -> Iterator[DataNeed]:
    """Yield the data sets that an action reads, each with the files in it and the keys that they fill."""
    needs: dict[tuple[str, bool], list[str]] = {}
    for row in rows:
        if row["source"]:
            file = f"{named(row['key'])}: {named(row['path'], 120) or 'the folder itself'}"
            needs.setdefault((_role(row["source"]), row["optional"]), []).append(file)
    for (role, optional), files in needs.items():
        yield DataNeed(role=role, files=files, optional=optional)


def _found_next(find: str, found: int, total: int) -> list[str]:
    if not found:
        return [f"none of {total} parameters has '{shorten(find, 40)}'; try one word"]
    if found > _MOST_PARAMETERS:
        return [f"{found - _MOST_PARAMETERS} more match; use more words", "plan with settings"]
    return ["plan with settings"]


def _parameter(entry: dict[str, Any]) -> Parameter:
    bounds = [text.format(entry[word]) for word, text in _BOUNDS.items() if entry.get(word) is not None]
    enum = entry.get("enum")
    allowed = "one of " + ", ".join(map(named, enum)) if enum else " and ".join(bounds)
    return Parameter(
        key=entry["key"],
        type=entry["type"],
        default=None if is_prose(entry["default"]) else _short_default(entry["default"]),
        allowed=shorten(allowed, 160),
        from_skill=" · ".join(_said_of(entry)),
    )


def _said_of(entry: dict[str, object]) -> Iterator[str]:
    """Yield what the schema says of a parameter: its description, and a default that is a sentence."""
    if entry.get("description"):
        yield one_line(entry["description"], 140)
    if is_prose(entry["default"]):
        yield f"default: {one_line(entry['default'], 80)}"


def _short_default(value: object) -> object:
    return value if len(str(value)) <= 80 else shorten(str(value), 80)


def _role(source: str) -> str:
    return next((role for role, name in ROLES.items() if name == source), named(source))


SEARCH_SKILLS = Tool(
    name="search_skills",
    description="Find skills: what can be trained, evaluated, exported or run.",
    arguments=SearchArguments,
    result=SearchAnswer,
    run=_search,
)
DESCRIBE_ACTION = Tool(
    name="describe_action",
    description="What an action needs; find searches its parameters.",
    arguments=DescribeArguments,
    result=DescribeAnswer,
    run=_describe,
)
