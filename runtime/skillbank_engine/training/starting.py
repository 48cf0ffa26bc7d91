"""A training run put together from its spec: data, model, optimiser, and the way to validate."""

import logging
import random
from functools import partial

import torch

from skillbank_engine.checkpoint import Checkpoint, load_weights
from skillbank_engine.config.blocks import SpecBase
from skillbank_engine.config.specs import RunSettings
from skillbank_engine.crew import gpu_numbers
from skillbank_engine.data.canvases import FEW_SHAPES, MOST_SHAPES, RECORDED_SHAPES
from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.data.survey import settle_scale
from skillbank_engine.device import Compute, choose_compute, cuda_wanted
from skillbank_engine.errors import DataError, EngineError
from skillbank_engine.family import Family
from skillbank_engine.parameters import count, freeze, trained
from skillbank_engine.session import Session
from skillbank_engine.signals import stop_on_signals
from skillbank_engine.task import AnyTask, Batch, Measured, Metrics, TrainingData
from skillbank_engine.team import ALONE, Team
from skillbank_engine.training.loading import EpochBatches, SeededSamples, make_loader
from skillbank_engine.training.memory import reserve_by_need
from skillbank_engine.training.progress import headline
from skillbank_engine.training.replicas import gathered, share_out
from skillbank_engine.training.resuming import check_same_model, checkpoint_to_resume, nothing_left
from skillbank_engine.training.run import TrainingRun
from skillbank_engine.training.shapes import settle_shapes
from skillbank_engine.training.single_values import SingleValues
from skillbank_engine.training.stopping import BestSoFar

_LOG = logging.getLogger(__name__)


def run_training(family: Family, spec: SpecBase, session: Session, team: Team = ALONE) -> None:
    """Train as a spec says, in this process.

    Parameters
    ----------
    family : Family
        Whose spec.
    spec : pydantic model
        Profile applied.
    session : Session
        Open; silent in all processes but the main one.
    team : Team
        The processes that train together; all of them call.
    """
    specs, kind = family.specs(), family.task()
    settings = specs.settings(spec)
    cuda = cuda_wanted(spec.engine.device)
    gpus = gpu_numbers(spec.train, torch.cuda.device_count()) if cuda else []
    compute = choose_compute(spec, gpus, team, settings.precision)
    seed = spec.train.seed if spec.train.seed >= 0 else random.SystemRandom().randrange(2**31)
    seed = int(team.gather(seed)[0][0])
    torch.manual_seed(seed)
    reserve_by_need(compute.device)
    wait = kind.warm(spec, compute)
    data = kind.read_training(spec, session.tell)
    checkpoint = checkpoint_to_resume(family, spec, session.folder)
    pixels = _scale(data, checkpoint, team)
    task = _task_of(family, spec, data, checkpoint, session)
    task.pixels = pixels
    _place(task, settings, compute, team, session)
    _log_sizes(task, data, compute)
    run = _make_run(family, task, settings, session, data, compute, seed, team)
    if checkpoint is not None:
        _go_on(run, checkpoint, settings)
    if len({tuple(place) for place in team.gather(run.position.epoch, run.position.step)}) > 1:
        raise EngineError(
            "The processes found different checkpoints to go on from: let results_dir be one folder that all "
            "nodes share"
        )
    if run.position.epoch >= spec.train.num_epochs or run.over:
        assert checkpoint is not None
        early = run.best.describe() if run.best is not None and run.over else ""
        nothing_left(spec, checkpoint, run.position.epoch, session, specs.not_what, early)
        return
    if settings.dry_run:
        _LOG.info("dry run: spec, data and model are in order; nothing was trained")
        return
    wait()
    with stop_on_signals(patient=team.size > 1) as stop:
        metrics = run.run(stop)
    if metrics is not None:
        _LOG.info("trained; val %s", headline(metrics))


def _task_of(
    family: Family,
    spec: SpecBase,
    data: TrainingData[Measured, Measured],
    checkpoint: Checkpoint | None,
    session: Session,
) -> AnyTask:
    """The task of a new model, or of the one of a checkpoint, what stands still frozen; on the CPU."""
    kind = family.task()
    task: AnyTask
    if checkpoint is None:
        task = kind.begin(spec, data, session.tell)
        _freeze(task)
        task.check_start(session.tell)
        return task
    check_same_model(kind, spec, checkpoint, next(iter(family.specs().settings(spec).start), ""))
    task = kind.restore(spec, checkpoint.kept)
    load_weights(task.module, checkpoint.weights, "the checkpoint")
    _freeze(task)
    return task


def _place(task: AnyTask, settings: RunSettings, compute: Compute, team: Team, session: Session) -> None:
    """Put a task where it is trained, its processes side by side, compiled where the spec says so."""
    task.to(compute.device)
    SingleValues(task.module, session.tell)
    if team.size > 1 and settings.strategy == "fsdp":
        share_out(task.module, compute.device, team, settings.precision, task.outputs)
    if task.spec.engine.compile:
        task.compile(compute.device, training=True)


def _log_sizes(task: AnyTask, data: TrainingData[Measured, Measured], compute: Compute) -> None:
    _LOG.info(
        "%d pictures to train on, %d to validate on; %.2f M parameters, %.2f M of them trained; %s, %d "
        "threads",
        len(data.train),
        len(data.validation) if data.validation is not None else 0,
        count(task.module.parameters()) / 1e6,
        count(trained(task.module)) / 1e6,
        compute.device,
        compute.threads,
    )


def _go_on(run: TrainingRun[Batch], checkpoint: Checkpoint, settings: RunSettings) -> None:
    """Let a run go on from a checkpoint, and say which keys of its start do not count any more."""
    run.resume(checkpoint)
    _LOG.info("going on at epoch %d, step %d", run.position.epoch + 1, run.position.step)
    for key, named in settings.start.items():
        if named:
            _LOG.info("%s (%s) is what the run was begun with: the checkpoint takes its place", key, named)


def _scale(data: TrainingData[Measured, Measured], checkpoint: Checkpoint | None, team: Team) -> PixelScale:
    """The scale of the pictures, which a run that goes on keeps."""
    validation = data.validation.pictures() if data.validation is not None else ()
    return settle_scale(
        (*data.train.pictures(), *validation),
        checkpoint.kept.pixels if checkpoint else PixelScale(),
        source="the checkpoint",
        missing="these data, kept with the checkpoints",
        team=team,
    )


def _freeze(task: AnyTask) -> None:
    """Stop training of what the spec says."""
    freeze(task.module, task.frozen(), task.family_name)
    if count(trained(task.module)) == 0:
        raise DataError("train.freeze leaves nothing to train: name fewer prefixes")


def _make_run(
    family: Family,
    task: AnyTask,
    settings: RunSettings,
    session: Session,
    data: TrainingData[Measured, Measured],
    compute: Compute,
    seed: int,
    team: Team,
) -> TrainingRun[Batch]:
    """Put the parts of a run together."""
    size = settings.batch_size * settings.accumulate * team.size
    passes = -(-len(data.train) // size) * settings.accumulate * task.spec.train.num_epochs
    task.recording = task.records(compute, passes, session.say)
    samples = task.samples(data, seed)
    seeded = SeededSamples(samples, seed)
    batches = EpochBatches(
        len(samples),
        settings.batch_size * settings.accumulate,
        seed,
        team,
        seeded.shape,
        group=samples.canvas is None,
        shuffle=settings.shuffle,
    )
    if text := settle_shapes(samples, batches, _most_shapes(task, compute), task.spec.train.num_epochs):
        session.say(text)
    loader = make_loader(
        samples,
        batches,
        settings.batch_size,
        seed,
        workers=settings.workers,
        pin_memory=settings.pin_memory,
    )
    validate = None
    if data.validation is None and (settings.early_stopping or task.spec.engine.keep_best):
        session.tell("Without validation no epoch is the best, and training does not end early")
    if data.validation is not None:
        validate = partial(_validate, task, data.validation, compute, team)
    return TrainingRun(
        family=family,
        task=task,
        settings=settings,
        folder=session.folder,
        loader=loader,
        batches=batches,
        optimizer=task.optimizer(task.parameter_groups()),
        compute=compute,
        validate=validate,
        status=session.status,
        seed=seed,
        team=team,
        best=_best(family, task.spec, settings) if validate is not None else None,
    )


def _most_shapes(task: AnyTask, compute: Compute) -> int:
    """How many shapes batches may come in; a CPU gains nothing from few."""
    if task.spec.engine.compile:
        return FEW_SHAPES
    if compute.device.type != "cuda":
        return 0
    return RECORDED_SHAPES if task.recording else MOST_SHAPES


def _best(family: Family, spec: SpecBase, settings: RunSettings) -> BestSoFar | None:
    """What follows the best epoch, where it matters."""
    if not settings.early_stopping and not spec.engine.keep_best:
        return None
    metric = spec.engine.early_stopping_metric or family.metric
    higher = family.higher_is_better if metric == family.metric else "loss" not in metric
    return BestSoFar(metric, higher, settings.early_stopping)


def _validate(task: AnyTask, data: Measured, compute: Compute, team: Team) -> Metrics | None:
    """Measure the module as it stands on the validation set, of which every process takes a share."""
    task.module.eval()
    with gathered(task.module), torch.no_grad():
        return task.measure(data, "val", compute, team)
