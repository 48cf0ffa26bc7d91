"""The tests' server against real kubectl and the official client: it is not merely our own opinion."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kubernetes import client, config, watch
from kubernetes.client.exceptions import ApiException

from skillbank.errors import PlatformError
from skillbank.jobs.record import JobState
from skillbank.plan.model import Resources
from skillbank.platforms.base import Launch, job_dir
from skillbank.platforms.kubernetes.manifest import _literal, job_manifest, service_manifest
from skillbank.platforms.kubernetes.platform import KubernetesPlatform
from skillbank.platforms.kubernetes.profile import Profile
from skillbank.platforms.kubernetes.schema import schema_problems
from tests.datasets.samples import odvg
from tests.gate import launch_made
from tests.platforms.on_kubernetes.conftest import SetProfile
from tests.platforms.on_kubernetes.kubelet import expand
from tests.platforms.on_kubernetes.server import Server
from tests.platforms.on_kubernetes.test_kubernetes import handle_of, launch_of, until

pytestmark = pytest.mark.slow
Kubectl = Callable[..., str]
SHARED = Profile.model_validate({"volumes": [{"claim": "shared", "path": "/srv"}]})


@pytest.fixture
def kubectl(profile: SetProfile, tmp_path: Path) -> Kubectl:
    """Return a way to run kubectl against the test's server."""
    program = shutil.which("kubectl")
    if program is None:
        pytest.skip("no kubectl; .ci/services.sh installs it")

    def run(*arguments: str, code: int = 0) -> str:
        command = [program, "--cache-dir", str(tmp_path / "cache"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == code, (arguments, done.stdout, done.stderr)
        return done.stdout + done.stderr

    return run


@pytest.fixture
def api(profile: SetProfile, tmp_path: Path) -> Iterator[client.ApiClient]:
    with config.new_client_from_config(str(tmp_path / "kubeconfig")) as found:
        yield found


def launch(**fields: Any) -> Launch:
    results = Path("/srv/results/toy-1")
    known: dict[str, Any] = {"job_id": "toy-1", "argv": ("train",), "image": "engine:1"}
    return launch_made(results_dir=results, job_dir=job_dir(results), **{**known, **fields})


# kubectl


def test_kubectl_sees_a_job_as_it_is(kubectl: Kubectl, server: Server, tmp_path: Path) -> None:
    platform, script = KubernetesPlatform(), "for i in 1 2 3; do echo says $i; sleep 0.3; done; exit 2"
    made = launch_of(tmp_path, script=script, resources=Resources(nodes=2, shm_size="64m"))
    platform.submit(made)
    until(lambda: len(server.cluster.runners) == 2)
    assert "job.batch/toy-train-1" in kubectl("get", "jobs,pods,svc,pvc", "-o", "name")
    assert "condition met" in kubectl("wait", "--for=condition=failed", "job/toy-train-1", "--timeout=20s")
    said = kubectl("logs", "-f", "-l", "skillbank/job=toy-train-1", "--prefix")
    assert said.count("says 3") >= 1 and "[pod/toy-train-1-" in said
    described = kubectl("describe", "job", "toy-train-1")
    for line in ("SuccessfulCreate", "Parallelism:", "2 Failed", "skillbank/job-id: toy-train-1"):
        assert line in described
    described = kubectl("describe", "pods", "-l", "skillbank/job=toy-train-1")
    for line in ("Exit Code:", "ClaimName:  shared"):
        assert line in described
    assert re.search(r"SizeLimit: +64Mi", described)
    assert "metadata.annotations['batch.kubernetes.io/job-completion-index']" in described
    assert "deleted" in kubectl("delete", "job", "toy-train-1", "--cascade=foreground")
    assert "No resources found" in kubectl("get", "pods")
    assert platform.status(handle_of(made)).state is JobState.UNKNOWN


def test_kubectl_takes_our_manifest_and_tells_what_one_may(
    kubectl: Kubectl, server: Server, tmp_path: Path, profile: SetProfile
) -> None:
    made = launch_of(tmp_path, resources=Resources(nodes=2, gpus=1, memory="8g", cpus=1.5))
    (tmp_path / "job.yaml").write_text(KubernetesPlatform().submission(made))
    said = kubectl("create", "--validate=false", "-f", str(tmp_path / "job.yaml"))
    assert "job.batch/toy-train-1 created" in said and "service/toy-train-1 created" in said
    assert "AlreadyExists" in kubectl("create", "--validate=false", "-f", str(tmp_path / "job.yaml"), code=1)
    limits = json.loads(kubectl("get", "job", "toy-train-1", "-o", "json"))["spec"]["template"]["spec"]
    assert limits["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "1"
    server.denied.add(("delete", "jobs"))
    assert "Forbidden" in kubectl("delete", "job", "toy-train-1", code=1)


def test_the_plan_command_shows_the_manifest(server: Server, profile: SetProfile, tmp_path: Path) -> None:
    data = tmp_path / "shared/data"
    odvg(data)
    words = [
        "train Grounding DINO from scratch with no HPO",
        "--platform",
        "kubernetes",
        "--submission",
        "--json",
    ]
    words += ["--data", f"train={data}/train", "--data", f"eval={data}/val"]
    done = subprocess.run(
        [sys.executable, "-m", "skillbank", "plan", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    text = json.loads(done.stdout)["submission"]
    assert text.startswith("apiVersion: batch/v1\nkind: Job\n") and "claimName: shared" in text
    # What is made when it is launched lies elsewhere then.
    assert "subPath: data/train/annotations_odvg.jsonl" in text and "annotations.json" not in text
    assert server.requests == [], "nobody is asked for it"


# The official client


def test_typed_answers_and_watches(api: client.ApiClient, server: Server, tmp_path: Path) -> None:
    KubernetesPlatform().submit(launch_of(tmp_path, script="sleep 2"))
    batch, seen = client.BatchV1Api(api), []
    found = batch.read_namespaced_job("toy-train-1", "vision")
    assert found.spec.backoff_limit == 0 and found.spec.pod_replacement_policy == "Failed"
    listed = batch.list_namespaced_job("vision")
    watcher = watch.Watch()
    version = listed.metadata.resource_version
    for event in watcher.stream(
        batch.list_namespaced_job, "vision", resource_version=version, timeout_seconds=20
    ):
        seen.append(event["object"].status)
        if any(row.type == "Complete" and row.status == "True" for row in seen[-1].conditions or ()):
            watcher.stop()
    assert seen[-1].succeeded == 1
    server.cluster.store.forget()
    with pytest.raises(ApiException) as error:
        list(
            watch.Watch().stream(batch.list_namespaced_job, "vision", resource_version="1", timeout_seconds=5)
        )
    assert error.value.status == 410


def test_the_server_is_strict_where_it_is_asked_to_be(api: client.ApiClient, server: Server) -> None:
    batch = client.BatchV1Api(api)
    document = job_manifest(launch(), SHARED, "vision")
    document["spec"]["backofLimit"] = 3
    with pytest.raises(ApiException, match=r"unknown field .*spec\.backofLimit"):
        batch.create_namespaced_job("vision", document, field_validation="Strict")
    del document["spec"]["backofLimit"]
    document["spec"]["backoffLimit"] = "3"
    with pytest.raises(ApiException, match="cannot unmarshal"):
        batch.create_namespaced_job("vision", document)
    document["spec"]["backoffLimit"] = -1
    with pytest.raises(ApiException, match="must be greater than or equal to 0"):
        batch.create_namespaced_job("vision", document)
    with pytest.raises(ApiException) as error:
        batch.read_namespaced_job("none", "vision")
    assert error.value.status == 404


# Manifests


def test_unknown_keys_and_wrong_types_are_found() -> None:
    document = job_manifest(launch(resources=Resources(nodes=2, gpus=8)), SHARED, "vision")
    assert list(schema_problems(document, "V1Job")) == []
    pod = document["spec"]["template"]["spec"]
    pod["restartPolice"] = "Never"
    pod["containers"][0]["env"][0]["value"] = 5
    pod["tolerations"] = [{"tolerationSeconds": True}]
    pod["nodeSelector"] = {"a": 1}
    pod["volumes"] = {}
    document["spec"]["suspend"] = "yes"
    document["spec"]["parallelism"] = None
    assert set(schema_problems(document, "V1Job")) == {
        "spec.template.spec.restartPolice is no key of Kubernetes (did you mean 'restartPolicy'?)",
        "spec.template.spec.containers[0].env[0].value must be a text and is 5",
        "spec.template.spec.tolerations[0].tolerationSeconds must be a whole number and is True",
        "spec.template.spec.nodeSelector.a must be a text and is 1",
        "spec.template.spec.volumes must be a list and is {}",
        "spec.suspend must be true or false and is 'yes'",
        "spec.parallelism has no value; leave it out",
    }


def test_a_secrets_key_goes_to_the_jobs_whose_plans_name_its_variable() -> None:
    secret = {"HF_TOKEN": {"secret": "hub", "key": "token"}}
    profile = Profile.model_validate({"volumes": [{"claim": "a", "path": "/srv"}], "secret_env": secret})
    for names in ((), ("HF_TOKEN",)):
        [main] = job_manifest(launch(env_names=names), profile, "n")["spec"]["template"]["spec"]["containers"]
        assert [e["name"] for e in main["env"] if "valueFrom" in e] == [*names]


def test_a_manifest_says_what_a_profile_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "canary-token-1234")
    profile = Profile.model_validate(
        {
            "volumes": [
                {"claim": "a", "path": "/srv", "sub_path": "team"},
                {"claim": "b", "path": "/srv/data"},
            ],
            "secret_env": {"HF_TOKEN": {"secret": "hub", "key": "token"}},
            "priority_class": "low",
            "runtime_class": "nvidia",
            "service_account": "trainer",
            "image_pull_secrets": ["ngc"],
            "image_pull_policy": "Always",
            "node_selector": {"gpu": "a100"},
            "tolerations": [{"key": "gpu", "operator": "Exists", "tolerationSeconds": 60}],
            "labels": {"team": "vision"},
            "time_limit": "1h",
            "keep": "1d",
            "grace": "90s",
            "memory": "8g",
            "run_as": "1000:2000",
        }
    )
    env = {"HF_TOKEN": "canary-token-1234", "NCCL_DEBUG": "INFO"}
    made = launch(reads=(Path("/srv/data/x"),), env=env, env_names=("HF_TOKEN", "NCCL_DEBUG"))
    document = job_manifest(made, profile, "vision")
    assert "canary" not in json.dumps(document)
    spec, pod = document["spec"], document["spec"]["template"]["spec"]
    assert (spec["activeDeadlineSeconds"], spec["ttlSecondsAfterFinished"], spec["backoffLimit"]) == (
        3600,
        86400,
        0,
    )
    assert (pod["priorityClassName"], pod["runtimeClassName"], pod["serviceAccountName"]) == (
        "low",
        "nvidia",
        "trainer",
    )
    assert pod["imagePullSecrets"] == [{"name": "ngc"}] and pod["nodeSelector"] == {"gpu": "a100"}
    assert pod["tolerations"] == [{"key": "gpu", "operator": "Exists", "tolerationSeconds": 60}]
    assert pod["securityContext"]["runAsUser"] == 1000 and pod["securityContext"]["runAsNonRoot"] is True
    [main] = pod["containers"]
    assert main["resources"]["limits"] == {"memory": "8Gi"} and main["imagePullPolicy"] == "Always"
    assert {"name": "NCCL_DEBUG", "value": "INFO"} in main["env"]
    assert main["volumeMounts"][:2] == [
        {"name": "claim-0", "mountPath": "/srv/results/toy-1", "subPath": "team/results/toy-1"},
        {"name": "claim-1", "mountPath": "/srv/data/x", "subPath": "x", "readOnly": True},
    ]
    with pytest.raises(PlatformError, match="/elsewhere/x is on this machine alone"):
        job_manifest(launch(reads=(Path("/elsewhere/x"),)), profile, "vision")


def test_manifests_are_the_same_for_the_same_launch() -> None:
    made = launch(resources=Resources(nodes=2))
    first, again = job_manifest(made, SHARED, "v"), job_manifest(made, SHARED, "v")
    assert json.dumps(first) == json.dumps(again)
    assert list(schema_problems(service_manifest(made, SHARED, "v", "uid"), "V1Service")) == []


@settings(max_examples=200)
@given(st.text(alphabet="$()AB x"), st.dictionaries(st.sampled_from("AB"), st.just("value")))
def test_commands_reach_the_program_as_they_are(text: str, variables: dict[str, str]) -> None:
    assert expand(_literal(text), variables) == text
