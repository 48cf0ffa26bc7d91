"""A cluster for each test: an API server, two nodes, and a folder that is shared with this machine."""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from skillbank.home import database_url
from skillbank.jobs.service import Jobs
from skillbank.jobs.store import JobStore
from skillbank.plan.model import Plan, Policy, Route, SkillRef
from skillbank.platforms.kubernetes.platform import KubernetesPlatform
from tests.gate import open_gate
from tests.platforms.on_kubernetes.cluster import Cluster
from tests.platforms.on_kubernetes.kubelet import can_run
from tests.platforms.on_kubernetes.server import Server

MakePlan = Callable[..., Plan]
SetProfile = Callable[..., None]


@pytest.fixture(scope="session")
def containers() -> None:
    """Skip where processes cannot be given roots of their own."""
    if not can_run():
        pytest.skip("pods of the tests' cluster need root and overlay mounts")


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder that pods see: where other tests write may be in memory, which each pod has for itself."""
    with tempfile.TemporaryDirectory(prefix="pods-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def server(containers: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    cluster = Cluster()
    shared, elsewhere = tmp_path / "shared", tmp_path / "home"
    cluster.hidden = [tmp_path]
    shared.mkdir()
    cluster.add_claim("shared", shared)
    cluster.start()
    for number in range(2):
        cluster.add_node(f"node-{number}")
    found = Server(cluster)
    found.start()
    monkeypatch.setenv("KUBECONFIG", str(found.kubeconfig(tmp_path / "kubeconfig")))
    monkeypatch.setenv("SKILLBANK_HOME", str(shared / "skillbank"))
    monkeypatch.setenv("SKILLBANK_KUBERNETES", str(tmp_path / "profile.yaml"))
    for name in ("SKILLBANK_DATABASE_URL", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
    elsewhere.mkdir()
    yield found
    found.stop()
    cluster.close()
    gc.collect()  # what a test leaves open is its own failure, not that of the test after it


@pytest.fixture
def profile(server: Server, tmp_path: Path) -> SetProfile:
    """Return a writer of the cluster's profile; what is not said is as here."""

    def write(**fields: Any) -> None:
        volumes = [{"claim": "shared", "path": str(tmp_path / "shared")}]
        document = {"volumes": volumes, "grace": 5, "start_patience": "2s", **fields}
        kept = {key: value for key, value in document.items() if value is not None}
        (tmp_path / "profile.yaml").write_text(yaml.safe_dump(kept))

    write()
    return write


@pytest.fixture
def store(profile: SetProfile) -> Iterator[JobStore]:
    with JobStore(database_url()) as opened:
        yield opened


@pytest.fixture
def jobs(store: JobStore, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    monkeypatch.setattr(KubernetesPlatform, "poll_seconds", 0.2)
    return Jobs(store, open_gate)


@pytest.fixture
def make_plan() -> MakePlan:
    """Return a maker of plans: a shell script, or a whole command, in an image of the cluster."""

    def make(script: str = "true", **fields: Any) -> Plan:
        defaults: dict[str, Any] = {
            "skill": SkillRef(name="tao-train-toy", version="1", digest="d", bank="b"),
            "action": "train",
            "route": Route(name="direct", reason="policy off"),
            "automl_policy": Policy(value="off", source="user"),
            "platform": "kubernetes",
            "image": "engine:1",
            "command": ("sh", "-c", script),
            "spec": {"results_dir": "{results_dir}"},
        }
        return Plan(**{**defaults, **fields})

    return make
