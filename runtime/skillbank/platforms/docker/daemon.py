"""The Docker daemon: how it is reached, what it says about itself, its images, and its errors as sentences.

Settings, all from the environment:

``DOCKER_HOST``                where the daemon listens, as for every Docker client
``SKILLBANK_DOCKER_PULL``      ``missing`` (default), ``always`` or ``never``
``SKILLBANK_REGISTRY``         the registry that the next two are for; they are sent to no other
``SKILLBANK_REGISTRY_USER``, ``SKILLBANK_REGISTRY_PASSWORD``
``NGC_API_KEY``, ``NGC_KEY``   the login of nvcr.io

Without them the logins of ``docker login`` are used.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import NotRequired, TypedDict

import requests
from docker import APIClient
from docker.auth import resolve_repository_name
from docker.errors import APIError, DockerException, NotFound
from docker.utils import parse_repository_tag
from urllib3.exceptions import HTTPError

from skillbank.environment import DOCKER_PULL, REGISTRY, REGISTRY_PASSWORD, REGISTRY_USER, foreign
from skillbank.errors import PlatformError
from skillbank.redact import redact
from skillbank.ways import Sentence, marked, option

__all__ = ["Daemon", "DaemonLostError", "daemon_host", "digest_of", "pull_policy"]

_TIMEOUT = 60
_NGC = "nvcr.io"
_PULLS = ("missing", "always", "never")
_TOOLKIT = Sentence(f"install the NVIDIA container toolkit, or run on the CPU with {option('gpus', '0')}")
_LOCAL = re.compile(r"(tcp|http)://(localhost|127\.\d+\.\d+\.\d+|\[::1\])([:/]|$)")
_SENTENCES: tuple[tuple[str, str], ...] = (
    (
        r"could not select device driver|nvidia-container|unknown or invalid runtime name: nvidia",
        Sentence(f"the Docker daemon cannot give GPUs to containers; {marked(_TOOLKIT)}"),
    ),
    (
        r"no space left on device|disk quota exceeded",
        "the Docker daemon's disk is full; make room there (docker system df says what takes it)",
    ),
    (
        r'exec: "([^"]*)": (executable file not found|stat |no such file)',
        "the image {image} has no program '{1}'; check that it is the image for this skill",
    ),
    (
        r"range of cpus is from \S+ to ([\d.]+)",
        "the plan asks for more CPUs than the {1} that the Docker daemon has",
    ),
    (
        r"network (\S+) not found",
        "the Docker daemon has no network '{1}'; SKILLBANK_DOCKER_NETWORK names it",
    ),
    (
        r"(unauthorized|authentication required|pull access denied|access forbidden|\bdenied\b)",
        "the registry does not give out the image {image}: {said}; check its name, and log in "
        "with docker login or the variables SKILLBANK_REGISTRY, _USER and _PASSWORD",
    ),
    (r"manifest unknown|not found: manifest|no such manifest", "the registry has no image {image}"),
    (
        r"no such host|lookup .* on|connection refused|i/o timeout|tls handshake|network is unreachable"
        r"|awaiting headers|proxyconnect",
        Sentence(
            "the registry of the image {image} cannot be reached ({said}); load the image with docker load, "
            f"or name another one with {option('image')}"
        ),
    ),
)


class DaemonLostError(PlatformError):
    """The daemon did not answer: whether it did what was asked is not known."""


def daemon_host() -> str:
    """Return the address of the Docker daemon: ``DOCKER_HOST``, else the first usual socket that is there."""
    if named := foreign("DOCKER_HOST"):
        return named
    usual = Path("/var/run/docker.sock")
    own = Path(foreign("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}", "docker.sock")
    desktop = Path.home() / ".docker/run/docker.sock"
    return f"unix://{next((s for s in (usual, own, desktop) if s.exists()), usual)}"


def pull_policy() -> str:
    """Return when images are pulled: ``missing``, ``always`` or ``never``."""
    policy = DOCKER_PULL.value or "missing"
    if policy not in _PULLS:
        raise PlatformError(f"SKILLBANK_DOCKER_PULL is '{policy}' and must be one of {', '.join(_PULLS)}")
    return policy


class ContainerState(TypedDict):
    """How an inspected container stands."""

    Status: str
    ExitCode: NotRequired[int]
    OOMKilled: NotRequired[bool]
    StartedAt: NotRequired[str]
    FinishedAt: NotRequired[str]
    Error: NotRequired[str]


class Container(TypedDict):
    """What is read of an inspected container; one that has just been made has the first two."""

    Id: str
    State: ContainerState
    HostConfig: NotRequired[dict[str, int | None]]
    Config: NotRequired[dict[str, dict[str, str] | None]]


class ImageFacts(TypedDict):
    """What is read of an inspected image."""

    Id: str
    RepoDigests: NotRequired[list[str] | None]


class DaemonFacts(TypedDict, total=False):
    """What is read of what a daemon says about itself."""

    ServerVersion: str
    NCPU: int
    MemTotal: int
    DockerRootDir: str
    Runtimes: dict[str, object] | None
    DiscoveredDevices: list[object] | None
    SecurityOptions: list[str] | None
    InitBinary: str | None


def digest_of(image: ImageFacts) -> str:
    """Return what names an inspected image for good: the registry's digest, else the daemon's own id."""
    for reference in image.get("RepoDigests") or ():
        return str(reference).partition("@")[2]
    return str(image["Id"])


class Daemon:
    """A connection to the daemon, opened when first used, and reopened after it was lost."""

    def __init__(self) -> None:
        self.host = daemon_host()

    @property
    def remote(self) -> bool:
        """Whether the daemon is on another machine, so that our folders are not its folders."""
        return not (self.host.startswith(("unix://", "npipe://")) or _LOCAL.match(self.host))

    @cached_property
    def api(self) -> APIClient:
        """The client of the docker package."""
        return APIClient(base_url=self.host, version="auto", timeout=_TIMEOUT)

    @contextmanager
    def speaking(self, image: str = "") -> Iterator[APIClient]:
        """Lend the client; whatever goes wrong leaves as a `PlatformError` of one sentence.

        Where there is a client, the docker package itself finds fault with what is asked: a daemon that is
        away shows as a failed request.
        """
        api = None
        try:
            self._knock()
            api = self.api
            yield api
        except APIError as error:
            if error.status_code == 404 or error.status_code == 409:
                raise
            raise PlatformError(self.sentence(error.explanation or str(error), image)) from error
        except (requests.exceptions.RequestException, DockerException, HTTPError, OSError) as error:
            if api is not None and isinstance(error, DockerException):
                raise PlatformError(self.sentence(str(error), image)) from error
            if (lost := self.__dict__.pop("api", None)) is not None:
                lost.close()
            raise DaemonLostError(self._lost(error)) from error

    def _knock(self) -> None:
        """Fail at once where nobody listens; the docker package would leave an open socket behind."""
        if self.host.startswith("unix://"):
            with socket.socket(socket.AF_UNIX) as door:
                door.settimeout(_TIMEOUT)
                door.connect(self.host.removeprefix("unix://"))

    def sentence(self, said: str, image: str = "") -> str:
        """Turn what the daemon said into one sentence that names the way out."""
        said = redact(" ".join(str(said).split()))[:300].rstrip(" .")
        for pattern, text in _SENTENCES:
            if match := re.search(pattern, said, re.IGNORECASE):
                groups = [group or "" for group in match.groups()]
                return Sentence(marked(text).format("", *groups, image=image or "of the job", said=said))
        return f"the Docker daemon refuses: {said}"

    def info(self) -> DaemonFacts:
        """Return what the daemon says about itself."""
        with self.speaking() as api:
            found: DaemonFacts = api.info()
            return found

    def has_gpus(self, info: DaemonFacts) -> bool:
        """Whether the daemon can give NVIDIA GPUs to containers, as far as can be seen from here."""
        if "nvidia" in (info.get("Runtimes") or {}):
            return True
        devices = info.get("DiscoveredDevices") or ()
        return any("nvidia.com/gpu" in str(device) for device in devices) or (
            not self.remote and shutil.which("nvidia-container-runtime-hook") is not None
        )

    def image(self, name: str) -> ImageFacts | None:
        """Inspect an image that the daemon has; None when it does not have it."""
        with self.speaking(name) as api:
            try:
                found: ImageFacts = api.inspect_image(name)
                return found
            except NotFound:
                return None

    def image_problem(self, name: str) -> str | None:
        """Say why an image can neither be used as it is nor be pulled, without pulling it."""
        policy = pull_policy()
        if policy != "always" and self.image(name) is not None:
            return None
        if policy == "never":
            return _not_here(name)
        try:
            with self.speaking(name) as api:
                api.inspect_distribution(name, auth_config=_login(name))
        except PlatformError as error:
            return error.sentence
        except Exception as error:  # 404 and 409 pass `speaking` unchanged
            return self.sentence(f"manifest unknown: {error}", name)
        return None

    def ensure_image(self, name: str) -> ImageFacts:
        """Return an image, inspected; it is pulled first where the policy says so."""
        policy = pull_policy()
        found = self.image(name)
        if policy == "always" or (found is None and policy == "missing"):
            self._pull(name)
            found = self.image(name)
            if found is None:
                # A daemon that is stopped ends the answer as if all had come.
                raise DaemonLostError(f"the pull of the image {name} broke off; run it again")
        if found is None:
            raise PlatformError(_not_here(name))
        return found

    def _pull(self, name: str) -> None:
        repository, tag = parse_repository_tag(name)
        try:
            with self.speaking(name) as api:
                pulling = api.pull(
                    repository, tag or "latest", stream=True, decode=True, auth_config=_login(name)
                )
                said = [str(event["error"]) for event in pulling if "error" in event]
        except APIError as error:
            said = [str(error.explanation or "manifest unknown")]
        if said:
            raise PlatformError(self.sentence(said[0], name))

    def _lost(self, error: Exception) -> str:
        text = f"{error} {error.__cause__ or ''}"
        if isinstance(error, PermissionError) or "PermissionError" in text or "Permission denied" in text:
            return (
                f"this user may not speak to the Docker daemon at {self.host}; add the user to the group "
                "'docker', or set DOCKER_HOST to a daemon of your own"
            )
        return (
            f"no Docker daemon answers at {self.host}; start it (systemctl start docker), "
            "or set DOCKER_HOST to where it listens"
        )


def _not_here(name: str) -> str:
    return Sentence(
        f"the image {name} is not on this machine and SKILLBANK_DOCKER_PULL is 'never'; "
        f"load it with docker load, or name another one with {option('image')}"
    )


def _login(name: str) -> dict[str, str] | None:
    """Return the login for an image's registry from the environment; None leaves it to ``docker login``.

    A password goes to the registry that it is for: an image's name comes from a skill, which is not trusted.
    """
    registry, _ = resolve_repository_name(name)
    user, password = REGISTRY_USER.value, REGISTRY_PASSWORD.value
    if user and password and REGISTRY.value == registry:
        return {"username": user, "password": password}
    if registry == _NGC and (key := foreign("NGC_API_KEY") or foreign("NGC_KEY")):
        return {"username": "$oauthtoken", "password": key}
    return None
