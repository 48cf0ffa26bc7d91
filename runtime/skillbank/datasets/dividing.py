"""The splits of one undivided document, by the folders in which its pictures lie: ``train/``, ``val/``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from skillbank.datasets.document import SPLITS, DataSet, Picture, Split, split_of
from skillbank.datasets.formats.gathering import split_in, split_said
from skillbank.datasets.tree import Tree
from skillbank.visible import one_line

__all__ = ["divided_by_folders"]


def divided_by_folders(tree: Tree, data: DataSet) -> DataSet:
    """Return a data set as it is, or divided where its pictures lie in the folders of several splits.

    Pictures that lie in none of them are left out then, with a note, as of any other document.
    """
    homes = {split_of(split_said(f"{folder}/")) for folder in tree.picture_folders}
    if len(data.splits) != 1 or data.splits[0].name or len(homes - {None}) < 2:
        return data
    whole = data.splits[0]
    words = Counter(_word(picture) for picture in whole.pictures())
    said = {split: word for word in words if (split := split_of(word)) is not None}
    if len(said) < 2:
        return data
    file = ", ".join(one_line(name, 80) for name in whole.annotations[:3]) or "the data set"
    notes = [f"the splits of {file} are those of the folders of its pictures"]
    if words[""]:
        notes.append(f"{words['']:,} pictures lie in no folder of a split and are left out")
    splits = tuple(_part(whole, split, said[split]) for split in SPLITS if split in said)
    return replace(data, splits=splits, notes=(*data.notes, *notes))


def _word(picture: Picture) -> str:
    return split_in(picture.path, picture.name.replace("\\", "/"))


def _part(whole: Split, split: str, said: str) -> Split:
    def pictures() -> Iterator[Picture]:
        return (picture for picture in whole.pictures() if split_of(_word(picture)) == split)

    return replace(whole, name=split, said=said, pictures=pictures)
