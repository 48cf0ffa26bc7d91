"""Using a trained model, checkpoint or ONNX file: its model values win over the spec's."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from skillbank_engine.config.named import Named
from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.data.survey import settle_scale
from skillbank_engine.data.transforms import Resizing, test_resizing
from skillbank_engine.device import Compute, choose_compute
from skillbank_engine.errors import EngineError
from skillbank_engine.families.grounding_dino.checkpoint import Checkpoint, read_checkpoint
from skillbank_engine.families.grounding_dino.compilation import compile_detector
from skillbank_engine.families.grounding_dino.config import ExperimentSpec
from skillbank_engine.families.grounding_dino.config.recipe import SMALL_THRESHOLD, TRAINED_WITH
from skillbank_engine.families.grounding_dino.detector import Detector
from skillbank_engine.families.grounding_dino.onnx_model import OnnxModel, read_onnx
from skillbank_engine.families.grounding_dino.predictor import Network, Predictor
from skillbank_engine.families.grounding_dino.pretrained import PretrainedModel
from skillbank_engine.families.grounding_dino.recorded import RecordedDetector
from skillbank_engine.profile import SMALL
from skillbank_engine.recording import require_graphs

Model = Checkpoint | OnnxModel | PretrainedModel

RECORDED_AFTER = 3
"""Batches of one shape that go as they are where nobody asks for recordings: a shape that comes once or twice
is not worth one.  They are of kernels that are there already, for others take seconds to compile."""

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
    settling = _Settling(spec, overrides)
    saved = model.spec
    # Choices at use, no properties of the weights.
    at_use = {key for key in ("model.num_select", "engine.image_size") if settling.chosen(key)}
    for name, value in saved["model"].items():
        if name in settling.values["model"] and f"model.{name}" not in at_use:
            settling.put(f"model.{name}", value)
    for name in ("profile", *TRAINED_WITH):
        if name in saved["engine"] and f"engine.{name}" not in at_use:
            settling.values["engine"][name] = saved["engine"][name]
    own, theirs = settling.values["dataset"]["augmentation"], saved["dataset"]["augmentation"]
    own["input_mean"], own["input_std"] = theirs["input_mean"], theirs["input_std"]
    if action == "inference" and saved["engine"]["profile"] in SMALL:
        settling.put_unchosen("inference.conf_threshold", SMALL_THRESHOLD)
    if action == "export" and saved["engine"]["image_size"]:
        # Trained at one size, and of no use at the several times larger one that the family exports at.
        for name in ("input_width", "input_height"):
            settling.put_unchosen(f"export.{name}", saved["engine"]["image_size"])
    differences = ", ".join(settling.differences)
    note = f"The trained model's values hold: {differences}" if differences else ""
    return type(spec).model_validate(settling.values), note


class _Settling:
    """Values of a spec, by dotted key of a block's name and its own, that a model's are put in place of."""

    def __init__(self, spec: ExperimentSpec, overrides: Sequence[str]) -> None:
        self.values: dict[str, Any] = spec.model_dump()
        self.differences: list[str] = []
        self._usual: dict[str, Any] = type(spec)().model_dump()
        self._named = Named(overrides)

    def chosen(self, key: str) -> bool:
        """Whether the spec differs from the family's default, or an override names the key."""
        block, name = key.split(".")
        return key in self._named or self.values[block][name] != self._usual[block][name]

    def put(self, key: str, value: object) -> None:
        """Put a value, and keep what it was put in place of."""
        block, name = key.split(".")
        own = self.values[block][name]
        if own != value:
            self.differences.append(f"{key} {value} (spec: {own})")
        self.values[block][name] = value

    def put_unchosen(self, key: str, value: object) -> None:
        """Put a value where nobody has chosen one."""
        if not self.chosen(key):
            self.put(key, value)


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


def compute_of(spec: ExperimentSpec, model: Model, precision: str) -> Compute:
    """Choose where a model labels, and in which precision: the one that is named, else what serves best here.

    Raises
    ------
    EngineError
        A precision is named of an ONNX file, which computes as it was exported.
    """
    if isinstance(model, OnnxModel):
        if precision:
            raise EngineError(
                f"a precision is named ({precision}), but an ONNX file computes as it was exported: "
                "name none, or a checkpoint"
            )
        return choose_compute(spec, [0], precision="fp32")
    return choose_compute(spec, [0], precision=precision, low=not precision)


def make_network(spec: ExperimentSpec, model: Model, compute: Compute) -> tuple[Network, Resizing]:
    """Make a model ready to run, and say how large it sees pictures."""
    if isinstance(model, OnnxModel):
        return model.detector(compute), Resizing(0, 0, model.frame)
    return ready(model.detector(), spec, compute), test_resizing(spec)


def ready(detector: Detector, spec: ExperimentSpec, compute: Compute, *, alike: bool = False) -> Network:
    """Put a detector on its device, as quick as the spec wants it.

    Parameters
    ----------
    detector, spec, compute
        As for :class:`Predictor`.
    alike : bool
        Whether pictures come in full batches, so that a GPU may replay passes where the spec says nothing.
    """
    detector.to(compute.device).eval()
    if compute.device.type == "cuda" and compute.precision == "bf16":
        # Once, instead of a cast in every pass; results are as near to those in fp32.
        detector.bfloat16()
    if spec.engine.compile:
        compile_detector(detector, compute.device, training=False)
    if spec.engine.cuda_graphs is True:
        require_graphs(compute.device)
        return RecordedDetector(detector, compute)
    if alike and spec.engine.cuda_graphs is None and compute.device.type == "cuda":
        return RecordedDetector(detector, compute, after=RECORDED_AFTER, paced=False)
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
