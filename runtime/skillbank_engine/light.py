"""Importing torch and transformers for what the engine does with them, in a third of the time.

Both import much that passes forward and backward never touch: compilers, training over machines, formats of
quantized weights, and a look through the files of all models.  Here such parts stay away until something
imports or asks for them (:func:`whole`), and what is computed is the same: the layers are the same files.
Whatever another version of either would trip over ends in importing it as everybody does.  torch itself is
imported in functions here, since this module says how.
"""

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial, wraps
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from skillbank_engine.later import Later, put_off, there

__all__ = ["NAMES", "import_torch", "of_transformers", "whole", "without_compiler"]

_META = "torch._meta_registrations"
_COMPILER = "torch._dynamo"
_KEEPING = "torch._compile"
_KINDS = "torch._opaque_base"
_GENERATORS = "torch._prims.rng_prims"
_NEEDING_SHAPES = frozenset(
    {_COMPILER, "torch._decomp", "torch._inductor", "torch._refs", "torch.distributed.tensor"}
)
"""What computes with shapes alone: whoever imports it gets all of torch."""
_PACKAGE = "transformers"
_UNUSED = ("torchao", "torchvision", "scipy", "jinja2")
"""What transformers imports if it is installed, for weights, pictures, losses and chats that the
engine has not; torchvision alone takes longer than torch, since it brings the compiler and all exporters.
"""
_HUB = "huggingface_hub"
_OPERATORS = "torch._higher_order_ops"
_LATER = Later(
    {
        "torch._tensor_docs": (),
        "torch.distributions": ("constraints",),
        "torch.export": (),
        "torch.masked": (),
        "torch.nn.intrinsic": (),
        "torch.nn.qat": (),
        "torch.nn.quantizable": (),
        "torch.nn.quantized": (),
        "torch.profiler": (),
        "torch.quantization": (),
        "torchgen.model": (),
        _OPERATORS: ("cond", "while_loop"),
        f"{_OPERATORS}.invoke_subgraph": ("NestedCompileRegionOptions",),
        f"{_COMPILER}._trace_wrapped_higher_order_op": ("TransformGetItemToIndex",),
        f"{_HUB}._snapshot_download": ("snapshot_download",),
        f"{_HUB}.hf_api": ("CommitOperationAdd", "HfApi", "get_repo_discussions"),
        f"{_HUB}.repocard": ("ModelCard",),
        f"{_HUB}.repocard_data": ("ModelCardData",),
    }
)
"""What both import for what a plain pass never does, and all that they take out of it meanwhile."""
_PLACES = {
    "AutoBackbone": "models.auto.modeling_auto",
    "AutoConfig": "models.auto.configuration_auto",
    "AutoModel": "models.auto.modeling_auto",
    "AutoModelForImageClassification": "models.auto.modeling_auto",
    "AutoTokenizer": "models.auto.tokenization_auto",
    "BackboneConfigMixin": "backbone_utils",
    "BackboneMixin": "backbone_utils",
    "BackboneOutput": "modeling_outputs",
    "BertConfig": "models.bert.configuration_bert",
    "ConvNextConfig": "models.convnext.configuration_convnext",
    "GroundingDinoConfig": "models.grounding_dino.configuration_grounding_dino",
    "GroundingDinoForObjectDetection": "models.grounding_dino.modeling_grounding_dino",
    "PreTrainedConfig": "configuration_utils",
    "PreTrainedModel": "modeling_utils",
    "RTDetrResNetConfig": "models.rt_detr.configuration_rt_detr_resnet",
    "RTDetrV2Config": "models.rt_detr_v2.configuration_rt_detr_v2",
    "RTDetrV2ForObjectDetection": "models.rt_detr_v2.modeling_rt_detr_v2",
    "ResNetConfig": "models.resnet.configuration_resnet",
    "SegformerConfig": "models.segformer.configuration_segformer",
    "SegformerForSemanticSegmentation": "models.segformer.modeling_segformer",
    "SwinConfig": "models.swin.configuration_swin",
}
"""Where the engine's own names of transformers stand, so that nobody looks through all models for them."""
_INSIDE = {
    **dict.fromkeys(("AutoBackbone", "AutoModel", "AutoModelForImageClassification"), ("modeling_utils",)),
    "GroundingDinoForObjectDetection": ("models.bert.modeling_bert", "models.swin.modeling_swin"),
}
"""What a network looks up by name when it is built, and what those that are looked up so are built on."""
NAMES = tuple(_PLACES)
"""What the engine takes of transformers."""
_ASKED_OF_ALL = {"BertTokenizer": "models.bert.tokenization_bert"}
"""What transformers itself looks for in the whole package, and where it stands."""


class _Part(ModuleType):
    """A package of transformers that has not run its ``__init__``; names are looked up when asked for."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        own = self.__name__
        place = _PLACES.get(name) or _ASKED_OF_ALL.get(name)
        if own == _PACKAGE and place is not None:
            return getattr(import_module(f"{own}.{place}"), name)
        if find_spec(f"{own}.{name}") is not None:
            return import_module(f"{own}.{name}")
        if own == _PACKAGE:
            return getattr(whole(), name)
        raise AttributeError(f"module '{own}' has no attribute '{name}'")


def import_torch() -> None:
    """Import torch without its compiler, and without what tells shapes of operations that nobody carries out.

    Both come when something imports them; see `_Asked` and `_LATER`.
    """
    if "torch" in sys.modules:
        return
    _LATER.begin()
    sys.modules[_META] = ModuleType(_META)
    keeping = _keep_from_no_compiler()
    with _without_lines():
        torch = import_module("torch")
        _allow_generators(torch)
    if keeping is not None:
        torch.__dict__["_compile"] = keeping
    sys.meta_path.insert(0, _Asked())


@contextmanager
def _without_lines() -> Iterator[None]:
    """Tell of a frame its file, its line and its module, without the text there.

    Torch notes so where an operation is registered; for the text, or a module that does not say its name,
    Python would look through the files of all modules.
    """
    tell, module_of = inspect.getframeinfo, inspect.getmodule

    def tell_briefly(frame: Any, context: int = 0) -> Any:
        return tell(frame, context)

    def named(thing: Any, file: str | None = None) -> ModuleType | None:
        name = thing.f_globals.get("__name__", "") if inspect.isframe(thing) else ""
        return sys.modules.get(name) or module_of(thing, file)

    inspect.__dict__.update(getframeinfo=tell_briefly, getmodule=named)
    try:
        yield
    finally:
        inspect.__dict__.update(getframeinfo=tell, getmodule=module_of)


def _allow_generators(torch: ModuleType) -> None:
    """Say what kind of class `torch.Generator` is, without which torch makes none.

    Its own way there is to import a hundred primitives of its compiler, whose last line says it.
    """
    try:
        torch._C._set_generator_metaclass(import_module(_KINDS).OpaqueBaseMeta)
    except (ImportError, AttributeError):  # another version
        if find_spec(_GENERATORS) is not None:
            import_module(_GENERATORS)


class _Asked(MetaPathFinder):
    """Brings what :func:`import_torch` has left out, before something is imported that needs it."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if fullname not in _NEEDING_SHAPES:
            return None
        _whole_torch()
        return there(fullname)


def _whole_torch() -> None:
    import torch

    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _Asked)]
    meta = sys.modules.get(_META)
    if meta is not None and meta.__spec__ is None:
        del sys.modules[_META]
        with suppress(AttributeError):
            delattr(torch, "_meta_registrations")
        import_module(_META)
    _LATER.all_of_them()


def _keep_from_no_compiler() -> ModuleType | None:
    """Have functions that torch keeps from its compiler called as they are, while there is no compiler.

    An optimiser has such; the first of them that is called would import the compiler to tell it so.
    """
    found = find_spec("torch")
    file = Path((found.submodule_search_locations or ("",))[0]) / "_compile.py" if found else Path()
    spec = spec_from_file_location(_KEEPING, file)
    if not file.is_file() or spec is None or spec.loader is None:
        return None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    keep = getattr(module, "_disable_dynamo", None)
    if keep is None:
        return None

    def kept(function: Any = None, recursive: bool = True) -> Any:
        if function is None:
            return partial(kept, recursive=recursive)
        from_compiler = keep(function, recursive)

        @wraps(function)
        def called(*arguments: Any, **named: Any) -> Any:
            return (from_compiler if _COMPILER in sys.modules else function)(*arguments, **named)

        return called

    module.__dict__["_disable_dynamo"] = kept
    sys.modules[_KEEPING] = module
    return module


def of_transformers(name: str) -> Any:
    """Give one of :data:`NAMES`, importing nothing of transformers that plain passes do not need.

    Where the whole package is imported already, the name is taken from that.
    """
    package = sys.modules.get(_PACKAGE)
    if package is None or isinstance(package, _Part):
        try:
            with _without(_UNUSED), without_compiler(), _without_lines(), _stand_ins():
                found = getattr(import_module(f"{_PACKAGE}.{_PLACES[name]}"), name)
                for layers in _INSIDE.get(name, ()):
                    import_module(f"{_PACKAGE}.{layers}")
                return found
        except (ImportError, AttributeError, TypeError):
            pass  # another version, built otherwise
    package = whole()
    if hasattr(package, name):
        return getattr(package, name)
    return getattr(import_module(f"{_PACKAGE}.{_PLACES[name]}"), name)


def whole() -> ModuleType:
    """Import the rest of both libraries; they are then as imported by themselves, but for texts of help.

    Returns
    -------
    module
        transformers.
    """
    _whole_torch()
    part = sys.modules.get(_PACKAGE)
    if not isinstance(part, _Part):
        with _without(_UNUSED):
            return import_module(_PACKAGE)
    del sys.modules[_PACKAGE]
    with _without(_UNUSED):
        return import_module(_PACKAGE)


@contextmanager
def _without(names: tuple[str, ...]) -> Iterator[None]:
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
    """Have the packages without their ``__init__``, and one process on one machine."""
    import torch
    import torch.distributed

    package = sys.modules.get(_PACKAGE) or _package()
    is_available = torch.distributed.is_available
    torch.distributed.is_available = lambda: False
    try:
        utils = import_module(f"{_PACKAGE}.utils")
        for module in (utils, import_module(f"{_PACKAGE}.utils.import_utils")):
            # One would run the package's ``__init__`` once more, the other needs the compiler.
            _replace(module, "direct_transformers_import", lambda *_, **__: package)
            _replace(module, "is_torch_flex_attn_available", lambda: False)
        # Texts of help for each argument of each network, which nobody reads here.
        _replace(utils, "auto_docstring", _as_it_is)
        yield
    finally:
        torch.distributed.is_available = is_available


@contextmanager
def without_compiler() -> Iterator[None]:
    """Have torch's compiler look as if it had nothing to do, if nothing has imported it.

    A step of an optimiser imports it to tell it where to stop, which takes as long as the rest of torch.
    What somebody imports of it meanwhile, as torchvision does, goes with it: the compiler misses parts that
    it finds imported and that are not its own.
    """
    import torch

    if _COMPILER in sys.modules:
        yield
        return
    sys.modules[_COMPILER] = torch._dynamo = _no_compiler(Path(torch.__path__[0]) / "_dynamo")
    try:
        yield
    finally:
        del sys.modules[_COMPILER]
        del torch._dynamo
        waiting = put_off()
        for name in [name for name in sys.modules if name.startswith(f"{_COMPILER}.")]:
            if name not in waiting:
                del sys.modules[name]


def _package() -> _Part:
    package = _part(_PACKAGE)
    package.__dict__["__version__"] = _version()
    package.__dict__["models"] = _part(f"{_PACKAGE}.models", Path(package.__path__[0]) / "models")
    return package


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
    from importlib.metadata import version  # with a parser of mails

    return version(_PACKAGE)


def _no_compiler(folder: Path) -> ModuleType:
    """Give what functions are marked with for the compiler; it marks nothing here."""
    made = ModuleType(_COMPILER)
    marks: dict[str, object] = dict.fromkeys(
        ("allow_in_graph", "assume_constant_result", "disable"), _as_it_is
    )
    made.__dict__.update(marks, graph_break=_as_it_is, __path__=[str(folder)])
    return made


def _as_it_is(function: object = None, *_: object, **__: object) -> object:
    return function if callable(function) else _as_it_is


def _replace(module: ModuleType, name: str, by: Callable[..., object]) -> None:
    if not hasattr(module, name):
        raise AttributeError(f"{module.__name__} has no {name}")
    setattr(module, name, by)
