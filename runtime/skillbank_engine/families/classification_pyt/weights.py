"""Weights to start from: a folder that transformers saved, a name on the hub, or a file of tensors."""

import json
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from skillbank_engine.checkpoint import read_checkpoint, require_finite, spec_of
from skillbank_engine.errors import WeightsError
from skillbank_engine.families.classification_pyt.architecture import Architecture, plain_config
from skillbank_engine.families.classification_pyt.backbones import name_of
from skillbank_engine.families.classification_pyt.model import Classifier
from skillbank_engine.library import AutoConfig, AutoModelForImageClassification, read_network

_LOG = logging.getLogger(__name__)
PROGRAM = "classification_pyt"
"""Name of the program, and of its checkpoints' format."""


@dataclass(frozen=True)
class Released:
    """A model as transformers saved it.

    Attributes
    ----------
    network : dict
        Its complete configuration, plain values.
    labels : tuple of str
        Its classes; none where nobody named them.
    weights : dict
        Its state.
    new : tuple of str
        Tensors that it lacks.
    mean, std : tuple of float or None
        What its pictures were normalised with, if it says so.
    """

    network: dict[str, object]
    labels: tuple[str, ...]
    weights: dict[str, Tensor]
    new: tuple[str, ...]
    mean: tuple[float, ...] | None
    std: tuple[float, ...] | None

    def architecture(self, like: Architecture) -> Architecture:
        """What it is built from, with as many classes as another architecture, which sees pictures alike."""
        network = {**self.network, "num_labels": like.network["num_labels"]}
        name = name_of(str(network["model_type"]), network)
        return replace(like, backbone=name, network=network)


def read_released(name: str, key: str) -> Released:
    """Read a model of transformers from a folder or the hub.

    Parameters
    ----------
    name : str
        The folder, or ``OWNER/NAME`` on the hub.
    key : str
        The spec's key that names it, for messages.

    Raises
    ------
    WeightsError
        Nothing there, not reachable, or no classifier of pictures.
    """
    try:
        config = AutoConfig.from_pretrained(name)
        network, told = read_network(
            AutoModelForImageClassification,
            name,
            config=config,
            output_loading_info=True,
            dtype=torch.float32,
        )
    except (OSError, ValueError, RuntimeError, KeyError, ImportError) as error:
        reason = str(error).strip().split("\n")[0]
        raise WeightsError(
            f"{key} names '{name}', which cannot be read as a classifier of pictures ({reason}): name a "
            "checkpoint, or a folder that transformers saved"
        ) from error
    labels = tuple(str(config.id2label[number]) for number in sorted(config.id2label))
    nameless = all(label == f"LABEL_{number}" for number, label in enumerate(labels))
    mean, std = _normalisation(Path(name))
    weights: dict[str, Tensor] = network.state_dict()
    require_finite(weights, f"{key} names {name}, whose")
    return Released(
        plain_config(config), () if nameless else labels, weights, tuple(told["missing_keys"]), mean, std
    )


def read_trained(file: str, key: str) -> Released:
    """Read a checkpoint of this program as weights to start from.

    Parameters
    ----------
    file : str
        The checkpoint.
    key : str
        The spec's key that names it, for messages.

    Raises
    ------
    WeightsError
        It cannot be read.
    """
    checkpoint = read_checkpoint(PROGRAM, file, key)
    built = Architecture.from_dict(checkpoint.kept.architecture)
    weights = {name.removeprefix("network."): value for name, value in checkpoint.weights.items()}
    return Released(built.network, checkpoint.kept.labels, weights, (), built.mean, built.std)


def is_trained(file: str) -> bool:
    """Whether a file is a checkpoint of this program."""
    return spec_of(PROGRAM, file) is not None


def _normalisation(folder: Path) -> tuple[tuple[float, ...] | None, tuple[float, ...] | None]:
    file = folder / "preprocessor_config.json"
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
        mean, std = values["image_mean"], values["image_std"]
        return tuple(map(float, mean)), tuple(map(float, std))
    except (OSError, ValueError, KeyError, TypeError):
        return None, None


def read_tensors(file: Path, key: str) -> dict[str, Tensor]:
    """Read a file of tensors by name: safetensors, or what torch saved.

    Raises
    ------
    WeightsError
        It cannot be read, or holds something else.
    """
    try:
        if file.suffix == ".safetensors":
            return dict(load_file(file))
        document = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # what the readers trip over depends on the bytes that they find
        reason = str(error).strip().split("\n")[0]
        raise WeightsError(f"{key} names {file}, which cannot be read as weights ({reason})") from error
    for inner in ("weights", "state_dict", "model"):
        if isinstance(document, dict) and isinstance(document.get(inner), dict):
            document = document[inner]
    tensors = (
        {str(name): value for name, value in document.items() if isinstance(value, Tensor)}
        if isinstance(document, dict)
        else {}
    )
    if not tensors:
        raise WeightsError(f"{key} names {file}, which holds no tensors by name: name a file of weights")
    require_finite(tensors, f"{key} names {file}, whose")
    return tensors


def load_into(
    classifier: Classifier,
    tensors: Mapping[str, Tensor],
    source: str,
    key: str,
    *,
    labels: Sequence[str] = (),
    wanted: Sequence[str] = (),
    backbone_only: bool = False,
) -> str:
    """Put weights into a classifier; the head stays new where its classes differ.

    Parameters
    ----------
    classifier : Classifier
        Gets the weights.
    tensors : mapping
        Tensors by their names in transformers, perhaps below a prefix.
    source : str
        Where they come from, for messages.
    key : str
        The spec's key that names them.
    labels, wanted : sequence of str
        Classes of the weights, empty where unknown, and of the classifier.
    backbone_only : bool
        Leave the head new, whatever its classes are.

    Returns
    -------
    str
        What is said about the head; empty where all was taken.

    Raises
    ------
    WeightsError
        They are those of another network.
    """
    own = classifier.network.state_dict()
    heads = {name.removeprefix("network.") for name in classifier.heads()}
    found = _fitted(tensors, own)
    body = [name for name in own if name not in heads and own[name].is_floating_point()]
    _require_most(body, found, f"{key} names {source}", classifier.architecture.backbone)
    same = not backbone_only and heads <= found.keys() and (not labels or list(labels) == list(wanted))
    if not same:
        found = {name: value for name, value in found.items() if name not in heads}
    classifier.network.load_state_dict(found, strict=False)
    if same:
        return ""
    why = "its classes are others" if heads <= _named(tensors, heads) else "it has none that fits"
    return f"The head of {source} is made anew: {'the backbone alone is taken' if backbone_only else why}"


def _require_most(body: Sequence[str], found: Collection[str], source: str, backbone: str) -> None:
    """Refuse weights that are hardly any of a network's, and say where they are not all."""
    lacking = sum(name not in found for name in body)
    if lacking > len(body) // 2:
        raise WeightsError(
            f"{source}, which fits {len(body) - lacking} of {len(body)} tensors of the "
            f"network {backbone}: name weights of that network"
        )
    if lacking:
        _LOG.warning(
            "%s, which lacks %d of the network's %d tensors: they start at random", source, lacking, len(body)
        )


def _fitted(tensors: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors by the network's own names, whatever prefix theirs have; others of the same shape are left."""
    found: dict[str, Tensor] = {}
    base = {name.split(".")[0] for name in own}
    for name, value in tensors.items():
        plain = name
        for prefix in ("network.", "model.", "module."):
            plain = plain.removeprefix(prefix)
        for candidate in (plain, *(f"{start}.{plain}" for start in base)):
            if candidate in own and own[candidate].shape == value.shape:
                found[candidate] = value
                break
    return found


def _named(tensors: Mapping[str, Tensor], names: set[str]) -> set[str]:
    return {name for name in names if any(found.endswith(name) for found in tensors)}
