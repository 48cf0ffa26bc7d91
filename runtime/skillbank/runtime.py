"""The one facade: every door (command line, agents, Python) calls this object and gets the same plans."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from skillbank.facade.arguments import id_of, one_plan
from skillbank.facade.explanation import Explanation
from skillbank.facade.starting import Starting
from skillbank.jobs.waiting import wait_to_the_end
from skillbank.lazy_imports import lazy_imports
from skillbank.misfits import refuse_text
from skillbank.nearby import refuse_address
from skillbank.team.places import refuse_hidden
from skillbank.team.rights import Right

with lazy_imports():
    from skillbank.jobs import comparing
    from skillbank.labelling import batch

if TYPE_CHECKING:
    from skillbank.jobs.comparing import Comparison
    from skillbank.jobs.metrics import Progress
    from skillbank.jobs.record import JobRecord
    from skillbank.jobs.results import Results
    from skillbank.labelling.batch import Labels
    from skillbank.plan.model import Plan

__all__ = ["Job", "Runtime"]

Job: TypeAlias = "str | JobRecord"
"""A job: its record, its id, a beginning or an end of it, ``last`` or ``last:train``, the last training."""


class Runtime(Starting):
    """Skills, plans and jobs of one user, for any number of threads.

    Skills are read when they are needed and kept; whoever reads them without the methods of this class
    (``runtime.library``) does so ``with runtime.reading``, as these methods do.

    Parameters
    ----------
    banks
        Folders of skills, beside the bank that comes with skillbank and the installed ones.
    database_url
        SQLAlchemy URL of the job store; by default SKILLBANK_DATABASE_URL or a file in the home.
    reader
        Who reads plain language: ``rules`` or ``llm``; by default SKILLBANK_READER, else the rules.

    Attributes
    ----------
    jobs
        Launching and looking after jobs in full, `skillbank.jobs.service.Jobs`.
    sets
        The label sets, `skillbank.sets.store.SetStore`.
    library
        The banks and their skills, `skillbank.bank.discovery.Library`.
    notes
        A sentence for each installed bank that cannot be used.

    Raises
    ------
    UsageError
        When the reader is neither ``rules`` nor ``llm``.

    Examples
    --------
    >>> from skillbank.bank.engines import example_model
    >>> with Runtime() as runtime:
    ...     [plan] = runtime.plan(f"train {example_model()} on s3://bucket/data, no HPO")
    >>> plan.route.name
    'direct'

    From there on: ``runtime.launch(plan)``, then `wait`, `status`, `logs`, `results` and `cancel` with the
    job that it returns. A launch from Python is the caller's own: nobody is asked.
    """

    def explain(self, plan: Plan) -> Explanation:
        """Say what a plan does, where each value came from, and what is open.

        Returns
        -------
        Explanation
            Sentence, route, values, questions and warnings; as text a line for each thing.

        Raises
        ------
        SkillNotFoundError, StateError
            As `skill_of`.
        """
        return Explanation.of(one_plan(plan), self.sentence([plan]))

    def status(self, job: Job) -> JobRecord:
        """Return how a job is now, and see to it that somebody finishes its work.

        Raises
        ------
        JobNotFoundError
            When there is no such job, or more than one is meant.
        """
        return self.jobs.look(self._id(job))

    def wait(
        self,
        job: Job,
        *,
        timeout: float | None = None,
        on_progress: Callable[[JobRecord, Progress], None] | None = None,
    ) -> JobRecord:
        """Wait until a job has ended, with the attempts that follow a failure, and return its last record.

        Parameters
        ----------
        timeout
            Seconds after which the record is returned as it is; the job goes on.
        on_progress
            Called after each change of state and each line of progress.

        Raises
        ------
        JobNotFoundError
            When there is no such job, or more than one is meant.
        """
        return wait_to_the_end(self.jobs, self._id(job), timeout, on_progress)

    def logs(self, job: Job, *, follow: bool = False) -> Iterator[str]:
        """Yield what a job has printed, in pieces, without secrets.

        Parameters
        ----------
        follow
            Go on until the job ends.

        Raises
        ------
        JobNotFoundError
            When there is no such job, or more than one is meant.
        PluginError
            When the package that brought its platform is gone.
        """
        return self.jobs.logs(self._id(job), follow)

    def results(self, job: Job) -> Results:
        """Return what a job has left so far: metrics, checkpoints, files.

        Raises
        ------
        JobNotFoundError
            When there is no such job, or more than one is meant.
        """
        return self.jobs.results(self._id(job))

    def compare(self, jobs: Sequence[Job]) -> Comparison:
        """Put finished jobs side by side, of one skill or of several: what they measured, and what differs.

        Raises
        ------
        UsageError
            When fewer than two different jobs are named, or too many.
        JobNotFoundError
            When there is no such job, or more than one is meant.
        StateError
            When one has not ended.
        """
        refuse_text(jobs, "jobs")
        return comparing.compare(self.jobs, [self._id(job) for job in jobs])

    def cancel(self, job: Job) -> JobRecord:
        """Stop a job's real work; canceling twice is no error.

        Raises
        ------
        JobNotFoundError
            When there is no such job, or more than one is meant.
        StateError
            When the job has ended by itself.
        PluginError
            When the package that brought its platform is gone.
        """
        return self.jobs.cancel(self._id(job))

    def label(
        self,
        pictures: str | Path | Sequence[str | Path],
        descriptions: Sequence[str],
        *,
        output: str | Path,
        model: str | None = "last:train",
        kinds: Sequence[str] = ("json", "pictures"),
        threshold: float | None = None,
        replace: bool = False,
    ) -> Labels:
        """Find objects in pictures by describing them, and write what was found.

        Parameters
        ----------
        pictures
            Pictures and folders of them.
        descriptions
            What is looked for, one each; " . " separates several in one text.
        output
            A folder for the files, see `skillbank.labelling.batch.label_pictures`.
        model
            A job, a file, a folder or a name on the model hub; by default the newest training. None is that
            of `skillbank.labelling.models.hub_model`.
        kinds
            What is written: formats of labels, and ``pictures`` with the boxes drawn.
        threshold
            The least score, from 0 to 1; the engine chooses by default.
        replace
            Whether the folder's labels of another run may be replaced.

        Returns
        -------
        Labels
            What was found in each picture, and what was written where.

        Raises
        ------
        UsageError, DataNotFoundError, JobNotFoundError, ParentError, PlatformError, DataError
            When there is nothing to look for, no picture, no model, no engine, or the engine refuses.
        ForbiddenError
            When who acts may not launch.
        """
        self.permit(Right.LAUNCH, "label.pictures")
        refuse_address(output, "output")
        refuse_hidden([output], to_write=True)

        refuse_text(descriptions, "descriptions")
        refuse_text(kinds, "kinds")
        places = [pictures] if isinstance(pictures, str | Path) else pictures
        return batch.label_pictures(
            self,
            [Path(place) for place in places],
            list(descriptions),
            model=model,
            output=Path(output),
            kinds=list(kinds),
            threshold=threshold,
            replace=replace,
        )

    def _id(self, job: Job) -> str:
        return self.jobs.store.get(id_of(job)).id
