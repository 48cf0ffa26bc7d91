"""Data sets by the places that a plan names: what is there, which split is meant, which files are to be made.

The skill's table says which files a program reads. Where they are what they should be, they are used where
they lie; else they are made of the data set that is recognised there.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from skillbank.datasets.album import Reaches, leads_out
from skillbank.datasets.document import DataSet, Picture, Split
from skillbank.datasets.fitting import misfit
from skillbank.datasets.formats import FORMATS, LAST, title_of
from skillbank.datasets.opening import Opened, UnrecognisedError, open_data, open_place
from skillbank.datasets.packing import archive_stem
from skillbank.datasets.recognising import hint
from skillbank.datasets.tree import PICTURES, Tree, Unpack, open_tree
from skillbank.errors import DataError, SkillbankError, a_few
from skillbank.home import cache_dir
from skillbank.jobs.data_groups import DataGroup, first_category, is_there
from skillbank.jobs.data_marked import open_marked, split_of_areas, why_areas
from skillbank.plan.model import InputBinding, Plan
from skillbank.platforms.container import mount_problem
from skillbank.storage.data_place import unpacker
from skillbank.storage.staging import locate, stage
from skillbank.visible import one_line
from skillbank.ways import Sentence, command, marked

__all__ = [
    "AT_ONCE", "Found", "LaterError", "chosen_split", "find", "find_brought", "reaches", "refuse_bare",
    "small_unpacker",
]  # fmt: skip

AT_ONCE = 32 << 20
"""Bytes of an archive that is unpacked, and of annotations that are read, to answer a mere plan."""


_ASTRAY = "some of its pictures are links that lead out of it, where a program elsewhere sees nothing"


class LaterError(DataError):
    """What takes long is left to a launch."""


@dataclass(frozen=True)
class Found:
    """A data set that was found for a group.

    Attributes
    ----------
    why
        Why files have to be made, half a sentence; empty where they are used as they lie.
    notes
        How it was taken, a sentence each.
    """

    group: DataGroup
    opened: Opened
    split: Split
    why: str
    notes: tuple[str, ...] = ()


def small_unpacker() -> Unpack:
    """Return what unpacks archives once into the cache, and leaves the large ones to a launch."""
    unpack = unpacker(cache_dir())

    def small(archive: Path) -> Path:
        if archive.stat().st_size > AT_ONCE:
            raise LaterError(f"{archive} is large, and is looked into when a job is launched")
        return unpack(archive)

    return small


def reaches(plan: Plan) -> Reaches | None:
    """Return what says whether a folder may be given to a plan's program; None where it sees this machine."""
    return None if plan.platform == "local" else (lambda folder: mount_problem(folder) is None)


def find(group: DataGroup, plan: Plan, place: Path, unpack: Unpack) -> Found | None:
    """Find the data set of a group at a local place.

    Returns
    -------
    Found or None
        None where the files are not such as are made, and are there.

    Raises
    ------
    DataNotFoundError
        When nothing is there.
    DataError
        When no data set is recognised, it has no split for the role, or its files cannot be made of it.
    """
    if group.wanted is None:
        _refuse_other(group, plan, place, unpack)
        return None
    if group.wanted.marks != "boxes":
        return _marked(group, plan, place, unpack)
    if group.wanted.annotated:
        return _annotated(group, plan, place, unpack)
    if group.missing or group.form:
        return _pictures_of(group, place, unpack)
    return _as_they_lie(group, plan, unpack)


def _annotated(group: DataGroup, plan: Plan, place: Path, unpack: Unpack) -> Found:
    """Find boxes: in the wanted files unless they are not there or another format was said."""
    own = _own_files(group, place, unpack)
    if own is not None and group.form not in ("", own.data.format):
        own = None
    opened = own or open_place(place, unpack, form=group.form)
    refuse_bare(opened, group, place)
    split, notes = chosen_split(opened, group, plan)
    if group.missing:
        why = f"it has no {a_few(list(dict.fromkeys(each.file for each in group.missing)), 3)}"
    elif group.form and own is None:
        why = f"it is said to be read as {title_of(group.form)}"
    else:
        why = _why_made(group, plan, unpack)
    return Found(group, opened, split, why, notes)


def _marked(group: DataGroup, plan: Plan, place: Path, unpack: Unpack) -> Found:
    """Find areas, or classes of whole pictures."""
    wanted = group.wanted
    assert wanted is not None
    opened = open_marked(group, place, unpack)
    if wanted.marks == "areas":
        opened, split, notes = split_of_areas(opened, group, plan)
        return Found(group, opened, split, why_areas(opened, place, plan), notes)
    split, notes = chosen_split(opened, group, plan)
    missing = a_few(list(dict.fromkeys(each.file for each in group.missing)), 3)
    return Found(group, opened, split, f"it has no {missing}" if missing else "", notes)


def refuse_bare(opened: Opened, group: DataGroup, place: object) -> None:
    """Raise `DataError` for pictures alone where annotations are needed."""
    if group.form == LAST.name:
        raise DataError(
            f"{group.named} is said to be read as {LAST.name}, which have no annotations; it needs some"
        )
    if opened.data.marks != "boxes":
        raise DataError(
            f"{group.named} is {title_of(opened.data.format)}, which marks no boxes; it needs annotations "
            "with boxes, as COCO, YOLO or Pascal VOC have them"
        )
    if opened.data.format == LAST.name:
        raise UnrecognisedError(
            f"{place} holds pictures and no annotations that are recognised (known are "
            f"{', '.join(each.title for each in FORMATS)}){hint(opened.tree) or marked(_to_label(place))}"
        )


def _to_label(place: object) -> Sentence:
    """Say how annotations are made where pictures are all that there is."""
    described = f"{shlex.quote(one_line(place))} 'CLASS = DESCRIPTION'"
    return Sentence(
        f"; {command('label', described, '--into SET')} labels them by descriptions, and reviewed they are "
        "data as set:SET"
    )


def find_brought(group: DataGroup, plan: Plan, paths: Mapping[str, Path]) -> Found | None:
    """Find the data set of files that lay elsewhere and were brought one by one; None where there is none.

    Raises
    ------
    DataError
        When no data set is recognised in them.
    """
    wanted = group.wanted
    if wanted is None or not wanted.annotated or wanted.marks != "boxes":
        return None
    pictures = paths[wanted.pictures]
    files = {name: path for name, path in paths.items() if name != wanted.pictures}
    files |= {f"images/{name}": path for name, path in open_tree(pictures).files.items()}
    tree = Tree(pictures.parent, files)
    opened = Opened(tree, open_data(tree))
    split, notes = chosen_split(opened, group, plan)
    return Found(group, opened, split, misfit(wanted, paths, _first(plan)), notes)


def _first(plan: Plan) -> int | None:
    """Return the id of the first category where a program asks for it."""
    return 0 if first_category(plan) == 0 else None


def _own_files(group: DataGroup, place: Path, unpack: Unpack) -> Opened | None:
    """Open the wanted annotations with all pictures of a place, whatever else lies there."""
    wanted = group.wanted
    if wanted is None or not place.is_dir() or not (place / (wanted.lines or wanted.coco)).is_file():
        return None
    tree = open_tree(place, unpack)
    own = {wanted.lines, wanted.label_map, wanted.coco, wanted.classes}
    files = {
        name: path for name, path in tree.files.items() if name in own or name.lower().endswith(PICTURES)
    }
    return Opened(tree := Tree(tree.root, files, tree.archives, tree.named_only), open_data(tree))


def _why_made(group: DataGroup, plan: Plan, unpack: Unpack) -> str:
    """Return why files that are there do not do; empty where they do."""
    wanted = group.wanted
    if wanted is None:
        return ""
    paths: dict[str, Path] = {}
    for binding in group.bindings:
        if not is_there(binding):
            continue
        found = locate(binding)
        packed = binding.runtime == "extracted_folder" and not found.folder
        # As the program gets it: only a top folder with the archive's own name is taken away.
        paths[binding.file] = _staged_archive(binding, found.uri.path, unpack) if packed else found.uri.path
    return misfit(wanted, paths, _first(plan)) or (_ASTRAY if _strays(paths[wanted.pictures], plan) else "")


def _strays(folder: Path, plan: Plan) -> bool:
    """Whether a program that sees only what it is given would not find all pictures of a folder."""
    if reaches(plan) is None or not folder.is_dir():
        return False
    tree = open_tree(folder)
    return leads_out(folder, map(tree.path, tree.pictures))


def _staged_archive(binding: InputBinding, archive: Path, unpack: Unpack) -> Path:
    unpack(archive)
    return stage(binding, cache_dir())


def chosen_split(opened: Opened, group: DataGroup, plan: Plan) -> tuple[Split, tuple[str, ...]]:
    """Return the split that a role takes, and what is to be said of it.

    Raises
    ------
    DataError
        When there is none: a test split is never validated on by a training, nor a training split measured.
    """
    if opened.split is not None:
        return opened.split, ()
    splits = {split.name: split for split in opened.data.splits}
    role = group.role
    measured = role == "val" and plan.action == "evaluate"
    takes: tuple[str, ...] = ("val", "test", "") if measured else (role, "")
    chosen = next((splits[name] for name in takes if name in splits), None)
    place = one_line(group.place, 200)
    if chosen is None and len(splits) == 1 and role == "train":
        [chosen] = splits.values()
        return chosen, (f"{place} has only the split '{chosen.said}', which is trained on",)
    if chosen is None:
        there = ", ".join(f"{place}/{split.said or split.name}" for split in splits.values())
        what = {"train": "train on", "val": "measure on"}.get(role, "work on")
        raise DataError(
            f"{place} is {opened.data.format} and has no split to {what} for {group.source}; where one of "
            f"its parts is meant, name it: {there}"
        )
    if chosen.name == "test":
        return chosen, (f"{place} has no validation split, and is measured on its test split",)
    return chosen, ()


def _pictures_of(group: DataGroup, place: Path, unpack: Unpack) -> Found:
    """Find pictures to look at: of a folder or an archive, one picture, or the named part of a data set."""
    wanted = group.wanted
    classes = wanted.classes if wanted is not None else ""
    with_classes = bool(classes) and any(each.file == classes for each in group.missing)
    if not with_classes and (bare := _bare_pictures(group, place, unpack)) is not None:
        return bare
    opened = open_place(place, unpack, form=group.form)
    splits = {split.name: split for split in opened.data.splits}
    split = opened.split or next((splits[name] for name in ("", "test", "val") if name in splits), None)
    return Found(group, opened, split or opened.data.splits[0], "those of the data set that was named")


def _bare_pictures(group: DataGroup, place: Path, unpack: Unpack) -> Found | None:
    """Return one picture, or all of a folder or an archive; None for other places and other formats."""
    if place.is_file() and place.name.lower().endswith(PICTURES):
        return _loose(group, Tree(place.parent, {place.name: place}), "one that was named")
    packed = place.is_file() and archive_stem(place.name) is not None
    if group.form not in ("", LAST.name) or not (place.is_dir() or packed):
        return None
    tree = open_tree(unpack(place) if packed else place, unpack)
    if not tree.pictures:
        raise DataError(f"{place} holds no picture ({', '.join(PICTURES)}); name a folder of pictures")
    return _loose(group, tree, "all of the folder but masks" if tree.masks else "all of the folder")


def _as_they_lie(group: DataGroup, plan: Plan, unpack: Unpack) -> Found | None:
    """Return pictures that lie where they should: to be checked, and made anew where they are not all of it.

    That is so with masks among them, and with links that lead out.
    """
    assert group.wanted is not None
    binding = next(each for each in group.bindings if each.file == group.wanted.pictures)
    found = locate(binding)
    if found.uri.scheme != "file":
        return None
    if not found.folder:
        if archive_stem(found.uri.path.name) is None:
            return None
        tree = open_tree(_staged_archive(binding, found.uri.path, unpack))
        return _loose(group, tree, "") if tree.pictures else None
    if (tree := open_tree(found.uri.path)).masks and tree.pictures:
        return _loose(group, tree, "masks lie among them")
    return _loose(group, tree, _ASTRAY if _strays(found.uri.path, plan) else "") if tree.pictures else None


def _loose(group: DataGroup, tree: Tree, why: str) -> Found:
    """Return pictures that no annotations name."""

    def pictures() -> Iterator[Picture]:
        for name in tree.pictures:
            yield Picture(name, name, None, None, ())

    split = Split("", "", pictures)
    notes: tuple[str, ...] = ()
    if tree.masks:
        masks = a_few([one_line(name, 100) for name in sorted(tree.masks)], 3)
        notes = (f"{one_line(group.place, 200)} holds masks, which are left aside: {masks}",)
    return Found(group, Opened(tree, DataSet("pictures", (), (split,))), split, why, notes)


def _refuse_other(group: DataGroup, plan: Plan, place: Path, unpack: Unpack) -> None:
    """Raise `DataError` where files of a skill's own format are missing, or said to be read as another."""
    skill = one_line(plan.skill.name, 60)
    if group.form:
        raise DataError(
            f"{group.named} is said to be read as {group.form}, and {skill} takes "
            "data of its own format, which nothing is made for; leave the format out"
        )
    if not group.missing:
        return
    try:
        opened = open_place(place, unpack)
    except (SkillbankError, OSError):
        return  # what is missing is said file by file
    files = ", ".join(dict.fromkeys(each.file for each in group.bindings))
    kind = f"{plan.data_type.replace('_', ' ')} data" if plan.data_type else "data of its own format"
    raise DataError(
        f"{one_line(group.place, 200)} is {opened.data.format}, and {skill} takes "
        f"{kind}: a folder with {files}; only files with boxes can be made of it, so bring these"
    )
