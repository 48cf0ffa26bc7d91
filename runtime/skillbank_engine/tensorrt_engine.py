"""Building a TensorRT engine of an exported model."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from skillbank_engine.errors import EngineError
from skillbank_engine.onnx_file import OnnxFile
from skillbank_engine.results import replacing

if TYPE_CHECKING:
    from skillbank_engine.config.tensorrt import GenTrtEngineBase


def build_engine(trt: ModuleType, model: OnnxFile, path: Path, settings: GenTrtEngineBase) -> None:
    """Build an engine and write it.

    Parameters
    ----------
    trt : module
        The package ``tensorrt``.
    model : OnnxFile
        What to build from.
    path : Path
        The file to write.
    settings : pydantic model
        The block ``gen_trt_engine``.

    Raises
    ------
    EngineError
        TensorRT cannot read the file, or finds no engine for it.
    """
    logger = trt.Logger(trt.Logger.VERBOSE if settings.verbose else trt.Logger.WARNING)
    builder = trt.Builder(logger)
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.EXPLICIT_BATCH))
    parser = trt.OnnxParser(network, logger)
    if not parser.parse_from_file(str(model.path)):
        errors = "; ".join(str(parser.get_error(number)) for number in range(parser.num_errors))
        raise EngineError(f"TensorRT cannot read gen_trt_engine.onnx_file {model.path}: {errors}")
    wanted = settings.tensorrt
    config = builder.create_builder_config()
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, wanted.workspace_size * 2**20)
    if wanted.data_type.upper() == "FP16":
        config.set_flag(trt.BuilderFlag.FP16)
    if model.batch is None:
        profile = builder.create_optimization_profile()
        for number in range(network.num_inputs):
            part = network.get_input(number)
            sizes = (wanted.min_batch_size, wanted.opt_batch_size, wanted.max_batch_size)
            profile.set_shape(part.name, *((size, *part.shape[1:]) for size in sizes))
        config.add_optimization_profile(profile)
    kept = Path(settings.timing_cache) if settings.timing_cache else None
    cache = config.create_timing_cache(kept.read_bytes() if kept and kept.is_file() else b"")
    config.set_timing_cache(cache, ignore_mismatch=False)
    engine = builder.build_serialized_network(network, config)
    if engine is None:
        raise EngineError(
            f"TensorRT finds no engine for {model.path} with this gen_trt_engine.tensorrt block: its own "
            "messages above say why"
        )
    with replacing(path) as temporary:
        temporary.write_bytes(engine)
    if kept:
        with replacing(kept) as temporary:
            temporary.write_bytes(config.get_timing_cache().serialize())
