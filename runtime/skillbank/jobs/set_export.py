"""A label set written as a data set in any format, for whoever reads it elsewhere."""

from __future__ import annotations

from pathlib import Path

from skillbank.datasets.converting import convert
from skillbank.datasets.copying import Copy, writer_of
from skillbank.datasets.opening import Opened
from skillbank.datasets.placing import Placement
from skillbank.datasets.progress import Progress
from skillbank.errors import DataError
from skillbank.jobs.set_files import lies
from skillbank.sets.label_set import LabelSet
from skillbank.ways import command, option

__all__ = ["export_set"]


def export_set(
    label_set: LabelSet,
    to: str,
    folder: Path,
    *,
    unreviewed: bool = False,
    accepted: bool = False,
    pictures: Placement = Placement.LINK,
    made_by: str = "skillbank sets export",
    report: Progress | None = None,
) -> Copy:
    """Write the pictures of a label set with their boxes in a format, with splits and a manifest.

    Parameters
    ----------
    to
        Name of a format that can be written, see `skillbank.plugins.written_formats`.
    folder
        A new one.
    unreviewed
        Also pictures that nobody has reviewed, with the boxes that are shown.
    accepted
        Also those that were accepted unseen, as reviewed ones are.
    pictures
        How they come along.
    """
    writer_of(to)
    data, tree = label_set.data_set(reviewed_only=not unreviewed, accepted=accepted, lies=lies)
    if not tree.files:
        name = label_set.name
        raise DataError(
            f"the label set {name} has no {'picture' if unreviewed else 'reviewed picture'} to write; "
            f"review some with {command('review', name)}, or take all with {option('unreviewed')}"
        )
    return convert(
        Opened(tree, data), to, folder, placement=pictures, place=f"set:{label_set.name}", made_by=made_by,
        report=report,
    )  # fmt: skip
