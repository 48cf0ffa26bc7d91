"""Reading ``status.json``, the JSON lines that a program writes while it works."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

__all__ = [
    "EpochMetrics",
    "Progress",
    "StatusReader",
    "describe",
    "find_status_file",
    "metric_direction",
    "read_status",
]

_NOT_METRICS = frozenset(
    {"epoch", "step", "max_epoch", "max_step", "time_per_epoch", "time_per_step", "eta", "cur_iter"}
)
_LOSSES = ("train_loss", "loss", "train_loss_epoch")
"""What programs call the loss of a training, the best name first."""
_CLOCK = re.compile(r"(?:(\d+) days?, )?(\d+):(\d\d):(\d\d(?:\.\d+)?)")
_LONGEST_LINE = 1 << 20


@dataclass(frozen=True)
class Progress:
    """How far a program is, as of its last line; None where it has not said so.

    ``epoch`` and ``step`` are as the program counts them; ``eta_s`` is in seconds.
    """

    status: str = ""
    message: str = ""
    epoch: int | None = None
    max_epoch: int | None = None
    step: int | None = None
    max_step: int | None = None
    loss: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    eta_s: float | None = None


@dataclass(frozen=True)
class EpochMetrics:
    """Metrics that belong to one epoch, counted from zero like the epochs in checkpoint names."""

    epoch: int
    values: dict[str, float]


def describe(progress: Progress) -> str:
    """Return one line, e.g. ``epoch 3/10  loss 4.21  val_mAP50 0.412  eta 84 s``."""
    parts = []
    if progress.epoch is not None:
        parts.append(f"epoch {progress.epoch + 1}/{progress.max_epoch or '?'}")
    if progress.loss is not None:
        parts.append(f"loss {progress.loss:.3f}")
    wanted = [k for k in progress.metrics if k.endswith("mAP50")] or list(progress.metrics)[:2]
    parts += [f"{k} {progress.metrics[k]:.3f}" for k in wanted if "loss" not in k]
    if progress.eta_s:
        parts.append(f"eta {_clock(progress.eta_s)}")
    return "  ".join(parts) or progress.message


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def metric_direction(name: str) -> Literal["maximize", "minimize"]:
    """Say which way a metric is better: losses and errors are minimised, everything else maximised."""
    return "minimize" if re.search(r"loss|err(or)?|perplexity|rmse|mae|_d1|epe", name.lower()) else "maximize"


def find_status_file(results_dir: Path, action: str) -> Path | None:
    """Return the status file of an action: in its own folder, else in the results folder itself.

    A task that goes by another name in the spec than in the skill writes to a folder of its own; then the
    newest file one level down counts.
    """
    for path in (results_dir / action / "status.json", results_dir / "status.json"):
        if path.is_file():
            return path
    found = [p for p in results_dir.glob("*/status.json") if p.parent.name not in ("inputs", "job", "ptm")]
    return max(found, key=lambda p: (p.stat().st_mtime_ns, str(p)), default=None)


class StatusReader:
    """Follows a status file while it grows.

    Only whole lines are read: a line that is being written waits for its end. A file that was started anew
    is read from its beginning.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.failure: str | None = None
        self._offset = 0
        self._clear()

    def _clear(self) -> None:
        self._progress = Progress()
        self._epochs: dict[int, dict[str, float]] = {}
        self.failure = None

    @property
    def progress(self) -> Progress:
        """The state after the last line read."""
        return self._progress

    @property
    def epochs(self) -> list[EpochMetrics]:
        """Metrics by epoch, in order, counted from zero."""
        # Some programs count epochs from one here though their checkpoints count from zero: then the last
        # epoch equals the number of epochs.
        last = self._progress.max_epoch
        shift = 1 if self._epochs and last and max(self._epochs) >= last and min(self._epochs) >= 1 else 0
        return [EpochMetrics(epoch - shift, dict(v)) for epoch, v in sorted(self._epochs.items())]

    def poll(self) -> bool:
        """Read what is new; return whether there was anything."""
        try:
            with self.path.open("rb") as file:
                if file.seek(0, 2) < self._offset:
                    self._offset = 0
                    self._clear()
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return False
        whole = data.rfind(b"\n") + 1
        # The last line may come without its newline when the program has ended; it counts once it parses.
        lines = data[:whole].split(b"\n")
        if data[whole:].rstrip().endswith(b"}") and _parse(data[whole:]) is not None:
            lines.append(data[whole:])
            whole = len(data)
        self._offset += whole
        documents = [document for line in lines if (document := _parse(line)) is not None]
        for document in documents:
            self._take(document)
        return bool(documents)

    def _take(self, line: dict[str, object]) -> None:
        kpi = line.get("kpi")
        values = kpi if isinstance(kpi, dict) else {}
        metrics = {k: n for k, v in values.items() if k not in _NOT_METRICS and (n := _number(v)) is not None}
        self._progress = _advanced(self._progress, line, values, metrics)
        if metrics and self._progress.epoch is not None:
            self._epochs.setdefault(self._progress.epoch, {}).update(metrics)
        if line.get("status") == "STARTED":
            self.failure = None  # an earlier attempt's
        if line.get("status") == "FAILURE":
            self.failure = str(line.get("message") or line.get("reason") or "FAILURE")


def _advanced(
    before: Progress, line: Mapping[str, object], kpi: Mapping[str, object], metrics: Mapping[str, float]
) -> Progress:
    """Return how far a program is by its next line; what that does not say stays as it was."""
    # The family's own programs put the counters beside the metrics or at the top level.
    counters = {**line, **kpi}
    losses = (metrics[name] for name in _LOSSES if name in metrics)
    return Progress(
        status=str(line.get("status") or before.status),
        message=str(line.get("message") or ""),
        epoch=_whole(counters.get("epoch"), before.epoch),
        max_epoch=_whole(counters.get("max_epoch"), before.max_epoch),
        step=_whole(counters.get("step"), before.step),
        max_step=_whole(counters.get("max_step"), before.max_step),
        loss=next(losses, before.loss),
        metrics={**before.metrics, **metrics},
        eta_s=_seconds(counters["eta"]) if "eta" in counters else before.eta_s,
    )


def read_status(results_dir: Path, action: str) -> StatusReader:
    """Read all that an action has said so far."""
    reader = StatusReader(find_status_file(results_dir, action) or results_dir / action / "status.json")
    reader.poll()
    return reader


def _parse(line: bytes) -> dict[str, object] | None:
    if not line.strip() or len(line) > _LONGEST_LINE:
        return None
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _number(value: object) -> float | None:
    """Return a finite number; programs also write numbers as text, and NaN for what has no value."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _whole(value: object, default: int | None) -> int | None:
    number = _number(value)
    return default if number is None else int(number)


def _seconds(value: object) -> float | None:
    """Read ``0:01:05.3`` or ``1 day, 2:00:00`` as well as plain seconds."""
    match = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return _number(value)
    days, hours, minutes = (int(part or 0) for part in match.group(1, 2, 3))
    return days * 86400 + hours * 3600 + minutes * 60 + float(match[4])
