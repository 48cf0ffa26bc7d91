"""The classes of a data set, and what the numbers or colours of its masks mean."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError

from skillbank_engine.config.explain import explain
from skillbank_engine.errors import DataError
from skillbank_engine.families.segformer.config.dataset import IGNORED, PaletteEntry, SegmentConfig

if TYPE_CHECKING:
    from skillbank_engine.data.pixels import Array

_LOG = logging.getLogger(__name__)

PALETTE_FILE = "palette.json"
"""Beside ``images`` and ``masks``: values of ``num_classes``, ``label_transform`` and ``palette``."""

KEYS = ("num_classes", "label_transform", "palette")
"""What of ``dataset.segment`` says what masks mean."""

_MOST = 255


@dataclass(frozen=True)
class Classes:
    """The classes that a network tells apart.

    Attributes
    ----------
    names : tuple of str
        By the number that the network gives them.
    label_ids : tuple of int
        What written masks say for them.
    meanings : tuple of (tuple of int, int)
        A number, or a colour's three, as masks hold it, and the class that it means; :data:`IGNORED` for
        pixels that are left out.
    """

    names: tuple[str, ...]
    label_ids: tuple[int, ...]
    meanings: tuple[tuple[tuple[int, ...], int], ...]

    @property
    def grey(self) -> bool:
        """Whether every meaning is that of one number, and none that of a colour."""
        return all(len(set(values)) == 1 for values, _ in self.meanings)

    def indices(self, values: Array) -> tuple[Array, list[tuple[int, ...]]]:
        """Turn what a mask holds into classes.

        Parameters
        ----------
        values : ndarray
            ``(h, w)`` numbers or ``(h, w, 3)`` colours.

        Returns
        -------
        indices : ndarray
            ``(h, w)`` uint8 classes, :data:`IGNORED` where a pixel is left out or means nothing.
        unknown : list of tuple of int
            The numbers or colours that mean nothing, the most frequent first.
        """
        colours = values.ndim == 3
        packed = _packed(values) if colours else values.astype(np.int64)
        known = {
            int(_packed(np.array(_as_colour(numbers)))) if colours else numbers[0]: number
            for numbers, number in self.meanings
            if colours or len(set(numbers)) == 1
        }
        found, places, counts = np.unique(packed, return_inverse=True, return_counts=True)
        table = np.array([known.get(int(value), -1) for value in found], dtype=np.int64)
        strange = [int(found[place]) for place in np.argsort(-counts, kind="stable") if table[place] < 0]
        table[table < 0] = IGNORED
        indices: Array = table.astype(np.uint8)[places.reshape(packed.shape)]
        return indices, [_unpacked(value) if colours else (value,) for value in strange]

    def label_mask(self, indices: Array) -> Array:
        """Turn the network's numbers of classes into label ids, ``(h, w)`` uint8."""
        table = np.full(256, IGNORED, dtype=np.uint8)
        table[: len(self.label_ids)] = self.label_ids
        labels: Array = table[indices]
        return labels


def _packed(colours: Array) -> Array:
    wide = colours.astype(np.int64)
    packed: Array = (wide[..., 0] << 16) | (wide[..., 1] << 8) | wide[..., 2]
    return packed


def _unpacked(value: int) -> tuple[int, int, int]:
    return value >> 16, (value >> 8) & 255, value & 255


def _as_colour(numbers: Sequence[int]) -> Sequence[int]:
    return numbers if len(numbers) == 3 else [numbers[0]] * 3


def classes_of(segment: SegmentConfig) -> Classes:
    """Read what a spec says of masks.

    Parameters
    ----------
    segment : SegmentConfig
        ``dataset.segment``.

    Returns
    -------
    Classes
        Numbered from 0 by their label ids.

    Raises
    ------
    DataError
        Entries that contradict each other, or another number of classes than ``num_classes``.
    """
    factor = 255 if segment.label_transform == "norm" else 1
    entries = segment.palette or [
        PaletteEntry(seg_class=f"class {number}", rgb=[number], label_id=number)
        for number in range(2 if factor == 255 else segment.num_classes)
    ]
    ids = _class_ids(entries)
    names = sorted((name for name in ids if ids[name] != IGNORED), key=lambda name: ids[name])
    _check_ids(names, ids)
    _check_count(names, segment)
    owners: dict[tuple[int, ...], str] = {}
    meanings: dict[tuple[int, ...], int] = {}
    for entry in entries:
        name = _class_of(entry)
        numbers = tuple(part * factor for part in (entry.rgb if len(set(entry.rgb)) > 1 else entry.rgb[:1]))
        other = owners.setdefault(numbers, name)
        if other != name:
            raise DataError(
                f"dataset.segment.palette gives '{other}' and '{name}' the same rgb {list(entry.rgb)}: "
                "give each class its own"
            )
        ignored = IGNORED in (entry.label_id, ids[name])
        meanings[numbers] = IGNORED if ignored else names.index(name)
    return Classes(tuple(names), tuple(ids[name] for name in names), tuple(meanings.items()))


def _class_of(entry: PaletteEntry) -> str:
    """Name the class that an entry belongs to."""
    return entry.mapping_class or entry.seg_class


def _class_ids(entries: Sequence[PaletteEntry]) -> dict[str, int]:
    """Label id by class: that of the entry which is called like it, else the smallest of its entries."""
    members: dict[str, list[PaletteEntry]] = {}
    for entry in entries:
        members.setdefault(_class_of(entry), []).append(entry)
    return {
        name: next(
            (entry.label_id for entry in of_class if entry.seg_class == name),
            min(entry.label_id for entry in of_class),
        )
        for name, of_class in members.items()
    }


def _check_ids(names: Sequence[str], ids: Mapping[str, int]) -> None:
    taken: dict[int, str] = {}
    for name in names:
        if ids[name] in taken:
            raise DataError(
                f"dataset.segment.palette gives '{taken[ids[name]]}' and '{name}' the same label_id "
                f"{ids[name]}: give each class its own, or both the same mapping_class"
            )
        taken[ids[name]] = name


def _check_count(names: Sequence[str], segment: SegmentConfig) -> None:
    if len(names) != segment.num_classes:
        what = ", ".join(names) if len(names) <= 8 else f"{', '.join(names[:7])} ..."
        raise DataError(
            f"dataset.segment.num_classes is {segment.num_classes}, but dataset.segment.palette has "
            f"{len(names)} classes ({what}): set num_classes to {len(names)}, or give the palette an entry "
            "for each class"
        )
    if len(names) >= _MOST:
        raise DataError(
            f"dataset.segment.num_classes is {len(names)}, but masks of 8 bits tell {_MOST - 1} apart"
        )


def palette_of(segment: SegmentConfig, labels: Sequence[str]) -> dict[str, object]:
    """Say what masks mean for a model that came with names alone, where a spec leaves that at the defaults.

    Parameters
    ----------
    segment : SegmentConfig
        ``dataset.segment``.
    labels : sequence of str
        Of the model: the numbers of masks are theirs.

    Returns
    -------
    dict
        Values by their keys in the block; empty where the spec says it, or two classes share a name.
    """
    usual = SegmentConfig()
    if any(getattr(segment, key) != getattr(usual, key) for key in KEYS) or len(set(labels)) < len(labels):
        return {}
    palette = [{"seg_class": name, "rgb": [n], "label_id": n} for n, name in enumerate(labels)]
    return {"num_classes": len(labels), "label_transform": "None", "palette": palette}


def settle_classes(segment: SegmentConfig) -> dict[str, object]:
    """Read from the data set's own :data:`PALETTE_FILE` what a spec leaves at the family's defaults.

    Parameters
    ----------
    segment : SegmentConfig
        ``dataset.segment``.

    Returns
    -------
    dict
        Dotted key to value of what the file sets; empty where there is no such file or the spec says itself
        what masks mean.

    Raises
    ------
    DataError
        The file cannot be read or does not say what it should.
    """
    path = Path(segment.root_dir) / PALETTE_FILE
    if not segment.root_dir or not path.is_file():
        return {}
    usual = SegmentConfig()
    named = [key for key in KEYS if getattr(segment, key) != getattr(usual, key)]
    if named:
        keys = ", ".join(f"dataset.segment.{key}" for key in named)
        _LOG.info("%s is left aside: the spec sets %s", path, keys)
        return {}
    values = read_palette(path)
    return {f"dataset.segment.{key}": value for key, value in values.items()}


def read_palette(path: Path) -> dict[str, object]:
    """Read a :data:`PALETTE_FILE`.

    Returns
    -------
    dict
        Plain values of ``num_classes``, ``label_transform`` and ``palette``.

    Raises
    ------
    DataError
        It is not what it should be.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is no JSON that can be read ({error}): correct or remove it") from error
    if not isinstance(document, dict) or "palette" not in document or set(document) - set(KEYS):
        raise DataError(f"{path} must be a JSON object of {', '.join(KEYS)}: correct or remove it")
    try:
        values = SegmentConfig.model_validate({"label_transform": "None", **document})
        if "num_classes" not in document:
            names = {_class_of(entry) for entry in values.palette if entry.label_id != 255}
            values = values.model_copy(update={"num_classes": len(names)})
        classes_of(values)
    except ValidationError as error:
        sentence, _ = explain(SegmentConfig, error.errors(include_url=False)[0], "")
        raise DataError(f"{path}: {sentence}; correct or remove it") from error
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    return {key: values.model_dump()[key] for key in KEYS}


def shown(values: Iterable[tuple[int, ...]], most: int = 5) -> str:
    """Numbers or colours of masks in words, as ``7, 9`` or ``(255, 0, 0)``."""
    every = [str(value[0]) if len(value) == 1 else str(tuple(value)) for value in values]
    return ", ".join(every[:most]) + (f" and {len(every) - most} more" if len(every) > most else "")
