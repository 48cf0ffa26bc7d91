"""Building blocks of the spec classes: scalar types, the base class and the field helpers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

if TYPE_CHECKING:
    from pydantic.config import JsonDict, JsonValue

ValueT = TypeVar("ValueT")

MISSING = "???"
"""The family's mark for a value that has to be filled in before an action can run."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def _read_float(value: object) -> object:
    # YAML 1.1 reads 1e-5 (no dot) as text; in a numeric field it can only be meant as a number.
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value)
    return value


def _read_int(value: object) -> object:
    # JSON Schema counts 10.0 as an integer, and samplers like to produce it.
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _read_text(value: object) -> object:
    # `results_dir:` with nothing behind it is null in YAML and means "not set".
    return "" if value is None else value


Float = Annotated[float, BeforeValidator(_read_float)]
Int = Annotated[int, BeforeValidator(_read_int)]
Text = Annotated[str, BeforeValidator(_read_text)]


class Block(BaseModel):
    """Base of every block of a spec: fixed keys, exact types, no infinities."""

    model_config = ConfigDict(
        defer_build=True,  # an action reads one spec of many
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        validate_default=True,
        protected_namespaces=(),
        field_title_generator=lambda name, _info: name.replace("_", " "),
    )


BlockT = TypeVar("BlockT", bound=Block)


def param(
    default: ValueT,
    about: str,
    *,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    pattern: str | None = None,
    automl: bool | None = None,
    popular: bool = False,
    scale: str | None = None,
    search: tuple[float, float] | None = None,
    parent: bool = False,
    depends_on: str | None = None,
    relation: str | None = None,
    math_cond: str | None = None,
    exclude: JsonValue = None,
    in_template: bool = True,
) -> ValueT:
    """Declare one parameter of a spec.

    Parameters
    ----------
    default
        The value used when the spec does not name the key.
    about
        One sentence for a reader who has to choose a value.
    ge, gt, le, lt
        Bounds that any run must respect.
    pattern
        Regular expression that the schema shows for text values; a validator of the class, which can say
        it in words, enforces it.
    automl
        True: searched by default. False: never searched. None: may be searched on request; lists are
        always marked False.
    popular
        Whether user interfaces show the parameter first.
    scale
        ``"log"`` when the useful values spread over orders of magnitude.
    search
        Smallest and largest value worth trying in a search; narrower than the bounds.
    parent
        Whether other parameters name this one in their `depends_on`.
    depends_on
        Dotted key of the parameter that limits this one.
    relation
        The limit as a readable condition with dotted keys.
    math_cond
        The family's condition word, e.g. ``"> depends_on"``.
    exclude
        One value that is not allowed although it lies within the bounds.
    in_template
        False keeps the key out of the defaults and of the generated templates.

    Returns
    -------
    ValueT
        A pydantic field, typed as the value that it gives an attribute by default.
    """
    if automl is None and isinstance(default, list):
        automl = False
    words: dict[str, JsonValue] = {
        "pattern": pattern,
        "automl_enabled": automl,
        "popular": popular or None,
        "automl_scale": scale,
        "automl_minimum": search[0] if search else None,
        "automl_maximum": search[1] if search else None,
        "parent_param": parent or None,
        "depends_on": depends_on,
        "relation": relation,
        "math_cond": math_cond,
        "not": {"const": exclude} if exclude is not None else None,
        "x_in_template": None if in_template else False,
    }
    extra: JsonDict = {word: value for word, value in words.items() if value is not None}
    return Field(
        default=default,
        description=about,
        ge=ge,
        gt=gt,
        le=le,
        lt=lt,
        json_schema_extra=extra,
    )


def block(kind: type[BlockT], about: str, *, in_template: bool = True) -> BlockT:
    """Declare a nested block with its own defaults.

    Parameters
    ----------
    kind
        The class of the block.
    about
        What the block configures.
    in_template
        False keeps the block out of the defaults and of the generated templates.

    Returns
    -------
    BlockT
        A pydantic field, typed as the block whose default is a fresh instance of `kind`.
    """
    extra: JsonDict = {"automl_enabled": False}
    if not in_template:
        extra["x_in_template"] = False
    return Field(default_factory=kind, description=about, json_schema_extra=extra)
