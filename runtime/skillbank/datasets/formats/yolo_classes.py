"""The classes of a YOLO data set: data.yaml, or a file with a name a line, and what else such files say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import yaml

from skillbank.datasets.document import split_of
from skillbank.datasets.formats.numbers import whole
from skillbank.datasets.formats.yolo_names import ClassList, class_list, is_class_list, named_list
from skillbank.datasets.texts import read_text
from skillbank.datasets.tree import Tree
from skillbank.errors import DataError, a_few
from skillbank.visible import one_line

__all__ = [
    "Described",
    "class_list_files",
    "described",
    "description",
    "description_files",
    "says_places",
]

_USUAL = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
UNDIVIDED = "images"
"""Where all pictures lie of a data set whose file names nothing to validate on."""
_LONGEST = 1 << 20
_KEY = re.compile(r"^([A-Za-z_]\w*)[ \t]*:", re.MULTILINE)
"""A key of the document itself."""


@dataclass(frozen=True)
class Described:
    """What a file that describes the whole says.

    Attributes
    ----------
    file
        data.yaml or obj.data, relative to the tree; empty where there is none.
    places
        Folders and lists of pictures by split, as the file says them.
    root
        The `path` that they are relative to.
    classes
        None where the file names none.
    pose
        Whether key points follow a box.
    """

    file: str = ""
    places: dict[str, tuple[str, ...]] = field(default_factory=dict)
    root: str = ""
    classes: ClassList | None = None
    pose: bool = False
    notes: tuple[str, ...] = ()


def description_files(tree: Tree) -> list[str]:
    """Return the files at the root that describe the whole, the usual name first.

    Where there are none, those of a folder at the root that holds no pictures, as ``cfg/`` does; Darknet's
    ``data/obj.data`` lies above them.
    """
    found = [name for name in tree.files if "/" not in name and says_places(tree, name)]
    if not found:
        homes = {folder.partition("/")[0] for folder in tree.picture_folders}
        found = [
            name
            for name in tree.ending(".yaml", ".yml", ".data")
            if 1 <= name.count("/") <= 2
            and (name.endswith(".data") or name.partition("/")[0] not in homes)
            and says_places(tree, name)
        ]
    return sorted(found, key=lambda name: (name.rpartition("/")[2].lower() not in _USUAL, name))


def class_list_files(tree: Tree) -> list[str]:
    """Return the files of class names that lie at the root or in a folder that names no split."""
    return sorted(_lists(tree), key=lambda name: (name.count("/"), name))


def described(tree: Tree) -> Described:
    """Read what describes the whole.

    Raises
    ------
    DataError
        When a list of classes cannot be read, or files that differ could be meant.
    """
    files = description_files(tree)
    found = _first_of(tree, files)
    lists = [class_list(tree, name) for name in class_list_files(tree)]
    said = [each for each in (found.classes, *lists) if each is not None and each.names]
    classes = said[0] if said else found.classes
    notes = list(found.notes)
    aside = [name for name in files[1:] if _differs(tree, name, found)]
    if aside:
        others = a_few([one_line(name) for name in aside], 3)
        notes.append(f"beside {one_line(files[0])}, which is read, {others} is left aside")
    for other in lists:
        if classes is not None and other.names != classes.names:
            notes.append(
                f"{one_line(other.file)} names other classes than {one_line(classes.file)}, which is read"
            )
    return Described(found.file, found.places, found.root, classes, found.pose, tuple(notes))


def _first_of(tree: Tree, files: Sequence[str]) -> Described:
    """Read the description that counts of those that are there."""
    if not files:
        return Described()
    if len(files) > 1 and files[0].rpartition("/")[2].lower() not in _USUAL:
        raise DataError(
            f"{tree.root} holds several descriptions of a data set: {a_few(files, 5)}; leave one of them"
        )
    return _described_by(tree, files[0])


def _described_by(tree: Tree, name: str) -> Described:
    return _darknet(tree, name) if name.endswith(".data") else description(tree, name)


def _differs(tree: Tree, name: str, found: Described) -> bool:
    """Whether another description says something else of classes or places."""
    try:
        other = _described_by(tree, name)
    except DataError:
        return True
    names = [each.classes.names if each.classes is not None else None for each in (found, other)]
    return names[0] != names[1] or other.places != found.places


def _lists(tree: Tree) -> Iterator[str]:
    for name in tree.files:
        folder, _, _ = name.partition("/")
        if name.count("/") > 2 or ("/" in name and folder in tree.split_folders):
            continue
        if is_class_list(tree, name):
            yield name


def says_places(tree: Tree, name: str) -> bool:
    """Whether a file describes a YOLO data set: its classes, and where its splits lie."""
    lowered = name.lower()
    if lowered.endswith(".data"):
        return bool(_assignments(tree, name).keys() & {"names", "train", "valid"})
    if not lowered.endswith((".yaml", ".yml")):
        return False
    try:
        document = _loaded(tree, name)
    except DataError:
        return lowered.rpartition("/")[2] in _USUAL
    return bool(document.keys() & {"names", "nc"}) and bool(
        document.keys() & {"names", "train", "val", "valid", "test"}
    )


def _loaded(tree: Tree, name: str) -> dict[str, object]:
    """Read YAML with every value as it stands: a class may be called "no", "1" or "2024-01-01"."""
    path = tree.path(name)
    try:
        if path.stat().st_size > _LONGEST:
            raise DataError(f"{path} is too long to describe a data set")
        document = yaml.load(read_text(path), Loader=yaml.BaseLoader)
    except (yaml.YAMLError, OSError, RecursionError) as error:
        raise DataError(f"{path} is no YAML ({one_line(error)}): correct it") from None
    return document if isinstance(document, dict) else {}


def description(tree: Tree, name: str) -> Described:
    """Read a file such as data.yaml."""
    document = _loaded(tree, name)
    said_names = document.get("names")
    listed = named_list(tree, said_names)
    names = _names(said_names) if listed is None else listed.names
    notes = (
        [] if listed is None else [f"{one_line(name)} leaves the names of classes to {one_line(listed.file)}"]
    )
    notes += [
        f"{one_line(name)} says {key} several times, and the last counts" for key in _repeated(tree, name)
    ]
    count = whole(document.get("nc"))
    if names and count is not None and count != len(names):
        notes.append(f"{one_line(name)} says nc: {count} and names {len(names)} classes; the names count")
    places = _places(document)
    root = document.get("path")
    none = names == {} and said_names in ([], {}) and count in (0, None)  # which is said, and no gap
    return Described(
        name,
        places,
        root if isinstance(root, str) else "",
        ClassList(names, name) if names or none else None,
        "kpt_shape" in document,
        tuple(notes),
    )


def _repeated(tree: Tree, name: str) -> list[str]:
    """Return the keys that a description says more than once, of which YAML keeps the last."""
    keys = Counter(_KEY.findall(read_text(tree.path(name))))
    return [key for key, count in keys.items() if count > 1]


def _places(document: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    """Return the places of each split; none where all is one split that trainers want two keys for."""
    places: dict[str, tuple[str, ...]] = {}
    for said, value in document.items():
        split = split_of(str(said))
        if split is not None and (entries := _entries(value)):
            places.setdefault(split, entries)
    undivided = set(places) == {"train"} and document["train"] == UNDIVIDED and document.get("val") == ""
    return {} if undivided else places


def _names(value: object) -> dict[int, str]:
    if isinstance(value, str) and value.strip():
        value = [each.strip().strip("'\"") for each in value.strip("[] ").split(",")]
    if isinstance(value, list):
        value = dict(enumerate(value))
    found = {}
    for number, name in value.items() if isinstance(value, dict) else ():
        if (at := whole(number)) is not None and isinstance(name, str):
            found[at] = name.strip()
    return found


def _entries(value: object) -> tuple[str, ...]:
    entries = value if isinstance(value, list) else [value]
    return tuple(each.strip() for each in entries if isinstance(each, str) and each.strip())


def _darknet(tree: Tree, name: str) -> Described:
    said = _assignments(tree, name)
    places: dict[str, tuple[str, ...]] = {
        split: (said[key],) for key in said if (split := split_of(key)) is not None
    }
    classes = None
    wanted = said.get("names", "").replace("\\", "/").rpartition("/")[2]
    for file in class_list_files(tree):
        if wanted and file.rpartition("/")[2] == wanted:
            classes = class_list(tree, file)
            break
    return Described(name, places, "", classes)


def _assignments(tree: Tree, name: str) -> dict[str, str]:
    try:
        if tree.path(name).stat().st_size > _LONGEST:
            return {}
        lines = read_text(tree.path(name)).splitlines()
    except (DataError, OSError):
        return {}
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {key.strip().lower(): value.strip() for key, _, value in pairs}
