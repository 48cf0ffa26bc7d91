"""What Slurm's states and reasons mean: in skillbank's states, and in words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from skillbank.jobs.record import JobState
from skillbank.platforms.base import NativeStatus

__all__ = ["ENDED", "Row", "ended", "explain", "noticed", "state_of"]

_PENDING = {
    "PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "RESV_DEL_HOLD", "SPECIAL_EXIT",
}  # fmt: skip
_RUNNING = {"RUNNING", "COMPLETING", "RESIZING", "SIGNALING", "STAGE_OUT", "STOPPED", "SUSPENDED"}
_INFRA = {
    "BOOT_FAIL": "the node did not start (BOOT_FAIL)",
    "LAUNCH_FAILED": "the node could not start the job (LAUNCH_FAILED)",
    "NODE_FAIL": "the node failed (NODE_FAIL)",
    "PREEMPTED": "the job was preempted by another one (PREEMPTED)",
    "RECONFIG_FAIL": "the node could not be set up (RECONFIG_FAIL)",
}
"""Ends that are the cluster's fault: another attempt goes on from the last checkpoint."""
_EVIDENCE = {
    "DEADLINE": "the job exceeded its time limit (DEADLINE)",
    "OUT_OF_MEMORY": "out of memory: the job needed more than it had asked for (OUT_OF_MEMORY)",
    "TIMEOUT": "the job exceeded its time limit (TIMEOUT, DUE TO TIME LIMIT)",
}
_CANCELED = {"CANCELLED", "REVOKED"}
_DUE_TO = {"": "CANCELLED", "TIME LIMIT": "TIMEOUT", "PREEMPTION": "PREEMPTED", "NODE FAILURE": "NODE_FAIL"}
"""The states of jobs that a node has ended, by what it says that this is due to."""
ENDED = frozenset({"COMPLETED", "FAILED", *_CANCELED, *_INFRA, *_EVIDENCE})
"""States that a job does not leave."""

_REASONS = {
    "AccountingPolicy": "a limit of the account is reached",
    "AssocGrp": "a limit of the account is reached",
    "AssocMax": "a limit of the account is reached",
    "BadConstraints": "no node fits what is asked for; correct constraint, gres, cpus or memory",
    "BeginTime": "it was started again, and Slurm waits a little before it does so",
    "Cleaning": "what it left on its nodes is being cleared away",
    "Dependency": "it waits for another job",
    "InvalidAccount": "the account does not exist here; correct 'account' in the profile",
    "InvalidQOS": "the qos does not exist here; correct 'qos' in the profile",
    "JobHeldAdmin": "an administrator holds it; ask for its release",
    "job requeued in held state": "it was stopped and is held; scontrol release lets it start again",
    "JobHeldUser": "it is held; scontrol release lets it go on",
    "JobHoldMaxRequeue": "it was started again too often; scontrol release lets it go on",
    "launch": "a node could not start it; look at that node, then scontrol release",
    "Licenses": "it waits for a licence",
    "MaxJobCount": "a limit of the user is reached",
    "MaxMemPerLimit": "it asks for more memory than the partition gives; lower 'memory'",
    "NodeDown": "a node that it needs is down",
    "Nodes": "nodes that it needs are down, drained or reserved",
    "None": "it was just submitted",
    "PartitionConfig": "it asks for more than the partition gives",
    "PartitionDown": "the partition is down; ask the administrator or choose another one",
    "PartitionInactive": "the partition is inactive; ask the administrator or choose another one",
    "PartitionNodeLimit": "it asks for more nodes than the partition gives, or some of them are drained",
    "PartitionTimeLimit": "it asks for more time than the partition gives; lower 'time' in the profile",
    "Priority": "jobs of higher priority go first",
    "QOS": "a limit of the qos is reached",
    "ReqNodeNotAvail": "nodes that it needs are down, drained or reserved",
    "Reservation": "it waits for its reservation",
    "Resources": "it waits for nodes to become free",
}


@dataclass(frozen=True)
class Row:
    """One job as Slurm lists it; ``reason`` is a word, sometimes with more behind it."""

    number: int
    name: str
    state: str
    nodes: str = ""
    reason: str = ""
    exit_code: int | None = None

    @property
    def ended(self) -> bool:
        """Whether the job has come to its end."""
        return self.state in ENDED

    @property
    def native_id(self) -> str:
        """The id of the job as records keep it."""
        return f"slurm:{self.number}"


def state_of(state: str) -> JobState:
    """Return skillbank's state for one of Slurm's."""
    if state in _PENDING:
        return JobState.PENDING
    if state in _RUNNING:
        return JobState.RUNNING
    if state == "COMPLETED":
        return JobState.COMPLETE
    if state in _CANCELED:
        return JobState.CANCELED
    return JobState.ERROR if state in ENDED else JobState.UNKNOWN


def explain(reason: str) -> str:
    """Say in words why a job waits; Slurm's own word stays behind it."""
    plain = reason.strip("()") or "None"
    word = re.sub(r"[^\w].*", "", plain)
    known = _REASONS.get(word) or next(
        (said for key, said in _REASONS.items() if plain.startswith(key)), None
    )
    return f"{known} ({plain})" if known else f"Slurm says {plain}"


def noticed(output: str, number: int) -> str | None:
    """Return the state in which a job ended, as the node that ended it has written it into its output.

    None where it wrote nothing; ``CANCELLED`` where somebody ended the job and no limit or fault did.
    """
    # Of a node that failed it goes on: ", SEE SLURMCTLD LOG FOR DETAILS".
    due = r"(?: DUE TO ([A-Z ]+?)(?:, SEE [A-Z ]+)?)?"
    found = re.findall(rf"\*\*\* JOB {number} ON \S+ CANCELLED AT \S+{due} \*\*\*", output)
    return _DUE_TO.get(found[-1]) if found else None


def ended(row: Row) -> NativeStatus:
    """Say how a job has ended."""
    state, code = state_of(row.state), row.exit_code
    where = f" on {row.nodes}" if row.nodes else ""
    if state is JobState.COMPLETE:
        return NativeStatus(state, "exit code 0", 0, native_id=row.native_id)
    if row.state in _INFRA:
        return NativeStatus(state, f"{_INFRA[row.state]}{where}", code, infra=True, native_id=row.native_id)
    if row.state in _EVIDENCE:
        said = _EVIDENCE[row.state]
        return NativeStatus(state, said, code, native_id=row.native_id, evidence=said)
    if state is JobState.CANCELED:
        return NativeStatus(state, f"canceled ({row.state})", code, native_id=row.native_id)
    return NativeStatus(state, f"exit code {code}{where}", code, native_id=row.native_id)
