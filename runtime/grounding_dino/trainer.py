"""The training loop: steps, validation, checkpoints, and going on where a run was cut off."""

import logging
import math
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch

from grounding_dino.checkpoint import Checkpoint, checkpoint_name, save_checkpoint
from grounding_dino.data.loading import Batch, EpochBatches
from grounding_dino.data.pixels import PixelScale
from grounding_dino.data.transforms import normalise
from grounding_dino.denoising import DenoisingQueries, make_denoising_queries
from grounding_dino.detector import Detector
from grounding_dino.device import Compute
from grounding_dino.errors import EngineError, InterruptedRunError
from grounding_dino.evaluation import Metrics
from grounding_dino.gradients import GradientWorker
from grounding_dino.loss import LossWeights
from grounding_dino.model import network_values
from grounding_dino.parameters import trained
from grounding_dino.replicas import is_shared, load_optimizer, whole
from grounding_dino.schedule import Schedule
from grounding_dino.signals import StopRequest, interrupted
from grounding_dino.status import StatusLog
from grounding_dino.team import ALONE, Team
from grounding_dino.tokenizer import PhraseTokenizer

_LOG = logging.getLogger(__name__)


@dataclass
class Position:
    """Where a run stands.

    Attributes
    ----------
    epoch : int
        Epoch in progress, counted from 0.
    batches : int
        Batches of that epoch already done; a batch is what all processes take in one step.
    step : int
        Steps done in all.
    loss_sum : float
        Sum of the losses of the epoch's batches so far.
    """

    epoch: int = 0
    batches: int = 0
    step: int = 0
    loss_sum: float = 0.0


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
    _saved_step: int = -1

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
        self._full_rates = [group["lr"] for group in self.optimizer.param_groups]

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
                train_loss = self.position.loss_sum / self.batches.batches
                due = (epoch + 1) % self.spec.train.validation_interval == 0 or epoch + 1 == epochs
                measured = self.validate() if self.validate is not None and due else None
                metrics = measured or metrics
                self._heed(stop)
                self._report_epoch(epoch, train_loss, measured, time.monotonic() - started, done_before)
                self._finish_epoch(epoch, epochs)
        return metrics

    def _train_epoch(self, stop: StopRequest) -> None:
        """Train the rest of the epoch in progress."""
        self.detector.train()
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
        factor = self.schedule.factor(self.position.step)
        for group, rate in zip(self.optimizer.param_groups, self._full_rates, strict=True):
            group["lr"] = rate * factor
        share = self._share(batch)
        batch = replace(batch, targets=batch.targets.padded(share.most)).to(self.compute.device)
        augmentation = self.spec.dataset.augmentation
        pixels = normalise(batch.pixels, batch.mask, augmentation.input_mean, augmentation.input_std)
        self.optimizer.zero_grad(set_to_none=True)
        losses = self._worker.backward(batch, pixels, self._denoising(batch, share), share.divisor)
        losses = {name: value / self.team.size for name, value in self.team.total(losses).items()}
        loss = losses["loss"]
        if not math.isfinite(loss):
            parts = ", ".join(f"{name} {value:.3g}" for name, value in losses.items() if name != "loss")
            raise EngineError(
                f"The loss became {loss} at step {self.position.step} ({parts}): lower train.optim.lr or set "
                "train.clip_grad_norm"
            )
        if self.spec.train.clip_grad_norm > 0:
            self._scaler.unscale_(self.optimizer)
            torch.nn.utils.clip_grad_norm_(list(trained(self.detector)), self.spec.train.clip_grad_norm)
        self._scaler.step(self.optimizer)
        self._scaler.update()
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

    def _report_epoch(
        self, epoch: int, train_loss: float, metrics: Metrics | None, seconds: float, done_before: int
    ) -> None:
        """Write the epoch's lines to status.json and one to the log."""
        epochs = self.spec.train.num_epochs
        done = self.batches.batches - done_before
        per_epoch = seconds * self.batches.batches / max(done, 1)
        eta = timedelta(seconds=round(per_epoch * (epochs - epoch - 1)))
        self.status.write(
            "RUNNING",
            "Training loop in progress",
            epoch=epoch,
            step=self.position.step,
            max_epoch=epochs,
            max_step=self.schedule.total_steps,
            time_per_epoch=str(timedelta(seconds=round(per_epoch, 3))),
            time_per_step=str(timedelta(seconds=round(seconds / max(done, 1), 6))),
            eta=str(eta),
        )
        where = {"epoch": epoch, "step": self.position.step}
        self.status.write("RUNNING", "Train metrics generated.", kpi={"train_loss": train_loss}, **where)
        text = f"epoch {epoch + 1}/{epochs}  loss {train_loss:.3f}"
        if metrics is not None:
            kpi = {"val_mAP": metrics.map, "val_mAP50": metrics.map50, "val_loss": metrics.loss}
            self.status.write("RUNNING", "Eval metrics generated.", kpi=kpi, **where)
            text += f"  val mAP50 {metrics.map50:.3f}  mAP {metrics.map:.3f}  loss {metrics.loss:.3f}"
        _LOG.info("%s  %.1f s  ETA %s", text, seconds, eta)

    def _finish_epoch(self, epoch: int, epochs: int) -> None:
        """Move on to the next epoch and save where the spec or the end of the run asks for it."""
        train = self.spec.train
        self.position = Position(epoch + 1, 0, self.position.step, 0.0)
        due = train.checkpoint_interval_unit == "epoch" and (epoch + 1) % train.checkpoint_interval == 0
        if due or epoch + 1 == epochs:
            self.save(epoch)

    def _maybe_save_step(self) -> None:
        train = self.spec.train
        if train.checkpoint_interval_unit == "step" and self.position.step % train.checkpoint_interval == 0:
            self.save(self.position.epoch)

    def save(self, named_epoch: int) -> Path:
        """Write a checkpoint that carries the name of an epoch; all processes call, the main one writes."""
        checkpoint = self._checkpoint(named_epoch)
        if self.team.main:
            save_checkpoint(self.folder, checkpoint)
        self._saved_step = self.position.step
        return self.folder / checkpoint_name(checkpoint.epoch, checkpoint.step)

    @contextmanager
    def _saving_on_error(self) -> Iterator[None]:
        """Leave a checkpoint behind when the run breaks off after its first step."""
        try:
            yield
        except BaseException as error:
            # Weights that are shared out take all processes to save, and only a stop reaches all.
            able = not is_shared(self.detector) or isinstance(error, InterruptedRunError)
            if able and self.position.step > 0 and self._saved_step != self.position.step:
                # The epoch in the name is the one in progress: its later checkpoint will replace the link.
                path = self.save(self.position.epoch)
                _LOG.warning("saved %s; the same command goes on from there", path)
            raise

    def _checkpoint(self, named_epoch: int) -> Checkpoint:
        return Checkpoint(
            weights=whole(self.detector.state_dict()),
            architecture=self.detector.architecture,
            network=network_values(self.detector),
            vocabulary=self.tokenizer.vocabulary,
            labels=self.labels,
            spec=self.spec.model_dump(mode="json"),
            epoch=named_epoch,
            step=self.position.step,
            training={
                "optimizer": whole(self.optimizer.state_dict()),
                "scaler": self._scaler.state_dict(),
                "position": vars(self.position).copy(),
                "batch_size": self.batches.size,
            },
            pixels=self.pixels,
        )

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
        self._saved_step = self.position.step
