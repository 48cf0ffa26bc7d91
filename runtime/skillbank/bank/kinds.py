"""Kinds of values, by the words of all dialects of schemas that are seen in the family."""

from __future__ import annotations

__all__ = ["NO_ENTRY", "TYPE_WORDS"]

TYPE_WORDS = {
    "int": "integer", "ordered_int": "integer", "integer": "integer",
    "float": "number", "number": "number",
    "bool": "boolean", "boolean": "boolean",
    "string": "string", "categorical": "any", "ordered": "any", "any": "any", "union": "any",
    "list": "array", "list_2": "array", "list_3": "array", "list_1_backbone": "array",
    "subset_list": "array", "optional_list": "array", "array": "array",
    "collection": "object", "object": "object", "dict": "object",
}  # fmt: skip
"""The family's words and JSON Schema's; another word that names a list is an array, the rest is anything."""

NO_ENTRY = "false"
"""Stands for the entry ``false``, JSON Schema's word for a key that takes no value."""
