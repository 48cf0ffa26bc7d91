"""``quantize``: the weights of a checkpoint, or all of an ONNX file, as integers of eight bits."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

from skillbank_engine.answering import kept_of, read_model, task_of
from skillbank_engine.checkpoint import Checkpoint, write_checkpoint
from skillbank_engine.config.blocks import QuantizeConfig, SpecBase
from skillbank_engine.errors import EngineError, UnsupportedActionError
from skillbank_engine.family import Family
from skillbank_engine.onnx_file import OnnxFile
from skillbank_engine.onnx_integers import node_names, quantize_onnx
from skillbank_engine.quantization import quantize_weights
from skillbank_engine.session import open_session
from skillbank_engine.task import AnyTask

_LOG = logging.getLogger(__name__)
_ELSEWHERE = "run quantize in the family's toolkit container (platform docker, slurm or kubernetes)"
_METHODS = {"minmax": "MinMax", "max": "MinMax", "entropy": "Entropy"}


def quantize(family: Family, action: str, spec: SpecBase, overrides: Sequence[str]) -> None:
    """Quantize ``quantize.model_path`` to integers of eight bits.

    The backend torchao quantizes the weights of a checkpoint and writes ``quantized_model_torchao.pth``;
    ``engine.quantizer=onnxruntime`` quantizes weights and activations of an ONNX file, whose ranges are
    found on the family's calibration pictures, and writes ``quantized_model_onnxruntime.onnx``.
    Evaluate and inference take both like what they were made of.

    Parameters
    ----------
    family : Family
        Whose spec.
    action : str
        Its action.
    spec : pydantic model
        The loaded spec.
    overrides : sequence of str
        The ``a.b=c`` words of the command line.
    """
    specs = family.specs()
    with open_session(specs, action, spec) as session:
        specs.refuse(action, spec)
        _refuse_unsupported(spec)
        kind = family.task()
        model = read_model(family, spec, spec.quantize.model_path, "quantize.model_path", session.tell)
        spec, note = kind.settle(spec, action, overrides, kept_of(kind, model))
        session.use(spec, note)
        task = task_of(kind, spec, model)
        if isinstance(model, OnnxFile):
            path = session.folder / "quantized_model_onnxruntime.onnx"
            count = _quantize_onnx(task, spec.quantize, model, path)
        else:
            path = session.folder / "quantized_model_torchao.pth"
            count = _quantize_checkpoint(family, task, spec.quantize, model, path)
        kpi = {"layers": float(count), "megabytes": path.stat().st_size / 1e6}
        session.status.write("RUNNING", f"Quantized model written to {path}.", kpi=kpi)
        _LOG.info("quantized %d layers; wrote %s, %.1f MB", count, path, kpi["megabytes"])


def _quantize_checkpoint(
    family: Family, task: AnyTask, settings: QuantizeConfig, model: Checkpoint, path: Path
) -> int:
    """Quantize weights; what only training needs is left out."""
    chosen = layer_choice(settings.layers, settings.skip_names)
    weights, count = quantize_weights(task.module, chosen, settings.backend_kwargs)
    if not count:
        raise EngineError("quantize.layers and quantize.skip_names leave nothing to quantize: change them")
    write_checkpoint(family.name, path, replace(model, weights=weights, training={}))
    return count


def _quantize_onnx(task: AnyTask, settings: QuantizeConfig, model: OnnxFile, path: Path) -> int:
    """Quantize a graph with calibration pictures."""
    inputs = task.calibration(*model.frame)
    chosen = layer_choice(settings.layers, settings.skip_names)
    names = node_names(model)
    skipped = [name for name in names if not chosen(name)]
    if len(skipped) == len(names):
        raise EngineError("quantize.layers and quantize.skip_names leave nothing to quantize: change them")
    quantize_onnx(
        model,
        inputs,
        path,
        method=_METHODS[settings.algorithm],
        skipped=skipped,
        options=settings.backend_kwargs,
    )
    return len(names) - len(skipped)


def layer_choice(rules: Sequence[object], skipped: Sequence[str]) -> Callable[[str], bool]:
    """Make the test of which layers are quantized.

    Parameters
    ----------
    rules : sequence of dict
        ``quantize.layers``: each a ``module_name`` (a name, or a pattern with ``*``; ``Linear`` and
        ``Conv2d`` stand for all) and ``weights.dtype``, which must be int8.  None at all means every layer.
    skipped : sequence of str
        ``quantize.skip_names``: names and patterns of layers to leave alone; a name also stands for
        everything inside it.

    Returns
    -------
    callable
        From the dotted name of a module, or the name of an ONNX node, to whether it is quantized.
    """
    patterns = [_rule_pattern(rule, f"quantize.layers[{number}]") for number, rule in enumerate(rules)]

    def chosen(name: str) -> bool:
        wanted = not patterns or any(_matches(pattern, name) for pattern in patterns)
        return wanted and not any(_matches(pattern, name) for pattern in skipped)

    return chosen


def _rule_pattern(rule: object, key: str) -> str:
    if not isinstance(rule, dict) or not isinstance(rule.get("module_name"), str):
        raise EngineError(f"{key} must be like {{module_name: Linear, weights: {{dtype: int8}}}}: correct it")
    for part in ("weights", "activations"):
        kind = (rule.get(part) or {}).get("dtype", "int8")
        if kind != "int8":
            raise UnsupportedActionError(
                f"{key}.{part}.dtype={kind} is not made by the embedded engine: set int8, or {_ELSEWHERE}"
            )
    name: str = rule["module_name"]
    return "*" if name in ("Linear", "Conv2d") else name


def _matches(pattern: str, name: str) -> bool:
    return fnmatchcase(name, pattern) or fnmatchcase(name, f"{pattern}[./]*")


def _refuse_unsupported(spec: SpecBase) -> None:
    """Name the first value, or pair of values, that the embedded engine cannot honour."""
    settings, own = spec.quantize, spec.engine.quantizer
    if Path(settings.model_path).suffix.lower() == ".onnx":
        if own != "onnxruntime":
            raise UnsupportedActionError(
                f"quantize.backend={settings.backend} does not quantize ONNX files in the embedded engine: "
                f"set engine.quantizer=onnxruntime, or {_ELSEWHERE}"
            )
        if settings.algorithm not in _METHODS:
            raise UnsupportedActionError(
                f"quantize.algorithm={settings.algorithm} is not part of the embedded engine: set minmax or "
                f"entropy, or {_ELSEWHERE}"
            )
        _need_mode(settings, "static_ptq", "ONNX files")
        return
    if own == "onnxruntime":
        raise UnsupportedActionError(
            "engine.quantizer=onnxruntime quantizes ONNX files, which "
            f"quantize.model_path={settings.model_path} is not: export it first, or set engine.quantizer=spec"
        )
    if settings.backend != "torchao":
        raise UnsupportedActionError(
            f"quantize.backend={settings.backend} is not part of the embedded engine: set torchao, or "
            f"{_ELSEWHERE}"
        )
    _need_mode(settings, "weight_only_ptq", "checkpoints")


def _need_mode(settings: QuantizeConfig, mode: str, what: str) -> None:
    if settings.mode != mode:
        raise UnsupportedActionError(
            f"quantize.mode={settings.mode} is not done to {what} by the embedded engine: set {mode}, or "
            f"{_ELSEWHERE}"
        )
