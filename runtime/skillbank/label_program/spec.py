"""The typed spec of a labelling, and the same as JSON Schema."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from skillbank.bank.documents import read_yaml
from skillbank.errors import SkillFormatError, SpecError
from skillbank.misfits import misfit

ValueT = TypeVar("ValueT")


__all__ = [
    "ACTION",
    "TEACH",
    "LabelSpec",
    "TeachBlock",
    "TeachSpec",
    "all_schemas",
    "load_spec",
    "load_teaching",
]

ACTION, TEACH = "label", "teach"
_MISSING = "???"
"""The family's mark for a value that has to be filled in before an action can run."""


def _param(default: ValueT, about: str, **words: Any) -> ValueT:
    made: ValueT = Field(default=default, description=about, **words)
    return made


class _Block(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        field_title_generator=lambda name, _info: name.replace("_", " "),
    )


class LabelBlock(_Block):
    """What is looked at, by which model, and what for."""

    pictures: str = _param(
        _MISSING, "File with a line of JSON for each picture: number, name, place, sha256, width, height."
    )
    model: str = _param(
        _MISSING, "A model's file or folder, or its name on the model hub, as the program's machine sees it."
    )
    captions: list[str] = _param([], "What to look for, all at once.")
    least: float = _param(0.02, "Least score of what is kept, from 0 to 1.", ge=0, le=1)
    nms: float = _param(0.7, "Most overlap of two boxes of one caption, from 0 to 1.", ge=0, le=1)
    tiles: str = _param(
        "off",
        "Whether pictures are looked at piece by piece too: auto (those much larger than the model sees "
        "them), WxH in pixels, or off.",
        pattern=r"^(auto|off|[1-9][0-9]{1,4}x[1-9][0-9]{1,4})$",
    )


class TeachBlock(_Block):
    """What a model labels for another one to learn from, and where the data set goes."""

    pictures: str = _param(_MISSING, "Folder of pictures.")
    model: str = _param(
        _MISSING, "A model's file or folder, or its name on the model hub, as the program's machine sees it."
    )
    captions: list[str] = _param([], "What to look for; empty takes the classes that it was trained on.")
    least: float = _param(0.3, "Least score of a box that is taken for an object, from 0 to 1.", ge=0, le=1)
    val: float = _param(0.2, "Share of the pictures that is left to validate on.", gt=0, lt=1)
    seed: int = _param(0, "Seed of the division into both parts.", ge=0)
    output: str = _param("", "New folder of the data set; empty is a folder dataset in the results.")


class TeachSpec(_Block):
    """Spec of teach."""

    results_dir: str = _param("", "Folder that all results go below.")
    teach: TeachBlock = Field(
        default_factory=TeachBlock,
        description="What a model labels for another one to learn from, and where the data set goes.",
    )


class LabelSpec(_Block):
    """Spec of label."""

    results_dir: str = _param("", "Folder that all results go below.")
    label: LabelBlock = Field(
        default_factory=LabelBlock, description="What is looked at, by which model, and what for."
    )


def all_schemas() -> dict[str, dict[str, Any]]:
    """Return ``{action: {"schema": ..., "defaults": ...}}`` for ``skillbank schemas generate``."""
    about = {
        ACTION: "Spec of the label action on pictures of a label set.",
        TEACH: "Spec of the teach action on a folder of pictures.",
    }
    return {name: _schema(name, _SPECS[name], text) for name, text in about.items()}


def _schema(action: str, spec: type[_Block], about: str) -> dict[str, object]:
    raw = spec.model_json_schema(mode="validation")
    [block] = raw.pop("$defs", {}).values()
    properties = raw["properties"]
    defaults = spec().model_dump()
    properties[action] = {
        **{word: value for word, value in properties[action].items() if word != "$ref"},
        **{word: value for word, value in block.items() if word != "description"},
        "default": defaults[action],
    }
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": action,
        "description": about,
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "default": defaults,
        "x_schema": {"action": action, "schema_version": 1},
    }
    return {"schema": schema, "defaults": defaults}


def load_spec(path: Path) -> LabelSpec:
    """Read the spec of a labelling.

    Raises
    ------
    SpecError
        When the file cannot be read, or holds what no spec may: all faults are listed.
    """
    spec = _load(path, LabelSpec, ACTION)
    missing = [name for name in ("pictures", "model") if getattr(spec.label, name) == _MISSING]
    missing += [] if spec.label.captions else ["captions"]
    _refuse_missing(ACTION, missing, spec.results_dir)
    return spec


def load_teaching(path: Path) -> TeachSpec:
    """Read the spec of labels for a student."""
    spec = _load(path, TeachSpec, TEACH)
    missing = [name for name in ("pictures", "model") if getattr(spec.teach, name) == _MISSING]
    _refuse_missing(TEACH, missing, spec.results_dir)
    return spec


_SPECS: dict[str, type[_Block]] = {ACTION: LabelSpec, TEACH: TeachSpec}
_S = TypeVar("_S", bound=_Block)


def _load(path: Path, kind: type[_S], action: str) -> _S:
    try:
        document = read_yaml(path)
    except SkillFormatError as error:
        raise SpecError(f"the spec cannot be read: {error.sentence}") from None
    try:
        return kind.model_validate({} if document is None else document)
    except ValidationError as error:
        block = TeachBlock if action == TEACH else LabelBlock
        known = ["results_dir", *(f"{action}.{name}" for name in block.model_fields)]
        raise SpecError(" ".join(_sentences(error, known))) from None


def _refuse_missing(action: str, missing: list[str], results_dir: str) -> None:
    lacking = [f"{action}.{name}" for name in missing] + ([] if results_dir else ["results_dir"])
    if lacking:
        raise SpecError(f"{' and '.join(lacking)} has no value yet, and {action} needs one.")


def _sentences(error: ValidationError, known: list[str]) -> list[str]:
    return [f"{misfit(detail, known=known)}." for detail in error.errors(include_url=False)]
