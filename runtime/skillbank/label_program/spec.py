"""The typed spec of a labelling, and the same as JSON Schema."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from skillbank.data_program.blocks import MISSING, Block, leaves, read_spec, refuse_missing, schema_entry
from skillbank.labelling.precision import KINDS

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
_MODEL = "A model's file or folder, or its name on the model hub, as the program's machine sees it."

_PRECISION: str = Field(
    "",
    description="In which arithmetic the model computes; empty is fp32, and bf16 on a GPU that has it.",
    json_schema_extra={"enum": ["", *KINDS]},
    pattern=f"^({'|'.join(KINDS)})?$",
)


class LabelBlock(Block):
    """What is looked at, by which model, and what for."""

    pictures: str = Field(
        MISSING,
        description="File with a line of JSON for each picture: number, name, place, sha256, width, height.",
    )
    model: str = Field(MISSING, description=_MODEL)
    captions: list[str] = Field([], description="What to look for, all at once.")
    least: float = Field(0.02, description="Least score of what is kept, from 0 to 1.", ge=0, le=1)
    nms: float = Field(0.7, description="Most overlap of two boxes of one caption, from 0 to 1.", ge=0, le=1)
    tiles: str = Field(
        "off",
        description="Whether pictures are looked at piece by piece too: auto (those much larger than the "
        "model sees them), WxH in pixels, or off.",
        pattern=r"^(auto|off|[1-9][0-9]{1,4}x[1-9][0-9]{1,4})$",
    )
    precision: str = _PRECISION


class TeachBlock(Block):
    """What a model labels for another one to learn from, and where the data set goes."""

    pictures: str = Field(MISSING, description="Folder of pictures.")
    model: str = Field(MISSING, description=_MODEL)
    captions: list[str] = Field(
        [], description="What to look for; empty takes the classes that it was trained on."
    )
    least: float = Field(
        0.3, description="Least score of a box that is taken for an object, from 0 to 1.", ge=0, le=1
    )
    val: float = Field(0.2, description="Share of the pictures that is left to validate on.", gt=0, lt=1)
    seed: int = Field(0, description="Seed of the division into both parts.", ge=0)
    precision: str = _PRECISION
    output: str = Field(
        "", description="New folder of the data set; empty is a folder dataset in the results."
    )


class TeachSpec(Block):
    """Spec of teach."""

    results_dir: str = Field("", description="Folder that all results go below.")
    teach: TeachBlock = Field(
        default_factory=TeachBlock,
        description="What a model labels for another one to learn from, and where the data set goes.",
    )


class LabelSpec(Block):
    """Spec of label."""

    results_dir: str = Field("", description="Folder that all results go below.")
    label: LabelBlock = Field(
        default_factory=LabelBlock, description="What is looked at, by which model, and what for."
    )


def all_schemas() -> dict[str, dict[str, object]]:
    """Return ``{action: {"schema": ..., "defaults": ...}}`` for ``skillbank schemas generate``."""
    about = {
        ACTION: "Spec of the label action on pictures of a label set.",
        TEACH: "Spec of the teach action on a folder of pictures.",
    }
    return {name: schema_entry(name, _SPECS[name], name, text) for name, text in about.items()}


def load_spec(path: Path) -> LabelSpec:
    """Read the spec of a labelling; see `skillbank.data_program.blocks.read_spec`."""
    spec = read_spec(path, LabelSpec)
    _refuse_missing(ACTION, spec, () if spec.label.captions else (f"{ACTION}.captions",))
    return spec


def load_teaching(path: Path) -> TeachSpec:
    """Read the spec of labels for a student."""
    spec = read_spec(path, TeachSpec)
    _refuse_missing(TEACH, spec)
    return spec


_SPECS: dict[str, type[Block]] = {ACTION: LabelSpec, TEACH: TeachSpec}


def _refuse_missing(action: str, spec: LabelSpec | TeachSpec, more: Sequence[str] = ()) -> None:
    missing = [key for key, value in leaves(spec.model_dump()) if value == MISSING]
    refuse_missing(action, [*missing, *more, *(() if spec.results_dir else ("results_dir",))])
