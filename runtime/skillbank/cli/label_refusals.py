"""What a command that labels does not take together: options of a folder of labels, and of a label set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from skillbank.errors import UsageError
from skillbank.visible import one_line

__all__ = ["refuse_classes", "refuse_folders", "refuse_sets"]


def refuse_folders(output: Path | None, formats: Sequence[str] | None, replace: bool) -> None:
    """Refuse options of a folder of labels where a set was named."""
    given = {"--output": output is not None, "--format": bool(formats), "--replace": replace}
    if named := [name for name, said in given.items() if said]:
        raise UsageError(
            f"{' and '.join(named)} belongs to a folder of labels, and --into to a label set; leave one out, "
            "and export the set when it is reviewed."
        )


def refuse_sets(words: Sequence[str], classes: Path | None, only: str | None, detach: bool) -> None:
    """Refuse options of a label set where none was named, and a command that names no picture."""
    given = {"--classes": classes is not None, "--only": only is not None, "--detach": detach}
    if named := [name for name, said in given.items() if said]:
        raise UsageError(f"{' and '.join(named)} belongs to a label set; name it with --into SET.")
    if not words:
        raise UsageError("There is no picture; give pictures or a folder, and then what to find.")


def refuse_classes(texts: Sequence[str], literal: Sequence[str]) -> None:
    """Refuse descriptions that were meant as classes with captions, which only a set has."""
    for text in texts:
        if "=" in text and text not in literal:
            raise UsageError(
                f"'{one_line(text)}' names a class and its captions; add --into SET, or write --text "
                f"'{one_line(text)}' to look for these very words."
            )
