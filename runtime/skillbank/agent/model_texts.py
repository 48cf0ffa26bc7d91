"""The texts of an answer's model, changed at every depth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from pydantic import BaseModel

__all__ = ["with_model_texts"]


def with_model_texts(value: object, change: Callable[[str], str]) -> Any:
    """Return a model, or a value of one, with its texts changed; what has none that changes stays itself."""
    if isinstance(value, BaseModel):
        texts = {name: with_model_texts(getattr(value, name), change) for name in type(value).model_fields}
        changed = {name: text for name, text in texts.items() if text is not getattr(value, name)}
        return value.model_copy(update=changed) if changed else value
    if isinstance(value, list | tuple):
        return type(value)(with_model_texts(each, change) for each in value)
    if isinstance(value, Mapping):
        return {with_model_texts(k, change): with_model_texts(v, change) for k, v in value.items()}
    return change(value) if isinstance(value, str) and not isinstance(value, Enum) else value
