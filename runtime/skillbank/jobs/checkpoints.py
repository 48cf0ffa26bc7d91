"""Which file of a finished job is *the* model that its child needs."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from skillbank.errors import ParentError, UsageError
from skillbank.jobs.metrics import EpochMetrics, metric_direction
from skillbank.plan.products import SEARCHED, leaving, suffixes_of
from skillbank.ways import option

__all__ = ["Candidate", "check_method", "choose", "model_of", "resumable", "scan"]

_NEVER = frozenset({"inputs", "ptm", "lightning_logs", "job"})
"""Folders of a job that hold models which are not its result."""
_METHODS = ("auto", "best", "latest")
_EPOCH = re.compile(r"epoch[_=-]?(\d+)")
_STEP = re.compile(r"step[_=-]?(\d+)")
_MODEL_FOLDER = (".safetensors", ".safetensors.index.json")


@dataclass(frozen=True)
class Candidate:
    """A model file, or a folder that is one model, with what its name says (epochs as written)."""

    path: Path
    epoch: int | None = None
    step: int | None = None
    link: bool = False

    @classmethod
    def of(cls, path: Path, link: bool = False) -> Candidate:
        """Read a name such as ``model_epoch_003_step_00120.pth`` or ``epoch=3-step=120.ckpt``."""
        epoch, step = _EPOCH.search(path.name), _STEP.search(path.name)
        return cls(path, int(epoch[1]) if epoch else None, int(step[1]) if step else None, link)

    @property
    def rank(self) -> tuple[bool, int, int, bool, str]:
        """Order from old to new; of those without an epoch, one that is called best comes last."""
        none = -1
        epoch = none if self.epoch is None else self.epoch
        step = none if self.step is None else self.step
        return (not self.link, epoch, step, "best" in self.path.name.lower(), str(self.path))


def scan(results_dir: Path, action: str) -> list[Candidate]:
    """Find every complete model that a job of this action has left, in no particular order."""
    suffixes = suffixes_of(action)
    found: list[Candidate] = []
    for folder, folders, files in os.walk(results_dir):
        here = Path(folder)
        if here != results_dir and _is_model_folder(here, files, suffixes):
            folders.clear()
            found.append(Candidate.of(here, here.is_symlink()))
            continue
        folders[:] = [name for name in folders if name not in _NEVER and not name.startswith(".")]
        for name in files:
            path = here / name
            if name.lower().endswith(suffixes) and not name.startswith(".") and _complete(path):
                found.append(Candidate.of(path, path.is_symlink()))
    return found


def _is_model_folder(folder: Path, files: Sequence[str], suffixes: tuple[str, ...]) -> bool:
    if ".safetensors" not in suffixes:
        return False
    sharded = any(name.endswith(_MODEL_FOLDER) for name in files) and "config.json" in files
    return sharded or (folder.name.lower().endswith(suffixes) and bool(files))


def _complete(path: Path) -> bool:
    """Say whether a file was written to its end: a torch file is a zip, whose directory comes last."""
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError:
        return False
    return zipfile.is_zipfile(path) if head == b"PK\x03\x04" else bool(head)


def check_method(method: str) -> None:
    """Raise `UsageError` for what is no way to choose a checkpoint, before anything is asked or started."""
    if not method.isdecimal() and method not in _METHODS:
        raise _no_method(method)


def _no_method(method: str) -> UsageError:
    near = get_close_matches(method.strip().lower(), _METHODS, n=1, cutoff=0.75)
    meant = f" (did you mean '{near[0]}'?)" if near else ""
    return UsageError(
        f"{option('checkpoint')} '{method}' is no way to choose a checkpoint{meant}; say best, latest "
        "or an epoch"
    )


def choose(
    candidates: Iterable[Candidate],
    *,
    method: str = "auto",
    epochs: Sequence[EpochMetrics] = (),
    metric: str | None = None,
    direction: Literal["maximize", "minimize"] | None = None,
) -> Candidate | None:
    """Choose one model; the order in which the candidates come plays no part.

    Parameters
    ----------
    method
        ``best`` by the metric, ``latest`` by (epoch, step), an epoch as a number (counted from zero; from one
        when there is no such file), or ``auto``: best when an epoch with a metric has a file, else latest.
    epochs
        Metrics by epoch, counted from zero.
    metric, direction
        The monitored metric and which way it is better.

    Returns
    -------
    Candidate or None
        None when nothing fits. Links such as ``*_latest`` are taken only when there is nothing else.
    """
    ordered = sorted(candidates, key=lambda c: c.rank)
    ordered = [c for c in ordered if not c.link] or ordered
    if method.isdecimal():
        return _of_epoch(ordered, int(method))
    check_method(method)
    if method == "latest":
        return _last(ordered)
    if metric is not None:
        best = _best_by(ordered, epochs, metric, direction or metric_direction(metric))
        if best is not None:
            return best
    return _last([c for c in ordered if "best" in c.path.name.lower()] if method == "best" else ordered)


def _of_epoch(ordered: Sequence[Candidate], wanted: int) -> Candidate | None:
    """Return the newest file of an epoch counted from zero; where it has none, counted from one."""
    exact = [c for c in ordered if c.epoch == wanted] or [c for c in ordered if c.epoch == wanted - 1]
    return _last(exact)


def _best_by(
    ordered: Sequence[Candidate],
    epochs: Sequence[EpochMetrics],
    metric: str,
    direction: Literal["maximize", "minimize"],
) -> Candidate | None:
    """Return the newest file of the best epoch that has one; of equally good ones the later has seen more."""
    by_epoch = {c.epoch: c for c in ordered if c.epoch is not None}
    sign = 1 if direction == "maximize" else -1
    scored = [
        (sign * e.values[metric], e.epoch) for e in epochs if metric in e.values and e.epoch in by_epoch
    ]
    return by_epoch[max(scored)[1]] if scored else None


def _last(ordered: Sequence[Candidate]) -> Candidate | None:
    return ordered[-1] if ordered else None


def model_of(
    job_id: str,
    action: str,
    results_dir: Path,
    *,
    method: str = "auto",
    epochs: Sequence[EpochMetrics] = (),
    metric: str | None = None,
    direction: Literal["maximize", "minimize"] | None = None,
) -> Path:
    """Return the model that a finished job gives to its child.

    Raises
    ------
    ParentError
        When no file fits; it names what was looked at.
    """
    candidates = scan(results_dir, action)
    pool = candidates
    if (word := leaving(action).marked) is not None:
        pool = [c for c in candidates if word in c.path.name.lower()] or candidates
    chosen = choose(pool, method=method, epochs=epochs, metric=metric, direction=direction)
    if chosen is not None:
        return chosen.path
    kinds = ", ".join(suffixes_of(action))
    if not candidates:
        raise ParentError(
            f"parent job {job_id} ({action}) left no model ({kinds}) in {results_dir}; "
            "run it again, or give the file itself"
        )
    names = sorted(str(c.path.relative_to(results_dir)) for c in candidates)
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    raise ParentError(
        f"parent job {job_id} ({action}) has no checkpoint for '{method}'; looked at: {shown}; "
        "choose another epoch, best or latest"
    )


def resumable(results_dir: Path) -> Path | None:
    """Return the newest complete checkpoint in a job's own results; None when there is none."""
    chosen = choose(scan(results_dir, SEARCHED), method="latest")
    return chosen.path if chosen else None
