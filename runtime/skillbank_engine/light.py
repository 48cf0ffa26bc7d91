"""Importing torch and transformers for a forward pass alone, in a third of the time.

Both import much that a model which only answers never touches: compilers, training over machines, formats of
quantized weights, and a look through the files of all models there are.  Here such parts stay away until
something asks for them (:func:`whole`), and what is computed is the same: the layers are the same files.
Whatever another version of either would trip over ends in importing it as everybody does.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["UNUSED", "import_torch", "import_transformers", "whole", "without"]

_META = "torch._meta_registrations"
_COMPILER = "torch._dynamo"
_PACKAGE = "transformers"
_MODELS = f"{_PACKAGE}.models"
UNUSED = ("torchao", "scipy")
"""What transformers imports if it is installed, for formats of weights and losses that the engine has not."""
_PLACES = {
    "AutoBackbone": "models.auto.modeling_auto",
    "AutoConfig": "models.auto.configuration_auto",
    "AutoModel": "models.auto.modeling_auto",
    "AutoModelForImageClassification": "models.auto.modeling_auto",
    "AutoTokenizer": "models.auto.tokenization_auto",
    "BertConfig": "models.bert.configuration_bert",
    "GroundingDinoConfig": "models.grounding_dino.configuration_grounding_dino",
    "GroundingDinoForObjectDetection": "models.grounding_dino.modeling_grounding_dino",
    "PreTrainedConfig": "configuration_utils",
    "PreTrainedModel": "modeling_utils",
    "ResNetConfig": "models.resnet.configuration_resnet",
    "SwinConfig": "models.swin.configuration_swin",
}
"""Where the engine's own names of transformers stand, so that nobody looks through all models for them."""


class _Part(ModuleType):
    """A package of transformers that has not run its ``__init__``; names are looked up when asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        own = self.__name__
        if own == _PACKAGE and name in _PLACES:
            return getattr(import_module(f"{own}.{_PLACES[name]}"), name)
        if find_spec(f"{own}.{name}") is not None:
            return import_module(f"{own}.{name}")
        if own == _PACKAGE:
            return getattr(whole(), name)
        raise AttributeError(f"module '{own}' has no attribute '{name}'")


def import_torch() -> None:
    """Import torch without what tells shapes of operations that are not carried out."""
    if "torch" in sys.modules:
        return
    sys.modules[_META] = ModuleType(_META)
    import torch  # noqa: F401


def import_transformers() -> None:
    """Import what the engine takes of transformers, and nothing of it that a forward pass does not need."""
    if _PACKAGE in sys.modules:
        return
    try:
        with without(UNUSED), _stand_ins():
            for name, place in _PLACES.items():
                if name != "AutoTokenizer":
                    getattr(import_module(f"{_PACKAGE}.{place}"), name)
            import_module(f"{_PACKAGE}.backbone_utils")
            for layers in ("bert.modeling_bert", "swin.modeling_swin"):
                import_module(f"{_MODELS}.{layers}")
    except (ImportError, AttributeError, TypeError):
        # Another version, built otherwise.
        for name in [name for name in sys.modules if name.split(".")[0] == _PACKAGE]:
            del sys.modules[name]
        whole()


def whole() -> Any:
    """Import the rest of both libraries; afterwards they are as if imported by themselves.

    Returns
    -------
    module
        transformers.
    """
    import torch

    meta = sys.modules.get(_META)
    if meta is not None and meta.__spec__ is None:
        del sys.modules[_META]
        with suppress(AttributeError):
            delattr(torch, "_meta_registrations")
        import_module(_META)
    part = sys.modules.get(_PACKAGE)
    if not isinstance(part, _Part):
        with without(UNUSED):
            return import_module(_PACKAGE)
    del sys.modules[_PACKAGE]
    with without(UNUSED):
        return import_module(_PACKAGE)


@contextmanager
def without(names: tuple[str, ...]) -> Iterator[None]:
    """Let packages look as if they were not installed, those that are imported already excepted.

    None in ``sys.modules`` is Python's own way to say so: nothing finds or imports such a module.
    """
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


@contextmanager
def _stand_ins() -> Iterator[None]:
    """Have the packages without their ``__init__``, one process on one machine, and no compiler."""
    import torch
    import torch.distributed

    package = _part(_PACKAGE)
    package.__dict__["__version__"] = _version()
    package.__dict__["models"] = _part(_MODELS, Path(package.__path__[0]) / "models")
    is_available = torch.distributed.is_available
    torch.distributed.is_available = lambda: False
    compiler = _COMPILER not in sys.modules
    if compiler:
        sys.modules[_COMPILER] = torch._dynamo = _no_compiler(Path(torch.__path__[0]) / "_dynamo")
    try:
        utils = import_module(f"{_PACKAGE}.utils")
        for module in (utils, import_module(f"{_PACKAGE}.utils.import_utils")):
            # One would run the package's ``__init__`` once more, the other needs the compiler.
            _replace(module, "direct_transformers_import", lambda *_, **__: package)
            _replace(module, "is_torch_flex_attn_available", lambda: False)
        yield
    finally:
        torch.distributed.is_available = is_available
        if compiler:
            del sys.modules[_COMPILER]
            del torch._dynamo


def _part(name: str, folder: Path | None = None) -> _Part:
    made = _Part(name)
    if folder is None:
        spec = find_spec(name)
        if spec is None:
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)
        made.__dict__.update(module_from_spec(spec).__dict__)
    else:
        made.__dict__["__path__"] = [str(folder)]
    sys.modules[name] = made
    return made


def _version() -> str:
    from importlib.metadata import version

    return version(_PACKAGE)


def _no_compiler(folder: Path) -> ModuleType:
    """Give what transformers marks functions of foreign formats with; it marks nothing here."""
    made = ModuleType(_COMPILER)
    marks: dict[str, Callable[..., Any]] = dict.fromkeys(
        ("allow_in_graph", "assume_constant_result", "disable"), _as_it_is
    )
    made.__dict__.update(marks, __path__=[str(folder)])
    return made


def _as_it_is(function: Any = None, *_: Any, **__: Any) -> Any:
    return function if callable(function) else _as_it_is


def _replace(module: ModuleType, name: str, by: Callable[..., Any]) -> None:
    if not hasattr(module, name):
        raise AttributeError(f"{module.__name__} has no {name}")
    setattr(module, name, by)
