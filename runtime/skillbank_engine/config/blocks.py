"""Blocks that the specs of all families share; a family's own block inherits and adds its keys.

A key that stands in a base is at its place in the family's files too: a class that inherits puts its own keys
behind, and one that names a key again keeps the place.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, TypeVar

from pydantic import Field, field_validator

from skillbank_engine.config.fields import MISSING, Block, Float, Int, Text, block, param

if TYPE_CHECKING:
    from skillbank_engine.config.tensorrt import GenTrtEngineBase

DEVICE = r"^(cuda|cpu|trt|cuda:[0-9]+)$"


class CudnnConfig(Block):
    """Behaviour of cuDNN."""

    benchmark: bool = param(False, "Let cuDNN time its algorithms and keep the fastest.")
    deterministic: bool = param(True, "Use reproducible cuDNN algorithms only.")


class TrainBase(Block):
    """How training runs: what the `train` blocks of all families begin with."""

    num_gpus: Int = param(1, "GPUs per node.", ge=1, popular=True)
    gpu_ids: list[Int] = param([0], "Indices of the GPUs, as many as num_gpus.", popular=True)
    num_nodes: Int = param(1, "Machines that train together.", ge=1, popular=True)
    seed: Int = param(1234, "Seed of all random choices; -1 leaves them unseeded.", ge=-1, le=2**32 - 1)
    cudnn: CudnnConfig = block(CudnnConfig, "Behaviour of cuDNN.")
    num_epochs: Int = param(10, "Passes over the training data.", ge=1, popular=True)
    checkpoint_interval: Int = param(1, "A checkpoint is kept every so many units.", ge=1, popular=True)
    checkpoint_interval_unit: Literal["epoch", "step"] = param("epoch", "Unit of checkpoint_interval.")
    validation_interval: Int = param(1, "Validation runs every so many epochs.", ge=1, popular=True)
    resume_training_checkpoint_path: Text = param("", "Checkpoint to carry on from; empty for a fresh start.")
    results_dir: Text = param("", "Folder of this action's results; empty means <results_dir>/train.")


class WandbConfig(Block):
    """Reporting to Weights & Biases, off unless asked for."""

    enable: bool = param(False, "Send metrics to Weights & Biases.")
    project: Text = param("TAO Toolkit", "Project that runs are filed under.")
    entity: Text = param("", "Account or team that owns the run.")
    group: Text = param("", "Group that ties related runs together.")
    tags: list[str] = param(["tao-toolkit"], "Tags of the run.")
    reinit: bool = param(False, "Allow several runs from one process.")
    sync_tensorboard: bool = param(False, "Copy TensorBoard events too.")
    save_code: bool = param(False, "Upload the program text with the run.")
    name: Text = param("TAO Toolkit Training", "Name of the run.")
    run_id: Text = param("", "Identifier of a run to carry on.")


class QuantizeConfig(Block):
    """How weights, and perhaps activations, become integers."""

    backend: Literal["modelopt.pytorch", "torchao", "modelopt.onnx"] = param(
        "torchao", "Library that quantizes; the embedded engine also has engine.quantizer."
    )
    mode: Literal["static_ptq", "weight_only_ptq"] = param(
        "weight_only_ptq", "'weight_only_ptq' needs no data, 'static_ptq' calibrates activations on images."
    )
    algorithm: Literal["minmax", "max", "entropy", "awq_clip", "awq_lite", "awq_full", "rtn_dq"] = param(
        "minmax", "How ranges are found from calibration data; torchao does not look at it."
    )
    layers: list[object] = param(
        [], "Rules of module_name and weights.dtype: what is quantized, and how; none means all."
    )
    skip_names: list[str] = param([], "Module (or ONNX node) names or patterns that keep full precision.")
    model_path: Text = param("", "Checkpoint to quantize, or an ONNX file for the ONNX backends.")
    results_dir: Text = param("", "Folder of this action's results; empty means <results_dir>/quantize.")
    backend_kwargs: dict[str, object] = Field(
        default_factory=dict,
        description="Further arguments, handed to the library as they are.",
        json_schema_extra={"automl_enabled": False},
    )
    device: str = param(
        "cuda",
        "Where calibration runs: cuda (falls back to the CPU), cuda:N, cpu, or trt with modelopt.onnx.",
        pattern=DEVICE,
    )

    @field_validator("device")
    @classmethod
    def _known_device(cls, value: str) -> str:
        if not re.fullmatch(DEVICE, value):
            raise ValueError(f"must be cuda, cuda:N, cpu or trt, not {value!r}")
        return value


class EvaluateBase(Block):
    """What is evaluated, and on which devices: what the `evaluate` blocks of all families begin with."""

    num_gpus: Int = param(1, "GPUs per node.", ge=1, popular=True)
    gpu_ids: list[Int] = param([0], "Indices of the GPUs, as many as num_gpus.", popular=True)
    num_nodes: Int = param(1, "Machines that evaluate together.", ge=1, popular=True)
    checkpoint: Text = param(MISSING, "Checkpoint, or exported ONNX file, to evaluate.")
    trt_engine: Text = param(
        "", "TensorRT engine to evaluate instead of a checkpoint (deploy container only)."
    )
    results_dir: Text = param("", "Folder of this action's results; empty means <results_dir>/evaluate.")
    batch_size: Int = param(-1, "Images per step; -1 takes that of training.", ge=-1)


class InferenceBase(Block):
    """Which model is run on pictures: what the `inference` blocks of all families begin with."""

    num_gpus: Int = param(1, "GPUs per node.", ge=1, popular=True)
    gpu_ids: list[Int] = param([0], "Indices of the GPUs, as many as num_gpus.", popular=True)
    num_nodes: Int = param(1, "Machines that run together.", ge=1, popular=True)
    checkpoint: Text = param(MISSING, "Checkpoint, or exported ONNX file, to run.")
    trt_engine: Text = param("", "TensorRT engine to run instead of a checkpoint (deploy container only).")
    results_dir: Text = param("", "Folder of this action's results; empty means <results_dir>/inference.")
    batch_size: Int = param(-1, "Images per step; -1 takes that of training.", ge=-1)


class ExportBase(Block):
    """How a checkpoint becomes an ONNX file; a family sets the defaults of its sizes."""

    results_dir: Text = param("", "Folder of this action's results; empty means <results_dir>/export.")
    gpu_id: Int = param(0, "Index of the GPU to trace on.")
    checkpoint: Text = param(MISSING, "Checkpoint to export.")
    onnx_file: Text = param(MISSING, "File to write; must not exist yet.")
    on_cpu: bool = param(False, "Trace for the CPU.")
    input_channel: Int = param(3, "Channels of the input image.", ge=1)
    input_width: Int = param(960, "Width of the input in pixels.", ge=32)
    input_height: Int = param(544, "Height of the input in pixels.", ge=32)
    opset_version: Int = param(17, "ONNX operator set.", ge=1)
    batch_size: Int = param(-1, "Fixed batch size; -1 leaves it open.", ge=-1)
    verbose: bool = param(False, "Log what the exporter does.")


class EngineBase(Block):
    """Settings of the embedded engine that every family has; left out of defaults and templates."""

    profile: Literal["auto", "small", "full", "settled"] = param(
        "auto",
        "Network size: 'small' suits a CPU, 'full' is the spec's own; 'auto' looks at the device; 'settled' "
        "takes a spec that holds the small values already.",
    )
    device: Literal["auto", "cpu", "cuda"] = param(
        "auto", "Where to compute; 'auto' takes a GPU if there is one."
    )
    threads: Int = param(
        0, "CPU threads of a process; 0 shares out as many as the container's quota grants.", ge=0
    )
    processes: Int = param(
        1, "Processes of a node that train together on a CPU; on GPUs train.num_gpus decides.", ge=1
    )
    compile: bool = param(
        False,
        "Compile the layers; pays on a GPU with pictures of few sizes, the first of each takes a minute.",
    )
    skip_broken: bool = param(
        False,
        "Leave out pictures and boxes of the annotations that are broken, with a count, instead of ending "
        "the run; all pictures are decoded once for it.",
    )
    cache_megabytes: Int = param(
        512,
        "Memory of each training process for decoded images, kept from the first epoch on; 0 keeps none.",
        ge=0,
    )
    quantizer: Literal["spec", "onnxruntime"] = param(
        "spec",
        "'spec' follows quantize.backend, 'onnxruntime' quantizes an ONNX file on calibration images.",
    )
    ema_decay: Float = param(
        0.0,
        "Share that the exponential moving average (EMA) of the weights keeps at each step, as 0.999; the "
        "average is what is measured and saved. 0 averages nothing.",
        ge=0,
        lt=1,
    )
    early_stopping: Int = param(
        0,
        "Patience: validations without improvement (a better value) after which training ends; 0 trains all "
        "epochs.",
        ge=0,
    )
    keep_best: bool = param(
        False, "Keep the checkpoint of the best validation too, and a link best.pth to it."
    )
    early_stopping_metric: Text = param(
        "", "Value of status.json that early stopping and the best checkpoint go by; empty: the family's own."
    )
    accumulate: Int = param(
        1, "Batches whose gradients are added up (accumulated) for one step, as if they were one batch.", ge=1
    )
    memory: Literal["auto", "spec"] = param(
        "auto",
        "'auto' recomputes activations once the device's memory runs short, where the spec does not hold "
        "train.activation_checkpoint; 'spec' follows that key.",
    )


EngineT = TypeVar("EngineT", bound=EngineBase)


class SpecBase(Block):
    """What the specs of all families and actions share.

    A family's own base adds ``model``, ``dataset`` and ``train`` (a :class:`TrainBase`), ``quantize`` where
    it has the action, and ``engine`` (an :class:`EngineBase`, declared by ``engine_block``).
    """

    model_name: Text = param("", "Name of the model where one program serves several.")
    encryption_key: Text = param("", "Key that checkpoints are encrypted with; empty for none.")
    results_dir: Text = param("", "Folder that all results go below.")
    wandb: WandbConfig = block(WandbConfig, "Reporting to Weights & Biases.")

    if TYPE_CHECKING:
        # Fields of the family's own class, which says where among its blocks they stand.
        @property
        def train(self) -> TrainBase:
            """How training runs."""
            ...

        @property
        def engine(self) -> EngineBase:
            """Settings of the embedded engine."""
            ...

        # Of the action's own class: only the spec of that action has it.
        @property
        def evaluate(self) -> EvaluateBase:
            """What is evaluated."""
            ...

        @property
        def inference(self) -> InferenceBase:
            """Which model is run on pictures."""
            ...

        @property
        def export(self) -> ExportBase:
            """How a checkpoint becomes an ONNX file."""
            ...

        @property
        def quantize(self) -> QuantizeConfig:
            """How the model is quantized."""
            ...

        @property
        def gen_trt_engine(self) -> GenTrtEngineBase:
            """How an ONNX file becomes an engine."""
            ...

    @field_validator("engine", mode="before", check_fields=False)
    @classmethod
    def _null_is_default(cls, value: object) -> object:
        return {} if value is None else value


def engine_block(kind: type[EngineT]) -> EngineT:
    """Declare the ``engine`` block of a family's specs; it is in no template."""
    return block(kind, "Settings of the embedded engine only.", in_template=False)
