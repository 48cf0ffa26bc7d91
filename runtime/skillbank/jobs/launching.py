"""The two halves of a launch around the record: what can be refused before, what is prepared after it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from skillbank.datasets.listing import listed
from skillbank.errors import PlatformError
from skillbank.home import cache_dir, results_root
from skillbank.jobs.binding import ParentModel, bind, check_filled, has_token
from skillbank.jobs.carrying import carry_over
from skillbank.jobs.chains import takes_checkpoint
from skillbank.jobs.checks import Checks, check, refuse
from skillbank.jobs.credentials import credential_problems
from skillbank.jobs.data_sets import look_at
from skillbank.jobs.preflight import refuse_full_disk, results_problems
from skillbank.jobs.record import JobRecord
from skillbank.jobs.uploads import upload_spec
from skillbank.lazy_imports import lazy_imports
from skillbank.plan.allowed import refuse_hidden_places_of
from skillbank.plan.model import InputBinding, Plan
from skillbank.plan.paths import get_path
from skillbank.platforms.base import Launch, Platform, job_dir
from skillbank.storage.progress import Report
from skillbank.storage.s3 import list_objects
from skillbank.storage.staging import stage
from skillbank.storage.uri import parse_uri
from skillbank.team.places import everything_is_there, hidden, of_the_home, opened, refuse_hidden
from skillbank.trust.gate import CONFIG_PATH, Pass
from skillbank.trust.gate import rehearse as rehearsed
from skillbank.ways import marked, option

with lazy_imports():
    from skillbank.jobs import data_making

__all__ = ["places", "preflight", "prepare", "rehearse"]

_MOST_FILES = 5_000_000


def preflight(
    plan: Plan, platform: Platform, earlier: Sequence[Plan] = (), report: Report | None = None
) -> Checks:
    """Raise when a plan cannot run; nothing has been recorded yet. Returns what was seen.

    Parameters
    ----------
    earlier
        Plans of the same chain that are to run before.
    report
        Told how far it is with the data.

    Raises
    ------
    QuestionsError, PlatformError, SpecError, DataNotFoundError, DataError
    """
    refuse(plan, Checks())
    _refuse_hidden(plan)
    against = [*platform.problems(plan), *credential_problems(plan, platform)]
    if problems := [*against, *results_problems(plan)]:
        raise PlatformError("; ".join(map(marked, problems)))
    check_filled(plan)
    if plan.results_root is not None and (uri := parse_uri(plan.results_root)).scheme == "s3":
        list_objects(uri, limit=1)
    seen = check(plan, platform=platform, remote=True, earlier=earlier, report=report)
    refuse(plan, seen)
    refuse_full_disk(plan)
    return seen


def _refuse_hidden(plan: Plan) -> None:
    """Raise `DataNotFoundError` where a plan names, or data holds a link to, what is not there for who acts.

    A program follows links by itself, also in folders that nothing here looks into. What of the home a plan
    names, it was let name when it was made. What may be left out was said by its skill, else it is a value.
    """
    if everything_is_there():
        return
    named = [b for b in plan.inputs if not (b.runtime == "value" or b.on_hub or has_token(b.uri))]
    files = [uri.path for uri in (parse_uri(b.uri) for b in named) if uri.scheme == "file"]
    with opened(*filter(of_the_home, files)):
        refuse_hidden_places_of(plan)
        refuse_hidden(b.uri for b in named if not b.optional)
        _refuse_hidden_links(path for path in files if not of_the_home(path))


def _refuse_hidden_links(folders: Iterable[Path]) -> None:
    """Raise `DataNotFoundError` where a link in a folder leads to what is not there for who acts."""
    for folder in folders:
        if folder.is_dir() and not hidden(folder):
            for _ in listed(folder, _MOST_FILES):
                pass


def places(plan: Plan, job_id: str) -> tuple[Path, str | None]:
    """Return the folder where a job writes, and the URI to which its results are brought (None: they stay).

    A root on S3 is written to through a folder below skillbank's home.
    """
    if plan.results_root is None:
        return results_root() / job_id, None
    uri = parse_uri(plan.results_root)
    if uri.scheme == "file":
        return uri.path / job_id, None
    if uri.scheme == "s3":
        return results_root() / job_id, str(uri.child(job_id))
    raise PlatformError(
        f"results cannot be written to {uri}; give {option('results-root')} a folder or s3://bucket/prefix"
    )


def prepare(
    plan: Plan,
    record: JobRecord,
    models: Sequence[ParentModel],
    admitted: Pass,
    *,
    broken: Iterable[JobRecord] = (),
    earlier: Iterable[Path] = (),
    bound: Callable[[str], None],
    note: Callable[[str], None] = lambda sentence: None,
    report: Report | None = None,
) -> Launch:
    """Stage the data, write the bound spec, and return what the platform is to start.

    Parameters
    ----------
    admitted
        What the gate gave for this plan.
    broken
        Earlier jobs, the latest first, whose training this one goes on with; see `carrying`.
    earlier
        Results of the job that a training of another plan goes on from.
    bound
        Told the hash of the spec as soon as it is written.
    note
        Told what was made of data sets, and what of them was left out.
    report
        Told how far downloads are.
    """
    made_of = _made(plan, note, report)

    def fetch(binding: InputBinding) -> Path:
        path = made_of.get(binding.key)
        return path or stage(binding, cache=cache_dir(), inputs=plan.inputs, report=report)

    if takes_checkpoint(plan.spec) and (begun := carry_over(record, broken)) is not None:
        note(f"goes on with the training of {begun.id}, whose models and metrics were copied here")
    made = bind(plan, record, models, stage=fetch, earlier=earlier)
    bound(made.sha256)
    if record.results_uri is not None:
        upload_spec(record)
    return Launch(
        job_id=record.id,
        argv=made.argv,
        results_dir=Path(record.results_dir),
        job_dir=job_dir(Path(record.results_dir)),
        admitted=admitted,
        plan_id=plan.plan_id,
        reads=made.reads,
        gpu_ids=_gpu_ids(made.spec, plan.action),
        image=plan.image,
        resources=plan.resources,
        network_arch=plan.network_arch,
        config_path=made.config_path,
        resume=made.resume,
    )


def _made(plan: Plan, note: Callable[[str], None], report: Report | None) -> dict[str, Path]:
    """Make the files of data sets that are not there as the table names them; return them by input."""
    data = look_at(plan, whole=True, elsewhere=True, report=report)
    if not any(look.found is not None or look.problems for look in data.looks):
        return {}

    return data_making.make(plan, data, note, report)


def rehearse(plan: Plan) -> Launch:
    """Return the launch of a plan as it would be for a job named ``job``: nothing is written or moved.

    Of what it reads, only the files and folders that are on this machine are known beforehand: not those that
    are brought or made for it.
    """
    folder, _ = places(plan, "job")
    config = job_dir(folder) / f"spec.{plan.config_format}"
    known = (b for b in plan.inputs if b.runtime != "value" and not b.on_hub and not has_token(b.uri))
    found = [parse_uri(b.uri) for b in known]
    return Launch(
        job_id="job",
        argv=tuple(part.replace(CONFIG_PATH, str(config)) for part in plan.command),
        results_dir=folder,
        job_dir=job_dir(folder),
        admitted=rehearsed(plan),
        plan_id=plan.plan_id,
        reads=tuple(uri.path for uri in found if uri.scheme == "file" and uri.path.exists()),
        gpu_ids=_gpu_ids(plan.spec, plan.action),
        image=plan.image,
        resources=plan.resources,
        network_arch=plan.network_arch,
        config_path=config,
    )


def _gpu_ids(spec: Mapping[str, object], action: str) -> tuple[int, ...]:
    """Return the numbers of the GPUs that the spec names for its action."""
    ids = get_path(spec, f"{action}.gpu_ids")
    return tuple(i for i in ids if isinstance(i, int)) if isinstance(ids, list) else ()
