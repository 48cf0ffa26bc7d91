"""Why a cluster cannot run a plan, found out before anything is recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from skillbank.environment import everything
from skillbank.home import cache_dir, results_root
from skillbank.plan.hardware import NODE_ENV
from skillbank.plan.model import Plan
from skillbank.platforms import container, plan_problems
from skillbank.platforms.kubernetes.api import Cluster
from skillbank.platforms.kubernetes.errors import ForbiddenError, GoneError
from skillbank.platforms.kubernetes.names import quantity
from skillbank.platforms.kubernetes.profile import Profile, profile_path
from skillbank.platforms.kubernetes.shared import place_problem
from skillbank.redact import looks_secret
from skillbank.storage.uri import parse_uri
from skillbank.ways import Sentence, option

__all__ = ["access", "of_files", "of_plan", "refusals"]


def refusals(plan: Plan, profile: Profile, cluster: Cluster) -> Iterator[str]:
    """Yield why a cluster cannot run a plan, one sentence each; the cluster is asked last."""
    found = [*of_plan(plan, profile), *of_files(plan, profile)]
    yield from found
    if not found:
        yield from _of_cluster(profile, cluster)


def access(cluster: Cluster, group: str, resource: str, verb: str, subresource: str = "") -> bool:
    """Ask the cluster whether this user may do something in the namespace."""
    attributes = {"namespace": cluster.namespace, "group": group, "resource": resource, "verb": verb}
    if subresource:
        attributes["subresource"] = subresource
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    answer = cluster.ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
    return bool(answer.get("status", {}).get("allowed"))


def of_plan(plan: Plan, profile: Profile) -> Iterator[str]:
    """Yield of `refusals` what lies in the plan itself."""
    yield from plan_problems.no_command(plan)
    yield from plan_problems.other_gpus(plan, "kubernetes")
    yield from plan_problems.no_image(plan)
    for size in (plan.resources.shm_size, plan.resources.memory):
        if size is not None:
            quantity(size)
    if profile.s3 is not None and plan.resources.nodes > 1:
        yield Sentence(
            f"the plan asks for {plan.resources.nodes} nodes, which share their results; name a shared "
            f"volume in {profile_path()} instead of a bucket, or use {option('nodes', '1')}"
        )
    # Of what the skill cannot do without, `skillbank.jobs.credentials` speaks.
    optional = tuple(name for name in plan.env_names if name not in plan.env_required)
    for name in _uncovered_names(optional, everything(), profile):
        yield (
            f"the plan hands {name} to its job, and no Secret is named for it; make one (kubectl create "
            f"secret generic NAME --from-literal=...) and name it under secret_env in {profile_path()}, "
            f"or unset {name}"
        )
    for override in plan.overrides:
        if override.key.endswith("results_dir") and str(override.value).startswith("/"):
            yield Sentence(
                f"{override.key} is {override.value}, which the pod does not have; leave it out: results "
                f"go to the job's own folder under {option('results-root')}"
            )


def of_files(plan: Plan, profile: Profile) -> Iterator[str]:
    """Yield of `refusals` what pods would not find where it lies here."""
    if not profile.volumes and profile.s3 is None:
        yield (
            f"pods would see none of this machine's files: {profile_path()} names neither shared volumes "
            "nor a bucket; references/platforms.md says how"
        )
        return
    root = results_root()
    if plan.results_root is not None and (uri := parse_uri(plan.results_root)).scheme == "file":
        root = uri.path
    wanted = [(root, True), *((path, False) for path in container.plan_mounts(plan))]
    if container.stages(plan):
        wanted.append((cache_dir(), False))
    for path, writes in wanted:
        if problem := place_problem(path, profile, writes=writes):
            yield problem
    for path in container.plan_mounts(plan):
        if problem := container.mount_problem(path):
            yield problem


def _of_cluster(profile: Profile, cluster: Cluster) -> Iterator[str]:
    if not access(cluster, "batch", "jobs", "create"):
        yield (
            f"this user may not create jobs in the namespace {cluster.namespace}; ask its administrator, or "
            f"name another namespace in {profile_path()}"
        )
    for claim in dict.fromkeys(volume.claim for volume in profile.volumes):
        path = f"/api/v1/namespaces/{cluster.namespace}/persistentvolumeclaims/{claim}"
        try:
            phase = cluster.ask("GET", path).get("status", {}).get("phase")
        except GoneError:
            yield f"the namespace {cluster.namespace} has no claim '{claim}'; correct {profile_path()}"
        except ForbiddenError:
            continue  # the pod's own events will tell
        else:
            if phase == "Lost":
                yield f"the claim '{claim}' has lost its volume; ask the cluster's administrator"


def _uncovered_names(names: tuple[str, ...], there: Mapping[str, str], profile: Profile) -> list[str]:
    """Return the secrets that a job is to get from here and that no Secret of the profile holds."""
    if profile.secrets:
        return []  # what keys they have is not known, and not looked at
    known = {*profile.secret_env, *profile.env, *NODE_ENV}
    return [name for name in names if name in there and name not in known and looks_secret(name)]
