"""What a model family is to the frame: its name, its specs, its tools, and the way to its heavy part.

Light: importing a family's ``family.py`` imports neither torch nor pydantic, nor even dataclasses.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from skillbank_engine.config.specs import Specs
    from skillbank_engine.task import AnyTask

ACTIONS: dict[str, str] = {
    "train": "train a model, validating along the way",
    "evaluate": "measure a checkpoint or an ONNX file",
    "inference": "run a model on pictures",
    "export": "write a checkpoint as an ONNX file",
    "quantize": "make the weights of a checkpoint, or all of an ONNX file, integers of eight bits",
    "gen_trt_engine": "build a TensorRT engine; needs TensorRT and a GPU",
}
"""Actions on a spec that the frame carries out for every family, and what their help says."""


class Tool(NamedTuple):
    """A further word of a family's command line, as ``rtdetr shapes OUT``: it needs no spec.

    Attributes
    ----------
    help : str
        One line.
    arguments : callable
        Adds its arguments to the parser of the word.
    run : str
        Where the function is that carries it out, as ``package.module:function``; it takes the arguments.
        What it raises as `EngineError` or `OSError` is said in one sentence, with exit code 1.
    torch : bool
        Whether it computes with torch, whose libraries are then loaded from the start.
    """

    help: str
    arguments: Callable[[ArgumentParser], None]
    run: str
    torch: bool = False


class Family(NamedTuple):
    """A model family; ``families/<name>/family.py`` holds one, named ``FAMILY``.

    It goes to the processes of a training by pickling, and is read by programs that need nothing heavy: what
    is, it names, as ``package.module:NAME``.

    Attributes
    ----------
    name : str
        Of its program, and of its checkpoints' format (``<name>.engine/1``).
    title : str
        As people write it: "RT-DETR".
    about : str
        One line about the program.
    specs_at : str
        Where the family's :class:`.config.specs.Specs` are, in a module that imports pydantic, never torch.
    task_at : str
        Where the family's :class:`.task.Task` class is, in a module that imports torch.
    latest : str
        Name of the link to the latest checkpoint.
    best : str
        Name of the link to the best one.
    metric : str
        What decides on the best checkpoint, by its name in ``status.json``: "val_mAP50".
    higher_is_better : bool
        Which way.
    actions : dict
        Actions on a spec to their lines of help, without those of :data:`ACTIONS` that it does not have, with
        "distill" where it has it (`Specs.trains`).
    tools : dict
        Words of the command line beyond the actions, ``settle`` and ``schemas``.
    """

    name: str
    title: str
    about: str
    specs_at: str
    task_at: str
    latest: str
    metric: str
    best: str = "best.pth"
    higher_is_better: bool = True
    actions: Mapping[str, str] = ACTIONS
    tools: Mapping[str, Tool] = {}

    def specs(self) -> Specs[Any]:
        """Import the specs."""
        specs: Specs[Any] = resolve_name(self.specs_at)
        return specs

    def task(self) -> type[AnyTask]:
        """Import the class of the task, and torch with it."""
        task: type[AnyTask] = resolve_name(self.task_at)
        return task
