"""The training loop: steps, validation, checkpoints, and going on where a run was cut off."""

import logging
import math
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.data.transforms import normalise
from skillbank_engine.device import Compute
from skillbank_engine.errors import NotFiniteError
from skillbank_engine.families.grounding_dino.checkpoint import Checkpoint
from skillbank_engine.families.grounding_dino.data.loading import Batch, EpochBatches
from skillbank_engine.families.grounding_dino.denoising import DenoisingQueries, make_denoising_queries
from skillbank_engine.families.grounding_dino.detector import Detector
from skillbank_engine.families.grounding_dino.evaluation import Metrics
from skillbank_engine.families.grounding_dino.finite import first_not_finite
from skillbank_engine.families.grounding_dino.gradients import GradientWorker
from skillbank_engine.families.grounding_dino.loss import LossWeights
from skillbank_engine.families.grounding_dino.parameters import family_name
from skillbank_engine.families.grounding_dino.progress import EpochReport
from skillbank_engine.families.grounding_dino.replicas import load_optimizer, whole
from skillbank_engine.families.grounding_dino.saving import Keeper, Position
from skillbank_engine.families.grounding_dino.tokenizer import PhraseTokenizer
from skillbank_engine.families.grounding_dino.update import Update
from skillbank_engine.schedule import Schedule
from skillbank_engine.signals import StopRequest, interrupted
from skillbank_engine.status import StatusLog
from skillbank_engine.team import ALONE, Team

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Share:
    """A process' part in a step: first picture and their count in all, most boxes, divisor of the loss."""

    rows: tuple[int, int]
    most: int
    divisor: float


@dataclass
class TrainingRun:
    """Everything that one training run consists of.

    Attributes
    ----------
    spec : pydantic model
        Profile applied.
    folder : Path
        Results folder.
    detector : Detector
        On the device.
    tokenizer : PhraseTokenizer
        Of the detector.
    labels : tuple of str
        Class names of the training set.
    loader, batches
        Batches and the sampler that orders them.
    optimizer : Optimizer
        Groups with their full learning rates.
    schedule : Schedule
        Factor on these by step.
    weights : LossWeights
        Of the loss.
    compute : Compute
        Device and precision.
    validate : callable or None
        Measures the detector as it stands; all processes call it, the main one gets the result.
    status : StatusLog
        Gets a line for everything.
    seed : int
        Start of the random numbers, the same in all processes.
    team : Team
        The processes of the run.
    pixels : PixelScale
        How pictures are scaled, for the checkpoints.
    """

    spec: Any
    folder: Path
    detector: Detector
    tokenizer: PhraseTokenizer
    labels: tuple[str, ...]
    loader: Any
    batches: EpochBatches
    optimizer: torch.optim.Optimizer
    schedule: Schedule
    weights: LossWeights
    compute: Compute
    validate: Callable[[], Metrics | None] | None
    status: StatusLog
    seed: int
    team: Team = ALONE
    pixels: PixelScale = field(default_factory=PixelScale)
    position: Position = field(default_factory=Position)

    def __post_init__(self) -> None:
        self._scaler = self.compute.scaler()
        self._worker = GradientWorker(
            self.detector,
            self.weights,
            self.compute,
            self._scaler,
            self.team,
            recorded=self.spec.engine.cuda_graphs,
        )
        self._update = Update(self.detector, self.optimizer, self._scaler, self.spec.train.clip_grad_norm)
        self._keeper = Keeper(
            self.folder,
            self.spec,
            self.detector,
            self.tokenizer,
            self.labels,
            self.optimizer,
            self._scaler,
            self.batches.size,
            self.team,
            self.pixels,
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
        epochs = self.spec.train.num_epochs
        with self._saving_on_error():
            while self.position.epoch < epochs:
                epoch = self.position.epoch
                started = time.monotonic()
                done_before = self.position.batches
                self._train_epoch(stop)
                due = (epoch + 1) % self.spec.train.validation_interval == 0 or epoch + 1 == epochs
                measured = self.validate() if self.validate is not None and due else None
                metrics = measured or metrics
                self._heed(stop)
                self._report(measured, time.monotonic() - started, done_before)
                # Before the last checkpoint: with it the same command would pass for carried out.
                if self._in_vain and epoch + 1 == epochs:
                    raise NotFiniteError(
                        f"All {self._update.skipped} steps overflowed in fp16 and changed nothing: set "
                        "train.precision=bf16 or fp32, or train for more steps"
                    )
                self._finish_epoch(epoch, epochs)
        return metrics

    @property
    def _in_vain(self) -> bool:
        """Whether all steps were left out so far, so that there is nothing to keep."""
        return self._update.skipped > 0 and not self._update.taken

    def _train_epoch(self, stop: StopRequest) -> None:
        """Train the rest of the epoch in progress."""
        self.detector.train()
        self._update.begin_epoch()
        self.batches.start(self.position.epoch, self.position.batches)
        for batch in self.loader:
            self.position.loss_sum += self._step(batch)
            self.position.batches += 1
            self.position.step += 1
            self._maybe_save_step()
            self._heed(stop)

    def _heed(self, stop: StopRequest) -> None:
        """End the run between two steps, in all processes alike, if a stop was asked for in any."""
        number = max(int(asked) for (asked,) in self.team.gather(stop.number))
        if number:
            raise interrupted(number)

    def _step(self, batch: Batch) -> float:
        """Train on one batch and give its loss."""
        # A pure function of the step: nothing to save, nothing to restore.
        torch.manual_seed(self._seed_of("dropout", self.team.rank))
        self._update.prepare(self.schedule.factor(self.position.step))
        share = self._share(batch)
        batch = replace(batch, targets=batch.targets.padded(share.most)).to(self.compute.device)
        augmentation = self.spec.dataset.augmentation
        pixels = normalise(batch.pixels, batch.mask, augmentation.input_mean, augmentation.input_std)
        losses = self._worker.backward(batch, pixels, self._denoising(batch, share), share.divisor)
        losses = {name: value / self.team.size for name, value in self.team.total(losses).items()}
        loss = losses["loss"]
        if not math.isfinite(loss):
            parts = ", ".join(f"{name} {value:.3g}" for name, value in losses.items() if name != "loss")
            broken = first_not_finite(whole(self.detector.state_dict()))
            cause = f"; weights that are not finite begin with {family_name(broken)}" if broken else ""
            raise NotFiniteError(
                f"The loss became {loss} at step {self.position.step} ({parts}{cause}): lower "
                "train.optim.lr or set train.clip_grad_norm"
            )
        self._update.take(self.position.step)
        return loss

    def _share(self, batch: Batch) -> "_Share":
        """Find out what part this process has in the step's batch."""
        counted = len(self.batches.share(self.position.batches)) > 0
        mine = (len(batch.pixels), batch.targets.count) if counted else (0, 0)
        parts = self.team.gather(*mine, batch.targets.boxes.shape[1])
        pictures = [int(part[0]) for part in parts]
        boxes = sum(part[1] for part in parts)
        most = max(int(part[2]) for part in parts)
        if most and self.spec.engine.static_shapes:
            most = 1 << (most - 1).bit_length()
        return _Share(
            rows=(sum(pictures[: self.team.rank]) if counted else 0, sum(pictures)),
            most=most,
            # Gradients are averaged over the processes, so that their sum is divided by all boxes.
            divisor=max(boxes, 1.0) / self.team.size if counted else math.inf,
        )

    def _seed_of(self, *names: object) -> int:
        return random.Random(f"{self.seed}-{self.position.step}-{names}").getrandbits(63)

    def _denoising(self, batch: Batch, share: "_Share") -> DenoisingQueries | None:
        """Make denoising queries as the spec wants them: a number of groups, or of queries in all."""
        model = self.spec.model
        if not model.use_dn or self.detector.denoising_content is None:
            return None
        most = max(share.most, 1)
        groups = (
            max(1, model.dn_number // (2 * most)) if model.dn_number else self.spec.engine.denoising_groups
        )
        numbers = torch.Generator(self.compute.device).manual_seed(self._seed_of("denoising"))
        return make_denoising_queries(
            batch.targets,
            groups,
            model.dn_box_noise_scale,
            model.dn_label_noise_ratio,
            batch.phrase_counts,
            numbers,
            share.rows,
        )

    def _report(self, metrics: Metrics | None, seconds: float, done_before: int) -> None:
        """Say how the epoch in progress, now at its end, went."""
        report = EpochReport(
            epoch=self.position.epoch,
            epochs=self.spec.train.num_epochs,
            step=self.position.step,
            steps=self.schedule.total_steps,
            loss=self.position.loss_sum / self.batches.batches,
            gradient=self._update.largest,
            skipped=self._update.skipped,
            metrics=metrics,
            seconds=seconds,
            share=max(self.batches.batches - done_before, 1) / self.batches.batches,
        )
        report.write(self.status, self.batches.batches)

    def _finish_epoch(self, epoch: int, epochs: int) -> None:
        """Move on to the next epoch and save where the spec or the end of the run asks for it."""
        train = self.spec.train
        self.position = Position(epoch + 1, 0, self.position.step, 0.0)
        due = train.checkpoint_interval_unit == "epoch" and (epoch + 1) % train.checkpoint_interval == 0
        if (due or epoch + 1 == epochs) and not self._in_vain:
            self._keeper.save(self.position, epoch)

    def _maybe_save_step(self) -> None:
        train = self.spec.train
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

        With another number of processes or another batch size, epochs have another number of steps: the
        position is that of the last whole batch of the new size, and the step is counted anew.
        """
        state = checkpoint.training
        load_optimizer(self.optimizer, state["optimizer"])
        if state["scaler"]:
            self._scaler.load_state_dict(state["scaler"])
        position = Position(**state["position"])
        before = state.get("batch_size", self.batches.size)
        if before != self.batches.size:
            batches = position.batches * before // self.batches.size
            position = Position(
                epoch=position.epoch,
                batches=batches,
                step=position.epoch * self.batches.batches + batches,
                loss_sum=position.loss_sum / max(position.batches, 1) * batches,
            )
            _LOG.warning(
                "the checkpoint was made with batches of %d pictures in all, now there are %d: going on at "
                "step %d of the new count",
                before,
                self.batches.size,
                position.step,
            )
        self.position = position
        self._keeper.saved_step = position.step
