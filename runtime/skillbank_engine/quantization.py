"""Weights as integers of eight bits: torchao makes them, checkpoints keep them, models compute with floats.

Only storage shrinks.  Weight-only kernels gain nothing at the sizes of a model's batches (measured on a
CPU: the same time), while floats let a quantized checkpoint be evaluated, exported and trained on like any.
"""

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn

from skillbank_engine.errors import EngineError
from skillbank_engine.extras import require

Stored = Tensor | dict[str, Tensor]
"""A tensor of a checkpoint: as it is, or quantized, as :func:`unpacked` takes it."""


def quantize_weights(
    model: nn.Module, chosen: Callable[[str], bool], options: Mapping[str, object]
) -> tuple[dict[str, Any], int]:
    """Quantize the weights of linear layers, each row with a scale of its own.

    Parameters
    ----------
    model : Module
        Is changed.
    chosen : callable
        Whether the layer of this dotted name is quantized.
    options : mapping
        Further arguments of torchao's ``Int8WeightOnlyConfig``.

    Returns
    -------
    weights : dict
        The model's state, quantized tensors as :func:`unpacked` takes them.
    count : int
        How many layers were quantized.

    Raises
    ------
    EngineError
        torchao does not take the options.
    """
    torchao = require("torchao.quantization", "quantize", "quantize.backend=torchao")
    weights: dict[str, Stored] = dict(model.state_dict())
    layers = {
        name: module
        for name, module in model.named_modules(remove_duplicate=False)
        if isinstance(module, nn.Linear) and chosen(name)
    }
    wanted = set(layers.values())
    try:
        config = torchao.Int8WeightOnlyConfig(**{"set_inductor_config": False, **options})
        torchao.quantize_(model, config, filter_fn=lambda module, _name: module in wanted)
    except (TypeError, ValueError, AssertionError) as error:
        raise EngineError(
            f"torchao does not take quantize.backend_kwargs ({error}): give arguments of Int8WeightOnlyConfig"
        ) from error
    for name, layer in layers.items():
        weight: Any = layer.weight
        weights[f"{name}.weight"] = {"int8": weight.qdata, "scale": weight.scale}
    return weights, len(wanted)


def unpacked(weights: Mapping[str, Stored]) -> dict[str, Tensor]:
    """Turn quantized weights into floats again; others are left as they are.

    Parameters
    ----------
    weights : mapping
        A state whose quantized entries are ``{"int8": (O, I), "scale": (O, G) or (1, 1)}``, each scale for
        ``I / G`` columns of its row.
    """
    return {
        name: _floats(value["int8"], value["scale"]) if isinstance(value, dict) else value
        for name, value in weights.items()
    }


def _floats(integers: Tensor, scale: Tensor) -> Tensor:
    grouped = integers.to(scale.dtype).view(len(integers), scale.shape[1], -1)
    return (grouped * scale[..., None]).flatten(1)
