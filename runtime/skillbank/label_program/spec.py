"""The typed spec of a labelling, and the same as JSON Schema."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from skillbank.bank.documents import read_yaml
from skillbank.errors import SkillFormatError, SpecError, did_you_mean
from skillbank.visible import one_line

__all__ = ["ACTION", "LabelSpec", "all_schemas", "load_spec"]

ACTION = "label"
_MISSING = "???"
"""The family's mark for a value that has to be filled in before an action can run."""


def _param(default: Any, about: str, **words: Any) -> Any:
    return Field(default=default, description=about, **words)


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


class LabelSpec(_Block):
    """Spec of label."""

    results_dir: str = _param("", "Folder that all results go below.")
    label: LabelBlock = Field(
        default_factory=LabelBlock, description="What is looked at, by which model, and what for."
    )


def all_schemas() -> dict[str, dict[str, Any]]:
    """Return ``{action: {"schema": ..., "defaults": ...}}`` for ``skillbank schemas generate``."""
    raw = LabelSpec.model_json_schema(mode="validation")
    blocks = raw.pop("$defs", {})
    properties = raw["properties"]
    defaults = LabelSpec().model_dump()
    properties["label"] = {
        **{word: value for word, value in properties["label"].items() if word != "$ref"},
        **{word: value for word, value in blocks["LabelBlock"].items() if word != "description"},
        "default": defaults["label"],
    }
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "label",
        "description": "Spec of the label action on pictures of a label set.",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "default": defaults,
        "x_schema": {"action": ACTION, "schema_version": 1},
    }
    return {ACTION: {"schema": schema, "defaults": defaults}}


def load_spec(path: Path) -> LabelSpec:
    """Read the spec.

    Raises
    ------
    SpecError
        When the file cannot be read, or holds what no spec may: all faults are listed.
    """
    try:
        document = read_yaml(path)
    except SkillFormatError as error:
        raise SpecError(f"the spec cannot be read: {error.sentence}") from None
    try:
        spec = LabelSpec.model_validate({} if document is None else document)
    except ValidationError as error:
        raise SpecError(" ".join(_sentences(error))) from None
    missing = [name for name in ("pictures", "model") if getattr(spec.label, name) == _MISSING]
    missing += [] if spec.label.captions else ["captions"]
    lacking = [f"label.{name}" for name in missing] + ([] if spec.results_dir else ["results_dir"])
    if lacking:
        raise SpecError(f"{' and '.join(lacking)} has no value yet, and {ACTION} needs one.")
    return spec


def _sentences(error: ValidationError) -> list[str]:
    known = ["results_dir", *(f"label.{name}" for name in LabelBlock.model_fields)]
    found = []
    for detail in error.errors(include_url=False):
        key = ".".join(map(str, detail["loc"])) or "the spec"
        if detail["type"] == "extra_forbidden":
            found.append(f"there is no key {one_line(key, 80)}{did_you_mean(key, known)}.")
        else:
            found.append(f"{one_line(key, 80)}: {one_line(detail['msg'], 200)}.")
    return found
