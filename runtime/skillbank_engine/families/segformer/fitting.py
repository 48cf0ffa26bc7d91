"""Fitting weights that were found to the network that is wanted."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from skillbank_engine.errors import WeightsError
from skillbank_engine.families.segformer.model import Segmenter

_LOG = logging.getLogger(__name__)

WHOLE, ENCODER = "train.pretrained_model_path", "model.backbone.pretrained_backbone_path"
"""Keys of a spec that name weights."""


@dataclass(frozen=True)
class Found:
    """A network that was found.

    Attributes
    ----------
    segmenter : Segmenter
        With its weights.
    labels : tuple of str
        Names of its classes; empty where nobody says.
    headless : bool
        Whether its head is made of random numbers.
    """

    segmenter: Segmenter
    labels: tuple[str, ...]
    headless: bool


def with_classes(found: Found, labels: tuple[str, ...], source: str) -> Segmenter:
    """Give a network the data's classes: its own last layer where they are the same, else a new one.

    Parameters
    ----------
    found : Found
        The network.
    labels : tuple of str
        Of the data.
    source : str
        Where it came from, for the line that says so.
    """
    segmenter = found.segmenter
    if found.labels == labels:
        return segmenter
    head = segmenter.network.decode_head
    old = head.classifier
    head.classifier = nn.Conv2d(old.in_channels, len(labels), kernel_size=1)
    segmenter.network.config.num_labels = len(labels)
    if found.headless:
        _LOG.info("%s has no head of a segmentation: the head starts at random", source)
    elif not found.labels:
        _LOG.info(
            "%s does not name its %d classes: the last layer starts at random", source, old.out_channels
        )
    else:
        _LOG.info(
            "%s tells %d other classes apart (%s): the last layer starts at random for %d (%s)",
            source,
            len(found.labels),
            _few(found.labels),
            len(labels),
            _few(labels),
        )
    return segmenter


def _few(names: tuple[str, ...]) -> str:
    return ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")


def load_encoder(segmenter: Segmenter, state: Mapping[str, Tensor], source: str) -> None:
    """Put an encoder's weights into a network.

    Parameters
    ----------
    segmenter : Segmenter
        Gets them.
    state : mapping
        Names beginning with ``segformer.``; others are left aside.
    source : str
        Where they came from, for messages.

    Raises
    ------
    WeightsError
        They are those of another encoder.
    """
    own = segmenter.network.segformer.state_dict(prefix="segformer.")
    fitting = {name: value for name, value in state.items() if name in own and own[name].shape == value.shape}
    if len(fitting) < len(own):
        raise WeightsError(
            f"{ENCODER} '{source}' fits {len(fitting)} of {len(own)} tensors of the encoder "
            f"{segmenter.architecture.backbone}: name weights of that encoder"
        )
    segmenter.network.load_state_dict(fitting, strict=False)
