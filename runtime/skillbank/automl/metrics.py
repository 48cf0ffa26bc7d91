"""What a trial's program has measured: from status.json while it runs, else metrics.json, else its log."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from skillbank.errors import did_you_mean
from skillbank.jobs.metrics import StatusReader, find_status_file
from skillbank.ways import Sentence, option

__all__ = ["UNSEEN", "Curve", "Measured", "Objective", "TrialReader", "unseen"]

UNSEEN = "the metric '"
"""How every sentence of `unseen` begins."""
_LOG_TAIL = 1 << 20
_MOST_NAMES = 30


@dataclass(frozen=True)
class Objective:
    """A metric and which way it is better."""

    metric: str
    maximize: bool

    @property
    def direction(self) -> str:
        """``maximize`` or ``minimize``."""
        return "maximize" if self.maximize else "minimize"

    def better(self, a: float, b: float) -> bool:
        """Say whether `a` is strictly better than `b`."""
        return a > b if self.maximize else a < b


@dataclass(frozen=True)
class Measured:
    """The objectives' values after an epoch, counted from 1; epoch 0 is a value without one."""

    epoch: int
    values: tuple[float, ...]


Curve = list[Measured]


class TrialReader:
    """Follows what one trial measures.

    Parameters
    ----------
    results_dir, action
        Of the trial's job.
    objectives
        What to look for; an epoch counts when it has them all.
    """

    def __init__(self, results_dir: Path, action: str, objectives: Sequence[Objective]) -> None:
        self._folder, self._action, self._objectives = results_dir, action, tuple(objectives)
        self._reader: StatusReader | None = None
        self._given = 0
        self.epoch: int | None = None
        """Epochs finished so far, as the program says."""
        self.max_epoch: int | None = None
        self.seen: set[str] = set()
        """Names of everything that was measured."""

    def poll(self) -> Curve:
        """Return the epochs that have been measured since the last call."""
        if self._reader is None:
            path = find_status_file(self._folder, self._action)
            if path is None:
                return []
            self._reader = StatusReader(path)
        if not self._reader.poll():
            return []
        progress = self._reader.progress
        self.epoch = None if progress.epoch is None else progress.epoch + 1
        self.max_epoch = progress.max_epoch
        self.seen.update(progress.metrics)
        found: Curve = []
        for epoch in self._reader.epochs:
            values = self._values(epoch.values)
            if values is not None:
                found.append(Measured(epoch.epoch + 1, values))
        news, self._given = found[self._given :], max(self._given, len(found))
        return news

    def rest(self, log: Iterable[str]) -> Curve:
        """Look, after the end, where programs without status lines leave their numbers.

        A status file that names the metrics without an epoch counts first, then ``metrics.json``, then the
        last ``name: number`` of the log.
        """
        places = [self._reader.progress.metrics] if self._reader is not None else []
        places += [_flat(document) for document in _documents(self._folder)]
        for metrics in places:
            self.seen.update(metrics)
            values = self._values(metrics)
            if values is not None:
                return [Measured(0, values)]
        tail = ""
        for piece in log:
            tail = (tail + piece)[-_LOG_TAIL:]
        said = {
            o.metric: number for o in self._objectives if (number := _last_said(tail, o.metric)) is not None
        }
        values = self._values(said)
        return [] if values is None else [Measured(0, values)]

    def _values(self, metrics: Mapping[str, float]) -> tuple[float, ...] | None:
        if any(o.metric not in metrics for o in self._objectives):
            return None
        return tuple(float(metrics[o.metric]) for o in self._objectives)


def unseen(objectives: Sequence[Objective], seen: Iterable[str]) -> str:
    """Say in one sentence which metric a trial did not report, and what it did."""
    names = sorted(set(seen))
    missing = [o.metric for o in objectives if o.metric not in names] or [o.metric for o in objectives]
    listed = ", ".join(names[:_MOST_NAMES]) + (", ..." if len(names) > _MOST_NAMES else "")
    what = f"it reported {listed}" if names else "it reported no metric at all"
    return Sentence(
        f"{UNSEEN}{missing[0]}' was not reported{did_you_mean(missing[0], names)}: {what}; "
        f"name one of these with {option('set', 'automl.metric=NAME')}, or check that validation data "
        "is given"
    )


def _documents(folder: Path) -> Iterable[object]:
    for path in sorted(folder.glob("**/metrics.json"), key=lambda p: (len(p.parts), str(p))):
        if path.relative_to(folder).parts[0] in ("inputs", "job", "ptm"):
            continue
        try:
            yield json.loads(path.read_bytes())
        except (OSError, ValueError):
            continue


def _flat(document: object, prefix: str = "") -> dict[str, float]:
    """Return the numbers of a document by name; of a list of epochs the last entry counts."""
    if isinstance(document, list):
        return _flat(document[-1], prefix) if document and isinstance(document[-1], dict) else {}
    found: dict[str, float] = {}
    for name, value in document.items() if isinstance(document, dict) else ():
        if isinstance(value, dict):
            found = {**_flat(value), **found}
        elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            found[str(name)] = float(value)
    return found


def _last_said(text: str, name: str) -> float | None:
    number = r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)"
    pattern = rf"(?<![\w/]){re.escape(name)}['\"]?\s{{0,40}}[:=|]?\s{{0,40}}{number}"
    found = re.findall(pattern, text)
    return float(found[-1]) if found else None
