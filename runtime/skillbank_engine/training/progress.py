"""What a training run says after every epoch: lines of status.json and one of the log."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from skillbank_engine.status import StatusLog
from skillbank_engine.task import Metrics

_LOG = logging.getLogger(__name__)
_WORTH_SAYING = 0.05


@dataclass(frozen=True)
class EpochReport:
    """How an epoch went.

    Attributes
    ----------
    epoch, epochs : int
        Its number, counted from 0, and how many there are.
    step, steps : int
        Steps done in all, and in the whole run.
    loss : float
        Mean training loss.
    gradient : float
        Largest L2 norm of the gradients before clipping, of the steps that this process has seen.
    skipped : int
        Steps of the run that fp16's scaling has left out.
    metrics : Metrics or None
        Of the validation, where there was one.
    seconds : float
        How long it took.
    waited : float
        For how much of it the next batch was waited for.
    memory : str
        How much of the device's memory the run has taken; empty on a CPU.
    share : float
        Which part of the epoch was done in that time; a run that goes on does the rest of one.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    gradient: float
    skipped: int
    metrics: Metrics | None
    seconds: float
    waited: float
    memory: str
    share: float

    def write(self, status: StatusLog, steps_per_epoch: int) -> None:
        """Write the lines."""
        per_epoch = self.seconds / self.share
        eta = timedelta(seconds=round(per_epoch * (self.epochs - self.epoch - 1)))
        status.write(
            "RUNNING",
            "Training loop in progress",
            epoch=self.epoch,
            step=self.step,
            max_epoch=self.epochs,
            max_step=self.steps,
            time_per_epoch=str(timedelta(seconds=round(per_epoch, 3))),
            time_per_step=str(timedelta(seconds=round(per_epoch / steps_per_epoch, 6))),
            eta=str(eta),
        )
        where = {"epoch": self.epoch, "step": self.step}
        numbers: dict[str, float] = {"gradient_norm": float(f"{self.gradient:.4g}")}
        if self.skipped:
            numbers["skipped_steps"] = self.skipped
        numbers["waited"] = round(self.waited, 3)
        kpi = {"train_loss": self.loss}
        status.write("RUNNING", "Train metrics generated.", kpi=kpi, **where, **numbers)
        text = f"epoch {self.epoch + 1}/{self.epochs}  loss {self.loss:.3f}"
        if self.metrics is not None:
            kpi = dict(self.metrics.values)
            status.write("RUNNING", "Eval metrics generated.", kpi=kpi, **where)
            text += f"  val {said(self.metrics)}"
        if self.skipped:
            text += f"  {self.skipped} steps left out in fp16"
        if self.memory:
            text += f"  {self.memory}"
        if self.waited > _WORTH_SAYING * self.seconds:
            text += f"  {self.waited / self.seconds:.0%} of the time waiting for pictures"
        _LOG.info("%s  gradient %.4g  %.1f s  ETA %s", text, self.gradient, self.seconds, eta)


def said(metrics: Metrics) -> str:
    """The numbers of a measure as the log says them, after the word for the set."""
    if metrics.text:
        return metrics.text
    return "  ".join(f"{name.partition('_')[2]} {value:.3f}" for name, value in metrics.values.items())


def headline(metrics: Metrics) -> str:
    """The same for the end of a run, without losses."""
    return ", ".join(part for part in said(metrics).split("  ") if not part.startswith("loss "))
