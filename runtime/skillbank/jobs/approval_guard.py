"""What an approval needs to count: without an approval code that somebody gave it, with one its seal.

While a code is set nothing starts on what a store says alone. A launch needs an approval that is sealed for
exactly its plan, terms and data, is not old and was not used; a further attempt and a trial need the sealed
approval that their first attempt, or their search, was started by. What was used is kept beside the store.
"""

from __future__ import annotations

import base64
import math
import os
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import sqlalchemy as sa

from skillbank.approval_code import SHORTEST, ApprovalCode, Lock, WrongCodeError, own_place
from skillbank.errors import NotApprovedError
from skillbank.jobs.approval_subjects import plan_subject, read_plan_subject, terms_of, terms_of_job
from skillbank.jobs.approved_parents import PLAN, beyond_plan, stands_for
from skillbank.jobs.approved_parts import part_of_search, same_but, taken
from skillbank.jobs.data_digest import SeenData
from skillbank.jobs.database import CODES
from skillbank.jobs.given import GivenApproval, How
from skillbank.jobs.launch_terms import NewJob
from skillbank.jobs.record import SEARCH, JobRecord
from skillbank.jobs.retries import attempts
from skillbank.jobs.wrong_codes import WrongCodes
from skillbank.plan.model import Plan
from skillbank.stored import asking, now
from skillbank.team import audit
from skillbank.team.acting import who
from skillbank.team.person import EVERYBODY
from skillbank.team.rights import Right
from skillbank.visible import one_line
from skillbank.ways import command

__all__ = ["ApprovalGuard"]

_ANNOUNCED = "next:"
"""Before the public key of a code whose file is about to be written, in base64: the column is short."""
_VALID = timedelta(hours=24)
"""How long a sealed approval waits for its launch."""
_LONGEST_TYPED = 200
"""A longer line is no code that somebody types by mistake."""
_MOST_HALVINGS = 40
_MOST_ATTEMPTS = 100


class ApprovalGuard:
    """The law about approvals over one store.

    Parameters
    ----------
    lock
        What this process found when it began.
    engine
        Of the store, which knows that a code was set even when its file is gone.
    """

    def __init__(self, lock: Lock, engine: sa.Engine) -> None:
        self._lock, self._engine = lock, engine
        self._folder = None if lock.code is None else lock.code.folder
        self._wrong = None if self._folder is None else WrongCodes(self._folder / "approval-code.wrong")

    @property
    def hard(self) -> bool:
        """Whether approvals need a code here."""
        return self._lock.shut or bool(self.broken)

    @property
    def broken(self) -> str:
        """Say why nothing can be approved here at all; empty where something can."""
        if self._lock.broken:
            return self._lock.broken
        marked, code = self.marked(), self._lock.code
        if "" in marked or (code is not None and (code.public in marked or code.out_of_reach)):
            return ""
        if code is None:
            return (
                "an approval code was set for this store, and its file is not there, or was not when this "
                "process began; start this again where the file is there now, else put it back where it was "
                f"(here {own_place()}), from a backup or by whoever took it away. Without that file this "
                "store approves nothing any more, and a new SKILLBANK_HOME begins a new one"
            )
        return (
            f"{code.place} is not the approval code that was set for this store; start this again where the "
            "code was changed meanwhile, else put the file back that was set"
        )

    def marked(self) -> tuple[str, ...]:
        """Return the public keys of the codes of which one is set for this store; empty: none may be set.

        They are two while a code is being changed, or when that was broken off: which of them is set then,
        the file says.
        """
        with asking(self._engine) as db:
            rows = sa.select(CODES.c.public).order_by(CODES.c.seq.desc())
            newest, *earlier = db.scalars(rows).all() or [""]
        if not newest.startswith(_ANNOUNCED):
            return (newest,)
        before = next((public for public in earlier if not public.startswith(_ANNOUNCED)), "")
        return _announced(newest), before

    def announce(self, code: ApprovalCode) -> None:
        """Keep in the store that a code is about to be set; until `mark`, the one before counts as well."""
        self._write_mark(_ANNOUNCED + base64.b64encode(bytes.fromhex(code.public)).decode())

    def mark(self, code: ApprovalCode | None) -> None:
        """Keep in the store which code was set, or that none is any more."""
        self._write_mark(code.public if code else "")

    def _write_mark(self, public: str) -> None:
        with self._engine.begin() as db:
            db.execute(CODES.insert().values(public=public, since=now()))

    def prove(self, code: str, content: bytes = b"") -> str:
        """Return the signature that a code makes.

        Raises
        ------
        WrongCodeError
            When it is not the code that was set, or too many wrong ones were given.
        NotApprovedError
            When nothing can be approved here.
        """
        known = self._lock.code
        if self.broken or known is None or self._wrong is None:
            raise NotApprovedError(f"Nothing can be approved: {self.broken or 'no approval code is set'}.")
        try:
            with self._wrong.alone():
                signature = self._looked_at(known, self._wrong, code, content)
        except TimeoutError as error:
            raise NotApprovedError(f"Nothing was approved: {error}; try again.") from None
        if len(self.marked()) > 1:  # its change was broken off, and the file says which one it is
            self.mark(known)
        return signature

    def is_code(self, text: str) -> bool:
        """Say whether a text that was typed elsewhere is the approval code, so that it is handed to nobody.

        This is no try at the code: whoever asks has read the text, and the file of the code.
        """
        known = self._lock.code
        if known is None or not SHORTEST <= len(text) <= _LONGEST_TYPED:
            return False
        return known.sign(text, b"") is not None

    @staticmethod
    def _looked_at(known: ApprovalCode, wrong: WrongCodes, code: str, content: bytes) -> str:
        if (seconds := wrong.wait) > 0:
            raise WrongCodeError(
                "Too many wrong approval codes were given; the next one is looked at in "
                f"{math.ceil(seconds)} s."
            )
        signature = known.sign(code, content) if code else None
        if code:
            wrong.note(wrong=signature is None)
        if signature is None:
            raise WrongCodeError(f"That is not the approval code of {known.place}; nothing was approved.")
        return signature

    def give(
        self,
        subject: str,
        how: How,
        by: str = "",
        data: Sequence[SeenData] = (),
        code: str | None = None,
        parents: Sequence[str] = (),
        project: str | None = None,
    ) -> GivenApproval:
        """Return an approval that counts here.

        Parameters
        ----------
        data
            What lay there when somebody was asked.
        parents
            The jobs that it goes on from, see `skillbank.jobs.approved_parents`.
        code
            What was typed as the approval code.
        project
            For whose jobs it counts; by default those of the project of who approves.

        Raises
        ------
        ForbiddenError
            When who acts may not approve.
        WrongCodeError, NotApprovedError
            Where a code is set: see `prove`.
        """
        audit.permit(lambda: self._engine, Right.APPROVE, "approve", subject)
        given = GivenApproval(
            subject=subject,
            how=how,
            by=by,
            at=datetime.now(UTC),
            parents=tuple(parents),
            person="" if who() == EVERYBODY else who().name,
            project=who().project if project is None else project,
        )
        if self.hard:
            given = given.model_copy(
                update={"code": True, "nonce": secrets.token_hex(16), "seen": tuple(data)}
            )
            given = given.model_copy(update={"seal": self.prove(code or "", given.content())})
        plan_id = read_plan_subject(subject)[0] if subject.startswith("plan:") else ""
        with self._engine.begin() as db:
            audit.record(db, "approve", subject, project=given.project, plan_id=plan_id)
        return given

    def counts(self, given: GivenApproval | None, subject: str) -> bool:
        """Say whether an approval that was kept may be used for something now."""
        if given is None or given.subject != subject:
            return False
        if not self.hard:
            return not given.code  # which code that was cannot be told any more
        return (
            self._sealed(given)
            and datetime.now(UTC) - given.at < _VALID
            and not self._note(given.nonce).exists()
        )

    def authority(
        self,
        plan: Plan,
        given: GivenApproval | None,
        data: Sequence[SeenData] | None,
        parents: Sequence[str],
        fields: NewJob,
        look: Callable[[str], JobRecord],
    ) -> tuple[GivenApproval | None, int | None]:
        """Return by which approval a job starts, and which attempt it is (None: a part of a search).

        Parameters
        ----------
        given
            Of a launch: what somebody approved.
        parents
            Ids of the jobs that it is to go on from, those that the plan names or not.
        fields
            Of the job's record: its ``checkpoint`` and ``retry``, the ``experiment`` that it belongs to, the
            job that it is a ``retry_of``.
        look
            Returns the record of a job.

        Raises
        ------
        NotApprovedError
            Where a code is set, and no sealed approval is for this.
        """
        if (experiment := fields.get("experiment")) is not None:
            return self._within(plan, look(experiment), fields.get("recommendation"), parents, look), None
        if (before := fields.get("retry_of")) is not None:
            return self._again(plan, look(before), parents, look)
        goes_on = None if plan.route.name == SEARCH else fields.get("resumes")
        subject = plan_subject(plan.plan_id, terms_of(fields["checkpoint"], fields["retry"], goes_on))
        if given is not None and given.project != fields.get("project", ""):
            raise NotApprovedError(
                f"The approval that was given for plan {plan.plan_id[:12]} is one of another project, so "
                "nothing was started; it has to be approved again."
            )
        if self.hard:
            self._refuse_unsealed(plan, given, subject, data)
        elif given is not None and not self.counts(given, subject):
            why = "with an approval code that is not set any more" if given.code else "of something else"
            raise NotApprovedError(
                f"The approval that was given for plan {plan.plan_id[:12]} is one {why}, so nothing was "
                "started; it has to be approved again."
            )
        if given is not None and not self._goes_on_from(given, plan, parents, look):
            approved = one_line(", ".join(given.parents) or "no job", 200)
            raise NotApprovedError(
                f"Plan {plan.plan_id[:12]} was approved to go on from {approved}, and is to be launched with "
                f"{one_line(', '.join(parents) or 'none', 200)}, so nothing was started; it has to be "
                "approved again."
            )
        return given, 0

    def confirm(self, record: JobRecord, look: Callable[[str], JobRecord]) -> None:
        """Go on only when a job that has waited is still what its approval started: its record is only text.

        Raises
        ------
        NotApprovedError
            Where a code is set, and no sealed approval was used for exactly this.
        """
        if not self.hard:
            return
        plan = Plan.from_document(record.plan)
        if record.experiment is not None:
            self._within(plan, look(record.experiment), record.recommendation, record.parents, look)
            return
        given = self._ran(record)
        if record.retry_of is not None:
            failed = look(record.retry_of)
            approval, _ = self._again(plan, failed, record.parents, look)
            stands = given is not None and approval is not None and given.nonce == approval.nonce
            stands = stands and record.resumes == failed.resumes
        else:
            subject = plan_subject(plan.plan_id, terms_of_job(record))
            stands = (
                given is not None
                and given.subject == subject
                and tuple(record.data or ()) == given.seen
                and self._goes_on_from(given, plan, record.parents, look)
            )
        if not stands:
            raise NotApprovedError(
                f"job {record.id} was not launched by an approval with the approval code that is set here, "
                "so it was not started"
            )

    def _goes_on_from(
        self,
        given: GivenApproval,
        plan: Plan,
        parents: Sequence[str],
        look: Callable[[str], JobRecord],
    ) -> bool:
        """Say whether the jobs of a launch are those that it was approved with."""
        left = list(given.parents)
        for job in beyond_plan(plan, parents):
            meant = next((each for each in left if self._is(look(job), each, look)), None)
            if meant is None:
                return False
            left.remove(meant)
        return not left or any(ref.plan is not None for ref in plan.parents)  # a lack of those is said later

    def _is(self, record: JobRecord, approved: str, look: Callable[[str], JobRecord]) -> bool:
        """Say whether a job is what was approved as a parent; where a code is set, by what no record says.

        Which plan a job ran, and which attempt at what it was, stands in its record, which somebody may have
        written: the seal that it was really started by has to say the same.
        """
        if not stands_for(record, approved, look):
            return False
        if not self.hard or record.id == approved:
            return True
        given = self._ran(record)
        if given is None:
            return False
        if approved.startswith(PLAN):
            return read_plan_subject(given.subject)[0] == approved.removeprefix(PLAN)
        first = look(approved).approval
        return first is not None and first.nonce == given.nonce

    def _refuse_unsealed(
        self, plan: Plan, given: GivenApproval | None, subject: str, data: Sequence[SeenData] | None
    ) -> None:
        if given is None or not self.counts(given, subject) or tuple(data or ()) != given.seen:
            raise NotApprovedError(
                f"Plan {plan.plan_id[:12]} was not approved with the approval code that is set here, so "
                f"nothing was started{f' ({self.broken})' if self.broken else ''}; a person approves it in "
                f"a terminal with '{command('approve', f'{plan.plan_id[:12]}')}', or at the question of "
                f"'{command('run')}'."
            )

    def spend(self, given: GivenApproval | None, what: str, attempt: int | None = 0) -> None:
        """Use up a sealed approval for one job, or one attempt at it, over all processes of this home.

        What it is used for is written beside the store, where a written database does not reach.
        """
        if not self.hard or given is None or attempt is None:
            return
        note = self._note(given.nonce, attempt)
        try:
            note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(note, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(what)
        except FileExistsError:
            raise NotApprovedError(
                f"The approval of {given.subject[:40]} was used already, so nothing was started."
            ) from None
        except OSError as error:
            raise NotApprovedError(
                f"That an approval is used cannot be kept in {note.parent} ({error.strerror}), so nothing "
                "was started."
            ) from None

    def unspend(self, given: GivenApproval | None, what: str, attempt: int | None = 0) -> None:
        """Take back `spend`, by whoever has just done it and knows that nothing was started with it."""
        if not self.hard or given is None or attempt is None:
            return
        note = self._note(given.nonce, attempt)
        with suppress(OSError):
            if note.read_text() == what:
                note.unlink()

    def _again(
        self,
        plan: Plan,
        failed: JobRecord,
        parents: Sequence[str],
        look: Callable[[str], JobRecord],
    ) -> tuple[GivenApproval | None, int]:
        """Return the approval of a further attempt, which nobody is asked for anew, and its number."""
        before = list(islice(attempts(failed, look), _MOST_ATTEMPTS))
        first, attempt = before[-1], len(before)
        if not self.hard:
            return first.approval, attempt
        # The plan is known by its content: what else the record says of it is nobody's word.
        given, retry, begun = self._started(first), first.retry, Plan.from_document(first.plan)
        most = retry.infra + (_MOST_HALVINGS if retry.batch_key is not None else 0)
        if (
            given is None
            or given.subject != plan_subject(begun.plan_id, terms_of_job(first))
            or (failed.retry, failed.checkpoint, failed.resumes) != (retry, first.checkpoint, first.resumes)
            or attempt > most
            or not same_but(begun, plan, retry.batch_key)
            or not self._goes_on_from(given, plan, parents, look)
        ):
            raise NotApprovedError(
                f"job {first.id} was not started by an approval with the code that allows another attempt"
            )
        return given, attempt

    def _within(
        self,
        plan: Plan,
        search: JobRecord,
        number: int | None,
        parents: Sequence[str],
        look: Callable[[str], JobRecord],
    ) -> GivenApproval | None:
        """Return the approval of a trial or an evaluation: that of its search."""
        if not self.hard:
            return search.approval
        given, outer = self._started(search), Plan.from_document(search.plan)
        if (
            given is None
            or given.subject != plan_subject(outer.plan_id, terms_of_job(search))
            or not part_of_search(plan, outer, number)
            or not all(self._of_search(job, given, outer, search, look) for job in taken(plan, parents))
        ):
            raise NotApprovedError(
                f"{search.id} was not started by an approval with the code that allows this part of it"
            )
        return given

    def _of_search(
        self,
        job: str,
        given: GivenApproval,
        outer: Plan,
        search: JobRecord,
        look: Callable[[str], JobRecord],
    ) -> bool:
        """Say whether a part of a search may go on from a job: a parent of the search, or another part."""
        if any(ref.job == job for ref in outer.parents):
            return True
        record = look(job)
        theirs, owner = record.approval, record.experiment
        while owner is not None and theirs is not None:
            # Its own parts, and those of the searches that it goes on from, under the approval of each.
            if owner == search.id:
                return theirs.nonce == given.nonce
            before = next((each for each in given.parents if each == search.resumes), None)
            if before is None:
                break
            search = look(before)
            if search.approval is None or not self._sealed(search.approval):
                break
            given = search.approval
        return any(self._is(record, each, look) for each in given.parents)

    def _ran(self, record: JobRecord) -> GivenApproval | None:
        """Return the sealed approval that a job was really started by, as a first or a further attempt."""
        given = record.approval
        if given is None or not self._sealed(given):
            return None
        notes = [self._note(given.nonce), *self._note(given.nonce).parent.glob(f"{given.nonce}.*")]
        for note in notes:
            with suppress(OSError):
                if note.read_text() == record.id:
                    return given
        return None

    def _started(self, record: JobRecord) -> GivenApproval | None:
        """Return the sealed approval that a job was really started by."""
        given = record.approval
        if given is None or not self._sealed(given):
            return None
        try:
            used_by = self._note(given.nonce).read_text()
        except OSError:
            return None
        return given if used_by == record.id else None

    def _sealed(self, given: GivenApproval) -> bool:
        code = self._lock.code
        return (
            code is not None
            and not self.broken
            and given.nonce.isalnum()
            and code.signed(given.content(), given.seal)
        )

    def _note(self, nonce: str, attempt: int = 0) -> Path:
        assert self._folder is not None  # what is sealed has a code
        return self._folder / "approvals-used" / (f"{nonce}.{attempt}" if attempt else nonce)


def _announced(mark: str) -> str:
    """Return the public key of a code that was about to be set; of a mark that is none, what is no key."""
    try:
        return base64.b64decode(mark.removeprefix(_ANNOUNCED), validate=True).hex() or mark
    except ValueError:
        return mark
