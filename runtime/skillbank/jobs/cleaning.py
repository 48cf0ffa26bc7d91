"""Which jobs may be removed: those that ended long ago, and that nothing newer stands on."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from skillbank.jobs.attendance import work_left
from skillbank.jobs.checkpoints import scan
from skillbank.jobs.homes import Homes
from skillbank.jobs.record import JobRecord
from skillbank.jobs.results import read_results
from skillbank.jobs.store import JobStore
from skillbank.plan.paths import strings_in
from skillbank.plan.products import trains
from skillbank.platforms.base import job_dir
from skillbank.platforms.processes import described_alive
from skillbank.team import audit
from skillbank.team.rights import Right

__all__ = ["Kept", "Removal", "ended", "reads", "removable", "remove_job", "stood_on", "superseded"]


@dataclass(frozen=True)
class Kept:
    """A job that is old enough and stays, and why."""

    job: str
    why: str


@dataclass(frozen=True)
class Removal:
    """What may go, the oldest first, and what has to stay."""

    jobs: tuple[JobRecord, ...]
    kept: tuple[Kept, ...]


def removable(
    records: Sequence[JobRecord], before: datetime, pictures: Iterable[tuple[str, str]] = ()
) -> Removal:
    """Choose the jobs that ended before a time and that nothing which stays stands on.

    A job stands on its parents, on the attempt that it follows, on the job that it goes on from, on the best
    trial of its search, on what its plan reads from another's results, and on the folder that its own lies
    in; a trial and its search go together. The newest training of each skill that is complete stays, since
    ``last:train`` means it.

    Parameters
    ----------
    records
        All jobs of the store.
    before
        With a time zone.
    pictures
        Names of label sets, and folders of this machine in which pictures of theirs lie.
    """
    by_id = {record.id: record for record in records}
    homes = Homes(records)
    why = _showing(homes, pictures) | _standing(records, before)
    staying = [record for record in records if record.id in why]
    while staying:
        record = staying.pop()
        for needed in _needs(record, by_id.values(), homes):
            if needed in by_id and needed not in why:
                why[needed] = f"{record.id} stands on it"
                staying.append(by_id[needed])
    old = [record for record in records if ended(record) and record.history[-1].at < before]
    going = sorted((r for r in old if r.id not in why), key=lambda record: record.created)
    return Removal(tuple(going), tuple(Kept(r.id, why[r.id]) for r in old if r.id in why))


def _showing(homes: Homes, pictures: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the jobs that stay since a label set has pictures in their results, with the reason."""
    return {
        job: f"pictures of the label set {label_set} are in its results"
        for label_set, folder in pictures
        for job in homes.around(folder)
    }


def _standing(records: Iterable[JobRecord], before: datetime) -> dict[str, str]:
    """Return the jobs that stay for themselves, with the reason."""
    why: dict[str, str] = {}
    newest: set[tuple[str, str]] = set()
    for record in sorted(records, key=lambda each: each.created, reverse=True):
        kind = (record.skill, str((record.plan.get("skill") or {}).get("bank", "")))
        if not ended(record):
            why[record.id] = "it has not ended"
        elif record.launcher is not None and described_alive(record.launcher) is None:
            why[record.id] = "it was started on another machine, where its results are"
        elif record.history[-1].at >= before:
            why[record.id] = "it is not old enough"
        elif record.experiment is None and record.state == "COMPLETE" and trains(record.action):
            if kind not in newest:
                why[record.id] = f"it is the newest training of {record.skill}"
            newest.add(kind)
    return why


def ended(record: JobRecord) -> bool:
    """Whether nothing follows any more: no upload, no further attempt."""
    return record.state.terminal and not work_left(record)


def _needs(record: JobRecord, others: Iterable[JobRecord], homes: Homes) -> Iterable[str]:
    yield from record.parents
    yield from (job for job in (record.retry_of, record.resumes, record.product, record.experiment) if job)
    yield from (other.id for other in others if other.experiment == record.id)
    read = [each.get("uri") for each in record.plan.get("inputs") or ()]
    read += [part for each in record.plan.get("overrides") or () for part in strings_in(each.get("value"))]
    for place in (record.results_dir, *read):
        yield from (job for job in homes.around(place) if job != record.id)


def stood_on(records: Sequence[JobRecord], others: Iterable[JobRecord]) -> set[str]:
    """Return the ids of those jobs that others stand on."""
    homes = Homes(records)
    return {record.id for record in records} & {job for each in others for job in _needs(each, (), homes)}


def superseded(record: JobRecord, others: Iterable[JobRecord] = ()) -> list[Path]:
    """Return the checkpoints of a job that are neither its best nor its latest, and that no other needs.

    Parameters
    ----------
    others
        Jobs that stay: what they were started with is kept, and of a parent of one that has not ended
        everything, since which of its models that takes may not be written down yet.
    """
    others = [other for other in others if other.id != record.id]
    homes = Homes((record,))
    waiting = any(record.id in _needs(other, (record,), homes) for other in others if not ended(other))
    if waiting or not Path(record.results_dir).is_dir():
        return []
    going = _neither_best_nor_latest(record)
    return sorted(path for path in going if not any(reads(other, path) for other in others))


def _neither_best_nor_latest(record: JobRecord) -> list[Path]:
    """Return the checkpoints of a job that no child would take, and no link in its results leads to."""
    folder = Path(record.results_dir)
    candidates = scan(folder, record.action)
    keep = {(folder / each.path).resolve() for each in read_results(record).checkpoints if each.taken}
    keep |= {candidate.path.resolve() for candidate in candidates if candidate.link}
    return [each.path for each in candidates if not each.link and each.path.resolve() not in keep]


def reads(record: JobRecord, place: Path) -> bool:
    """Whether the spec that a job was started with names a file, or something below a folder."""
    specs = job_dir(Path(record.results_dir)).glob("spec.*")
    return any(str(place) in spec.read_text(errors="replace") for spec in specs)


def remove_job(record: JobRecord, store: JobStore) -> bool:
    """Remove a job's folder of results, and then what the store knows of it; what lies on S3 stays.

    Returns whether its folder was removed too: only one that bears the job's own name is.

    Raises
    ------
    OSError
        When a part of its folder cannot be removed; the store knows the job still.
    ForbiddenError
        When who acts does not administer; nothing is removed.
    """
    folder = Path(record.results_dir)
    ours = folder.name == record.id and folder.is_dir() and not folder.is_symlink()
    audit.permit(lambda: store.engine, Right.ADMINISTER, "remove", record.id)
    if ours:
        shutil.rmtree(folder)
    store.remove(record.id)
    return ours
