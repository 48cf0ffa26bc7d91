"""Running a model over pictures, and the family's ``result.csv``."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from skillbank_engine.data.ahead import ahead
from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.families.classification_pyt.data.samples import picture_tensor
from skillbank_engine.results import write_text

RESULTS = "result.csv"
_DIGITS = 6


def answered(
    images: Sequence[Path],
    size: tuple[int, int],
    batch_size: int,
    scale: PixelScale,
    logits: Callable[[Tensor], Tensor],
) -> Iterator[Tensor]:
    """Yield the logits of pictures, a batch at a time, in their order.

    Parameters
    ----------
    images : sequence of Path
        The pictures.
    size : (int, int)
        Height and width that they are resized to.
    batch_size : int
        Pictures of a batch.
    scale : PixelScale
        How pictures of more than 8 bits are scaled.
    logits : callable
        From ``(B, 3, H, W)`` uint8 pixels to ``(B, C)`` logits.
    """
    read = partial(picture_tensor, size=size, scale=scale)
    coming = ahead(read, images, batch_size)
    while batch := list(islice(coming, batch_size)):
        yield logits(torch.stack(batch))


def write_results(
    folder: Path,
    images: Sequence[Path],
    names: Sequence[str],
    scores: Tensor,
    truth: Sequence[str] | None = None,
) -> None:
    """Write ``result.csv`` as the family does: picture, found class and its score.

    Parameters
    ----------
    folder : Path
        Where to.
    images : sequence of Path
        The pictures.
    names : sequence of str
        Names of the classes.
    scores : Tensor
        ``(N, C)`` probabilities.
    truth : sequence of str, optional
        True classes, which evaluate knows: then the scores of all classes are written too, one a column, and
        the true class last.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["img_name", *(names if truth is not None else ()), "pred_label", "pred_score"]
        + (["gt_label"] if truth is not None else [])
    )
    for number, (image, row) in enumerate(zip(images, scores.tolist(), strict=True)):
        best = max(range(len(row)), key=row.__getitem__)
        shown = [round(score, _DIGITS) for score in row]
        writer.writerow(
            [str(image), *(shown if truth is not None else ()), names[best], shown[best]]
            + ([truth[number]] if truth is not None else [])
        )
    write_text(folder / RESULTS, text.getvalue())
