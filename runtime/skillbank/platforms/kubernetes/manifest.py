"""A job as documents of Kubernetes: a Job, and a Service by whose name several nodes find each other.

Made of the client's typed models, then checked once more against the types of the API, unknown keys included.
The documents are the same for the same launch; nothing in them is a secret's value.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import yaml
from kubernetes import client

from skillbank.errors import PlatformError
from skillbank.platforms import container
from skillbank.platforms.base import Launch
from skillbank.platforms.kubernetes.names import INDEX, LABEL, MAIN, job_name, label_value, quantity
from skillbank.platforms.kubernetes.profile import Profile
from skillbank.platforms.kubernetes.schema import schema_problems
from skillbank.platforms.kubernetes.volumes import volumes_of
from skillbank.redact import looks_secret

if TYPE_CHECKING:
    from skillbank.platforms.kubernetes.states import Document

__all__ = ["job_manifest", "manifest_yaml", "service_manifest"]


def job_manifest(launch: Launch, profile: Profile, namespace: str) -> Document:
    """Return the Job of a launch; it is suspended: nothing runs before it is told to.

    Retries are skillbank's own, each a job of its own: the first failure of a pod ends the Job, and the
    policy writes into the Job why, because pods go away.

    Raises
    ------
    PlatformError
        When it cannot be made: an image or a folder is missing, or the profile says what the API refuses.
    """
    nodes = launch.resources.nodes
    name = job_name(launch.job_id, nodes)
    several: dict[str, object] = {"completion_mode": "Indexed" if nodes > 1 else "NonIndexed"}
    job = client.V1Job(
        api_version="batch/v1",
        kind="Job",
        metadata=client.V1ObjectMeta(
            name=name,
            namespace=namespace,
            labels=_labels(launch, profile),
            annotations=_annotations(launch, profile),
        ),
        spec=client.V1JobSpec(
            suspend=True,
            backoff_limit=0,
            completions=nodes,
            parallelism=nodes,
            **several,
            active_deadline_seconds=profile.time_limit,
            ttl_seconds_after_finished=profile.keep,
            pod_failure_policy=_failure_policy(),
            template=client.V1PodTemplateSpec(
                metadata=client.V1ObjectMeta(
                    labels=_labels(launch, profile), annotations=_annotations(launch, profile)
                ),
                spec=_pod(launch, profile, name),
            ),
        ),
    )
    return _document(job, "V1Job")


def service_manifest(launch: Launch, profile: Profile, namespace: str, uid: str) -> Document:
    """Return the headless Service that gives the pods of a job names; it goes away with the Job.

    Parameters
    ----------
    uid
        The Job's own, which makes it the owner.
    """
    name = job_name(launch.job_id, launch.resources.nodes)
    owner = client.V1OwnerReference(api_version="batch/v1", kind="Job", name=name, uid=uid)
    service = client.V1Service(
        api_version="v1",
        kind="Service",
        metadata=client.V1ObjectMeta(
            name=name,
            namespace=namespace,
            labels=_labels(launch, profile),
            owner_references=[owner],
        ),
        spec=client.V1ServiceSpec(
            cluster_ip="None",
            selector={f"{LABEL}job": label_value(launch.job_id)},
            # A pod that waits for the others is not ready, and must be found all the same.
            publish_not_ready_addresses=True,
            ports=[client.V1ServicePort(name="rendezvous", port=profile.master_port)],
        ),
    )
    return _document(service, "V1Service")


def manifest_yaml(*documents: Mapping[str, object]) -> str:
    """Return documents as a file that a person can read, and give to kubectl."""
    return yaml.safe_dump_all(documents, sort_keys=False, default_flow_style=False)


def _labels(launch: Launch, profile: Profile) -> dict[str, str]:
    own = {
        "app.kubernetes.io/managed-by": "skillbank",
        f"{LABEL}job": label_value(launch.job_id),
        f"{LABEL}plan": launch.plan_id[:40] or "none",
    }
    return {**profile.labels, **own}


def _annotations(launch: Launch, profile: Profile) -> dict[str, str]:
    return {**profile.annotations, f"{LABEL}job-id": launch.job_id, f"{LABEL}plan-id": launch.plan_id}


def _failure_policy() -> client.V1PodFailurePolicy:
    disrupted = client.V1PodFailurePolicyOnPodConditionsPattern(type="DisruptionTarget", status="True")
    failed = client.V1PodFailurePolicyOnExitCodesRequirement(
        container_name=MAIN, operator="NotIn", values=[0]
    )
    return client.V1PodFailurePolicy(
        rules=[
            client.V1PodFailurePolicyRule(action="FailJob", on_pod_conditions=[disrupted]),
            client.V1PodFailurePolicyRule(action="FailJob", on_exit_codes=failed),
        ]
    )


def _pod(launch: Launch, profile: Profile, name: str) -> client.V1PodSpec:
    if launch.image is None:
        raise PlatformError(f"job {launch.job_id} names no container image")
    files, user = volumes_of(launch, profile), _user(profile)
    shared = client.V1Volume(
        name="shared-memory",
        empty_dir=client.V1EmptyDirVolumeSource(
            medium="Memory", size_limit=quantity(launch.resources.shm_size)
        ),
    )
    main = client.V1Container(
        name=MAIN,
        image=launch.image,
        image_pull_policy=profile.image_pull_policy,
        command=[_literal(part) for part in launch.argv],
        working_dir=str(launch.results_dir),
        env=_environment(launch, profile, name),
        env_from=[
            client.V1EnvFromSource(secret_ref=client.V1SecretEnvSource(name=each)) for each in profile.secrets
        ]
        or None,
        resources=_resources(launch, profile),
        security_context=_hardening(user),
        volume_mounts=[*files.mounts, client.V1VolumeMount(name="shared-memory", mount_path="/dev/shm")],
    )
    several = launch.resources.nodes > 1
    return client.V1PodSpec(
        restart_policy="Never",
        containers=[main],
        init_containers=[*files.before(_hardening(user))] or None,
        volumes=[*files.volumes, shared],
        # Its name is a host name: the Service of the same name makes every pod known by its index.
        subdomain=name if several else None,
        # The program is not process 1, which ignores being asked to stop unless it handles that itself.
        share_process_namespace=True,
        termination_grace_period_seconds=profile.pod_grace,
        security_context=user,
        automount_service_account_token=False if files.plain else None,
        enable_service_links=False,
        node_selector=profile.node_selector or None,
        tolerations=[client.V1Toleration(**dict(each)) for each in profile.tolerations] or None,
        priority_class_name=profile.priority_class,
        runtime_class_name=profile.runtime_class,
        service_account_name=profile.service_account,
        image_pull_secrets=[client.V1LocalObjectReference(name=each) for each in profile.image_pull_secrets]
        or None,
    )


def _environment(launch: Launch, profile: Profile, name: str) -> list[client.V1EnvVar]:
    """Return the environment: settings by value, secrets by reference, the contract of several nodes."""
    resources, several = launch.resources, launch.resources.nodes > 1
    plain = {
        **container.environment(launch),
        **{name: value for name, value in launch.admitted.named.items() if not looks_secret(name)},
        **profile.env,
    }
    if several:
        plain |= {
            "WORLD_SIZE": str(resources.nodes),
            "NUM_GPU_PER_NODE": str(resources.gpus),
            "MASTER_ADDR": f"{name}-0.{name}",
            "MASTER_PORT": str(profile.master_port),
        }
    found = [client.V1EnvVar(name=key, value=_literal(value)) for key, value in sorted(plain.items())]
    if several:
        index = client.V1ObjectFieldSelector(field_path=f"metadata.annotations['{INDEX}']")
        source = client.V1EnvVarSource(field_ref=index)
        found.append(client.V1EnvVar(name="NODE_RANK", value_from=source))
    # A Secret's key is for the jobs whose plans name its variable, as a value from here would be.
    named = {key: ref for key, ref in profile.secret_env.items() if key in launch.admitted.env_names}
    for key, reference in sorted(named.items()):
        chosen = client.V1SecretKeySelector(name=reference.secret, key=reference.key)
        found.append(client.V1EnvVar(name=key, value_from=client.V1EnvVarSource(secret_key_ref=chosen)))
    return found


def _literal(text: str) -> str:
    """Return a text that Kubernetes leaves as it is: it takes ``$(NAME)`` for a variable of the pod."""
    return text.replace("$", "$$")


def _resources(launch: Launch, profile: Profile) -> client.V1ResourceRequirements:
    """Return what a pod asks for; requests equal limits, so that a node never takes them back."""
    cpus, memory = launch.resources.cpus or profile.cpus, launch.resources.memory or profile.memory
    asked = {}
    if cpus:
        asked["cpu"] = f"{round(cpus * 1000)}m"
    if memory:
        asked["memory"] = quantity(memory)
    if launch.resources.gpus:
        asked[profile.gpu_resource] = str(launch.resources.gpus)
    return client.V1ResourceRequirements(limits=asked or None, requests=asked or None)


def _hardening(user: client.V1PodSecurityContext) -> client.V1SecurityContext:
    needs = list(container.ROOT_NEEDS) if user.run_as_user == 0 else None
    return client.V1SecurityContext(
        allow_privilege_escalation=False, capabilities=client.V1Capabilities(drop=["ALL"], add=needs)
    )


def _user(profile: Profile) -> client.V1PodSecurityContext:
    seccomp = client.V1SeccompProfile(type="RuntimeDefault")
    if profile.run_as == "image":
        return client.V1PodSecurityContext(seccomp_profile=seccomp)
    said = f"{os.getuid()}:{os.getgid()}" if profile.run_as == "me" else profile.run_as
    user, group = (int(part) for part in said.split(":"))
    groups = sorted({*os.getgroups()} - {group}) if profile.run_as == "me" and user else None
    return client.V1PodSecurityContext(
        run_as_user=user,
        run_as_group=group,
        run_as_non_root=True if user else None,
        supplemental_groups=groups or None,
        fs_group=group if profile.s3 is not None else None,
        seccomp_profile=seccomp,
    )


def _document(model: object, kind: str) -> dict[str, object]:
    document: dict[str, object] = client.ApiClient().sanitize_for_serialization(model)
    if problems := list(schema_problems(document, kind)):
        raise PlatformError(f"the manifest is not what Kubernetes takes: {'; '.join(problems[:3])}")
    return document
