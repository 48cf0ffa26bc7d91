"""Whose the files in a folder of labels are: skillbank's, as it wrote them, or somebody else's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from skillbank.errors import UsageError, a_few
from skillbank.labelling.manifest import MANIFEST, Manifest, digest_file
from skillbank.ways import option

__all__ = ["foreign_files", "refuse_changed", "refuse_foreign", "said", "some", "take_away"]

_LITTER = ("thumbs.db", "desktop.ini")
_SHOWN = 3


def refuse_foreign(folder: Path) -> None:
    """Refuse a folder that has no manifest and is not empty."""
    names = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
    names = [name for name in names if name[0] != "." and name.lower() not in _LITTER]
    if names:
        raise UsageError(
            f"{folder} holds {some(names)} and no {MANIFEST}, so labels in it could be another "
            f"run's; give a new folder with {option('output')}."
        )


def refuse_changed(folder: Path, before: Manifest, replace: bool) -> None:
    """Refuse when files that are listed are not as they were written: what a person did stays.

    Parameters
    ----------
    replace
        Whether the labels are to give way: then files may be gone, and none may be changed.
    """
    changed = []
    for place in {**before.replacing, **before.files}:
        path = folder / place
        if path.is_file():
            if digest_file(path) not in before.digests(place):
                changed.append(place)
        elif before.state == "complete" and not replace:
            changed.append(place)
    if changed:
        raise UsageError(
            f"{folder}: {some(changed)} changed or gone since the labels were written; keep "
            f"what was done there in another place, or give another {option('output')}."
        )


def foreign_files(folder: Path, files: Mapping[str, str]) -> Iterator[str]:
    """Say which files beside those listed skillbank did not write."""
    tops = {Path(place).parts[0] for place in files if "/" in place}
    paths = (p for top in sorted(tops) for p in sorted((folder / top).rglob("*")) if p.is_file())
    foreign = [
        place for p in paths if (place := p.relative_to(folder).as_posix()) not in files and p.name[0] != "."
    ]
    if foreign:
        yield (
            f"{folder}: {some(foreign)} not written by skillbank and left there; numbers of "
            "classes in such files are not those of these labels unless you made them so."
        )


def take_away(folder: Path, place: str) -> None:
    """Remove a file, and the folders that are empty then."""
    path = folder / place
    path.unlink(missing_ok=True)
    for above in path.relative_to(folder).parents:
        here = folder / above
        if here == folder or not here.is_dir() or any(here.iterdir()):
            break
        here.rmdir()


def some(names: Sequence[str]) -> str:
    """Return a few names and how many more there are."""
    return a_few(names, _SHOWN)


def said(value: object) -> str:
    """Return a value for a sentence, shortened."""
    text = " . ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
