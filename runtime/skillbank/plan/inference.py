"""Inference functions: how a spec field is filled from the job, its parent or the user's model.

One small class per function, one registry, one `register` for others to extend it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from skillbank.plan.model import (
    PARENT_MODEL,
    PARENT_MODEL_FOLDER,
    RESULTS_DIR,
    RESUME_MODEL,
    ParentRef,
)
from skillbank.plan.products import Product, leaving, product_of


@dataclass(frozen=True, slots=True)
class Context:
    """What an inference function may look at.

    Attributes
    ----------
    field
        The dotted spec field to fill.
    siblings
        All fields of the same action that take a parent's model as such, this one included.
    pretrained
        The pretrained model that the user named.
    pretrained_fields
        The fields that take one, whole or of a backbone alone.
    """

    field: str
    action: str
    siblings: tuple[str, ...]
    parent: ParentRef | None
    pretrained: str | None
    pretrained_fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Inferred:
    """A value, why, and whether it is a question instead (``value`` None and ``question`` set)."""

    value: str | bool | None
    detail: str
    question: str | None = None


NAMED = "the pretrained model that was named"
"""Why a field holds what the user named as pretrained model."""
Function = Callable[[Context], Inferred]
_REGISTRY: dict[str, Function] = {}
_READING: set[str] = set()


def register(name: str, *, reads: bool = False) -> Callable[[Function], Function]:
    """Register an inference function under the name that skills use.

    ``reads`` says that its field names a file or folder that must be there before the program starts.
    """

    def add(function: Function) -> Function:
        _REGISTRY[name] = function
        if reads:
            _READING.add(name)
        return function

    return add


def reads(name: object) -> bool:
    """Say whether the field of an inference function is an input, declared as one or not."""
    return isinstance(name, str) and name in _READING


def takes_parent(name: object) -> bool:
    """Say whether an inference function is there for a parent's model."""
    return isinstance(name, str) and name in _READING and name.startswith(("parent_model", "pruned_model"))


def known_functions() -> tuple[str, ...]:
    """Return the registered names."""
    return tuple(sorted(_REGISTRY))


def infer(name: str, context: Context) -> Inferred:
    """Apply a function by name; KeyError when it is not registered."""
    return _REGISTRY[name](context)


def field_accepts(field: str) -> Product:
    """Return the kind of model file that a field wants, told by its name."""
    last = field.rpartition(".")[2]
    if "engine" in last:
        return "engine"
    return "onnx" if "onnx" in last else "weights"


@register("key")
def key(context: Context) -> Inferred:
    """Encryption key: only what the user set; skills without encryption must not get a made-up one."""
    return Inferred(None, "encryption key: not set")


@register("output_dir")
def output_dir(context: Context) -> Inferred:
    """The job's own results directory."""
    return Inferred(RESULTS_DIR, "results directory of this job")


@register("resume_model", reads=True)
def resume_model(context: Context) -> Inferred:
    """The newest complete checkpoint of this very job, empty when it has none yet."""
    return Inferred(RESUME_MODEL, "newest checkpoint in this job's own results, empty at the first start")


@register("resume_model_bool")
def resume_model_bool(context: Context) -> Inferred:
    """Whether this job has something to resume from; a first launch never has."""
    return Inferred(False, "this job has no checkpoint of its own yet")


@register("parent_model", reads=True)
def parent_model(context: Context) -> Inferred:
    """The parent's model file, when its action leaves what this field wants."""
    if context.parent is None:
        return Inferred(None, "no parent job", question="model")
    product, wanted = product_of(context.parent.action), field_accepts(context.field)
    fits = product == wanted or (
        # A program that reads checkpoints may read ONNX too, but only where no field asks for ONNX.
        product == "onnx"
        and wanted == "weights"
        and all(field_accepts(s) != "onnx" for s in context.siblings)
    )
    if fits:
        return Inferred(PARENT_MODEL, f"{product} of the parent {_name(context.parent)}")
    why = f"the parent's action '{context.parent.action}' leaves {product}, this field wants {wanted}"
    return Inferred(None, why, question="model")


@register("parent_model_folder", reads=True)
def parent_model_folder(context: Context) -> Inferred:
    """The folder with the parent's model."""
    if context.parent is None:
        return Inferred(None, "no parent job", question="model")
    return Inferred(PARENT_MODEL_FOLDER, f"model folder of the parent {_name(context.parent)}")


@register("pruned_model", reads=True)
def pruned_model(context: Context) -> Inferred:
    """The parent's pruned graph, only when the parent is a prune job."""
    if context.parent is not None and leaving(context.parent.action) is leaving("prune"):
        return Inferred(PARENT_MODEL, f"pruned model of the parent {_name(context.parent)}")
    return Inferred(None, "no pruned parent")


@register("ptm", reads=True)
@register("ptm_if_no_resume_model", reads=True)
def pretrained(context: Context) -> Inferred:
    """The pretrained model that the user named, or the parent's, in the one field that takes a whole model.

    The parent's model goes where the action has no field of its own for it.
    """
    if context.field != whole_model_field(context.pretrained_fields):
        return Inferred(None, "the model goes into the whole-model field")
    if context.pretrained is not None:
        return Inferred(context.pretrained, NAMED)
    if context.parent is None or context.siblings:
        return Inferred(None, "no pretrained model was named")
    product = product_of(context.parent.action)
    if product != "weights":
        return Inferred(None, f"the parent's action '{context.parent.action}' leaves {product}")
    return Inferred(PARENT_MODEL, f"the training starts from the model of the parent {_name(context.parent)}")


@register("parent_model_or_ptm", reads=True)
def parent_model_or_ptm(context: Context) -> Inferred:
    """The parent's model when there is a parent, else the named pretrained model."""
    if context.pretrained is None and context.parent is not None:
        return parent_model(context)
    return pretrained(context) if context.pretrained else Inferred(None, "no parent job", question="model")


@register("resume_model_or_ptm", reads=True)
def resume_model_or_ptm(context: Context) -> Inferred:
    """The pretrained model for a first start; a restart finds its own checkpoint."""
    given = pretrained(context)
    return given if given.value is not None else resume_model(context)


def _creates(name: str, file: str) -> None:
    register(name)(lambda context: Inferred(f"{RESULTS_DIR}/{file}", "output of this job"))


for _function, _file in {
    "create_onnx_file": "model.onnx",
    "create_onnx_file_2d": "model_2d.onnx",
    "create_engine_file": "model.engine",
    "create_cal_cache": "cal.bin",
    "create_pth_file": "model.pth",
    "create_inference_result_file_pose": "results.txt",
    "create_inference_result_file_reid": "inference.json",
    "create_inference_result_file_mal": "inference.json",
    "create_evaluate_cmc_plot_reid": "cmc_plot.png",
    "create_evaluate_matches_plot_reid": "matches_plot.png",
}.items():
    _creates(_function, _file)


def whole_model_field(fields: tuple[str, ...]) -> str:
    """Of several pretrained fields, the one that is not for a backbone alone."""
    return next((f for f in fields if "backbone" not in f), fields[0] if fields else "")


def _name(parent: ParentRef) -> str:
    return parent.job or (f"plan {parent.plan[:12]}" if parent.plan else "trial")
