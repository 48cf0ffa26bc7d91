"""Which formats a tree holds: at its root, or in its split folders, each a data set of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from skillbank.datasets.dividing import divided_by_folders
from skillbank.datasets.document import DataSet, split_in, split_of
from skillbank.datasets.faults import Fault
from skillbank.datasets.formats import BROKEN, FORMATS, LAST, Format
from skillbank.datasets.formats.base import Recognised
from skillbank.datasets.formats.foreign import ForeignFormat
from skillbank.datasets.guesses import guess_faults
from skillbank.datasets.joining import Member, joined
from skillbank.datasets.texts import guessing
from skillbank.datasets.tree import OTHER_ARCHIVES, Tree
from skillbank.datasets.unread import unread
from skillbank.errors import DataError, PluginError, a_few, did_you_mean
from skillbank.plugins import WRITER
from skillbank.visible import one_line
from skillbank.ways import Sentence, marked, option

__all__ = ["Found", "UnrecognisedError", "hint", "look", "troubles", "unrecognised", "unwrapped"]

_MOST_ENDINGS = 5
_WRAPPERS = 3
"""So many folders around a data set are passed through where there is nothing beside them."""
_BESIDE = (".md", ".txt", ".html", ".pdf", ".rst", ".log")
"""Endings of what may lie beside the only folder: a README, a licence."""


class UnrecognisedError(DataError):
    """No format is recognised; `lacking` says that one would be if something were not missing."""

    lacking = False


@dataclass(frozen=True)
class Found:
    """What was recognised in a tree; nothing of it is read yet.

    Attributes
    ----------
    claims
        Formats that the root holds, with what they were recognised by.
    parts
        Split folders that are data sets of their own.
    bare
        Split folders that hold pictures and no annotations.
    """

    tree: Tree
    claims: tuple[tuple[Format, Recognised], ...]
    parts: tuple[tuple[str, Found], ...] = ()
    bare: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """What was recognised, for a sentence: "it is COCO (a.json), --format coco"."""
        found = dict.fromkeys(
            Sentence(f"{each.title} ({claim.why}; {option('format', each.name)})")
            for holder in (self, *(part for _, part in self.parts))
            for each, claim in holder.claims
        )
        return Sentence(f"it is {a_few([marked(each) for each in found], 3)}")

    def read(self) -> DataSet:
        """Read the data set.

        Raises
        ------
        DataError
            When several formats could be meant, or what describes the whole cannot be read.
        """
        if not self.claims:
            return self._divided()
        whole = self._whole()
        if self.parts and not any(split.name for split in whole.splits):
            files = a_few([one_line(name) for _, claim in self.claims for name in claim.files], 3)
            return self._divided(f"{files} beside the folders of the splits is not divided and left aside")
        whole = divided_by_folders(self.tree, whole)
        if aside := self._aside():
            return replace(whole, faults=(*whole.faults, *aside))
        return whole

    def _aside(self) -> list[Fault]:
        """Say what in the split folders another format than that of the whole would read."""
        formats = {each.name for each, _ in self.claims}
        read = " and ".join(f"{each.title} ({found.why})" for each, found in self.claims)
        return [
            Fault("format-aside", f"{folder}/{found.files[0]}", f"it is {each.title}, and {read} is read")
            for folder, part in self.parts
            for each, found in part.claims
            if each.name not in formats and found.files
        ]

    def _whole(self) -> DataSet:
        sets = [self._by(each) for each, _ in self.claims]
        if len(sets) == 1:
            return sets[0]
        names = [split.name for data in sets for split in data.splits]
        if all(names) and len(set(names)) == len(names):
            return joined([Member("", data) for data in sets])
        told = " and ".join(f"{each.title} ({found.why})" for each, found in self.claims)
        formats = " or ".join(each.name for each, _ in self.claims)
        raise DataError(
            f"{self.tree.root} can be read as {told}; say which is meant with "
            f"{option('format', formats)}, or name "
            "its file of annotations instead of the folder"
        )

    def _by(self, each: Format) -> DataSet:
        """Read what a format claims, and say whose encoding was guessed."""
        with guessing() as guessed:
            data = each.read(self.tree)
        return replace(data, faults=(*data.faults, *guess_faults(self.tree, guessed)))

    def _divided(self, *notes: str) -> DataSet:
        members = [Member(folder, _read_below(folder, found)) for folder, found in self.parts]
        said = list(notes)
        faults = []
        for folder in self.bare:
            split = split_in(folder)
            bare = LAST.read(self.tree.below(folder))
            members.append(Member(folder, replace(bare, notes=(), classes=())))
            if split == "test":
                said.append(f"{one_line(folder)} holds pictures without annotations")
            else:
                faults.append(Fault("split-unmarked", folder, "it holds pictures and no annotations"))
        data = joined(members, said)
        return replace(data, faults=(*data.faults, *faults))


def _read_below(folder: str, found: Found) -> DataSet:
    """Read a part of a whole; what it says of a file by its name alone is said with the folder."""
    try:
        return found.read()
    except DataError as error:
        if str(found.tree.root) not in error.sentence:
            error.args = (Sentence(f"in {one_line(folder)}: {error.sentence.marked}"),)
        raise


def look(tree: Tree, form: str = "") -> Found | None:
    """Recognise what a tree holds; None where no format has annotations in it."""
    claims = _claims(tree, form)
    parts, bare = _parts(tree, form)
    if all(map(_is_weak, claims)) and any(not _is_weak(c) for _, found in parts for c in found.claims):
        claims = ()  # pictures of all splits lie in folders, and those of one are annotated
    if not claims and not parts:
        return None
    return Found(tree, claims, tuple(parts), tuple(bare))


def _parts(tree: Tree, form: str) -> tuple[list[tuple[str, Found]], list[str]]:
    """Return the split folders that hold a format, and those with pictures alone whose split none holds."""
    parts, bare = [], []
    for folder in tree.split_folders:
        below = tree.below(folder)
        if (found := look(below, form)) is not None:
            parts.append((folder, found))
        elif below.pictures and split_of(folder) is not None:
            bare.append(folder)
    held = {split_in(folder) for folder, _ in parts}
    return parts, [folder for folder in bare if split_of(folder) not in held]


def _is_weak(claim: tuple[Format, Recognised]) -> bool:
    """Whether a format is only taken where nothing is annotated otherwise."""
    return bool(getattr(claim[0], "weak", False))


def unwrapped(tree: Tree, form: str = "") -> Found | None:
    """Recognise what a tree holds, or its only folder, in which archives mostly have everything."""
    for _ in range(_WRAPPERS):
        if (found := look(tree, form)) is not None:
            return found
        folders = tree.folders()
        beside = [name for name in (*tree.files, *tree.archives) if "/" not in name]
        if len(folders) != 1 or not all(name.lower().endswith(_BESIDE) for name in beside):
            return None
        tree = tree.below(folders[0])
    return look(tree, form)


def unrecognised(tree: Tree, form: str = "") -> UnrecognisedError:
    """Return what to say of a tree that holds nothing known."""
    for each in _asked(form):
        found = each.recognise(tree)
        if found is not None and found.lacking:
            error = UnrecognisedError(found.lacking)
            error.lacking = True
            return error
    known = ", ".join(each.title for each in _asked(form))
    return UnrecognisedError(
        f"{tree.root} holds no data set that is recognised (known are {known}); it holds {_contents(tree)}"
        f"{hint(tree)}{''.join(f'; {each}' for each in troubles())}"
    )


def troubles() -> tuple[str, ...]:
    """Say which formats of packages could not be asked about the last tree, a sentence each."""
    asked = [str(each.trouble) for each in FORMATS if isinstance(each, ForeignFormat) and each.trouble]
    return (*(why for name, why in BROKEN.items() if not name.endswith(WRITER)), *asked)


def hint(tree: Tree) -> str:
    """Say what of a tree that holds nothing known a person may have taken for a data set."""
    packed = [name for name in tree.files if name.lower().endswith(OTHER_ARCHIVES)]
    if packed or tree.archives:
        return f"; unpack {a_few([one_line(name, 100) for name in (*packed, *tree.archives)], 3)}"
    if tree.masks:
        masks = a_few([one_line(name, 100) for name in sorted(tree.masks)], 3)
        return (
            f"; {masks} are masks, areas and no boxes, and of no picture that is there by its name: export "
            "them as boxes in COCO, YOLO or Pascal VOC"
        )
    if names := [one_line(fault.where, 100) for fault in unread(tree)]:
        return f"; {a_few(names, 3)} may be annotations, in a format that is not read"
    return ""


def _claims(tree: Tree, form: str) -> tuple[tuple[Format, Recognised], ...]:
    kept: list[tuple[Format, Recognised]] = []
    taken: set[str] = set()
    for each in _asked(form):
        if kept and getattr(each, "weak", False):
            continue  # pictures in folders, and masks, lie beside annotations too
        found = each.recognise(tree)
        if form and found is not None and found.lacking and getattr(each, "weak", False):
            found = replace(found, lacking="")  # it was only not sure
        # Of two formats that would read the same files, the surer one stands first.
        if found is not None and not found.lacking and taken.isdisjoint(found.files):
            kept.append((each, found))
            taken.update(found.files)
        if form and isinstance(each, ForeignFormat) and each.trouble is not None:
            raise each.trouble
    return tuple(kept)


def _asked(form: str) -> list[Format]:
    formats = [each for each in FORMATS if form in ("", each.name)]
    if not formats and form in BROKEN:
        raise PluginError(BROKEN[form])
    if not formats and form != LAST.name:
        known = ", ".join(each.name for each in (*FORMATS, LAST))
        near = did_you_mean(form, [each.name for each in (*FORMATS, LAST)])
        raise DataError(f"there is no format '{one_line(form, 60)}'{near}; known are {known}")
    return formats


def _contents(tree: Tree) -> str:
    """Say what a tree holds by the endings of its files: "120 .jpg, 3 .txt"."""
    counts: dict[str, int] = {}
    for name in (*tree.files, *tree.archives):
        ending = Path(name).suffix.lower() or "without an ending"
        counts[ending] = counts.get(ending, 0) + 1
    most = sorted(counts.items(), key=lambda item: -item[1])[:_MOST_ENDINGS]
    return ", ".join(f"{count:,} {ending}" for ending, count in most) or "nothing"
