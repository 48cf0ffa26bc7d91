"""The family's schema dialect as a validator of the library ``jsonschema``.

Schemas of the family are mostly not valid JSON Schema: they have type words of their own, bounds in several
languages, and lists where mappings belong. `rules_of` writes an entry out in a dialect that this module
defines: the type checker knows the family's words, and the words ``limits``, ``entries``, ``options`` and
``either`` stand for what the family means. An error's message ends a sentence whose subject is a key.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from jsonschema import Draft202012Validator, TypeChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import create

from skillbank.bank.kinds import NO_ENTRY, TYPE_WORDS
from skillbank.bank.limits import Limits, entry_limits, is_number, options_of, shown
from skillbank.bank.options import Options, frozen
from skillbank.bank.patterns import MAX_TEXT, BankPattern, PatternError, compiled

if TYPE_CHECKING:
    from skillbank.bank.schema import Node

__all__ = ["UNKNOWN", "entries_limits", "problems", "rules_of", "show", "unread", "unread_conditions"]

Errors = Iterator[ValidationError]
_PLACES = 32
"""So many elements of a list can have bounds of their own."""
_SIZES = {
    "minLength": ("at least", "characters"), "maxLength": ("at most", "characters"),
    "minItems": ("at least", "entries"), "maxItems": ("at most", "entries"),
}  # fmt: skip
_UNREAD = ("$ref", "$dynamicRef", "allOf", "if", "patternProperties", "prefixItems", "contains",
           "items", NO_ENTRY)  # fmt: skip
"""Words of JSON Schema that are not looked at (``items`` only where it is no schema); whoever sets a value
under them is told."""

_CONDITIONS = ("$ref", "$dynamicRef", "allOf", "if", "not", "patternProperties", "propertyNames",
               "dependentRequired", "dependentSchemas", "dependencies", "minProperties", "maxProperties",
               "unevaluatedProperties")  # fmt: skip
"""Words of JSON Schema that say of a section which of its values may stand together."""


def problems(value: object, node: Node) -> list[tuple[tuple[str | int, ...], str]]:
    """Say what is wrong with a value: where in it, and the end of a sentence (``must be at most 1``).

    One problem for each place, the first that was found there.
    """
    found: dict[tuple[str | int, ...], str] = {}
    for error in _Validator(node.rules).iter_errors(value):
        found.setdefault(tuple(error.absolute_path), error.message)
    return list(found.items())


def rules_of(node: Node) -> dict[str, object]:
    """Write an entry out in the dialect of this module."""
    words = node.words
    default = words.get("default")
    rules: dict[str, object] = {"kind": (node.kind, node.nullable or default is None, default)}
    options = options_of(words)
    if options is not None:
        rules["options"] = Options(options)
    elif node.branches and not node.cut:
        rules["either"] = node.branches
    rules["limits"] = node.limits
    if node.kind in ("string", "any"):
        rules["pattern"] = _compiled(words.get("pattern"))
    if node.kind in ("array", "any"):
        rules["entries"] = entries_limits(node)
    for word in _SIZES:
        if is_number(words.get(word)):
            rules[word] = words[word]
    if words.get("uniqueItems") is True:
        rules["uniqueItems"] = True
    if node.item is not None:
        rules["items"] = node.item.rules
    if node.children:
        rules["properties"] = {name: child.rules for name, child in node.children.items()}
        rules["closed"] = node.closed
    return {word: rule for word, rule in rules.items() if rule is not None}


def entries_limits(node: Node) -> tuple[Limits, ...]:
    """Return the limits of a list's elements by their place; the last ones hold for all that follow."""
    item = node.item.words if node.item is not None else {}
    places = max([len(bound) for bound in node.words.values() if isinstance(bound, list)], default=0)
    return tuple(entry_limits(node.words, item, i, node.key) for i in range(min(places, _PLACES) + 1))


def unread(node: Node) -> list[str]:
    """Name the words of an entry that nobody can read, so that what they ask is not checked."""
    limits = entries_limits(node)[0] if node.kind == "array" else node.limits
    found = [*limits.unread, *_unread_types(node), *_unread_values(node)]
    found += [name for name in _UNREAD if name in node.words]
    if node.cut:
        found.append(f"more than {len(node.branches)} types to choose from")
    if node.children:
        found += unread_conditions(node)
    for branch in node.branches:
        found += unread(branch)
    return list(dict.fromkeys(found))


def _unread_types(node: Node) -> Iterator[str]:
    word = node.words.get("type")
    words = word if isinstance(word, list) else [] if word is None else [word]
    for one in words:
        if one not in TYPE_WORDS and one != "null" and "list" not in str(one):
            yield f"type {show(one)}"


def _unread_values(node: Node) -> Iterator[str]:
    pattern = node.words.get("pattern")
    if pattern is not None and _compiled(pattern) is None:
        yield f"pattern {show(pattern)} ({_why_not_compiled(pattern)})"
    for name in ("enum", "valid_options"):
        listed = node.words.get(name)
        if listed is not None and not isinstance(listed, list):
            yield f"{name} {show(listed)}"


def unread_conditions(node: Node) -> list[str]:
    """Name the words of a section that say which of its values stand together, which nobody reads."""
    return [name for name in _CONDITIONS if name in node.words]


def show(value: object) -> str:
    """Return a value as it stands in a sentence."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


class _Types(Protocol):
    """What is called of the library's validator."""

    def is_type(self, value: object, kind: str) -> bool: ...

    def descend(self, value: object, schema: Mapping[str, object]) -> Iterator[ValidationError]: ...


def _kind(validator: _Types, rule: tuple[str, bool, object], value: object, schema: object) -> Errors:
    kind, may_be_empty, default = rule
    if value is None:
        # The family leaves optional values unset with null; only a declared default forbids that.
        if not may_be_empty:
            yield ValidationError(f"cannot be empty; it is {_article(kind)}, default {show(default)}")
    elif not _is_placeholder(value, kind) and not validator.is_type(value, kind):
        yield ValidationError(f"must be {_article(kind)}, not {show(value)}")


def _options(
    validator: object, options: Options, value: object, schema: Mapping[str, tuple[str, ...]]
) -> Errors:
    if value is None or _is_placeholder(value, schema["kind"][0]):
        return
    for entry in value if isinstance(value, list) and not options.of_lists else [value]:
        if entry not in options:
            yield ValidationError(f"is {show(value)}, but it must be one of {options}")
            return


def _either(validator: _Types, branches: tuple[Node, ...], value: object, schema: object) -> Errors:
    if value is None or _is_placeholder(value, "any"):
        return
    fitting = [b for b in branches if validator.is_type(value, b.kind)]
    if not fitting:
        kinds = " or ".join(dict.fromkeys(_article(b.kind) for b in branches))
        yield ValidationError(f"must be {kinds}, not {show(value)}")
        return
    wrong = [list(validator.descend(value, branch.rules)) for branch in fitting]
    if all(wrong):
        yield from wrong[0]


def _limits(validator: object, limits: Any, value: object, schema: object) -> Errors:
    if is_number(value):
        rule = limits.why_not(value)
        if rule is not None:
            yield ValidationError(_but(value, rule))


def _entries(validator: object, limits: Any, value: object, schema: object) -> Errors:
    for i, entry in enumerate(value) if isinstance(value, list) else ():
        if is_number(entry):
            rule = limits[min(i, len(limits) - 1)].why_not(entry)
            if rule is not None:
                yield ValidationError(_but(entry, rule), path=[i])


def _pattern(validator: object, pattern: BankPattern, value: object, schema: object) -> Errors:
    if not isinstance(value, str) or not value or _is_placeholder(value, "string"):
        return
    if len(value) > MAX_TEXT:
        yield ValidationError(f"has {len(value)} characters, more than the {MAX_TEXT} that can be checked")
    elif not pattern.search(value):
        yield ValidationError(f"is {show(value)}, but it must match {pattern.text}")


def _closed(validator: object, closed: bool, value: object, schema: Mapping[str, Container[str]]) -> Errors:
    for name in value if closed and isinstance(value, dict) else ():
        if name not in schema["properties"]:
            yield ValidationError(UNKNOWN, path=[name])


def _size(word: str) -> Callable[[object, float, object, object], Errors]:
    plain = Draft202012Validator.VALIDATORS[word]
    rule, things = _SIZES[word]

    def size(validator: object, wanted: float, value: object, schema: object) -> Errors:
        if value == "" or _is_placeholder(value, "any"):
            return  # an empty text is a value that is not set
        if any(plain(validator, wanted, value, schema)):
            yield ValidationError(f"is {show(value)}, but it must have {rule} {wanted} {things}")

    return size


def _unique(validator: object, wanted: bool, value: object, schema: object) -> Errors:
    # The library compares every entry with every other where entries are lists or mappings.
    if isinstance(value, list) and len({frozen(entry, bools=True) for entry in value}) < len(value):
        yield ValidationError(f"is {show(value)}, but no entry may stand there twice")


UNKNOWN = "is not a key of this spec"
_KINDS: dict[str, object] = {
    "integer": lambda _, value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda _, value: is_number(value),
    "boolean": lambda _, value: isinstance(value, bool),
    "string": lambda _, value: isinstance(value, str),
    "array": lambda _, value: isinstance(value, list),
    "object": lambda _, value: isinstance(value, dict),
    "any": lambda _, value: True,
}
_TYPES = TypeChecker().redefine_many({**{w: _KINDS[k] for w, k in TYPE_WORDS.items()}, **_KINDS})
_STANDARD = Draft202012Validator.VALIDATORS
_Validator: Any = create(
    meta_schema={},
    validators={
        "kind": _kind,
        "options": _options,
        "either": _either,
        "limits": _limits,
        "entries": _entries,
        "pattern": _pattern,
        "uniqueItems": _unique,
        "items": _STANDARD["items"],
        "properties": _STANDARD["properties"],
        "closed": _closed,
        **{word: _size(word) for word in _SIZES},
    },
    type_checker=_TYPES,
)


def _is_placeholder(value: object, kind: str) -> bool:
    """Whether a text is filled in later (``{results_dir}``, ``${train.root}``) where text may stand."""
    return isinstance(value, str) and "{" in value and kind in ("string", "any")


def _but(value: float, rule: str) -> str:
    return rule if rule.startswith("must not") else f"is {shown(value)}, but it {rule}"


def _compiled(pattern: object) -> BankPattern | None:
    try:
        return compiled(pattern) if isinstance(pattern, str) else None
    except PatternError:
        return None


def _why_not_compiled(pattern: object) -> str:
    try:
        compiled(pattern)
    except PatternError as error:
        return str(error)
    except TypeError:
        pass
    return "it is no text"


def _article(kind: str) -> str:
    words: Mapping[str, str] = {
        "integer": "a whole number", "number": "a number", "boolean": "true or false", "string": "text",
        "array": "a list", "object": "a mapping",
    }  # fmt: skip
    return words.get(kind, "a value")
