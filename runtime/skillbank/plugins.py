"""What packages add to skillbank: entry points by group, found by their metadata and imported when asked for.

What skillbank itself has stands in files of the same form, ``entry_points.txt`` in the folder of each thing,
so that a platform of ours and one of somebody else's package are found alike. A plug-in is code that a person
installed; no bank can bring one.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from configparser import ConfigParser
from configparser import Error as ConfigError
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib import import_module
from importlib.metadata import Distribution, distributions
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from skillbank.environment import foreign
from skillbank.errors import PluginError, SkillbankError
from skillbank.visible import one_line

__all__ = ["WRITER", "Found", "Group", "Offer", "found", "guarded", "names", "offer", "written_formats"]

T = TypeVar("T")
WRITER = ".writer"
"""Ends the name of what writes a label format; the name without it is what reads it."""
_HERE = Path(__file__).parent
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_VALUE = re.compile(r"([A-Za-z_][\w.]*):([A-Za-z_][\w.]*)\s*(?:\[.*\])?")


class Group(StrEnum):
    """The groups of entry points that skillbank looks at."""

    INFERENCE_FUNCTIONS = "skillbank.inference_functions"
    PLATFORMS = "skillbank.platforms"
    AUTOML_ALGORITHMS = "skillbank.automl_algorithms"
    LABEL_FORMATS = "skillbank.label_formats"

    @property
    def thing(self) -> str:
        """What one of the group is called in a sentence."""
        return _THINGS[self]


_THINGS = {
    Group.INFERENCE_FUNCTIONS: "inference function",
    Group.PLATFORMS: "platform",
    Group.AUTOML_ALGORITHMS: "AutoML algorithm",
    Group.LABEL_FORMATS: "label format",
}
_RESERVED = {Group.LABEL_FORMATS: frozenset({"json"})}
"""Names of ours that stand in no file."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing that skillbank or a package has to offer; nothing of it is imported yet.

    Attributes
    ----------
    value
        Where it is, ``module:object``.
    package
        The distribution that brings it with its version, ``skillbank-nomad 1.0``; empty for our own.
    """

    group: Group
    name: str
    value: str
    package: str = ""

    @property
    def said(self) -> str:
        """What it is and whose, for a sentence."""
        return f"the {self.group.thing} '{self.name}' of the package {self.package}"

    def load(self, wanted: Callable[[object], bool] = lambda _: True, what: str = "an object") -> Any:
        """Import it.

        Parameters
        ----------
        wanted
            Says whether an object can be what its group asks for.
        what
            What that is, in a few words.

        Raises
        ------
        PluginError
            When it is a package's and cannot be imported, or is something else.
        """
        match = _VALUE.fullmatch(self.value)
        if not self.package:
            assert match is not None
            return _attribute(match[1], match[2])
        with guarded(self, "cannot be loaded"):
            if match is None:
                raise ValueError(f"'{one_line(self.value, 80)}' is no module:object")
            made = _attribute(match[1], match[2])
            fits = wanted(made)
        if not fits:
            raise self.error("cannot be used", f"{one_line(self.value, 80)} is not {what}")
        return made

    def beside(self, file: str) -> Path | None:
        """Return a file in the folder of its module, found without importing it; None where there is none."""
        module = self.value.partition(":")[0]
        top, *between = module.split(".")[:-1] or [module]
        try:
            spec = find_spec(top)
        except (ImportError, ValueError):
            return None
        for place in (spec.submodule_search_locations or ()) if spec else ():
            if (path := Path(place, *between, file)).is_file():
                return path
        return None

    def error(self, how: str, why: str) -> PluginError:
        """Return what is wrong with it as one sentence that names its package."""
        package = self.package.partition(" ")[0]
        return PluginError(f"{self.said} {how} ({why}); mend it, or leave it out: pip uninstall {package}")


class guarded:  # noqa: N801  reads as a statement
    """Turn what a plug-in's code raises into one sentence that names its package.

    Errors of our own pass: they are sentences already. Of what skillbank itself has nothing is turned.

    Parameters
    ----------
    passes
        Which errors of our own pass: those that whoever calls is prepared for.
    """

    def __init__(
        self,
        offer: Offer,
        how: str = "stopped with an error",
        passes: type[SkillbankError] = SkillbankError,
    ) -> None:
        self._offer, self._how, self._passes = offer, how, passes

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if error is None or not self._offer.package or isinstance(error, self._passes):
            return
        if isinstance(error, Exception | SystemExit):
            raise self._offer.error(self._how, f"{type(error).__name__}: {one_line(error, 200)}") from error


@dataclass(frozen=True, slots=True)
class Found:
    """What is there of all groups.

    Attributes
    ----------
    offers
        By group and name, our own first.
    refused
        What packages offer and cannot be taken, with why: one sentence each.
    """

    offers: Mapping[Group, Mapping[str, Offer]]
    refused: tuple[tuple[Offer, str], ...]


@lru_cache(maxsize=1)
def found() -> Found:
    """Look at the metadata of everything that is installed, once for each process."""
    offers: dict[Group, dict[str, Offer]] = {group: {} for group in Group}
    for each in _our_own():
        offers[each.group][each.name] = each
    own = {
        group: frozenset(map(_plain, offers[group])) | _RESERVED.get(group, frozenset()) for group in Group
    }
    packaged, refused = _of_packages()
    claimed: dict[tuple[Group, str], list[Offer]] = {}
    for each in packaged:
        if not _NAME.fullmatch(_plain(each.name)):
            why = "is left out: a name is made of small letters, digits and underscores"
            refused.append((each, f"{each.said} {why}"))
        elif _plain(each.name) in own[each.group]:
            why = f"is left out: skillbank has a {each.group.thing} of that name itself"
            refused.append((each, f"{each.said} {why}"))
        else:
            claimed.setdefault((each.group, each.name), []).append(each)
    for (group, name), rivals in claimed.items():
        if len(rivals) == 1:
            offers[group][name] = rivals[0]
            continue
        packages = " and ".join(each.package for each in rivals)
        why = f"the {group.thing} '{name}' is left out: the packages {packages} both have one; uninstall one"
        refused += [(each, why) for each in rivals]
    return Found(offers, tuple(refused))


@lru_cache(maxsize=len(Group))
def names(group: Group) -> tuple[str, ...]:
    """Return the names of a group, our own first; those of writers of label formats are not among them."""
    return tuple(name for name in found().offers[group] if not name.endswith(WRITER))


def written_formats() -> tuple[str, ...]:
    """Return the names of the label formats that can be written, our own first."""
    offers = found().offers[Group.LABEL_FORMATS]
    return tuple(name.removesuffix(WRITER) for name in offers if name.endswith(WRITER))


def offer(group: Group, name: str) -> Offer | None:
    """Return what stands under a name; None where nothing does.

    Raises
    ------
    PluginError
        When a package offers it and it was left out.
    """
    there = found()
    if name not in there.offers[group]:
        for each, why in there.refused:
            if (each.group, each.name) == (group, name) and _NAME.fullmatch(_plain(name)):
                raise PluginError(why)
    return there.offers[group].get(name)


def _plain(name: str) -> str:
    return name.removesuffix(WRITER)


def _attribute(module: str, path: str) -> object:
    made: object = import_module(module)
    for part in path.split("."):
        made = getattr(made, part)
    return made


def _entries(text: str) -> Iterator[tuple[Group, str, str]]:
    """Yield what a file of entry points has of our groups."""
    parser = ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    for group in Group:
        if parser.has_section(group):
            for name, value in parser.items(group):
                yield group, one_line(name, 60), " ".join(value.split())


def _our_own() -> Iterator[Offer]:
    for file in sorted((*_HERE.glob("*/entry_points.txt"), *_HERE.glob("*/*/entry_points.txt"))):
        for group, name, value in _entries(file.read_text(encoding="utf-8")):
            yield Offer(group, name, value)


def _of_packages() -> tuple[list[Offer], list[tuple[Offer, str]]]:
    offers: list[Offer] = []
    refused: list[tuple[Offer, str]] = []
    seen: set[str] = set()
    for distribution in distributions(path=_places()):
        package = ""
        try:
            text = distribution.read_text("entry_points.txt")
            if not text or "skillbank." not in text:
                continue
            package = _named(distribution)
            if package.partition(" ")[0].lower() in seen:
                continue  # the first one on the path is the one that is imported
            seen.add(package.partition(" ")[0].lower())
            offers += [Offer(*entry, package) for entry in _entries(text)]
        except (ConfigError, OSError, ValueError) as error:
            package = package or _named(distribution, "without a name")
            why = f"the entry points of the package {package} cannot be read ({one_line(error, 200)})"
            refused.append((Offer(Group.PLATFORMS, "", "", package), why))
    return sorted(offers, key=lambda each: (each.group, each.package.lower())), refused


def _named(distribution: Distribution, otherwise: str = "") -> str:
    """Return the name and the version of what is installed.

    Raises
    ------
    ValueError
        When it has no name, and nothing is said ``otherwise``.
    """
    name = distribution.metadata["Name"]
    if not name and not otherwise:
        raise ValueError("its metadata has no name")
    return one_line(f"{name} {distribution.version}", 100) if name else otherwise


def _places() -> list[str]:
    """Return where packages are installed: the path of Python without the folder that somebody stands in.

    ``python -m skillbank`` puts that folder first, and it may be a bank or a data set.
    """
    try:
        here = str(Path.cwd())
    except OSError:
        here = ""
    named = (foreign("PYTHONPATH") or "").split(os.pathsep)
    first = sys.path[:1]
    if first in ([""], [here]) and here not in named:
        return sys.path[1:]
    return list(sys.path)
