"""Which networks there are: the family's names of backbones, and what each is in transformers.

A name stands for one architecture.  The family has more names than transformers has networks; a name whose
network cannot be had is refused with the list of those that can, and nothing else takes its place.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from skillbank_engine.errors import ModelError


@dataclass(frozen=True)
class Backbone:
    """One network of transformers.

    Attributes
    ----------
    kind : str
        transformers' ``model_type``.
    sizes : mapping
        What its configuration sets other than the kind's own defaults.
    """

    kind: str
    sizes: Mapping[str, object]


def _swin(width: int, depths: tuple[int, ...], heads: tuple[int, ...], window: int = 7) -> Backbone:
    return Backbone("swin", {"embed_dim": width, "depths": depths, "num_heads": heads, "window_size": window})


def _swin2(width: int, depths: tuple[int, ...], heads: tuple[int, ...]) -> Backbone:
    sizes = {"embed_dim": width, "depths": depths, "num_heads": heads, "window_size": 8}
    return Backbone("swinv2", sizes)


def _resnet(depths: tuple[int, ...], bottleneck: bool) -> Backbone:
    widths = (256, 512, 1024, 2048) if bottleneck else (64, 128, 256, 512)
    kind = "bottleneck" if bottleneck else "basic"
    return Backbone("resnet", {"depths": depths, "hidden_sizes": widths, "layer_type": kind})


def _convnext(kind: str, width: int, depths: tuple[int, ...]) -> Backbone:
    return Backbone(kind, {"hidden_sizes": tuple(width * 2**stage for stage in range(4)), "depths": depths})


def _vit(kind: str, width: int, layers: int, heads: int, patch: int, **more: object) -> Backbone:
    sizes = {"hidden_size": width, "num_hidden_layers": layers, "num_attention_heads": heads}
    if kind == "vit":
        sizes["intermediate_size"] = 4 * width
    return Backbone(kind, {**sizes, "patch_size": patch, **more})


def _hiera(width: int, depths: tuple[int, ...], heads: tuple[int, ...]) -> Backbone:
    return Backbone("hiera", {"embed_dim": width, "depths": depths, "num_heads": heads})


def _mit(widths: tuple[int, ...], depths: tuple[int, ...]) -> Backbone:
    return Backbone("segformer", {"hidden_sizes": widths, "depths": depths})


def _efficientnet(wide: float, deep: float, hidden: int, drop: float, padding: tuple[int, ...]) -> Backbone:
    sizes = {"width_coefficient": wide, "depth_coefficient": deep, "hidden_dim": hidden}
    return Backbone("efficientnet", {**sizes, "dropout_rate": drop, "depthwise_padding": padding})


_WIDE = (64, 128, 320, 512)
_OF_THE_FAMILY: dict[str, Backbone] = {
    "vit_large_patch14_dinov2_swiglu": _vit("dinov2", 1024, 24, 16, 14, use_swiglu_ffn=True),
    "vit_giant_patch14_reg4_dinov2_swiglu": _vit(
        "dinov2_with_registers", 1536, 40, 24, 14, use_swiglu_ffn=True, num_register_tokens=4
    ),
    "vit_base_patch16": _vit("vit", 768, 12, 12, 16),
    "vit_large_patch16": _vit("vit", 1024, 24, 16, 16),
    "vit_huge_patch14": _vit("vit", 1280, 32, 16, 14),
    "convnext_tiny": _convnext("convnext", 96, (3, 3, 9, 3)),
    "convnext_small": _convnext("convnext", 96, (3, 3, 27, 3)),
    "convnext_base": _convnext("convnext", 128, (3, 3, 27, 3)),
    "convnext_large": _convnext("convnext", 192, (3, 3, 27, 3)),
    "convnext_xlarge": _convnext("convnext", 256, (3, 3, 27, 3)),
    "convnextv2_atto": _convnext("convnextv2", 40, (2, 2, 6, 2)),
    "convnextv2_femto": _convnext("convnextv2", 48, (2, 2, 6, 2)),
    "convnextv2_pico": _convnext("convnextv2", 64, (2, 2, 6, 2)),
    "convnextv2_nano": _convnext("convnextv2", 80, (2, 2, 8, 2)),
    "convnextv2_tiny": _convnext("convnextv2", 96, (3, 3, 9, 3)),
    "convnextv2_base": _convnext("convnextv2", 128, (3, 3, 27, 3)),
    "convnextv2_large": _convnext("convnextv2", 192, (3, 3, 27, 3)),
    "convnextv2_huge": _convnext("convnextv2", 352, (3, 3, 27, 3)),
    "hiera_tiny_224": _hiera(96, (1, 2, 7, 2), (1, 2, 4, 8)),
    "hiera_small_224": _hiera(96, (1, 2, 11, 2), (1, 2, 4, 8)),
    "hiera_base_224": _hiera(96, (2, 3, 16, 3), (1, 2, 4, 8)),
    "hiera_base_plus_224": _hiera(112, (2, 3, 16, 3), (2, 4, 8, 16)),
    "hiera_large_224": _hiera(144, (2, 6, 36, 4), (2, 4, 8, 16)),
    "hiera_huge_224": _hiera(256, (2, 6, 36, 4), (4, 8, 16, 32)),
    "resnet_18": _resnet((2, 2, 2, 2), False),
    "resnet_34": _resnet((3, 4, 6, 3), False),
    "resnet_50": _resnet((3, 4, 6, 3), True),
    "resnet_101": _resnet((3, 4, 23, 3), True),
    "resnet_152": _resnet((3, 8, 36, 3), True),
    "swin_tiny_patch4_window7_224": _swin(96, (2, 2, 6, 2), (3, 6, 12, 24)),
    "swin_small_patch4_window7_224": _swin(96, (2, 2, 18, 2), (3, 6, 12, 24)),
    "swin_base_patch4_window7_224": _swin(128, (2, 2, 18, 2), (4, 8, 16, 32)),
    "swin_large_patch4_window7_224": _swin(192, (2, 2, 18, 2), (6, 12, 24, 48)),
    "swin_base_patch4_window12_384": _swin(128, (2, 2, 18, 2), (4, 8, 16, 32), 12),
    "swin_large_patch4_window12_384": _swin(192, (2, 2, 18, 2), (6, 12, 24, 48), 12),
    "mit_b0": _mit((32, 64, 160, 256), (2, 2, 2, 2)),
    "mit_b1": _mit(_WIDE, (2, 2, 2, 2)),
    "mit_b2": _mit(_WIDE, (3, 4, 6, 3)),
    "mit_b3": _mit(_WIDE, (3, 4, 18, 3)),
    "mit_b4": _mit(_WIDE, (3, 8, 27, 3)),
    "mit_b5": _mit(_WIDE, (3, 6, 40, 3)),
}
_BESIDE_THE_FAMILY: dict[str, Backbone] = {
    "efficientnet_b0": _efficientnet(1.0, 1.0, 1280, 0.2, ()),
    "efficientnet_b1": _efficientnet(1.0, 1.1, 1280, 0.2, (16,)),
    "efficientnet_b2": _efficientnet(1.1, 1.2, 1408, 0.3, (5, 8, 16)),
    "efficientnet_b3": _efficientnet(1.2, 1.4, 1536, 0.3, (5, 18)),
    "efficientnet_b4": _efficientnet(1.4, 1.8, 1792, 0.4, (6,)),
    "mobilenet_v1": Backbone("mobilenet_v1", {}),
    "mobilenet_v2": Backbone("mobilenet_v2", {}),
    "swinv2_tiny_patch4_window8_256": _swin2(96, (2, 2, 6, 2), (3, 6, 12, 24)),
    "swinv2_small_patch4_window8_256": _swin2(96, (2, 2, 18, 2), (3, 6, 12, 24)),
    "swinv2_base_patch4_window8_256": _swin2(128, (2, 2, 18, 2), (4, 8, 16, 32)),
    "vit_tiny_patch16": _vit("vit", 192, 12, 3, 16),
    "vit_small_patch16": _vit("vit", 384, 12, 6, 16),
    "vit_small_patch14_dinov2": _vit("dinov2", 384, 12, 6, 14),
    "vit_base_patch14_dinov2": _vit("dinov2", 768, 12, 12, 14),
    "vit_large_patch14_dinov2": _vit("dinov2", 1024, 24, 16, 14),
    "resnet_mini": Backbone(
        "resnet",
        {
            "embedding_size": 32,
            "hidden_sizes": (32, 64, 128, 192),
            "depths": (1, 1, 1, 1),
            "layer_type": "basic",
        },
    ),
}
AVAILABLE: dict[str, Backbone] = {**_OF_THE_FAMILY, **_BESIDE_THE_FAMILY}
"""Name to network of everything that can be built here."""

_UNAVAILABLE: dict[str, tuple[str, ...]] = {
    "faster_vit_": (
        *(f"{number}_224" for number in range(7)),
        *(f"4_21k_{size}" for size in (224, 384, 512, 768)),
    ),
    "fan_": (
        "tiny_12_p16_224",
        "small_12_p16_224_se_attn",
        "small_12_p16_224",
        "base_18_p16_224",
        "large_24_p16_224",
        "tiny_8_p4_hybrid",
        "small_12_p4_hybrid",
        "base_16_p4_hybrid",
        "large_16_p4_hybrid",
        "xlarge_16_p4_hybrid",
        *(f"swin_{size}_patch4_window7_224" for size in ("tiny", "small", "base", "large")),
    ),
    "vit_": (
        "large_patch14_dinov2_swiglu_legacy",
        "l_14_siglip_clipa_224",
        "l_14_siglip_clipa_336",
        "h_14_siglip_clipa_224",
    ),
    "efficientvit_": tuple(f"{kind}{number}" for kind in "bl" for number in range(4)),
    "resnet_": ("18d", "34d", "50d", "101d", "152d"),
    "gc_vit_": ("xxtiny", "xtiny", "tiny", "small", "base", "large", "base_384", "large_384"),
    "edgenext_": (
        "xx_small",
        "x_small",
        "small",
        "base",
        "xx_small_bn_hs",
        "x_small_bn_hs",
        "small_bn_hs",
    ),
    "c_radio_": (
        *(f"p{number}_vit_huge_patch16_mlpnorm" for number in (1, 2, 3)),
        *(f"v2_vit_{size}_patch16" for size in ("base", "large", "huge")),
        *(f"v3_vit_{size}_patch16_reg4_dinov2" for size in ("large", "base", "huge")),
    ),
}
UNAVAILABLE = tuple(start + rest for start, rests in _UNAVAILABLE.items() for rest in rests)
"""Names of the family whose networks transformers does not have."""

FAMILY_NAMES = (*_OF_THE_FAMILY, *UNAVAILABLE)
"""All names of the family's container."""

DEFAULT = "fan_small_12_p4_hybrid"
"""The family's default, which stands in every spec that names no other."""


def backbone(name: str, key: str = "model.backbone.type") -> Backbone:
    """Give the network of a name.

    Parameters
    ----------
    name : str
        A name of the family, or one of those beside them.
    key : str
        The spec's key that holds it, for the message.

    Raises
    ------
    ModelError
        The network cannot be had here.
    """
    found = AVAILABLE.get(name)
    if found is None:
        raise ModelError(
            f"{key} is '{name}', a network that the embedded engine does not have: set {key} to one of "
            f"{', '.join(AVAILABLE)}, or name a saved transformers model as train.pretrained_model_path"
        )
    return found


def name_of(kind: str, config: Mapping[str, object]) -> str:
    """Give the name of a network whose configuration is known; its kind where no name fits.

    Parameters
    ----------
    kind : str
        transformers' ``model_type``.
    config : mapping
        Its complete configuration as plain values.
    """
    fitting = [
        name
        for name, known in AVAILABLE.items()
        if known.kind == kind and known.sizes and all(_same(config.get(k), v) for k, v in known.sizes.items())
    ]
    # Of names that fit alike the one that says most is meant: plain DINOv2 lacks what SwiGLU names.
    return max(fitting, key=lambda name: len(AVAILABLE[name].sizes), default=kind)


def _same(value: object, wanted: object) -> bool:
    if isinstance(value, list | tuple) and isinstance(wanted, list | tuple):
        return list(value) == list(wanted)
    return bool(value == wanted)
