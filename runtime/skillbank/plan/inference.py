"""Inference functions: how a spec field is filled from the job, its parent or the user's model.

One function each. All are entry points of the group ``skillbank.inference_functions``: ours stand in
``entry_points.txt`` beside this file, those of packages are imported when a skill names them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from skillbank.errors import PluginError
from skillbank.plan.model import (
    PARENT_MODEL,
    PARENT_MODEL_FOLDER,
    RESULTS_DIR,
    RESUME_MODEL,
    ParentRef,
)
from skillbank.plan.products import Product, leaving, product_of
from skillbank.plugins import Group, guarded, names, offer


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
    """A value and why, as the plan shows it.

    With a ``value`` of None the field stays as its template has it. Where it is an input that the action
    needs, or the template says ``???``, the plan then asks for it.
    """

    value: str | bool | None
    detail: str


NAMED = "the pretrained model that was named"
"""Why a field holds what the user named as pretrained model."""
Function = Callable[[Context], Inferred]
_READS = "skillbank_reads"


def reading(function: Function) -> Function:
    """Mark a function whose field names a file or folder that must be there before the program starts."""
    setattr(function, _READS, True)
    return function


def reads(name: object) -> bool:
    """Say whether the field of an inference function is an input, declared as one or not."""
    if not is_known(name):
        return False
    try:
        return getattr(function_of(str(name)), _READS, False) is True
    except PluginError:
        return False  # said where it is applied


def takes_parent(name: object) -> bool:
    """Say whether an inference function is there for a parent's model."""
    return isinstance(name, str) and name.startswith(("parent_model", "pruned_model")) and reads(name)


def known_functions() -> tuple[str, ...]:
    """Return the registered names, ours and those of packages."""
    return tuple(sorted(names(Group.INFERENCE_FUNCTIONS)))


def is_known(name: object) -> bool:
    """Say whether a function is registered under a name; it need not be one that can be loaded."""
    return isinstance(name, str) and name in names(Group.INFERENCE_FUNCTIONS)


def function_of(name: str) -> Function:
    """Return a function by name; a package's is imported only now.

    Raises
    ------
    KeyError
        When none is registered.
    PluginError
        When it is a package's and cannot be loaded.
    """
    found = offer(Group.INFERENCE_FUNCTIONS, name)
    if found is None:
        raise KeyError(name)
    function: Function = found.load(callable, "a function of a skillbank.plan.inference.Context")
    return function


def infer(name: str, context: Context) -> Inferred:
    """Apply a function by name.

    Raises
    ------
    KeyError
        When none is registered.
    PluginError
        When it is a package's, and cannot be loaded, breaks, or gives something else than it should.
    """
    function = function_of(name)
    found = offer(Group.INFERENCE_FUNCTIONS, name)
    assert found is not None
    with guarded(found):
        result: object = function(context)
    if not isinstance(result, Inferred) or not isinstance(result.value, str | bool | None):
        raise found.error("cannot be used", f"it gave {type(result).__name__} and no Inferred of a text")
    return result


def field_accepts(field: str) -> Product:
    """Return the kind of model file that a field wants, told by its name."""
    last = field.rpartition(".")[2]
    if "engine" in last:
        return "engine"
    return "onnx" if "onnx" in last else "weights"


def key(context: Context) -> Inferred:
    """Encryption key: only what the user set; skills without encryption must not get a made-up one."""
    return Inferred(None, "encryption key: not set")


def output_dir(context: Context) -> Inferred:
    """The job's own results directory."""
    return Inferred(RESULTS_DIR, "results directory of this job")


@reading
def resume_model(context: Context) -> Inferred:
    """The newest complete checkpoint of this very job, empty when it has none yet."""
    return Inferred(RESUME_MODEL, "newest checkpoint in this job's own results, empty at the first start")


def resume_model_bool(context: Context) -> Inferred:
    """Whether this job has something to resume from; a first launch never has."""
    return Inferred(False, "this job has no checkpoint of its own yet")


@reading
def parent_model(context: Context) -> Inferred:
    """The parent's model file, when its action leaves what this field wants."""
    if context.parent is None:
        return Inferred(None, "no parent job")
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
    return Inferred(None, why)


@reading
def parent_model_folder(context: Context) -> Inferred:
    """The folder with the parent's model."""
    if context.parent is None:
        return Inferred(None, "no parent job")
    return Inferred(PARENT_MODEL_FOLDER, f"model folder of the parent {_name(context.parent)}")


@reading
def pruned_model(context: Context) -> Inferred:
    """The parent's pruned graph, only when the parent is a prune job."""
    if context.parent is not None and leaving(context.parent.action) is leaving("prune"):
        return Inferred(PARENT_MODEL, f"pruned model of the parent {_name(context.parent)}")
    return Inferred(None, "no pruned parent")


@reading
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


@reading
def parent_model_or_ptm(context: Context) -> Inferred:
    """The parent's model when there is a parent, else the named pretrained model."""
    if context.pretrained is None and context.parent is not None:
        return parent_model(context)
    return pretrained(context) if context.pretrained else Inferred(None, "no parent job")


@reading
def resume_model_or_ptm(context: Context) -> Inferred:
    """The pretrained model for a first start; a restart finds its own checkpoint."""
    given = pretrained(context)
    return given if given.value is not None else resume_model(context)


def _creates(file: str) -> Function:
    return lambda context: Inferred(f"{RESULTS_DIR}/{file}", "output of this job")


create_onnx_file = _creates("model.onnx")
create_onnx_file_2d = _creates("model_2d.onnx")
create_engine_file = _creates("model.engine")
create_cal_cache = _creates("cal.bin")
create_pth_file = _creates("model.pth")
create_inference_result_file_pose = _creates("results.txt")
create_inference_result_file_reid = _creates("inference.json")
create_inference_result_file_mal = _creates("inference.json")
create_evaluate_cmc_plot_reid = _creates("cmc_plot.png")
create_evaluate_matches_plot_reid = _creates("matches_plot.png")


def whole_model_field(fields: tuple[str, ...]) -> str:
    """Of several pretrained fields, the one that is not for a backbone alone."""
    return next((f for f in fields if "backbone" not in f), fields[0] if fields else "")


def _name(parent: ParentRef) -> str:
    return parent.job or (f"plan {parent.plan[:12]}" if parent.plan else "trial")
