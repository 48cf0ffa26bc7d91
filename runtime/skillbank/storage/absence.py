"""What is not there, said once for each place however many files were to come from it, with the near name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from skillbank.errors import a_few
from skillbank.nearby import names_in, near_path
from skillbank.plan.model import InputBinding
from skillbank.storage.uri import parse_uri

__all__ = ["absent"]

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


def _sentence(kind: str, place: Path, group: Sequence[InputBinding]) -> str:
    keys = a_few([binding.key for binding in group], _SHOWN)
    if kind == "below":
        what = f"the data for {keys}"
        if place.exists():
            return f"{place} is a file and must be the folder that holds {what}"
        holds = a_few(names_in(place.parent), _SHOWN) or "nothing"
        way_out = f"{near_path(place)}; the nearest folder that does is {place.parent}, which holds {holds}"
        if len(group) == 1:
            return f"{group[0].uri}, {what}, does not exist{way_out}"
        return f"{place}, which would hold {what}, does not exist{way_out}"
    there = names_in(place)
    holds = f"; {place} holds {a_few(there, _SHOWN) or 'nothing'}"
    if len(group) == 1:
        path = parse_uri(group[0].uri).path
        return f"{path}, the data for {keys}, does not exist{near_path(path)}{holds}"
    names = a_few([parse_uri(binding.uri).path.name for binding in group], _SHOWN)
    return f"{place} has no {names} (the data for {keys}){holds}"


def _existing(path: Path) -> Path:
    """Return the nearest folder above a path; one that may not be looked into counts."""
    for folder in path.parents:
        try:
            if folder.is_dir():
                return folder
        except OSError:
            continue
    return path.parents[-1]
