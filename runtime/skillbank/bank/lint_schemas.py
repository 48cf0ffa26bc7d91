"""Schemas that are no JSON Schema, defaults that break them, templates that say something else."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jsonschema import Draft202012Validator

from skillbank.bank.diagnostics import Diagnostic
from skillbank.bank.grammar import unread
from skillbank.bank.schema import Node, SpecSchema
from skillbank.bank.skill import Skill
from skillbank.bank.values import check
from skillbank.errors import SkillFormatError, SpecError

_NOT_FINITE = re.compile(r"(?<![\"\w])-?(?:Infinity|NaN)\b")
SHOWN = 3
_ABSENT = object()
_TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})


def schemas(skill: Skill) -> Iterator[Diagnostic]:
    """Check each packaged schema by itself."""
    try:
        files = skill.listed("schemas", ".schema.json")
    except SkillFormatError:
        return  # already a finding of the rule on documents
    for file in files:
        where = skill.relative(file)
        try:
            text = skill.text(file)
            schema = skill.schema_file(file)
        except SkillFormatError:
            continue  # already a finding of the rule on documents
        lines = [i for i, line in enumerate(text.splitlines(), 1) if _NOT_FINITE.search(line)]
        if lines:
            message = f"{len(lines)} values are Infinity or NaN, which JSON does not have."
            yield Diagnostic("error", "schema-infinity", message, where, lines[0])
        yield from _dialect(schema, where)
        yield from _unread(schema, text, where)
        broken = list(_broken_defaults(schema.root, "", schema.default))
        if broken:
            shown = " ".join(broken[:SHOWN])
            more = f" And {len(broken) - SHOWN} more." if len(broken) > SHOWN else ""
            message = f"defaults break their own schema: {shown}{more}"
            line = _line_of_key(text, broken[0].split(" ")[0])
            yield Diagnostic("error", "schema-default", message, where, line)


def templates(skill: Skill) -> Iterator[Diagnostic]:
    """Compare each action's template with the defaults of its schema."""
    for action in skill.actions:
        file = skill.template_path(action)
        default = skill.schema(action).default
        if file is None or not isinstance(default, dict) or action.variant is not None:
            continue
        template, _ = skill.template(action)
        mine, theirs = dict(_leaves(template, "")), dict(_leaves(default, ""))
        differing = sorted(k for k in mine.keys() & theirs.keys() if mine[k] != theirs[k])
        differing += sorted(mine.keys() ^ theirs.keys())
        if differing:
            first = differing[0]
            shown = ", ".join(differing[:SHOWN]) + (", ..." if len(differing) > SHOWN else "")
            message = f"{action.name}: {len(differing)} values differ from the schema's default: {shown}"
            line = _line_of_key(skill.text(file), first)
            yield Diagnostic("warning", "template-differs", message, skill.relative(file), line)


def _unread(schema: SpecSchema, text: str, where: str) -> Iterator[Diagnostic]:
    """Find rules that nobody can read, so that values are not checked against them."""
    nodes = ((key, schema.node(key)) for key in schema.keys)
    rules = [(key, rule) for key, node in nodes if node is not None for rule in unread(node)]
    if rules:
        shown = "; ".join(f"{key}: {rule}" for key, rule in rules[:SHOWN])
        message = f"{len(rules)} rules cannot be read and are not checked: {shown}"
        yield Diagnostic("warning", "schema-unread", message, where, _line_of_key(text, rules[0][0]))


def _dialect(schema: SpecSchema, where: str) -> Iterator[Diagnostic]:
    foreign = list(_foreign(schema.document, ""))
    if not foreign:
        errors = Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(schema.document)
        foreign = [f"{'.'.join(map(str, e.absolute_path))}: {e.message[:120]}" for e in errors]
    if foreign:
        message = f"no valid JSON Schema in {len(foreign)} places, e.g. {foreign[0]}"
        yield Diagnostic("error", "schema-dialect", message, where, 1)


def _foreign(node: object, key: str) -> Iterator[str]:
    """Name what the family writes and JSON Schema does not know; much cheaper than the meta-schema."""
    if not isinstance(node, dict):
        yield f"{key}: {type(node).__name__} in the place of a schema"
        return
    word = node.get("type")
    if isinstance(word, str) and word not in _TYPES:
        yield f"{key or 'the document'}: type '{word}'"
    properties = node.get("properties")
    if isinstance(properties, dict):
        for name, child in properties.items():
            yield from _foreign(child, f"{key}.{name}" if key else name)
    if isinstance(node.get("items"), dict):
        yield from _foreign(node["items"], f"{key}[]")


def _broken_defaults(node: Node, key: str, shipped: object) -> Iterator[str]:
    """Yield a sentence for each default that its own entry, or the document's default, gets wrong."""
    stated = () if node.children else (node.words.get("default", _ABSENT), shipped)
    for value in (v for v in stated if v is not _ABSENT):
        try:
            if value not in ("", None, "???") and value != [] and value != {}:
                check(key, value, node)
        except SpecError as error:
            yield error.sentence
            break
    for name, child in node.children.items():
        below = shipped.get(name, _ABSENT) if isinstance(shipped, dict) else _ABSENT
        yield from _broken_defaults(child, f"{key}.{name}" if key else name, below)


def _leaves(node: object, key: str) -> Iterator[tuple[str, object]]:
    if isinstance(node, dict) and node:
        for name, value in node.items():
            yield from _leaves(value, f"{key}.{name}" if key else str(name))
    else:
        yield key, node


def _line_of_key(text: str, key: str) -> int | None:
    """Find a dotted key by its names, one after the other."""
    lines = text.splitlines()
    at = -1
    for name in re.sub(r"\[\d+\]", "", key).split("."):
        pattern = re.compile(rf"^[\s-]*[\"']?{re.escape(name)}[\"']?\s*:")
        at = next((i for i in range(at + 1, len(lines)) if pattern.match(lines[i])), -2)
        if at < 0:
            return None
    return at + 1
