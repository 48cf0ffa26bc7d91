"""Using a trained model, checkpoint or ONNX file: its model values win over the spec's."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from skillbank_engine.config.load import parse_override
from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.data.survey import settle_scale
from skillbank_engine.data.transforms import Resizing, test_resizing
from skillbank_engine.device import Compute
from skillbank_engine.families.grounding_dino.checkpoint import Checkpoint, read_checkpoint
from skillbank_engine.families.grounding_dino.compilation import compile_detector
from skillbank_engine.families.grounding_dino.config import ExperimentSpec
from skillbank_engine.families.grounding_dino.config.recipe import SMALL_THRESHOLD, TRAINED_WITH
from skillbank_engine.families.grounding_dino.detector import Detector
from skillbank_engine.families.grounding_dino.onnx_model import OnnxModel, read_onnx
from skillbank_engine.families.grounding_dino.predictor import Network, Predictor
from skillbank_engine.families.grounding_dino.pretrained import PretrainedModel
from skillbank_engine.families.grounding_dino.recorded import RecordedDetector, require_graphs

Model = Checkpoint | OnnxModel | PretrainedModel

SpecT = TypeVar("SpecT", bound=ExperimentSpec)


class Trained(Protocol):
    """Whatever knows the spec that a model was trained with."""

    @property
    def spec(self) -> Mapping[str, Any]:
        """The parts that count: model, engine, and the normalisation."""
        ...


def read_model(path: str | Path, key: str) -> Checkpoint | OnnxModel:
    """Read a trained model: an ONNX file if its name says so, else a checkpoint.

    Parameters
    ----------
    path : str or Path
        The file.
    key : str
        The spec's key that names it, for messages.
    """
    return read_onnx(path, key) if Path(path).suffix.lower() == ".onnx" else read_checkpoint(path, key)


def settle_with_model(
    spec: SpecT, action: str, overrides: Sequence[str], model: Trained
) -> tuple[SpecT, str]:
    """Put a trained model's structural values into a spec.

    Parameters
    ----------
    spec : pydantic model
        The loaded spec.
    action : str
        Its action.
    overrides : sequence of str
        ``a.b=c`` words; ``model.num_select`` and ``engine.image_size`` named there stay.
    model : Trained
        Of this engine.

    Returns
    -------
    spec : pydantic model
        A checked copy.
    note : str
        What differed, empty when nothing did.
    """
    named = {".".join(str(step) for step in parse_override(word)[0]) for word in overrides}
    values = spec.model_dump()
    usual = type(spec)().model_dump()
    saved = model.spec
    # A choice at use, not a property of the weights.
    chosen_select = values["model"]["num_select"]
    keep_select = "model.num_select" in named or chosen_select != usual["model"]["num_select"]
    keep_size = (
        values["engine"]["image_size"] != usual["engine"]["image_size"] or "engine.image_size" in named
    )
    differences = []
    for name, value in saved["model"].items():
        if name in values["model"] and not (name == "num_select" and keep_select):
            if values["model"][name] != value:
                differences.append(f"model.{name} {value} (spec: {values['model'][name]})")
            values["model"][name] = value
    for name in ("profile", *TRAINED_WITH):
        if name in saved["engine"] and not (name == "image_size" and keep_size):
            values["engine"][name] = saved["engine"][name]
    for name in ("input_mean", "input_std"):
        values["dataset"]["augmentation"][name] = saved["dataset"]["augmentation"][name]
    chosen = values.get("inference", {}).get("conf_threshold")
    if (
        action == "inference"
        and saved["engine"]["profile"] == "small"
        and chosen == usual["inference"]["conf_threshold"]
        and "inference.conf_threshold" not in named
    ):
        values["inference"]["conf_threshold"] = SMALL_THRESHOLD
        differences.append(f"inference.conf_threshold {SMALL_THRESHOLD} (spec: {chosen})")
    if action == "export" and saved["engine"]["image_size"]:
        # Trained at one size, and of no use at the several times larger one that the family exports at.
        for name in ("input_width", "input_height"):
            chosen, size = values["export"][name], saved["engine"]["image_size"]
            if chosen == usual["export"][name] and f"export.{name}" not in named:
                values["export"][name] = size
                differences.append(f"export.{name} {size} (spec: {chosen})")
    note = f"The trained model's values hold: {', '.join(differences)}" if differences else ""
    return type(spec).model_validate(values), note


def scale_with_model(model: Model, paths: Iterable[Path]) -> PixelScale:
    """The scale that a model was trained with; what it lacks comes from the pictures that it is to see."""
    return settle_scale(
        paths, model.pixels, source="the model's training", missing="these pictures, the model has none"
    )


def make_predictor(
    spec: ExperimentSpec, model: Model, phrases: Sequence[str], compute: Compute, paths: Iterable[Path]
) -> Predictor:
    """Make a predictor from a trained model and the spec that :func:`settle_with_model` gave.

    Parameters
    ----------
    spec, model, phrases, compute
        As for :class:`Predictor`.
    paths : iterable of Path
        All pictures that it is made for.
    """
    pixels = scale_with_model(model, paths)
    network, resizing = make_network(spec, model, compute)
    return predictor_of(network, resizing, spec, model, phrases, compute, pixels)


def make_network(spec: ExperimentSpec, model: Model, compute: Compute) -> tuple[Network, Resizing]:
    """Make a model ready to run, and say how large it sees pictures."""
    if isinstance(model, OnnxModel):
        return model.detector(compute), Resizing(0, 0, model.frame)
    return ready(model.detector(), spec, compute), test_resizing(spec)


def ready(detector: Detector, spec: ExperimentSpec, compute: Compute) -> Network:
    """Put a detector on its device, as quick as the spec wants it."""
    detector.to(compute.device).eval()
    if compute.device.type == "cuda" and compute.precision == "bf16":
        # Once, instead of a cast in every pass; results are as near to those in fp32.
        detector.bfloat16()
    if spec.engine.compile:
        compile_detector(detector, compute.device, training=False)
    if spec.engine.cuda_graphs:
        require_graphs(compute.device)
        return RecordedDetector(detector, compute)
    return detector


def predictor_of(
    network: Network,
    resizing: Resizing,
    spec: ExperimentSpec,
    model: Model,
    phrases: Sequence[str],
    compute: Compute,
    pixels: PixelScale | None = None,
) -> Predictor:
    """Make a predictor of a network that is ready; several for other phrases can share it."""
    augmentation = spec.dataset.augmentation
    return Predictor(
        network,
        model.tokenizer,
        phrases,
        resizing=resizing,
        mean=augmentation.input_mean,
        std=augmentation.input_std,
        compute=compute,
        num_select=spec.model.num_select,
        pixels=pixels or model.pixels,
        prompt_phrases=spec.engine.prompt_phrases,
    )
