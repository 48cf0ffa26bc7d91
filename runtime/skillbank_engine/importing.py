"""Importing PyTorch and what is built on it: three thousand modules that live as long as the program.

Before the first of them comes, torch's libraries of half a gigabyte are loaded, which needs no interpreter: a
thread does it from the moment that it is known that torch is needed, and what needs none of them is imported
meanwhile.
"""

import ctypes
import gc
import logging
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

from skillbank_engine.allocation import keep_freed_memory
from skillbank_engine.errors import MissingPackageError
from skillbank_engine.extras import how_to_install
from skillbank_engine.light import import_torch
from skillbank_engine.threads import wait_passively

__all__ = ["importing", "load_libraries", "prepare_libraries"]

_GLOBAL = "libtorch_global_deps.so"
_LIBRARIES = "libtorch.so"
"""Torch's own libraries without that for Python, by way of what they all depend on."""
_COMPILED = (
    "PIL.Image",
    "_contextvars",
    "_csv",
    "_decimal",
    "_hashlib",
    "_opcode",
    "_pickle",
    "_posixshmem",
    "_queue",
    "_ssl",
    "_uuid",
    "_zoneinfo",
    "array",
    "asyncio",
    "cmath",
    "mmap",
    "multiprocessing.synchronize",
    "numpy",
    "pydantic_core",
    "regex",
    "safetensors",
    "secrets",
    "tokenizers",
    "unicodedata",
    "yaml",
)
"""Of what is imported in any case: the system loads one library at a time, so that these would wait."""
_ALL = "skillbank_engine.task"
"""With this module all has been imported, and nothing is left to do."""
_PLAIN = (
    "huggingface_hub.file_download",
    "unittest.mock",
)
"""What torch and transformers import in any case, and needs none of torch's libraries."""

_EXTRA = frozenset({"faster_coco_eval", "safetensors", "scipy", "tokenizers", "torch", "transformers"})
"""What the extra ``engine`` brings and the core of skillbank, with which our programs come, does not."""


def prepare_libraries() -> None:
    """Set what libraries read when they are imported, and how memory is freed.

    No spinning threads, no bars, no advice in the log.
    """
    wait_passively()
    keep_freed_memory()
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # For a comparison of two sizes in every layer, torch would import a compiler's arithmetic of shapes.
    os.environ.setdefault("TRANSFORMERS_DISABLE_TORCH_CHECK", "1")
    # transformers imports torchao wherever it is installed, which then complains of kernels for other GPUs.
    for name in ("torchao", "torch.utils._pytree"):
        logging.getLogger(name).setLevel(logging.ERROR)


def load_libraries() -> None:
    """Set what libraries read, and begin to load those of torch in a thread; `importing` waits for them.

    Where they lie elsewhere than in torch's packages for Linux, importing torch loads them as ever.
    """
    prepare_libraries()
    found = None if "torch" in sys.modules else find_spec("torch")
    if found is None or not found.submodule_search_locations:
        return
    folder = Path(found.submodule_search_locations[0]) / "lib"
    if not (folder / _LIBRARIES).is_file():
        return
    with _collecting_nothing():
        _import(_COMPILED)
    # Not a daemon: the interpreter's end takes libraries apart, and waits for one that is being loaded.
    Thread(target=_load, args=(folder,)).start()


def _load(folder: Path) -> None:
    """Load them as torch does, in its order, so that its own loading finds them done.

    `ctypes.CDLL` itself keeps the interpreter until a library is loaded, a function of a library does not.
    What fails is tried again by torch, which says why.
    """
    load = ctypes.CDLL(None).dlopen
    load.argtypes, load.restype = (ctypes.c_char_p, ctypes.c_int), ctypes.c_void_p
    load(os.fsencode(folder / _GLOBAL), os.RTLD_NOW | os.RTLD_GLOBAL)
    load(os.fsencode(folder / _LIBRARIES), os.RTLD_NOW)


@contextmanager
def importing() -> Iterator[None]:
    """Import PyTorch, and in the block what is built on it.

    Looking through so many modules for garbage again and again would be a seventh of the time that importing
    takes.

    Raises
    ------
    MissingPackageError
        When one of them is not installed: programs of the engine are there without it.
    """
    if _ALL in sys.modules:
        yield
        return
    with _collecting_nothing(), _saying_what_is_missing():
        if "torch" not in sys.modules:
            _import(_PLAIN)
        import_torch()
        yield
    gc.freeze()


@contextmanager
def _saying_what_is_missing() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in _EXTRA:  # a part of one that is there, or a package of somebody's family
            raise
        raise MissingPackageError(
            f"The engine needs the package {error.name}, which is not installed: {how_to_install('engine')}"
        ) from error


@contextmanager
def _collecting_nothing() -> Iterator[None]:
    """Leave garbage where it is."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _import(names: Iterable[str]) -> None:
    """Import modules ahead of those that need them, as far as they are there."""
    for name in names:
        with suppress(ImportError):
            import_module(name)
