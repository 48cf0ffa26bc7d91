"""What is not there, said once for each place however many files were to come from it, with the near name."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path

from skillbank.plan.model import InputBinding
from skillbank.storage.uri import parse_uri

__all__ = ["absent", "nearest"]

_SHOWN = 6


def absent(bindings: Iterable[InputBinding]) -> list[str]:
    """Return one sentence for each place that lacks data of these inputs."""
    groups: dict[tuple[str, Path], list[InputBinding]] = {}
    said = []
    for binding in bindings:
        uri = parse_uri(binding.uri)
        if uri.scheme != "file":
            said.append(f"{binding.uri}, the data for {binding.key}, does not exist")
            continue
        folder = _existing(uri.path)
        below = uri.path.relative_to(folder).parts
        place = ("in", folder) if len(below) == 1 else ("below", folder / below[0])
        groups.setdefault(place, []).append(binding)
    return [*said, *(_sentence(kind, place, group) for (kind, place), group in groups.items())]


def nearest(path: Path) -> str:
    """Return `` (did you mean 'x'?)`` for what lies beside a missing path and is called nearly so."""
    if _is_link(path):  # it is there, and what it leads to is not
        return f" (it is a link to {path.readlink()}, which is not there)"
    near = _nearest_name(path.name, names_in(path.parent))
    return f" (did you mean '{path.parent / near}'?)" if near else ""


def _is_link(path: Path) -> bool:
    try:
        return path.is_symlink()
    except OSError:  # a name too long for any file
        return False


def names_in(folder: Path) -> list[str]:
    """Return what a folder holds, by name; nothing of one that cannot be listed."""
    try:
        return sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError:
        return []


def _nearest_name(name: str, there: Sequence[str]) -> str | None:
    """Return the nearest of some names: another case or Unicode form first, then a few other letters."""
    plain = {unicodedata.normalize("NFC", each).casefold(): each for each in reversed(there)}
    wanted = unicodedata.normalize("NFC", name).casefold()
    close = get_close_matches(wanted, list(plain), n=1, cutoff=0.65)
    # A short name for the same thing is no near spelling: val for validation.
    close = close or [each for each in plain if len(each) > 2 and wanted.startswith(each)]
    close = close or [each for each in plain if len(wanted) > 2 and each.startswith(wanted)]
    return plain[close[0]] if close else None


def _sentence(kind: str, place: Path, group: Sequence[InputBinding]) -> str:
    keys = _listed([binding.key for binding in group])
    if kind == "below":
        what = f"the data for {keys}"
        if place.exists():
            return f"{place} is a file and must be the folder that holds {what}"
        holds = _listed(names_in(place.parent)) or "nothing"
        way_out = f"{nearest(place)}; the nearest folder that does is {place.parent}, which holds {holds}"
        if len(group) == 1:
            return f"{group[0].uri}, {what}, does not exist{way_out}"
        return f"{place}, which would hold {what}, does not exist{way_out}"
    there = names_in(place)
    holds = f"; {place} holds {_listed(there) or 'nothing'}"
    if len(group) == 1:
        path = parse_uri(group[0].uri).path
        return f"{path}, the data for {keys}, does not exist{nearest(path)}{holds}"
    names = _listed([parse_uri(binding.uri).path.name for binding in group])
    return f"{place} has no {names} (the data for {keys}){holds}"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown


def _existing(path: Path) -> Path:
    """Return the nearest folder above a path; one that may not be looked into counts."""
    for folder in path.parents:
        try:
            if folder.is_dir():
                return folder
        except OSError:
            continue
    return path.parents[-1]
