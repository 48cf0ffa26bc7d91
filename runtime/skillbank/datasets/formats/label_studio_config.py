"""The labels of a Label Studio project: the XML of its labeling interface, where it lies beside an export."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from skillbank.datasets.formats.files import UnreadableError, head, xml_of
from skillbank.datasets.formats.gathering import outside
from skillbank.datasets.tree import Tree

__all__ = ["listed_classes"]

_LOOKED_INTO = 200
_ROOT = re.compile(rb"^\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?<View[\s>]", re.DOTALL)


def listed_classes(tree: Tree) -> Iterator[str]:
    """Yield the values of the labels that regions can bear, in their order; none where no interface is there.

    An interface that cannot be read is passed over: it names no mark, and the export holds all that is used.
    """
    for name in islice(outside(tree, ".xml"), _LOOKED_INTO):
        path = tree.path(name)
        if not _ROOT.search(head(path)):
            continue
        try:
            root = xml_of(path)
        except UnreadableError:
            continue
        for control in root.iter():
            if control.tag.endswith("Labels"):
                yield from (
                    value for label in control.iter("Label") if (value := label.get("value", "").strip())
                )
