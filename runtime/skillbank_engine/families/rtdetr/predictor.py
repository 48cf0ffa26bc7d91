"""From pictures to boxes with scores: what evaluation and inference share."""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from skillbank_engine.boxes import xyxy_from_cxcywh
from skillbank_engine.data.transforms import View, image_tensor
from skillbank_engine.detection_metrics import Detection
from skillbank_engine.families.rtdetr.framing import Framing


def framed_pixels(image: Image.Image, framing: Framing) -> Tensor:
    """Give a picture in its frame: ``(3, H, W)`` uint8."""
    return image_tensor(framing.apply(View(image, np.zeros((0, 4)), ())).image)


def view_pixels(views: Sequence[View], device: torch.device) -> Tensor:
    """Give views, each in its frame, as the network takes them: ``(B, 3, H, W)`` of 0 to 1."""
    return scaled_pixels(torch.stack([image_tensor(view.image) for view in views]).to(device))


def scaled_pixels(pixels: Tensor) -> Tensor:
    """Turn uint8 pixels into numbers of 0 to 1, as RT-DETR's released weights expect them."""
    return pixels.float() / 255


def detections_of(
    logits: Tensor,
    boxes: Tensor,
    sizes: Sequence[tuple[int, int]],
    framing: Framing,
    most: int,
    threshold: float = 0.0,
) -> list[list[Detection]]:
    """Turn raw outputs into detections.

    Parameters
    ----------
    logits, boxes : Tensor
        ``(B, Q, C)`` and ``(B, Q, 4)`` relative ``cxcywh``.
    sizes : sequence of (int, int)
        Width and height of the original pictures.
    framing : Framing
        How they were put into the input.
    most : int
        Most detections of a picture (``model.num_select``).
    threshold : float
        Least score.

    Returns
    -------
    list of list of Detection
        For each picture, best first.
    """
    classes = logits.shape[-1]
    scores = logits.float().sigmoid().flatten(1).cpu()
    best, places = scores.topk(min(most, scores.shape[1]), dim=1)
    corners = xyxy_from_cxcywh(boxes.float()).cpu()
    found = []
    for row, (width, height) in enumerate(sizes):
        count = int((best[row] >= threshold).sum())  # the best come first
        queries, labels = np.divmod(places[row, :count].numpy(), classes)
        scale = np.array(framing.picture_size(width, height) * 2, dtype=np.float32)
        pixels = (corners[row].numpy()[queries] * scale).clip(0, np.array([width, height] * 2))
        rows = zip(labels.tolist(), pixels.tolist(), best[row, :count].tolist(), strict=True)
        found.append([Detection(label, (b[0], b[1], b[2], b[3]), score) for label, b, score in rows])
    return found
