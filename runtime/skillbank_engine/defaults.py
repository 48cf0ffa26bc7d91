"""What a task does where its family says nothing else: by the keys that most families' specs have."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from skillbank_engine.config.blocks import SpecBase
from skillbank_engine.data.images import find_images
from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.errors import EngineError
from skillbank_engine.exchange import Kept
from skillbank_engine.parameters import trained

SpecT = TypeVar("SpecT", bound=SpecBase)


def _optim(spec: SpecBase) -> Any:
    """The block ``train.optim``, whose keys are the family's."""
    return getattr(spec.train, "optim")  # noqa: B009


def frozen(spec: SpecBase) -> list[str]:
    """Give ``train.freeze``, and the backbone where ``model.train_backbone`` or its own rate of 0 says so."""
    train: Any = spec.train
    model: Any = getattr(spec, "model", None)
    prefixes = list(getattr(train, "freeze", ()))
    if not getattr(model, "train_backbone", True):
        prefixes.append("backbone.0")
    if getattr(getattr(train, "optim", None), "lr_backbone", None) == 0:
        prefixes.extend(model.backbone_names)
    return prefixes


def parameter_groups(spec: SpecBase, module: nn.Module) -> list[dict[str, object]]:
    """Give one group of all that is trained, at ``train.optim.lr``."""
    return [{"params": list(trained(module)), "lr": _optim(spec).lr, "name": "all"}]


def optimizer(spec: SpecBase, groups: list[dict[str, object]]) -> torch.optim.Optimizer:
    """Make the optimiser that ``train.optim`` names, as ``optimizer`` or ``optim``.

    The fused kernel does in one go what else is a loop over hundreds of tensors.

    Raises
    ------
    EngineError
        Its name is none of these.
    """
    optim = _optim(spec)
    key = "optimizer" if hasattr(optim, "optimizer") else "optim"
    name = str(getattr(optim, key)).lower()
    decay = optim.weight_decay
    if name == "sgd":
        return torch.optim.SGD(groups, momentum=optim.momentum, weight_decay=decay)
    first, second = getattr(optim, "betas", None) or (optim.momentum, 0.999)
    if name == "adam":
        return torch.optim.Adam(groups, betas=(first, second), weight_decay=decay, fused=True)
    if name == "adamw":
        return torch.optim.AdamW(groups, betas=(first, second), weight_decay=decay, fused=True)
    raise EngineError(f"train.optim.{key}={name} is not part of the embedded engine: set AdamW, Adam or SGD")


def inference_pictures(spec: SpecBase) -> list[tuple[Path, Path]]:
    """Find the pictures of ``dataset.infer_data_sources.image_dir``, with the folders that were searched."""
    dataset: Any = getattr(spec, "dataset")  # noqa: B009
    return find_images(dataset.infer_data_sources.image_dir, "dataset.infer_data_sources.image_dir")


def settle(spec: SpecT, kept: Kept) -> tuple[SpecT, str]:
    """Put the model block and the profile of a training into the spec of another action."""
    values = spec.model_dump()
    differences: list[str] = []
    _take_over(values["model"], kept.spec["model"], ("model",), differences)
    profile = kept.spec["engine"]["profile"]
    values["engine"]["profile"] = profile
    note = f"The trained model's values hold: {', '.join(differences)}" if differences else ""
    return type(spec).model_validate(values), note


def _take_over(
    values: dict[str, object],
    saved: Mapping[str, object],
    steps: tuple[str, ...],
    differences: list[str],
) -> None:
    """Take saved values over where there is such a key, and keep what differed."""
    for name, value in saved.items():
        key = (*steps, name)
        if name not in values:
            continue
        own = values[name]
        if isinstance(value, dict) and isinstance(own, dict):
            _take_over(own, value, key, differences)
        elif own != value:
            differences.append(f"{'.'.join(key)} {value} (spec: {own})")
            values[name] = value


def differences(spec: SpecBase, kept: Kept) -> dict[str, tuple[object, object]]:
    """Compare the model blocks of a spec and of a training, key by key."""
    return dict(_compared(kept.spec["model"], spec.model_dump(mode="json")["model"], ()))


def _compared(
    before: object, now: object, steps: tuple[str, ...]
) -> Iterator[tuple[str, tuple[object, object]]]:
    if isinstance(before, dict) and isinstance(now, dict):
        for name in before.keys() & now.keys():
            yield from _compared(before[name], now[name], (*steps, name))
    elif before != now:
        yield ".".join(steps), (before, now)


def onnx_metadata(kept: Kept, carried: Sequence[str]) -> dict[str, str]:
    """Write what is kept of a model as the metadata of a file, of its spec some parts alone."""
    spec: dict[str, Any] = {}
    for key in carried:
        *parents, last = key.split(".")
        source, target = dict(kept.spec), spec
        for step in parents:
            source, target = source[step], target.setdefault(step, {})
        target[last] = source[last]
    return {
        "architecture": json.dumps(dict(kept.architecture)),
        "labels": json.dumps(kept.labels, ensure_ascii=False),
        "facts": json.dumps(dict(kept.facts), ensure_ascii=False),
        "spec": json.dumps(spec, ensure_ascii=False),
        "pixels": json.dumps(kept.pixels.to_dict()),
    }


def kept_in(metadata: Mapping[str, str]) -> Kept:
    """Read what :func:`onnx_metadata` has written."""
    return Kept(
        architecture=json.loads(metadata["architecture"]),
        labels=tuple(json.loads(metadata["labels"])),
        facts=json.loads(metadata["facts"]),
        spec=json.loads(metadata["spec"]),
        pixels=PixelScale.from_dict(json.loads(metadata["pixels"])),
        exported=True,
    )
