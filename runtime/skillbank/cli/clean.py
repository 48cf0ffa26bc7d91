"""``skillbank clean``: what takes room, what of it may go, and, once that was seen, away with it."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skillbank.cli import options, terminal
from skillbank.errors import NotApprovedError, UsageError
from skillbank.home import cache_dir, pictures_dir
from skillbank.jobs.cleaning import Removal, ended, reads, removable, remove_job, superseded
from skillbank.sets import kept_pictures
from skillbank.sets.kept_pictures import unneeded
from skillbank.storage.cleaning import drop, entries, freed, over, size_of

if TYPE_CHECKING:
    from skillbank.jobs.cleaning import Kept
    from skillbank.jobs.record import JobRecord
    from skillbank.jobs.store import JobStore
    from skillbank.storage.cleaning import Entry

_UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "t": 1000**4}
_UNITS_OF_TWO = {"ki": 1 << 10, "mi": 1 << 20, "gi": 1 << 30, "ti": 1 << 40}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?i?)b?", re.IGNORECASE)
_HOURS = {"h": 1, "d": 24, "w": 7 * 24}
_AGE = re.compile(r"(\d+)\s*([hdw])", re.IGNORECASE)
_LISTED = 12


@dataclass(frozen=True)
class _Plan:
    """What may go and what has to stay."""

    held: list[Entry]
    cache: list[Entry]
    jobs: list[tuple[JobRecord, int]]
    checkpoints: list[tuple[JobRecord, list[Path]]]
    kept: list[Kept]
    pictures: list[Path]

    @property
    def paths(self) -> list[Path]:
        """All files and folders that may go."""
        folders = [*(e.path for e in self.cache), *(Path(record.results_dir) for record, _ in self.jobs)]
        return [*folders, *self.models, *self.pictures]

    @property
    def models(self) -> list[Path]:
        """The checkpoints that may go."""
        return [path for _, paths in self.checkpoints for path in paths]

    @cached_property
    def bytes(self) -> int:
        """Room that it frees."""
        return freed(self.paths)

    @property
    def anything(self) -> bool:
        """Whether there is something to remove, which may free nothing."""
        return bool(self.cache or self.jobs or self.checkpoints or self.pictures)

    def still(self, now: _Plan) -> tuple[_Plan, list[str]]:
        """Return what of it may go by another look too, and a sentence for all that may not any more."""
        kept = {record.id for record, _ in now.jobs}
        models = set(now.models)
        going = replace(
            self,
            jobs=[(record, size) for record, size in self.jobs if record.id in kept],
            checkpoints=[(record, [p for p in paths if p in models]) for record, paths in self.checkpoints],
        )
        left = [record.id for record, _ in self.jobs if record.id not in kept]
        left += [str(path) for path in self.models if path not in models]
        return going, [f"{each} stays: it is needed again" for each in left]

    def document(self) -> dict[str, object]:
        return {
            "bytes": self.bytes,
            "cache_bytes": sum(entry.bytes for entry in self.held),
            "cache": [
                {"path": str(e.path), "kind": e.kind, "bytes": e.bytes, "used": _day(e.used)}
                for e in self.cache
            ],
            "jobs": [{"job": r.id, "results_dir": r.results_dir, "bytes": size} for r, size in self.jobs],
            "checkpoints": [
                {"job": r.id, "path": str(path), "bytes": _bytes(path)}
                for r, paths in self.checkpoints
                for path in paths
            ],
            "pictures": [{"path": str(path), "bytes": _bytes(path)} for path in self.pictures],
            "kept": [{"job": each.job, "why": each.why} for each in self.kept],
        }


def clean(
    cache: Annotated[
        str, typer.Option("--cache", metavar="SIZE", help="How large the cache may stay: 20GB, 500MB, 0.")
    ] = "20GB",
    jobs: Annotated[
        str | None,
        typer.Option("--jobs", metavar="AGE", help="Also whole jobs that ended before: 30d, 2w, 12h."),
    ] = None,
    checkpoints: Annotated[
        str | None,
        typer.Option(
            "--checkpoints",
            metavar="AGE",
            help="Also models that are neither best nor latest of jobs that ended before.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Remove without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would go.")] = False,
    as_json: options.Json = False,
) -> None:
    """Show what old things take room, and remove them once you have seen which.

    Of the cache, which can be made again, the longest unused goes first. Jobs stay while they run, while a
    job that stays stands on them, and when they are the newest training of their skill. Pictures that were
    kept out of archives go when no label set has them any more.
    """
    cap, now = size_in(cache), datetime.now(UTC)
    job_age, model_age = age_in(jobs, "--jobs"), age_in(checkpoints, "--checkpoints")
    with options.open_runtime(None) as runtime:
        store = runtime.jobs.store
        found = _look(store, cap, now, job_age, model_age)
        if not as_json:
            _show(found, cap)
        doing = found.anything and not dry_run and (yes or _approved(found, as_json))
        document, left, free = found.document(), list[str](), 0
        if doing:
            # A person may have thought about it for long: what was launched meanwhile keeps what it needs.
            going, left = found.still(_look(store, cap, now, job_age, model_age))
            free = going.bytes
            stayed = _remove(going, store)
            left += stayed.words
            free -= stayed.bytes
    if as_json:
        options.print_json({**document, "removed": doing, "freed": free, "left": left})
    elif doing:
        terminal.say(f"{_size(free)} freed" + "".join(f"\n{each}" for each in left))


def size_in(text: str) -> int:
    """Return the bytes of a size such as ``20GB`` (powers of ten) or ``20GiB`` (of two)."""
    match = _SIZE.fullmatch(text.strip())
    unit = None if match is None else {**_UNITS, **_UNITS_OF_TWO}.get(match[2].lower())
    if match is None or unit is None:
        raise UsageError(f"--cache {text} is no size; write it as 20GB, 500MB or 0")
    return int(float(match[1]) * unit)


def age_in(text: str | None, option: str) -> timedelta | None:
    """Return the time that an age such as ``30d`` stands for."""
    if text is None:
        return None
    match = _AGE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{option} {text} is no age; write it as 30d (days), 2w (weeks) or 12h (hours)")
    return timedelta(hours=int(match[1]) * _HOURS[match[2].lower()])


def _look(
    store: JobStore, cap: int, now: datetime, job_age: timedelta | None, model_age: timedelta | None
) -> _Plan:
    records = store.list()
    running = [record for record in records if not ended(record)]
    held = entries(cache_dir())
    cache = list(over(held, cap, time.time(), lambda e: any(reads(r, e.path) for r in running)))
    going = Removal((), ())
    if job_age is not None:
        going = removable(records, now - job_age, kept_pictures.places(store.engine))
    jobs = [(record, size_of(Path(record.results_dir))) for record in going.jobs]
    gone = {record.id for record in going.jobs}
    staying = [record for record in records if record.id not in gone]
    models = _superseded(staying, now - model_age) if model_age is not None else []
    pictures = unneeded(store.engine, pictures_dir(), now.timestamp())
    return _Plan(held, cache, jobs, models, list(going.kept), pictures)


def _superseded(staying: list[JobRecord], before: datetime) -> list[tuple[JobRecord, list[Path]]]:
    """Return the checkpoints that nothing needs of jobs that stay and ended before a time."""
    old = [record for record in staying if ended(record) and record.history[-1].at < before]
    return [(record, paths) for record in old if (paths := superseded(record, staying))]


def _approved(found: _Plan, as_json: bool) -> bool:
    if as_json or not terminal.answering():
        raise NotApprovedError(
            f"nothing was removed: {_size(found.bytes)} may go; say so with --yes, or look with --dry-run"
        )
    return terminal.ask(f"Remove this, {_size(found.bytes)}?")


def _remove(found: _Plan, store: JobStore) -> _Stayed:
    """Remove what was shown; return what stayed after all."""
    stayed = _Stayed()
    for entry in found.cache:
        if not drop(entry):
            stayed.add(entry.path, "it is in use again")
    for path in kept_pictures.drop(store.engine, pictures_dir(), found.pictures, time.time()):
        stayed.add(path, "a label set needs it, or is being made")
    for record, paths in found.checkpoints:
        gone = [path for path in paths if stayed.removed(path, partial(_unlink, path))]
        if gone:
            said = f"{len(gone)} checkpoints that were neither best nor latest were removed"
            store.note(record.id, said)
            store.weigh(record)
    for record, _ in reversed(found.jobs):  # what stands on others goes first
        folder = Path(record.results_dir)
        if not stayed.removed(folder, partial(remove_job, record, store)):
            continue
        if folder.is_symlink():
            stayed.add(folder, "it is a link, and what it leads to is not the job's own")
        elif folder.exists():
            stayed.add(folder, "it does not bear the name of its job")
        if record.results_uri is not None:
            stayed.words.append(f"{record.results_uri} stays: what lies elsewhere is removed there")
    return stayed


def _unlink(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@dataclass
class _Stayed:
    """What was to go and stays: a sentence each, and the bytes."""

    words: list[str] = field(default_factory=list)
    bytes: int = 0

    def add(self, path: Path, why: str) -> None:
        self.words.append(f"{path} stays: {why}")
        self.bytes += freed([path])

    def removed(self, path: Path, remove: Callable[[], object]) -> bool:
        """Remove something; false when the system does not let it go, which is written down."""
        try:
            remove()
        except OSError as error:
            self.add(path, f"{error.strerror or error} ({error.filename or path})")
            return False
        return True


def _show(found: _Plan, cap: int) -> None:
    total = sum(entry.bytes for entry in found.held)
    terminal.say(f"The cache holds {_size(total)} in {len(found.held)} things; it may stay {_size(cap)}.")
    cache = [f"{_size(e.bytes):>9}  last used {_day(e.used)}  {e.kind}  {e.path.name}" for e in found.cache]
    jobs = [f"{_size(size):>9}  ended {r.history[-1].at:%Y-%m-%d}  {r.id}" for r, size in found.jobs]
    models = [
        f"{_size(sum(map(_bytes, paths))):>9}  {len(paths)} of {record.id}"
        for record, paths in found.checkpoints
    ]
    pictures = [f"{_size(_bytes(path)):>9}  {path.name}" for path in found.pictures]
    for title, lines in (
        ("From the cache would go:", cache),
        ("Jobs that would go, with their results:", jobs),
        ("Checkpoints that would go, neither best nor latest:", models),
        ("Pictures out of archives that no label set has any more:", pictures),
        ("Old enough, but staying:", [f"{each.job}: {each.why}" for each in found.kept]),
    ):
        if lines:
            more = [f"... and {len(lines) - _LISTED} more"] if len(lines) > _LISTED else []
            terminal.say("\n  ".join([title, *lines[:_LISTED], *more]))
    if not found.anything:
        terminal.say("Nothing has to go.")
    elif linked := sum(map(_bytes, found.paths)) - found.bytes:
        terminal.say(f"Of this {_size(linked)} would not be free: these files have names elsewhere too.")


def _bytes(path: Path) -> int:
    return size_of(path) if path.is_dir() else path.stat().st_size if path.exists() else 0


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def _size(count: float) -> str:
    """Write bytes for people: ``1.4 GB``."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} bytes" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
