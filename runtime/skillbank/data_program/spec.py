"""The typed spec of each action: what is read, how it is written, and where results go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field

from skillbank.data_program.blocks import MISSING, Block, leaves, read_spec, refuse_missing, schema_entry
from skillbank.datasets.formats import FORMATS, WRITERS
from skillbank.datasets.splitting import Amount
from skillbank.errors import SpecError, UsageError, did_you_mean
from skillbank.plugins import WRITER, Group, found
from skillbank.visible import one_line

ValueT = TypeVar("ValueT")


__all__ = ["SPECS", "CheckSpec", "ConvertSpec", "Spec", "SplitSpec", "all_schemas", "load_spec"]

READABLE = tuple(each.name for each in FORMATS)
WRITABLE = tuple(each.name for each in WRITERS)
_OURS = frozenset(
    name.removesuffix(WRITER)
    for name, each in found().offers[Group.LABEL_FORMATS].items()
    if not each.package
)
"""What the bank's own schemas list: they must not differ by machine."""


def _one_of(*names: str) -> AfterValidator:
    def check(value: str) -> str:
        if value not in names:
            known = ", ".join(name for name in names if name)
            raise ValueError(f"'{one_line(value, 40)}' is none of {known}{did_you_mean(value, names)}")
        return value

    return AfterValidator(check)


def _as_text(value: object) -> object:
    # `test:` with nothing behind it is null in YAML, and `val: 0.2` a number.
    if value is None:
        return ""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _param(default: ValueT, about: str, **words: Any) -> ValueT:
    return Field(default=default, description=about, json_schema_extra=words)


Text = Annotated[str, BeforeValidator(_as_text)]
_PICTURES = "How pictures come into the new data set: linked where the file system can, or copied."


class DatasetBlock(Block):
    """Which data set, and which part of it."""

    place: Text = _param(MISSING, "Folder of the data set, as its tool left it.")
    format: Annotated[Text, _one_of("", *READABLE)] = _param(
        "",
        "How to read it; empty recognises it by its content.",
        enum=["", *filter(_OURS.__contains__, READABLE)],
        x_offered="label_formats",
    )
    splits: list[str] = _param(
        [], "Only these splits: train, val, test or as their folders are called; empty takes all."
    )


class CopiedBlock(DatasetBlock):
    """The same of a data set that is written anew."""

    on_broken: Literal["refuse", "skip"] = _param(
        "refuse",
        "What becomes of what would end a training: all is listed and nothing written, or it is left out.",
        popular=True,
    )


class ConvertBlock(Block):
    """How the data set is written."""

    to: Annotated[Text, _one_of(MISSING, *WRITABLE)] = _param(
        MISSING,
        "Format to write.",
        enum=list(filter(_OURS.__contains__, WRITABLE)),
        popular=True,
        x_offered="label_formats.writer",
    )
    pictures: Literal["link", "copy"] = _param("link", _PICTURES)
    decode: bool = _param(True, "Decode every picture before, which alone finds the broken ones.")


class SplitBlock(Block):
    """How the data set is divided."""

    val: Text = _param(
        "0.2", "Pictures to validate on: a share (0.2, 20%) or a number of them (500).", popular=True
    )
    test: Text = _param("", "Pictures to test on, said in the same way; empty for none.", popular=True)
    by: Literal["near-duplicates", "folder", "picture"] = _param(
        "near-duplicates",
        "What stays together: pictures that look the same, those of one folder, or nothing.",
        popular=True,
    )
    seed: int = _param(0, "The same seed gives the same division.")
    to: Annotated[Text, _one_of("", *WRITABLE)] = _param(
        "",
        "Format to write; empty for that of the data set, or COCO where it cannot be.",
        enum=["", *filter(_OURS.__contains__, WRITABLE)],
        x_offered="label_formats.writer",
    )
    again: bool = _param(
        False, "Divide anew what is divided already; its test pictures then come among the others."
    )
    pictures: Literal["link", "copy"] = _param("link", _PICTURES)


class CheckBlock(Block):
    """How the data set is checked."""

    decode: bool = _param(True, "Decode every picture, which alone finds the broken ones and look-alikes.")
    on_errors: Literal["fail", "report"] = _param(
        "fail",
        "Whether errors in the data end the job as failed, or stand in its report alone.",
        popular=True,
    )
    page: bool = _param(True, "Draw the data set as one HTML page beside the report.")


class Spec(Block):
    """What all actions have in common."""

    results_dir: Text = _param("", "Folder that all results go below.")
    dataset: DatasetBlock = Field(
        default_factory=DatasetBlock, description="Which data set, and which part of it."
    )


class CopySpec(Spec):
    """What the actions have in common that write a data set."""

    dataset: CopiedBlock = Field(
        default_factory=CopiedBlock, description="Which data set, and which part of it."
    )


class ConvertSpec(CopySpec):
    """Spec of convert."""

    convert: ConvertBlock = Field(default_factory=ConvertBlock, description="How the data set is written.")


class SplitSpec(CopySpec):
    """Spec of split."""

    split: SplitBlock = Field(default_factory=SplitBlock, description="How the data set is divided.")


class CheckSpec(Spec):
    """Spec of check."""

    check: CheckBlock = Field(default_factory=CheckBlock, description="How the data set is checked.")


SPECS: Mapping[str, type[Spec]] = {"check": CheckSpec, "convert": ConvertSpec, "split": SplitSpec}
"""By action."""


def load_spec(action: str, path: Path) -> Spec:
    """Read the spec of an action.

    Raises
    ------
    UsageError
        When there is no such action.
    SpecError
        When the file cannot be read, or holds what no spec may: all faults are listed.
    """
    if action not in SPECS:
        raise UsageError(
            f"there is no action '{one_line(action, 40)}'{did_you_mean(action, list(SPECS))}; "
            f"there are {', '.join(SPECS)}"
        )
    spec = read_spec(path, SPECS[action])
    missing = [key for key, value in leaves(spec.model_dump()) if value == MISSING]
    refuse_missing(action, [*missing, *(() if spec.results_dir else ("results_dir",))])
    if isinstance(spec, SplitSpec):
        _amounts(spec.split)
    return spec


def _amounts(block: SplitBlock) -> None:
    try:
        for name, said in (("split.val", block.val), ("split.test", block.test)):
            if said:
                Amount.read(said, name)
    except UsageError as error:
        raise SpecError(f"{error.sentence}.") from None


def all_schemas(actions: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return ``{action: {"schema": ..., "defaults": ...}}`` for ``skillbank schemas generate``."""
    return {
        action: schema_entry(
            action, SPECS[action], f"data set {action}", f"Spec of the {action} action on data sets."
        )
        for action in actions
    }
