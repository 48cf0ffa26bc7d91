"""The training loop: steps, validation, checkpoints, and going on where a run was cut off."""

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch

from grounding_dino.checkpoint import Checkpoint, save_checkpoint
from grounding_dino.data.loading import Batch, EpochBatches
from grounding_dino.data.transforms import normalise
from grounding_dino.denoising import DenoisingQueries, make_denoising_queries
from grounding_dino.detector import Detector
from grounding_dino.device import Compute
from grounding_dino.errors import EngineError
from grounding_dino.evaluation import Metrics
from grounding_dino.gradients import GradientWorker
from grounding_dino.loss import LossWeights
from grounding_dino.model import network_values
from grounding_dino.parameters import trained
from grounding_dino.schedule import Schedule
from grounding_dino.signals import StopRequest
from grounding_dino.status import StatusLog
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
        Batches of that epoch already done.
    step : int
        Steps done in all.
    loss_sum : float
        Sum of the losses of the epoch's batches so far.
    """

    epoch: int = 0
    batches: int = 0
    step: int = 0
    loss_sum: float = 0.0


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
        Measures the detector as it stands.
    status : StatusLog
        Gets a line for everything.
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
    validate: Callable[[], Metrics] | None
    status: StatusLog
    position: Position = field(default_factory=Position)
    _saved_step: int = -1

    def __post_init__(self) -> None:
        self._scaler = self.compute.scaler()
        self._worker = GradientWorker(self.detector, self.weights, self.compute, self._scaler)
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
                stop.check()
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
            stop.check()

    def _step(self, batch: Batch) -> float:
        """Train on one batch and give its loss."""
        factor = self.schedule.factor(self.position.step)
        for group, rate in zip(self.optimizer.param_groups, self._full_rates, strict=True):
            group["lr"] = rate * factor
        batch = batch.to(self.compute.device)
        augmentation = self.spec.dataset.augmentation
        pixels = normalise(batch.pixels, batch.mask, augmentation.input_mean, augmentation.input_std)
        self.optimizer.zero_grad(set_to_none=True)
        losses = self._worker.backward(batch, pixels, self._denoising(batch))
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

    def _denoising(self, batch: Batch) -> DenoisingQueries | None:
        """Make denoising queries as the spec wants them: a number of groups, or of queries in all."""
        model = self.spec.model
        if not model.use_dn or self.detector.denoising_content is None:
            return None
        most = max(batch.targets.boxes.shape[1], 1)
        groups = (
            max(1, model.dn_number // (2 * most)) if model.dn_number else self.spec.engine.denoising_groups
        )
        return make_denoising_queries(
            batch.targets, groups, model.dn_box_noise_scale, model.dn_label_noise_ratio, batch.phrase_counts
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
        """Write a checkpoint that carries the name of an epoch."""
        path = save_checkpoint(self.folder, self._checkpoint(named_epoch))
        self._saved_step = self.position.step
        return path

    @contextmanager
    def _saving_on_error(self) -> Iterator[None]:
        """Leave a checkpoint behind when the run breaks off after its first step."""
        try:
            yield
        except BaseException:
            if self.position.step > 0 and self._saved_step != self.position.step:
                # The epoch in the name is the one in progress: its later checkpoint will replace the link.
                path = self.save(self.position.epoch)
                _LOG.warning("saved %s; the same command goes on from there", path)
            raise

    def _checkpoint(self, named_epoch: int) -> Checkpoint:
        random_state: dict[str, Any] = {"torch": torch.get_rng_state()}
        if self.compute.device.type == "cuda":
            random_state["cuda"] = torch.cuda.get_rng_state(self.compute.device)
        return Checkpoint(
            weights=self.detector.state_dict(),
            architecture=self.detector.architecture,
            network=network_values(self.detector),
            vocabulary=self.tokenizer.vocabulary,
            labels=self.labels,
            spec=self.spec.model_dump(mode="json"),
            epoch=named_epoch,
            step=self.position.step,
            training={
                "optimizer": self.optimizer.state_dict(),
                "scaler": self._scaler.state_dict(),
                "random": random_state,
                "position": vars(self.position).copy(),
            },
        )

    def resume(self, checkpoint: Checkpoint) -> None:
        """Take up optimiser, random state and position of a checkpoint (its weights are loaded already)."""
        state = checkpoint.training
        self.optimizer.load_state_dict(state["optimizer"])
        if state["scaler"]:
            self._scaler.load_state_dict(state["scaler"])
        torch.set_rng_state(state["random"]["torch"])
        if "cuda" in state["random"] and self.compute.device.type == "cuda":
            torch.cuda.set_rng_state(state["random"]["cuda"], self.compute.device)
        self.position = Position(**state["position"])
        self._saved_step = self.position.step
