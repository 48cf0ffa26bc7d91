"""The classifier: one of transformers' networks, behind the normalisation of its pictures."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from skillbank_engine.errors import ModelError
from skillbank_engine.families.classification_pyt.architecture import Architecture
from skillbank_engine.library import AutoConfig, AutoModelForImageClassification

if TYPE_CHECKING:
    from skillbank_engine.library import PreTrainedConfig, PreTrainedModel


class Classifier(nn.Module):
    """A network with one output for each class.

    Parameters
    ----------
    network : nn.Module
        One of transformers' models for image classification.
    architecture : Architecture
        What it was built from.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, architecture: Architecture) -> None:
        super().__init__()
        self.network = network
        self.architecture = architecture
        for name in ("mean", "std"):
            values = torch.tensor(getattr(architecture, name), dtype=torch.float32).view(3, 1, 1)
            self.register_buffer(name, values, persistent=False)
        if architecture.dropout:
            head_of(network).register_forward_pre_hook(_Dropping(architecture.dropout))
        self._made_for = _made_for(network)

    def forward(self, pixels: Tensor) -> Tensor:
        """Classify pictures.

        Parameters
        ----------
        pixels : Tensor
            ``(B, 3, H, W)``: uint8, or floats from 0 to 255 where pictures were mixed.

        Returns
        -------
        Tensor
            ``(B, C)`` logits.
        """
        return self.classify((pixels.to(self.mean.dtype) / 255 - self.mean) / self.std)

    def classify(self, normalised: Tensor) -> Tensor:
        """Classify pictures that are normalised already; ``(B, 3, H, W)`` to ``(B, C)`` logits."""
        other = self._made_for is not None and tuple(normalised.shape[-2:]) != self._made_for
        more = {"interpolate_pos_encoding": True} if other else {}
        return cast(Tensor, self.network(pixel_values=normalised, **more).logits)

    def heads(self) -> list[str]:
        """Names of the head's own parameters, as :meth:`named_parameters` has them."""
        own = {id(parameter) for parameter in head_of(self.network).parameters()}
        return [name for name, parameter in self.named_parameters() if id(parameter) in own]


class _Dropping:
    """Drops features ahead of the head while training; a class, so that models can be copied."""

    def __init__(self, share: float) -> None:
        self._share = share

    def __call__(self, module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return (nn.functional.dropout(inputs[0], self._share, module.training), *inputs[1:])


def build_classifier(architecture: Architecture, labels: Sequence[str]) -> Classifier:
    """Build a classifier with random weights.

    Parameters
    ----------
    architecture : Architecture
        What to build.
    labels : sequence of str
        Names of the classes, in the order of the outputs.

    Raises
    ------
    ModelError
        transformers does not take the configuration.
    """
    # Ahead of the network's own file, which would bring formats of weights and losses that nobody needs.

    try:
        config = network_config(architecture, labels)
        network: PreTrainedModel = AutoModelForImageClassification.from_config(config)
    except (ValueError, TypeError, KeyError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise ModelError(
            f"The network {architecture.backbone} cannot be built for pictures of {architecture.image_size} "
            f"pixels ({reason}): set another dataset.img_size or model.backbone.type"
        ) from error
    network.float()
    return Classifier(network, architecture)


def network_config(architecture: Architecture, labels: Sequence[str]) -> PreTrainedConfig:
    """Give the network's configuration as transformers has it, names of classes in it."""
    values = {name: value for name, value in architecture.network.items() if name != "num_labels"}
    names = dict(enumerate(labels))
    kind = values.pop("model_type")
    return AutoConfig.for_model(
        kind, **values, id2label=names, label2id={name: number for number, name in names.items()}
    )


def head_of(network: nn.Module) -> nn.Linear:
    """Give the last layer of a network, which has an output for each class.

    Raises
    ------
    ModelError
        It has none.
    """
    head = getattr(network, "classifier", None)
    if isinstance(head, nn.Sequential):
        head = head[-1]
    if not isinstance(head, nn.Linear):
        raise ModelError(f"{type(network).__name__} has no linear head: name another model")
    return head


def _made_for(network: PreTrainedModel) -> tuple[int, int] | None:
    """Height and width of pictures that a network has to be told of where they are others; None for any."""
    side = getattr(network.config, "image_size", None)
    if side is None or "interpolate_pos_encoding" not in inspect.signature(network.forward).parameters:
        return None
    return (side[0], side[1]) if isinstance(side, list | tuple) else (side, side)


def freeze(classifier: Classifier, *, backbone: bool, norms: bool) -> list[str]:
    """Take parameters out of training.

    Parameters
    ----------
    classifier : Classifier
        Is changed.
    backbone : bool
        All but the head.
    norms : bool
        The normalisation layers; batch normalisation keeps its averages too, see :func:`still`.

    Returns
    -------
    list of str
        Names of the frozen parameters.
    """
    heads = set(classifier.heads())
    normed = {id(item) for layer in norm_layers(classifier) for item in layer.parameters()} if norms else ()
    frozen = []
    for name, parameter in classifier.named_parameters():
        if (backbone and name not in heads) or id(parameter) in normed:
            parameter.requires_grad_(False)
            frozen.append(name)
    return frozen


def norm_layers(module: nn.Module) -> list[nn.Module]:
    """All normalisation layers below a module."""
    return [
        item
        for item in module.modules()
        if isinstance(item, nn.modules.batchnorm._BatchNorm | nn.LayerNorm | nn.GroupNorm)
        or type(item).__name__.endswith("LayerNorm")
    ]


def still(classifier: Classifier, *, backbone: bool, norms: bool) -> None:
    """Keep what is frozen as it is in training mode: averages of batch normalisation, and dropout.

    To be called whenever the classifier was put into training mode.
    """
    if backbone:
        classifier.network.eval()
        head_of(classifier.network).train()
    elif norms:
        for layer in norm_layers(classifier):
            layer.eval()
