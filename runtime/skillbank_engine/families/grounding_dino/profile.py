"""The profile: whether the spec's full-size model is meant, or the small one that learns on a laptop.

The family's specs are full of full-size defaults.  With the small profile every value that still stands at
its full-size default is replaced by the small recipe's; whatever the spec sets to something else, or an
override
names, stays.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from skillbank_engine.families.grounding_dino.config import SPECS
from skillbank_engine.families.grounding_dino.config.load import parse_override

SMALL: dict[str, Any] = {
    "model.num_queries": 30,
    "model.num_select": 100,
    "model.num_feature_levels": 2,
    "model.return_interm_indices": [1, 2],
    "model.nheads": 4,
    "model.hidden_dim": 64,
    "model.enc_layers": 1,
    "model.dec_layers": 2,
    "model.dim_feedforward": 128,
    "model.enc_n_points": 2,
    "model.log_scale": "auto",
    "model.class_embed_bias": True,
    "dataset.batch_size": 8,
    "dataset.workers": 0,
    "train.clip_grad_norm": 1.0,
    "train.activation_checkpoint": False,
    "train.optim.lr": 1.5e-3,
    "train.optim.lr_backbone": 1.5e-3,
    "train.optim.lr_linear_proj_mult": 1.0,
    "engine.backbone": "mini",
    "engine.text_encoder": "mini",
    "engine.image_size": 128,
    "engine.fusion_scale": 0.3,
    "engine.fusion_droppath": 0.0,
    "engine.denoising_groups": 3,
    "engine.lr_scheduler": "cosine",
    "engine.warmup_steps": 100,
}
"""Dotted key to value of the recipe that learns on two processor cores."""

SMALL_THRESHOLD = 0.3
"""Takes the place of ``inference.conf_threshold``'s default: minutes of training leave a model modest."""

TRAINED_WITH = (
    "image_size",
    "backbone",
    "backbone_channels",
    "text_encoder",
    "text_hidden",
    "text_layers",
    "text_heads",
    "text_ffn",
    "fusion_scale",
    "denoising_groups",
)
"""What weights were trained with in the ``engine`` block, beside the model block and the profile."""

_STRUCTURE = (
    "backbone",
    "hidden_dim",
    "nheads",
    "enc_layers",
    "dec_layers",
    "dim_feedforward",
    "text_encoder_type",
    "pretrained_backbone_path",
)


def choose_profile(spec: Any, cuda: bool, start: Mapping[str, Any] | None = None) -> str:
    """Decide what ``engine.profile: auto`` means for a spec.

    Parameters
    ----------
    spec : pydantic model
        The loaded spec.
    cuda : bool
        Whether a GPU will be used.
    start : mapping, optional
        The spec that the weights to start from were trained with, where this engine trained them.

    Returns
    -------
    str
        ``small`` where a small model is trained further; ``full`` when there is a GPU, another pretrained
        model is named, or the model block names another network than the default without a mini part; else
        ``small``.
    """
    if spec.engine.profile != "auto":
        return str(spec.engine.profile)
    if start is not None and start["engine"]["profile"] in ("small", "settled"):
        return "small"
    if cuda or spec.train.pretrained_model_path:
        return "full"
    if "mini" in (spec.engine.backbone, spec.engine.text_encoder):
        return "small"
    usual = type(spec.model)()
    if any(getattr(spec.model, name) != getattr(usual, name) for name in _STRUCTURE):
        return "full"
    return "small"


def apply_profile(
    spec: Any, action: str, overrides: Sequence[str], cuda: bool, start: Mapping[str, Any] | None = None
) -> tuple[Any, dict[str, Any]]:
    """Settle the profile of a spec.

    Parameters
    ----------
    spec : pydantic model
        The loaded spec; left as it is.
    action : str
        Its action.
    overrides : sequence of str
        The ``a.b=c`` words of the command line, whose keys are never replaced.
    cuda : bool
        Whether a GPU will be used.
    start : mapping, optional
        The spec that the weights to start from were trained with: a small model keeps its own sizes.

    Returns
    -------
    spec : pydantic model
        A checked copy with ``engine.profile`` set to what was decided.
    changed : dict
        Dotted key to value of everything that the recipe replaced.
    """
    profile = choose_profile(spec, cuda, start)
    values = spec.model_dump()
    values["engine"]["profile"] = profile
    changed: dict[str, Any] = {}
    if profile == "small":
        changed = _replace_usual(values, {**SMALL, **_sizes(start)}, action, overrides)
    return SPECS[action].model_validate(values), changed


def _sizes(start: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return, by dotted key, what a small model is made of, as the spec that it was trained with says."""
    if start is None:
        return {}
    model = {
        key: start["model"][key[6:]]
        for key in SMALL
        if key.startswith("model.") and key[6:] in start["model"]
    }
    engine = {f"engine.{name}": start["engine"][name] for name in TRAINED_WITH if name in start["engine"]}
    return {**model, **engine}


def prepare_start(spec: Any, overrides: Sequence[str]) -> tuple[Any, dict[str, Any]]:
    """Let a model that starts from random numbers begin by saying "nothing here", and change slowly at first.

    The head of the released models is the plain product of queries and tokens.  Of random features its logits
    are in the tens, both ways, for every query and token: a first loss of a million.  Divided by twice the
    root of the width and shifted to a probability of 0.01 they leave most of the first loss to the boxes.
    Then the first steps all go one way, that of higher logits: at the full learning rate they overshoot, and
    the loss is several times what it was before.

    Parameters
    ----------
    spec : pydantic model
        A train spec, profile applied; left as it is.
    overrides : sequence of str
        The ``a.b=c`` words of the command line, whose keys are never replaced.

    Returns
    -------
    spec : pydantic model
        A checked copy; that of a model that weights are named for is unchanged.
    changed : dict
        Dotted key to value of everything that was replaced.
    """
    if spec.train.pretrained_model_path:
        return spec, {}
    values = spec.model_dump()
    start = -math.log(2 * math.sqrt(spec.model.hidden_dim))
    wanted: dict[str, Any] = {"model.log_scale": f"{start:.2f}", "model.class_embed_bias": True}
    wanted["engine.warmup_steps"] = SMALL["engine.warmup_steps"]
    changed = _replace_usual(values, wanted, "train", overrides)
    return SPECS["train"].model_validate(values), changed


def _replace_usual(
    values: dict[str, Any], wanted: Mapping[str, Any], action: str, overrides: Sequence[str]
) -> dict[str, Any]:
    """Put wanted values where a spec has the family's defaults and no override names the key."""
    defaults = SPECS[action]().model_dump()
    named = {parse_override(word)[0] for word in overrides}
    changed: dict[str, Any] = {}
    for key, value in wanted.items():
        steps = tuple(key.split("."))
        if any(steps[: len(name)] == name for name in named):
            continue
        if _get(values, steps) == _get(defaults, steps):
            changed[key] = value
            _set(values, steps, value)
    return changed


def settled(
    spec: Any, action: str, overrides: Sequence[str], cuda: bool, start: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return what a spec must set so that it means the same whatever else in it is changed.

    Parameters
    ----------
    spec, action, overrides, cuda, start
        As for `apply_profile`.

    Returns
    -------
    dict
        Dotted key to value: the profile, and everything that the small recipe would replace.
    """
    found, changed = apply_profile(spec, action, overrides, cuda, start)
    small = found.engine.profile == "small"
    return {**changed, "engine.profile": "settled" if small else found.engine.profile}


def _get(values: Mapping[str, Any], steps: Sequence[str]) -> Any:
    node: Any = values
    for step in steps:
        node = node[step]
    return node


def _set(values: dict[str, Any], steps: Sequence[str], value: Any) -> None:
    node = values
    for step in steps[:-1]:
        node = node[step]
    node[steps[-1]] = value


def describe(changed: Mapping[str, Any]) -> Iterator[str]:
    """Say what the recipe replaced, one ``key=value`` each."""
    return (f"{key}={value}" for key, value in changed.items())
