"""Kubernetes as a platform: a job is a Job of the cluster, several nodes an indexed one with a Service.

A Job carries the job's id in its name, labels and annotations, so any process finds it again. The name is
also the lock: of two creations one fails, and a lost answer is settled by looking for the name. A Job is made
suspended and then let go, so that between the two everything can still be called off.

Files in the job folder: ``kubernetes.json`` (which cluster, namespace and name; written before anything is
made), ``kubernetes.yaml`` (the manifest), ``cancel`` (somebody wants the job stopped), ``output.log`` and
``verdict.json`` (output and end of the job, kept because the cluster forgets them).
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from skillbank.errors import PlatformError, SkillbankError
from skillbank.jobs.record import JobState
from skillbank.lazy_imports import lazy_imports
from skillbank.plan.hardware import NODE_ENV
from skillbank.plan.model import Plan
from skillbank.platforms import container
from skillbank.platforms.base import Handle, Launch, NativeStatus, Platform, Supply, job_dir
from skillbank.platforms.kubernetes import states
from skillbank.platforms.kubernetes.api import Cluster
from skillbank.platforms.kubernetes.checkup import kubernetes_checks
from skillbank.platforms.kubernetes.errors import ApiLostError
from skillbank.platforms.kubernetes.files import Bucket
from skillbank.platforms.kubernetes.logs import pod_logs
from skillbank.platforms.kubernetes.names import job_name
from skillbank.platforms.kubernetes.objects import Objects, Place, begun
from skillbank.platforms.kubernetes.profile import Profile, load_profile, profile_path
from skillbank.platforms.kubernetes.refusals import of_files, of_plan, refusals
from skillbank.platforms.logfile import saved_log
from skillbank.redact import looks_secret, redact_stream
from skillbank.whole_files import write_whole

with lazy_imports():
    from skillbank.platforms.kubernetes import manifest

if TYPE_CHECKING:
    from skillbank.platforms.check import Check
    from skillbank.platforms.kubernetes.states import Document

__all__ = ["KubernetesPlatform"]

_CANCEL, _LOG, _PLACE, _VERDICT = "cancel", "output.log", "kubernetes.json", "verdict.json"


class KubernetesPlatform(Platform):
    """Runs jobs as Jobs of the cluster that the profile and the kubeconfig name.

    Parameters
    ----------
    patience
        Seconds for which a launch waits for an API server that went away in the middle of it.
    """

    name = "kubernetes"
    poll_seconds = 5.0

    def __init__(self, *, patience: float = 30.0) -> None:
        self._patience = patience

    @cached_property
    def _profile(self) -> Profile:
        return load_profile()

    @cached_property
    def _cluster(self) -> Cluster:
        return Cluster(self._profile.context, self._profile.namespace)

    def checkup(self) -> list[Check]:
        """Say what this machine has of what its jobs need."""
        return kubernetes_checks()

    def problems(self, plan: Plan) -> list[str]:
        """Look at the plan, the profile and the namespace for what would keep the plan from running."""
        try:
            return list(refusals(plan, self._profile, self._cluster))
        except PlatformError as error:
            return [error.sentence]

    def known_problems(self, plan: Plan) -> list[str]:
        """Return what the profile alone says against the plan."""
        return list(of_plan(plan, self._profile))

    def known_notes(self, plan: Plan) -> list[str]:
        """Return what pods would not find where it lies here."""
        return list(of_files(plan, self._profile))

    def supply(self, plan: Plan, name: str) -> Supply:
        """Secrets come from the profile's Secrets and never from here, the rest from both."""
        profile = self._profile
        if plan.resources.nodes > 1 and name in NODE_ENV:
            return Supply.PLATFORM
        if name in profile.secret_env or profile.env.get(name):
            return Supply.PLATFORM
        found = Supply.NO_SECRET if looks_secret(name) else super().supply(plan, name)
        return Supply.UNSEEN if profile.secrets and found is not Supply.HERE else found

    def way_to_supply(self, plan: Plan, names: Sequence[str]) -> str:
        """Say how secrets reach a pod; what is none is handed over from here."""
        if not all(map(looks_secret, names)):
            return super().way_to_supply(plan, names)
        them = "it" if len(names) == 1 else "them"
        return (
            f"make a Secret of {them} (kubectl create secret generic NAME --from-literal=...) and name "
            f"{them} under secret_env in {profile_path()}"
        )

    def slots(self, plan: Plan) -> list[tuple[int, ...]]:
        """As many as the profile says: the cluster itself decides where they run, and when."""
        return [()] * self._profile.parallel

    def submission(self, launch: Launch) -> str:
        """Return the manifest of what a launch would create."""
        return _manifest(launch, self._profile, self._cluster.namespace)

    def start(self, launch: Launch) -> str:
        """Make the Job, let it go, and return ``kubernetes:NAMESPACE/NAME``; one that is there is adopted."""
        container.container_home(launch.results_dir).mkdir(parents=True, exist_ok=True)
        namespace, name = self._cluster.namespace, job_name(launch.job_id, launch.resources.nodes)
        document = manifest.job_manifest(launch, self._profile, namespace)
        place = Place(
            server=self._cluster.server,
            namespace=namespace,
            name=name,
            nodes=launch.resources.nodes,
            keep=self._profile.keep,
            at=time.time(),
            s3=self._profile.s3.root if self._profile.s3 else None,
        )
        objects = self._objects(launch.job_id, place)
        launch.job_dir.mkdir(parents=True, exist_ok=True)
        write_whole(launch.job_dir / "kubernetes.yaml", _manifest(launch, self._profile, namespace))
        write_whole(launch.job_dir / _PLACE, json.dumps(place.document()))
        found = objects.job()
        if found is None:
            _refuse_canceled(launch)
            if self._profile.s3 is not None:
                Bucket(self._profile.s3.root, launch.job_id).send(launch)
            found = objects.create(document)
        if begun(found):
            return place.native_id
        try:
            if launch.resources.nodes > 1:
                uid = found["metadata"]["uid"]
                objects.create_service(manifest.service_manifest(launch, self._profile, namespace, uid))
            _refuse_canceled(launch)
            objects.let_go(document)
        except PlatformError as error:
            if not isinstance(error, ApiLostError):
                with contextlib.suppress(PlatformError):
                    objects.delete()
            raise
        return place.native_id

    def _objects(self, job_id: str, place: Place) -> Objects:
        return Objects(self._cluster, job_id, place, self._patience)

    def status(self, handle: Handle) -> NativeStatus:
        """Ask the cluster; a Job that was not let go yet counts as not found."""
        folder = job_dir(handle.results_dir)
        if (verdict := _read(folder / _VERDICT)) is not None:
            return NativeStatus(**{**verdict, "state": JobState(verdict["state"])})
        place, canceled = _place(folder), (folder / _CANCEL).exists()
        if place is None:
            return _nothing(canceled)
        self._same_cluster(place)
        found = self._objects(handle.job_id, place).job()
        if found is None:
            return self._gone(handle, place, canceled)
        native_id = place.native_id
        if not begun(found):
            if canceled:
                return NativeStatus(JobState.CANCELED, "canceled before it started")
            return NativeStatus(JobState.PENDING, "its Job waits for its start", found=False)
        if found["metadata"].get("deletionTimestamp") and not states.over(found):
            return NativeStatus(JobState.RUNNING, "its Job is being deleted", native_id=native_id)
        pods = self._objects(handle.job_id, place).pods()
        if states.over(found):
            status = states.ended(found, pods)
            if canceled and status.state is not JobState.COMPLETE:
                status = NativeStatus(JobState.CANCELED, "canceled", status.exit_code)
            return self._end(handle, place, status)
        return self._alive(handle, place, found, pods)

    def _alive(self, handle: Handle, place: Place, job: Document, pods: Sequence[Document]) -> NativeStatus:
        native_id = place.native_id
        if job["spec"].get("suspend"):
            said = "waits: its Job is suspended, by a queue or by somebody (kubectl patch can let it go)"
            return NativeStatus(JobState.PENDING, said, native_id=native_id)
        working = states.running(pods)
        if working and place.s3:
            with contextlib.suppress(SkillbankError):  # the next look brings it
                Bucket(place.s3, handle.job_id).fetch_results(handle.results_dir, "status.json")
        for pod in working:
            if lost := states.node_lost(pod):
                return NativeStatus(JobState.UNKNOWN, lost, native_id=native_id)
        count = place.nodes
        if len(working) == count:
            nodes = ", ".join(sorted({str(pod["spec"].get("nodeName")) for pod in working}))
            said = f"running on {nodes} in {place.namespace}/{place.name}"
            return NativeStatus(JobState.RUNNING, said, native_id=native_id)
        waiting = [pod for pod in pods if pod not in working]
        why = states.waiting(job, waiting, self._objects(handle.job_id, place).events(waiting))
        patience = self._profile.start_patience
        if why.stuck and (why.at_once or (datetime.now(UTC) - why.stuck).total_seconds() > patience):
            return self._give_up(handle, place, why.said)
        state = JobState.RUNNING if working else JobState.PENDING
        return NativeStatus(state, why.said, native_id=native_id)

    def _give_up(self, handle: Handle, place: Place, why: str) -> NativeStatus:
        """End a job whose pods will never start; nothing is said before the cluster lets its Job go."""
        self._objects(handle.job_id, place).delete()
        said = f"given up: it {why}"
        status = NativeStatus(JobState.ERROR, said, native_id=place.native_id, evidence=said)
        return self._end(handle, place, status)

    def _gone(self, handle: Handle, place: Place, canceled: bool) -> NativeStatus:
        """Say what it means that the cluster has no such Job."""
        left = [
            pod for pod in self._objects(handle.job_id, place).pods() if "running" in states.main_state(pod)
        ]
        if left:
            said = f"its Job was deleted and pod {left[0]['metadata']['name']} is still stopping"
            return NativeStatus(JobState.RUNNING, said, native_id=place.native_id)
        if canceled:
            return self._end(handle, place, NativeStatus(JobState.CANCELED, "canceled"))
        if handle.native_id is None:
            return _nothing(False)
        if time.time() - place.at > place.keep:
            said = "its Job is gone and how it ended is not known; cancel the job to close it"
            return NativeStatus(JobState.UNKNOWN, said, found=False)
        said = f"somebody deleted its Job {place.namespace}/{place.name} in the cluster"
        return self._end(handle, place, NativeStatus(JobState.CANCELED, said))

    def _end(self, handle: Handle, place: Place, status: NativeStatus) -> NativeStatus:
        """Keep what is known of a job's end, because the cluster forgets it, and return it."""
        folder = job_dir(handle.results_dir)
        if place.s3:
            Bucket(place.s3, handle.job_id).fetch_results(handle.results_dir)
        with contextlib.suppress(PlatformError):
            self._save_log(handle, place)
        verdict = {**asdict(status), "native_id": place.native_id, "found": True}
        write_whole(folder / _VERDICT, json.dumps(verdict))
        return NativeStatus(**verdict)

    def _same_cluster(self, place: Place) -> None:
        if place.server != self._cluster.server:
            raise PlatformError(
                f"the job is on the cluster {place.server} and the context '{self._cluster.context}' is "
                f"{self._cluster.server}; name the right context in the profile"
            )

    def logs(self, handle: Handle, follow: bool = False) -> Iterator[str]:
        """Yield the program's output, of several nodes with the index before each line."""
        saved, place = job_dir(handle.results_dir) / _LOG, _place(job_dir(handle.results_dir))
        if saved.exists():
            yield from saved_log(saved)
        elif place is not None:
            self._same_cluster(place)
            yield from self._output(handle, place, follow)

    def _output(self, handle: Handle, place: Place, follow: bool) -> Iterator[str]:
        def over() -> bool:
            found = self._objects(handle.job_id, place).job()
            return found is None or states.over(found) is not None

        return pod_logs(
            self._cluster,
            place.namespace,
            lambda: self._objects(handle.job_id, place).pods(),
            place.nodes,
            follow=follow,
            over=over,
            patience=10 * self._patience if follow else self._patience,
        )

    def cancel(self, handle: Handle) -> None:
        """Note that the job is to stop, then delete its Job and wait until its pods have stopped."""
        folder = job_dir(handle.results_dir)
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / _VERDICT).exists():
            return
        place = _place(folder)
        if place is None:
            (folder / _CANCEL).touch()
            place = _place(folder)  # a launch under way sees the note, or is seen
            if place is None:
                return
        self._same_cluster(place)
        found = self._find_or_note(handle, folder, place)
        if found is None or states.over(found):
            return
        if not begun(found):
            self._objects(handle.job_id, place).delete()
            self._wait_gone(handle, place)
            return
        # Its last words go away with its pods, so they are listened to meanwhile.
        listener = threading.Thread(target=self._listen, args=(handle, place), daemon=True)
        listener.start()
        self._objects(handle.job_id, place).delete()
        self._wait_gone(handle, place)
        listener.join(10)

    def _find_or_note(self, handle: Handle, folder: Path, place: Place) -> Document | None:
        """Write down the wish to stop, unless the job has ended by itself, and return its Job."""
        try:
            found = self._objects(handle.job_id, place).job()
        except PlatformError:
            (folder / _CANCEL).touch()
            raise
        if found is not None and states.over(found):
            return found
        (folder / _CANCEL).touch()
        # Looked for once more: what is made from now on sees the note and stops by itself.
        return self._objects(handle.job_id, place).job()

    def _listen(self, handle: Handle, place: Place) -> None:
        with contextlib.suppress(PlatformError, OSError):
            self._save_log(handle, place, follow=True)

    def _wait_gone(self, handle: Handle, place: Place) -> None:
        deadline, pause = time.monotonic() + self._profile.pod_grace + 30, 0.1
        while self._objects(handle.job_id, place).job() is not None or (
            pods := self._objects(handle.job_id, place).pods()
        ):
            if time.monotonic() > deadline:
                pods = self._objects(handle.job_id, place).pods()
                where = ", ".join(f"{p['metadata']['name']} on {p['spec'].get('nodeName')}" for p in pods)
                raise PlatformError(f"job {handle.job_id} does not stop: {where or 'its Job'} is still there")
            time.sleep(pause)
            pause = min(pause * 1.5, 2.0)

    def release(self, handle: Handle) -> None:
        """Save the output of an ended job; its Job stays in the cluster for as long as the profile says."""
        if (place := _place(job_dir(handle.results_dir))) is not None:
            self._save_log(handle, place)

    def _save_log(self, handle: Handle, place: Place, *, follow: bool = False) -> None:
        saved = job_dir(handle.results_dir) / _LOG
        if saved.exists():
            return
        temporary = saved.with_name(f".{_LOG}.{os.getpid()}.{threading.get_ident()}.tmp")
        with temporary.open("w", encoding="utf-8", newline="") as file:
            os.chmod(temporary, 0o600)  # noqa: PTH101
            file.writelines(redact_stream(self._output(handle, place, follow)))
            empty = file.tell() == 0
        if empty:
            temporary.unlink()
        else:
            temporary.replace(saved)


def _manifest(launch: Launch, profile: Profile, namespace: str) -> str:
    documents = [manifest.job_manifest(launch, profile, namespace)]
    if launch.resources.nodes > 1:
        documents.append(manifest.service_manifest(launch, profile, namespace, "known-when-the-job-is-there"))
    return manifest.manifest_yaml(*documents)


def _refuse_canceled(launch: Launch) -> None:
    if (launch.job_dir / _CANCEL).exists():
        raise PlatformError(f"job {launch.job_id} was canceled before it started")


def _nothing(canceled: bool) -> NativeStatus:
    if canceled:
        return NativeStatus(JobState.CANCELED, "canceled")
    return NativeStatus(JobState.UNKNOWN, "nothing was started for this job", found=False)


def _read(path: Path) -> Document | None:
    try:
        document: Document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    return document


def _place(folder: Path) -> Place | None:
    document = _read(folder / _PLACE)
    return None if document is None else Place(**document)
