"""What the batches of a run are padded to, chosen from the data set and said with the share of padding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skillbank_engine.data.canvases import Canvases, choose_canvases, need, padding
from skillbank_engine.task import Samples
from skillbank_engine.training.loading import EpochBatches

if TYPE_CHECKING:
    from skillbank_engine.exchange import BatchT, SampleT

_SURVEYED = 256
"""Steps that the shapes are chosen from, the first of a run: of a short one all, so that none is met late."""


def settle_shapes(samples: Samples[SampleT, BatchT], batches: EpochBatches, most: int, epochs: int) -> str:
    """Have the batches of a run padded to few shapes.

    Parameters
    ----------
    samples : Samples
        The family's; told what to pad to.
    batches : EpochBatches
        Their order.
    most : int
        How many shapes there may be; 0 pads batches to their need.
    epochs : int
        How many the run has.

    Returns
    -------
    str
        What was chosen, for the log; empty where all batches are of one shape anyway.
    """
    surveyed = batches.survey(_SURVEYED, epochs)
    canvas = samples.canvas
    if canvas is not None:
        canvases = Canvases((canvas,))
        samples.pad_to(canvases)
        share = padding(surveyed, canvases)
        return (
            f"Every batch is padded to {canvas[0]} x {canvas[1]} pixels, as the spec says: {share:.0%} of a "
            "batch is padding"
        )
    if len({shape for shapes in surveyed for shape in shapes}) < 2:
        return ""
    needs = [need(shapes) for shapes in surveyed]
    if not most:
        share = padding(surveyed, Canvases(tuple(set(needs))))
        return f"Pictures of like shape share a batch: {share:.0%} of a batch is padding"
    canvases = choose_canvases(needs, most)
    samples.pad_to(canvases)
    return (
        f"Pictures of like shape share a batch, padded to one of {len(canvases.shapes)} shapes: "
        f"{padding(surveyed, canvases):.0%} of a batch is padding"
    )
