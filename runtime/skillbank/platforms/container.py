"""What a job's container is made of: user, folders, mounts, GPUs and limits.

Settings, all from the environment:

``SKILLBANK_DOCKER_GPUS``      ``none``, or the ids of GPUs for jobs; else ``CUDA_VISIBLE_DEVICES`` counts
``SKILLBANK_DOCKER_NETWORK``   a network of the daemon, or ``none``; the default is Docker's own bridge
``SKILLBANK_DOCKER_KEEP``      ``never`` (default), ``failed`` or ``always``: which ended containers stay
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from skillbank.environment import DOCKER_GPUS, DOCKER_KEEP, DOCKER_NETWORK, JOB_ID, foreign
from skillbank.errors import DataNotFoundError, PlatformError, SkillbankError, UsageError
from skillbank.home import home
from skillbank.plan.model import InputBinding, Plan
from skillbank.platforms import secret_file
from skillbank.platforms.base import Launch, job_dir
from skillbank.storage.staging import locate
from skillbank.storage.uri import Uri, parse_uri

if TYPE_CHECKING:
    from docker import APIClient

    from skillbank.platforms.docker.daemon import DaemonFacts

__all__ = [
    "KEEPS",
    "LABEL",
    "ROOT_NEEDS",
    "arguments",
    "gpu_pool",
    "keep_policy",
    "mount_problem",
    "mounts",
    "network",
    "stages",
]

LABEL = "skillbank."
"""Beginning of the names of all labels."""
KEEPS = ("never", "failed", "always")
_CLOSED = frozenset("bin boot dev etc lib lib32 lib64 proc run sbin sys usr".split())  # noqa: SIM905
_CLOSED_STATE = ("var/run", "var/lib/docker", "var/lib/containerd")
_OPEN = ("dev/shm", "run/media", "usr/local/share", "usr/share")
_PRIVATE = (".aws", ".azure", ".config/gcloud", ".docker", ".gnupg", ".kube", ".netrc", ".ssh")
_CACHES = {
    "HF_HOME": "huggingface",
    "MPLCONFIGDIR": "matplotlib",
    "NUMBA_CACHE_DIR": "numba",
    "TORCHINDUCTOR_CACHE_DIR": "torchinductor",
    "TORCH_HOME": "torch",
    "TRITON_CACHE_DIR": "triton",
    "XDG_CACHE_HOME": "",
}
ROOT_NEEDS = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL"]
"""What root may do in a container: write its results whoever owns the folder, and stop what it started."""


def keep_policy() -> str:
    """Return which ended containers stay: ``never`` any, only the ``failed``, or ``always`` all."""
    policy = DOCKER_KEEP.value or "never"
    if policy not in KEEPS:
        raise PlatformError(f"SKILLBANK_DOCKER_KEEP is '{policy}' and must be one of {', '.join(KEEPS)}")
    return policy


def network() -> str:
    """Return the network of jobs; that of the host itself is refused."""
    name = DOCKER_NETWORK.value or "bridge"
    if name == "host" or name.startswith("container:"):
        raise PlatformError(
            f"SKILLBANK_DOCKER_NETWORK is '{name}', which would let jobs into a network that is not theirs; "
            "name a network of the daemon, or none"
        )
    return name


def gpu_pool() -> list[str] | None:
    """Return the ids of the GPUs that jobs may use, in order; empty for none, None when nothing is said."""
    said = DOCKER_GPUS.value
    said = foreign("CUDA_VISIBLE_DEVICES") if said is None else said
    if said is None or said.strip() == "all":
        return None
    ids = [part.strip() for part in said.split(",") if part.strip()]
    return [] if ids in (["none"], ["-1"]) else ids


def device_ids(gpus: int, wanted: Sequence[int]) -> list[str]:
    """Return the GPUs to give, by id, so that the job's own numbers of them are right inside.

    A container counts its GPUs from 0. So it gets the first ones of the pool up to the highest that the job
    names: number 2 of the job is then number 2 of the pool, as it is outside.
    """
    pool = gpu_pool()
    if gpus == 0 or pool == []:
        return []
    count = max(*wanted, gpus - 1) + 1 if wanted else gpus
    if pool is None:
        return [str(i) for i in range(count)]
    if count > len(pool):
        raise PlatformError(
            f"the job wants {count} GPU{'s' * (count > 1)} and may use {len(pool)} ({', '.join(pool)}); "
            "SKILLBANK_DOCKER_GPUS or CUDA_VISIBLE_DEVICES names them"
        )
    return pool[:count]


def mount_problem(path: Path) -> str | None:
    """Say why a file or folder of this machine may not be bound into a container; None when it may.

    Parts of the system, whole homes, and the folders where credentials lie never are.
    """
    for place in (path, path.resolve()):
        if _closed(place):
            return (
                f"{path} may not be bound into a container: it is a part of the system or holds "
                "credentials; copy the data to a folder of its own"
            )
    return None


def _closed(place: Path) -> bool:
    user = Path.home()
    if place in (Path("/"), Path("/var"), Path("/home"), user, home()) or place.name == "docker.sock":
        return True
    inside = place.is_relative_to
    if any(inside(user / name) or (user / name).is_relative_to(place) for name in _PRIVATE):
        return True
    if any(inside(f"/{name}") for name in (*_CLOSED, *_CLOSED_STATE)):
        return not any(inside(f"/{name}") and place != Path("/", name) for name in _OPEN)
    return False


class Mount(TypedDict):
    """A bind mount, in the words of Docker's API."""

    Type: Literal["bind"]
    Source: str
    Target: str
    ReadOnly: bool


def mounts(results_dir: Path, reads: Iterable[Path]) -> list[Mount]:
    """Return the bind mounts of a job: its results to write, what it reads to read, each at its own path.

    The same path inside and outside means that one spec holds in both places.
    """
    wanted = {Path(os.path.abspath(path)) for path in reads}  # noqa: PTH100  links must stay as they are
    wanted = {path for path in wanted if not path.is_relative_to(results_dir)}
    kept = [path for path in sorted(wanted) if not any(p in wanted for p in path.parents)]
    for path in (results_dir, *kept):
        if problem := mount_problem(path):
            raise PlatformError(problem)
    bound = [(results_dir, False), *((path, True) for path in kept)]
    return [_bind(path, str(path), read_only) for path, read_only in bound]


def _bind(source: Path, target: str, read_only: bool) -> Mount:
    return {"Type": "bind", "Source": str(source), "Target": target, "ReadOnly": read_only}


def environment(launch: Launch) -> dict[str, str]:
    """Return what everybody may see of a job's environment; its home and caches are in its own results."""
    user, own = _user_name(), str(container_home(launch.results_dir))
    caches = {name: f"{own}/.cache/{folder}".rstrip("/") for name, folder in _CACHES.items()}
    return {
        "HOME": own,
        "LOGNAME": user,
        "PYTHONUNBUFFERED": "1",
        JOB_ID.name: launch.job_id,
        "USER": user,
        **caches,
    }


def container_home(results_dir: Path) -> Path:
    """Return the home folder of a job's program."""
    return job_dir(results_dir) / "home"


def arguments(launch: Launch, api: APIClient, info: DaemonFacts, digest: str) -> dict[str, Any]:
    """Return the arguments of ``create_container`` for a job."""
    rootless = any("name=rootless" in option for option in info.get("SecurityOptions") or ())
    user = "0:0" if rootless else f"{os.getuid()}:{os.getgid()}"
    bound = mounts(launch.results_dir, launch.reads)
    named = launch.admitted.named
    command = list(launch.argv)
    if named:
        bound.append(_bind(secret_file.write(launch.job_id, named), secret_file.INSIDE, True))
        command = secret_file.wrap(launch.argv)
    resources, devices = launch.resources, device_ids(launch.resources.gpus, launch.gpu_ids)
    options: dict[str, object] = {}
    if devices:
        options["device_requests"] = [
            {"Driver": "nvidia", "DeviceIDs": devices, "Capabilities": [["gpu"]], "Count": 0, "Options": {}}
        ]
        # Pinned host memory and deep stacks, as NVIDIA asks for its images.
        options["ulimits"] = [
            {"Name": "memlock", "Soft": -1, "Hard": -1},
            {"Name": "stack", "Soft": 67108864, "Hard": 67108864},
        ]
    if resources.cpus is not None:
        options["nano_cpus"] = round(resources.cpus * 1e9)
    if resources.memory is not None:
        options |= {"mem_limit": resources.memory, "memswap_limit": resources.memory}
    if user.startswith("0:"):
        options["cap_add"] = ROOT_NEEDS
    else:
        options["group_add"] = [str(group) for group in os.getgroups()]
    host_config = api.create_host_config(
        mounts=bound,
        network_mode=network(),
        shm_size=resources.shm_size,
        init=bool((info.get("InitBinary") or "").strip()),
        restart_policy={"Name": "no"},
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        # Whatever the daemon's default is: this one can be read back.
        log_config={"Type": "json-file", "Config": {"max-size": "100m", "max-file": "5"}},
        **options,
    )
    return {
        "image": launch.image,
        "command": command,
        "name": launch.job_id,
        "user": user,
        "working_dir": str(launch.results_dir),
        "environment": environment(launch),
        "labels": _labels(launch, digest),
        "host_config": host_config,
    }


def _labels(launch: Launch, digest: str) -> dict[str, str]:
    said = {
        "job": launch.job_id,
        "plan": launch.plan_id,
        "results": str(launch.results_dir),
        "image": launch.image or "",
        "digest": digest,
        "keep": keep_policy(),
        "env": ",".join(launch.admitted.env_names),
    }
    return {f"{LABEL}{name}": value for name, value in said.items()}


def plan_mounts(plan: Plan) -> Iterator[Path]:
    """Yield the local files and folders that a plan's inputs name."""
    for _, uri in _places(plan):
        if uri.scheme == "file":
            yield uri.path


def stages(plan: Plan) -> bool:
    """Say whether data is brought to the cache, unpacked or made there before a job starts.

    What of a data set that is there has to be made anew after all is known when it has been looked at.
    """
    for binding, uri in _places(plan):
        if uri.scheme != "file":
            return True
        try:
            found = locate(binding)
        except DataNotFoundError:
            if binding.place and not binding.optional:
                return True
        except SkillbankError:
            continue
        else:
            if binding.runtime == "extracted_folder" and not found.folder:
                return True
    return False


def _places(plan: Plan) -> Iterator[tuple[InputBinding, Uri]]:
    for binding in plan.inputs:
        if binding.runtime == "value" or binding.on_hub or binding.uri.startswith("{"):
            continue
        with suppress(UsageError):
            yield binding, parse_uri(binding.uri)


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without an entry
        return f"user{os.getuid()}"
