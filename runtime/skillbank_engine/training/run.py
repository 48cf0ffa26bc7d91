"""The training loop: steps, validation, checkpoints, and going on where a run was cut off."""

import logging
import math
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Generic

import torch

from skillbank_engine.checkpoint import Checkpoint
from skillbank_engine.config.specs import RunSettings
from skillbank_engine.data.canvases import WINDOW
from skillbank_engine.device import Compute
from skillbank_engine.errors import NotFiniteError
from skillbank_engine.family import Family
from skillbank_engine.finite import first_not_finite
from skillbank_engine.signals import StopRequest, interrupted
from skillbank_engine.status import StatusLog
from skillbank_engine.task import BatchT, Metrics, Share, TaskOf
from skillbank_engine.team import ALONE, Team
from skillbank_engine.training.averaging import Averaged, WeightAverage
from skillbank_engine.training.gradients import GradientWorker, split
from skillbank_engine.training.loading import EpochBatches
from skillbank_engine.training.memory import MemoryGuard
from skillbank_engine.training.progress import EpochReport
from skillbank_engine.training.replicas import equal_buffers, load_optimizer, whole
from skillbank_engine.training.saving import Keeper, Position, recounted
from skillbank_engine.training.stopping import BestSoFar
from skillbank_engine.training.update import Update

_LOG = logging.getLogger(__name__)


@dataclass
class TrainingRun(Generic[BatchT]):
    """Everything that one training run consists of.

    Attributes
    ----------
    family : Family
        Whose.
    task : Task
        What is trained, on the device.
    settings : RunSettings
        How.
    folder : Path
        Results folder.
    loader, batches
        Steps, each a list of batches, and the sampler that orders them.
    optimizer : Optimizer
        Groups with their full learning rates.
    compute : Compute
        Device and precision.
    validate : callable or None
        Measures the module as it stands; all processes call it, the main one gets the result.
    status : StatusLog
        Gets a line for everything.
    seed : int
        Start of the random numbers, the same in all processes.
    team : Team
        The processes of the run.
    best : BestSoFar or None
        Follows a value where the best epoch matters.
    """

    family: Family
    task: TaskOf[BatchT]
    settings: RunSettings
    folder: Path
    loader: Iterable[list[BatchT]]
    batches: EpochBatches
    optimizer: torch.optim.Optimizer
    compute: Compute
    validate: Callable[[], Metrics | None] | None
    status: StatusLog
    seed: int
    team: Team = ALONE
    best: BestSoFar | None = None
    position: Position = field(default_factory=Position)

    def __post_init__(self) -> None:
        self._train = self.task.spec.train
        self._scaler = self.compute.scaler()
        self.task.train_mode()
        self._worker = GradientWorker(self.task, self.compute, self._scaler, self.team)
        self._update = Update(
            self.task.module, self.optimizer, self._scaler, self.settings.clip, self.task.family_name
        )
        self._memory = MemoryGuard(
            self.task,
            self.compute.device,
            self.status,
            self._worker.stop_recording,
            repeats=self._worker.repeats,
        )
        self._waited = 0.0
        self._begun = False
        self._steps: Iterator[list[BatchT]] | None = None
        self._average: WeightAverage | None = None
        if self.settings.ema_decay:
            self._average = WeightAverage(self.task.module, self.settings.ema_decay)
        self._keeper = Keeper(
            self.family,
            self.folder,
            self.task,
            self.optimizer,
            self._scaler,
            self.batches.size,
            self.batches.count,
            self.team,
            self._average,
            self.best,
        )

    def run(self, stop: StopRequest) -> Metrics | None:
        """Train to the last epoch; give the last validation's result.

        A checkpoint is written at the wanted intervals, after the last epoch, and when anything goes wrong
        between two steps, so that the run can be taken up again.

        Parameters
        ----------
        stop : StopRequest
            Asked after every step.
        """
        metrics: Metrics | None = None
        epochs = self._train.num_epochs
        with self._saving_on_error():
            while self.position.epoch < epochs and not self.over:
                epoch = self.position.epoch
                started = time.monotonic()
                done_before = self.position.batches
                self._train_epoch(stop)
                due = (epoch + 1) % self._train.validation_interval == 0 or epoch + 1 == epochs
                measured = self._validated() if due else None
                metrics = measured or metrics
                self._heed(stop)
                self._report(measured, time.monotonic() - started, done_before)
                # Before the last checkpoint: with it the same command would pass for carried out.
                if self._in_vain and epoch + 1 == epochs:
                    raise NotFiniteError(
                        f"All {self._update.skipped} steps overflowed in fp16 and changed nothing: set "
                        "train.precision=bf16 or fp32, or train for more steps"
                    )
                self._finish_epoch(epoch, epochs, self._is_best(measured, epoch) if due else False)
        return metrics

    @property
    def over(self) -> bool:
        """Whether training has ended early."""
        return self.best is not None and self.best.over

    @property
    def _in_vain(self) -> bool:
        """Whether all steps were left out so far, so that there is nothing to keep."""
        return self._update.skipped > 0 and not self._update.taken

    def _train_epoch(self, stop: StopRequest) -> None:
        """Train the rest of the epoch in progress."""
        self.task.train_mode()
        self._update.begin_epoch()
        self._waited = 0.0
        for batches in self._loaded():
            self.position.loss_sum += self._step(batches)
            if not self._begun:
                self._begun = True
                _LOG.info("the first step is done")
            self.position.batches += 1
            self.position.step += 1
            self._maybe_save_step()
            self._heed(stop)
        equal_buffers(self.task.module, self.team)

    def _loaded(self) -> Iterator[list[BatchT]]:
        """Give the batches of the rest of the epoch, counting the seconds that they are waited for.

        One pass over the loader gives those of all epochs: while one ends, or is validated, the next one's
        first batches are being made.
        """
        epoch, done = self.position.epoch, self.position.batches
        if self._steps is None:
            self.batches.start(epoch, done, self._train.num_epochs - epoch)
            self._steps = iter(self.loader)
        for _ in range(done, self.batches.batches):
            started = time.monotonic()
            batches = next(self._steps)
            self._waited += time.monotonic() - started
            yield batches

    def _heed(self, stop: StopRequest) -> None:
        """End the run between two steps, in all processes alike, if a stop was asked for in any."""
        number = max(int(asked) for (asked,) in self.team.gather(stop.number))
        if number:
            raise interrupted(number)

    def _step(self, batches: Sequence[BatchT]) -> float:
        """Train on the batches of one step and give its loss."""
        shares, divisors = self._shares(batches)
        # Processes go through equally many passes; who has fewer batches repeats one that does not count.
        rows = [batches[min(number, len(batches) - 1)] for number in range(len(shares))]
        largest = max(len(batch) for batch in rows)
        losses = self._memory.fit(partial(self._gradients, rows, shares, divisors), largest)
        losses = {name: value / self.team.size for name, value in self.team.total(losses).items()}
        loss = losses["loss"]
        if not math.isfinite(loss):
            parts = ", ".join(f"{name} {value:.3g}" for name, value in losses.items() if name != "loss")
            broken = first_not_finite(whole(self.task.module.state_dict()))
            cause = (
                f"; weights that are not finite begin with {self.task.family_name(broken)}" if broken else ""
            )
            raise NotFiniteError(
                f"The loss became {loss} at step {self.position.step} ({parts}{cause}): lower "
                "train.optim.lr or set train.clip_grad_norm"
            )
        taken = self._update.taken
        self._update.take(self.position.step)
        if self._average is not None and self._update.taken > taken:
            self._average.update()
        self._memory.look(self.position.step)
        return loss

    def _gradients(
        self, batches: Sequence[BatchT], shares: Sequence[Share], divisors: Sequence[float], parts: int
    ) -> dict[str, float]:
        """Compute gradients and losses of a step from its start on, each batch in so many parts.

        The weights may begin to change before the losses are known; what is not finite changes none.
        """
        # A pure function of the step: nothing to save, nothing to restore.
        torch.manual_seed(self._seed_of("dropout", self.team.rank))
        self._update.prepare(self.task.factor(self.position.step, self.batches.batches))
        pieces: list[BatchT] = []
        divided: list[float] = []
        for batch, share, divisor in zip(batches, shares, divisors, strict=True):
            ready = self.task.prepare(batch, share, self.compute.device)
            cut = split(ready, min(parts, len(ready))) if parts > 1 else [ready]
            pieces += cut
            divided += [divisor] * len(cut)
        losses = self._worker.backward(pieces, divided)
        self._update.launch()
        return losses.read()

    def _shares(self, batches: Sequence[BatchT]) -> tuple[list[Share], list[float]]:
        """Find out what places a process' batches have in the step, and what their losses are divided by."""
        task, team = self.task, self.team
        # A process that has no pictures left repeats some that do not count.
        own = batches if len(self.batches.share(self.position.batches)) else ()
        pictures = [len(batch) for batch in own]
        most = max(map(task.room, batches))
        parts = team.gather(sum(pictures), sum(map(task.size, own)), most, len(batches))
        counts, sizes, rooms, passes = zip(*parts, strict=True)
        before, total = int(sum(counts[: team.rank])), int(sum(counts))
        room = task.rounded_room(int(max(rooms)))
        # Gradients are averaged over the processes, so that their sum is divided by all there is.
        divisor = max(sum(sizes), 1.0) / team.size
        firsts = [before + sum(pictures[:number]) for number in range(len(own))]
        idle = int(max(passes)) - len(own)
        shares = [Share(first, total, room, self._seed_of) for first in (*firsts, *[0] * idle)]
        return shares, [divisor] * len(own) + [math.inf] * idle

    def _seed_of(self, *names: object) -> int:
        return random.Random(f"{self.seed}-{self.position.step}-{names}").getrandbits(63)

    def _validated(self) -> Metrics | None:
        """Measure the weights that would be used."""
        if self.validate is None:
            return None
        with self._average.in_place() if self._average is not None else nullcontext():
            return self.validate()

    def _is_best(self, metrics: Metrics | None, epoch: int) -> bool:
        """Whether an epoch is the best so far, which all processes have to know alike."""
        if self.best is None or self.validate is None:
            return False
        found = dict(metrics.values) if metrics is not None else {}
        better = self.best.heed(self.team.share(found), epoch)
        if self.over:
            text = self.best.describe()
            _LOG.info("%s", text)
            self.status.write("RUNNING", f"{text}.")
        return better

    def _report(self, metrics: Metrics | None, seconds: float, done_before: int) -> None:
        """Say how the epoch in progress, now at its end, went."""
        report = EpochReport(
            epoch=self.position.epoch,
            epochs=self._train.num_epochs,
            step=self.position.step,
            steps=self.batches.batches * self._train.num_epochs,
            loss=self.position.loss_sum / self.batches.batches,
            gradient=self._update.largest,
            skipped=self._update.skipped,
            metrics=metrics,
            seconds=seconds,
            waited=self._waited,
            memory=self._memory.report(),
            share=max(self.batches.batches - done_before, 1) / self.batches.batches,
        )
        report.write(self.status, self.batches.batches)

    def _finish_epoch(self, epoch: int, epochs: int, best: bool) -> None:
        """Move on to the next epoch and save where the spec or the end of the run asks for it."""
        train = self._train
        self.position = Position(epoch + 1, 0, self.position.step, 0.0)
        due = train.checkpoint_interval_unit == "epoch" and (epoch + 1) % train.checkpoint_interval == 0
        due = due or epoch + 1 == epochs or self.over
        if self._in_vain:
            return
        if best:
            self._keeper.save_best(self.position, epoch, due)
        elif due:
            self._keeper.save(self.position, epoch)

    def _maybe_save_step(self) -> None:
        train = self._train
        due = train.checkpoint_interval_unit == "step" and self.position.step % train.checkpoint_interval == 0
        if due and not self._in_vain:
            self._keeper.save(self.position, self.position.epoch)

    @contextmanager
    def _saving_on_error(self) -> Iterator[None]:
        """Leave a checkpoint behind when the run breaks off after its first step."""
        try:
            yield
        except BaseException as error:
            self._keeper.save_after(error, self.position)
            raise

    def resume(self, checkpoint: Checkpoint) -> None:
        """Take up optimiser and position of a checkpoint (its weights are loaded already).

        With another number of processes, another batch size or other pictures, epochs have another number of
        steps: the position is that of the last whole batch of the new size, and the step is counted anew.
        """
        state = checkpoint.training
        load_optimizer(self.optimizer, state["optimizer"])
        if state["scaler"]:
            self._scaler.load_state_dict(state["scaler"])
        self._resume_average(state.get("average"))
        if self.best is not None and "best" in state:
            self.best.load(state["best"])
        position = Position(**state["position"])
        before = state.get("batch_size", self.batches.size)
        pictures = state.get("pictures", self.batches.count)
        if (before, pictures) != (self.batches.size, self.batches.count):
            position = recounted(position, before, pictures, self.batches)
            _LOG.warning(
                "the checkpoint was made with %d pictures in batches of %d in all, now there are %d in "
                "batches of %d: going on at step %d of the new count",
                pictures,
                before,
                self.batches.count,
                self.batches.size,
                position.step,
            )
        same = (before, state.get("window")) == (self.batches.size, WINDOW) or not self.batches.groups
        if position.batches and (not same or pictures != self.batches.count):
            _LOG.warning(
                "pictures come in another order than when the checkpoint was made: of the epoch in progress "
                "some come twice, and others not"
            )
        self.position = position
        self._keeper.saved_step = position.step

    def _resume_average(self, kept: Averaged | None) -> None:
        """Take up the average of the weights, or begin or end one."""
        if self._average is not None and kept is not None:
            self._average.load(kept)
        elif kept is not None:
            # The checkpoint's weights are the average; those that were trained go on.
            WeightAverage(self.task.module, 0.0).load(kept)
            _LOG.warning("no average of the weights is kept any more: going on with those that were trained")
        elif self._average is not None:
            _LOG.warning("the checkpoint has no average of the weights: one begins here")
            self._average = WeightAverage(self.task.module, self.settings.ema_decay)
            self._keeper.average = self._average
