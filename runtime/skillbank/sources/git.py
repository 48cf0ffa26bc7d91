"""Commits of git repositories as plain files: fetched into a bare repository of ours, never checked out.

What a repository holds decides nothing here: there is no checkout, so that no hook, filter, attribute,
submodule or large-file program of it has a moment to run in. The settings of the user who fetches hold,
because private repositories need their credentials, proxies and certificates.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import IO

from skillbank.environment import everything
from skillbank.errors import DataError, DataNotFoundError, PlatformError, UsageError, did_you_mean
from skillbank.redact import redact
from skillbank.sources.address import Address
from skillbank.storage.archive import Limits
from skillbank.visible import one_line
from skillbank.ways import option

__all__ = ["fetch_commit", "git_environment", "resolve_ref"]

_HEX = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SHORT = re.compile(r"[0-9a-f]{7,63}")
_FETCH = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules")
_TIMEOUT = 1800
_LONGEST_PACK = 4 << 30
_LFS = b"version https://git-lfs.github.com/spec/"
_KEPT = ("GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "GIT_ASKPASS", "GIT_PROXY_COMMAND", "GIT_SSL_")
_SETTINGS = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.symlinks": "false",
    "protocol.ext.allow": "never",
    "fetch.recurseSubmodules": "false",
    "submodule.recurse": "false",
    "fetch.writeCommitGraph": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "60",
    "advice.detachedHead": "false",
}


def git_environment(address: Address) -> dict[str, str]:
    """Return the environment that the program git gets for one source.

    Variables that would lead git elsewhere are left away. The user's own configuration stays; what could
    start a program on behalf of a repository is overruled. Only the source's own protocol is allowed, so
    that no redirect leads from https to another. A password goes through the environment, where no list of
    processes shows it.
    """
    own = {k: v for k, v in everything().items() if not k.startswith("GIT_") or k.startswith(_KEPT)}
    own |= {
        k: v for k, v in everything().items() if k.startswith("GIT_CONFIG_") and k != "GIT_CONFIG_PARAMETERS"
    }
    own |= {
        "LC_ALL": "C",
        "GIT_ALLOW_PROTOCOL": address.scheme,
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "1" if _asks() else "0",
    }
    count = own.get("GIT_CONFIG_COUNT", "0")
    settings = dict(_SETTINGS)
    if address.secret:
        header = b64encode(address.secret.encode()).decode()
        settings[f"http.{address.location}.extraHeader"] = f"Authorization: Basic {header}"
    first = int(count) if count.isdigit() else 0
    for i, (key, value) in enumerate(settings.items(), first):
        own |= {f"GIT_CONFIG_KEY_{i}": key, f"GIT_CONFIG_VALUE_{i}": value}
    return {**own, "GIT_CONFIG_COUNT": str(first + len(settings))}


def resolve_ref(address: Address) -> tuple[str, str]:
    """Return the full name of an address's ref (a commit stays itself) and the object that it names now.

    Raises
    ------
    DataNotFoundError
        When there is no such ref; the sentence has the nearest.
    UsageError
        When a branch and a tag have this name.
    PlatformError
        When git is not installed or the repository cannot be read.
    """
    ref = address.ref
    if ref is not None and _HEX.fullmatch(ref):
        return ref, ref
    listed = _run(address, "ls-remote", "--", address.location).decode(errors="replace")
    refs = {name: oid for oid, _, name in (line.partition("\t") for line in listed.splitlines()) if name}
    if ref is None:
        if "HEAD" not in refs:
            raise DataNotFoundError(
                f"{address.shown} has no commit yet, or its HEAD names none; give {option('ref')}."
            )
        return "HEAD", refs["HEAD"]
    spelled = [ref] if ref.startswith("refs/") else []
    fitting = [name for name in (*spelled, f"refs/tags/{ref}", f"refs/heads/{ref}") if name in refs]
    if len(fitting) > 1:
        raise UsageError(
            f"{address.shown}: '{one_line(ref)}' is a branch and a tag there; say "
            f"refs/heads/{one_line(ref)} or "
            f"refs/tags/{one_line(ref)}."
        )
    if fitting:
        return fitting[0], refs.get(f"{fitting[0]}^{{}}", refs[fitting[0]])
    if _SHORT.fullmatch(ref):
        return ref, ref
    near = one_line(did_you_mean(ref, _names_of(refs)))
    raise DataNotFoundError(
        f"{address.shown}: there is no branch, tag or commit '{one_line(ref)}'{f' {near}' if near else ''}; "
        f"'git ls-remote {one_line(address.location)}' lists them."
    )


def _names_of(refs: Iterable[str]) -> list[str]:
    """Return the names of branches and tags among refs."""
    full = (name for name in refs if name.startswith(("refs/heads/", "refs/tags/")))
    return [re.sub(r"^refs/(heads|tags)/", "", name) for name in full if not name.endswith("^{}")]


def fetch_commit(
    address: Address, wanted: str, work: Path, target: Path, limits: Limits
) -> tuple[str, list[str]]:
    """Write the files of a commit below a new folder and return its hash and what was left out.

    Parameters
    ----------
    wanted
        The object that a ref names (`resolve_ref`), or a commit's hash or its first digits.
    work
        An empty folder for the repository in between.
    """
    repository = work / "repository"
    _run(address, "init", "--quiet", "--bare", "--template=", "--", str(repository))
    commit = _brought(address, wanted, repository)
    inside = [address.subdir] if address.subdir else []
    tree = ["ls-tree", "-r", "-z", "-l", "--full-tree", commit, "--", *inside]
    listed = _run(address, *tree, at=repository)
    left_out: list[str] = []
    blobs = list(_blobs(listed, left_out))
    if address.subdir and not blobs:
        folders = _run(address, "ls-tree", "-d", "--name-only", "-z", "--full-tree", commit, at=repository)
        there = ", ".join(folders.decode(errors="replace").split("\0")[:-1])
        raise DataNotFoundError(
            f"{replace(address, subdir='').shown} has no folder '{one_line(address.subdir)}'; there is "
            f"{one_line(there or 'none', 200)}."
        )
    if len(blobs) > limits.members or sum(size for *_, size in blobs) > limits.total_bytes:
        raise DataError(
            f"{address.shown} holds more than {limits.members} files or {limits.total_bytes >> 20} MiB, "
            "which is "
            f"no bank; name the folder of skills inside it with {option('subdir')}."
        )
    target.mkdir(parents=True)
    pointers = _write(address, repository, blobs, target)
    if pointers:
        left_out.append(f"{pointers} file(s) are pointers of git-lfs, whose contents are not fetched")
    return commit, left_out


def _brought(address: Address, wanted: str, repository: Path) -> str:
    """Fetch an object and return the commit that it is."""
    if _HEX.fullmatch(wanted):
        done = _start(address, *_FETCH, "--depth=1", "--", address.location, wanted, at=repository)
        if done.returncode == 0:
            return _commit(address, wanted, repository)
    # A server that gives no single objects, or digits that only the whole history can complete.
    everything = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]
    _run(address, *_FETCH, "--", address.location, *everything, at=repository)
    return _commit(address, wanted, repository)


def _commit(address: Address, wanted: str, repository: Path) -> str:
    done = _start(
        address, "rev-parse", "--quiet", "--verify", "--end-of-options", f"{wanted}^{{commit}}", at=repository
    )
    commit = done.stdout.decode(errors="replace").strip()
    if done.returncode or not _HEX.fullmatch(commit):
        raise DataNotFoundError(
            f"{address.shown} has no commit {one_line(wanted)} (any more); give another with "
            f"{option('ref')}, of "
            "those that "
            "'git ls-remote' shows."
        )
    return commit


def _blobs(listed: bytes, left_out: list[str]) -> Iterator[tuple[str, str, bool, int]]:
    """Yield path, object, whether it is a program, and size of each file of a tree."""
    for entry in listed.split(b"\0"):
        if not entry:
            continue
        head, _, raw = entry.partition(b"\t")
        mode, _, oid, size = head.decode().split()
        path = raw.decode(errors="surrogateescape")
        parts = PurePosixPath(path).parts
        if mode == "160000":
            left_out.append(f"{one_line(path, 200)} (a submodule)")
        elif mode == "120000":
            left_out.append(f"{one_line(path, 200)} (a link)")
        elif not parts or path.startswith("/") or ".." in parts or any(p.lower() == ".git" for p in parts):
            raise DataError(
                f"The repository holds '{one_line(path)}', which leads out of its folder; it is not added."
            )
        else:
            yield path, oid, mode == "100755", int(size)


def _write(address: Address, repository: Path, blobs: list[tuple[str, str, bool, int]], target: Path) -> int:
    """Write objects as they are, byte for byte; return how many are pointers of git-lfs."""
    pointers = 0
    command = [_program(), "-C", str(repository), "cat-file", "--batch"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=git_environment(address)
    ) as process:
        asking, answering = process.stdin, process.stdout
        assert asking is not None and answering is not None
        try:
            for path, oid, program, size in blobs:
                asking.write(f"{oid}\n".encode())
                asking.flush()
                head = answering.readline().split()
                if head[1:] != [b"blob", str(size).encode()]:
                    raise DataError(
                        f"{address.shown} is damaged at '{one_line(path)}'; run 'git fsck' there."
                    )
                file = target / path
                file.parent.mkdir(parents=True, exist_ok=True)
                pointers += _copy(answering, file, size)
                answering.read(1)
                if program:
                    file.chmod(0o755)
        except (FileExistsError, NotADirectoryError) as error:
            raise DataError(
                f"{address.shown} holds two things of one name, '{one_line(error.filename)}'; it is not "
                "added."
            ) from None
        finally:
            process.kill()
    return pointers


def _copy(source: IO[bytes], file: Path, size: int) -> bool:
    """Write so many bytes into a new file; say whether they are a pointer of git-lfs."""
    first = b""
    with file.open("xb") as writing:
        while size:
            piece = source.read(min(size, 1 << 20))
            if not piece:
                raise DataError("git ended in the middle of a file; try again.")
            first = first or piece[: len(_LFS)]
            writing.write(piece)
            size -= len(piece)
    return first == _LFS


def _run(address: Address, *arguments: str, at: Path | None = None) -> bytes:
    done = _start(address, *arguments, at=at)
    if done.returncode:
        raise _explained(address, done.stderr.decode(errors="replace"), done.returncode)
    return done.stdout


def _start(address: Address, *arguments: str, at: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    folder = ["-C", str(at)] if at else []
    # The shell's limit ends a download that would fill the disk.
    capped = ["sh", "-c", 'ulimit -f "$0" && exec "$@"', str(_LONGEST_PACK // 512), _program()]
    try:
        return subprocess.run(
            [*capped, *folder, *arguments],
            env=git_environment(address),
            stdin=None if _asks() else subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT,
            start_new_session=not _asks(),  # without a terminal nobody can be asked, nor by ssh
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PlatformError(
            f"{address.shown} does not come within {_TIMEOUT // 60} minutes; try later."
        ) from None


def _program() -> str:
    program = shutil.which("git")
    if program is None:
        raise PlatformError(
            "The program git is not installed, which fetches repositories; install it (apt-get install "
            "git), or "
            "add an archive of the repository."
        )
    return program


def _asks() -> bool:
    return bool(sys.stdin and sys.stdin.isatty() and sys.stderr.isatty())


def _explained(address: Address, said: str, code: int) -> PlatformError:
    """Return git's words as one sentence, without the secrets that it repeats."""
    password = address.secret.partition(":")[2]
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    told = (
        [line for line in lines if line.startswith(("fatal:", "error:"))]
        or lines
        or [f"it ended with {code}"]
    )
    words = redact(" ".join(told), [s for s in (address.secret, password) if s])
    reason = one_line(re.sub(r"\b(fatal|error): ", "", words), 240)
    if "dubious ownership" in words:
        way = "it belongs to another user; copy it, or add it as safe.directory to your git configuration"
    elif re.search(
        r"Authentication failed|could not read Username|Permission denied|terminal prompts", words
    ):
        way = "log in there with git first, a credential helper or an ssh key"
    elif re.search(r"Could not resolve|unable to access|Connection|timed out|unreachable", words):
        way = "check the address and the network"
    else:
        way = "check that it is a git repository and that you may read it"
    return PlatformError(f"{address.shown} cannot be fetched ({reason}); {way}.")
