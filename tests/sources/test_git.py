"""Repositories that try to run something, or to be something else, while they are fetched."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from skillbank.errors import DataError, DataNotFoundError, PlatformError, SkillbankError, UsageError
from skillbank.sources import git
from skillbank.sources.address import Address, parse_address
from skillbank.sources.fetching import Fetched, fetch
from skillbank.sources.git import git_environment
from skillbank.storage.archive import Limits
from tests.sources.repository import Repository, write_skill


def settings_of(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that an environment hands to git."""
    count = int(environment.get("GIT_CONFIG_COUNT", "0"))
    return {environment[f"GIT_CONFIG_KEY_{i}"]: environment[f"GIT_CONFIG_VALUE_{i}"] for i in range(count)}


def fetched(text: str | Address, work: Path) -> Fetched:
    return fetch(text if isinstance(text, Address) else parse_address(text), work)


def test_branches_tags_and_commits(repository: Repository, tmp_path: Path) -> None:
    first = repository.git("rev-parse", "HEAD")
    repository.git("tag", "-a", "v1", "-m", "one")
    repository.git("branch", "feature/x")
    write_skill(repository.folder / "skills" / "second")
    second = repository.commit()
    here = repository.folder
    wanted = {"": second, "@main": second, "@v1": first, "@feature/x": first, "@refs/heads/feature/x": first}
    wanted |= {f"@{first}": first, f"@{first[:8]}": first}
    for i, (ref, commit) in enumerate(wanted.items()):
        got = fetched(f"file://{here}{ref}", tmp_path / str(i))
        assert got.commit == commit
        assert ("skills/second/SKILL.md" in got.files) == (commit == second)
        assert not (got.folder / ".git").exists()


def test_what_is_not_there_or_means_two_things(repository: Repository, tmp_path: Path) -> None:
    repository.git("branch", "release-2026")
    with pytest.raises(
        DataNotFoundError, match=r"no branch, tag or commit 'relaese-2026' \(did you mean 'release-2026'"
    ):
        fetched(f"{repository.folder}@relaese-2026", tmp_path / "a")
    with pytest.raises(DataNotFoundError, match="has no commit"):
        fetched(f"{repository.folder}@{'1' * 40}", tmp_path / "b")
    repository.git("tag", "release-2026")
    with pytest.raises(UsageError, match="a branch and a tag"):
        fetched(f"{repository.folder}@release-2026", tmp_path / "c")
    with pytest.raises(DataNotFoundError, match="no folder 'skils'; there is skills"):
        fetched(f"{repository.folder}@main#skils", tmp_path / "d")
    empty = Repository(tmp_path / "empty")
    with pytest.raises(DataNotFoundError, match="no commit yet"):
        fetched(str(empty.folder), tmp_path / "e")
    (tmp_path / "nothing" / ".git").mkdir(parents=True)
    with pytest.raises(PlatformError, match="check that it is a git repository"):
        fetched(str(tmp_path / "nothing"), tmp_path / "f")


@pytest.fixture
def hostile(repository: Repository, tmp_path: Path) -> tuple[Repository, Path]:
    """A repository that would run something at every step of a checkout, and the file that would appear."""
    marker = tmp_path / "executed"
    touch = f"touch {marker}"
    hooks = repository.folder / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-checkout", "pre-receive", "post-merge", "reference-transaction", "post-index-change"):
        (hooks / name).write_text(f"#!/bin/sh\n{touch}\n")
        (hooks / name).chmod(0o755)
    for key, value in {
        "filter.evil.smudge": f"sh -c '{touch}; cat'",
        "filter.evil.process": f"sh -c '{touch}'",
        "core.fsmonitor": f"sh -c '{touch}'",
        "core.sshCommand": f"sh -c '{touch}'",
        "core.gitProxy": f"sh -c '{touch}'",
        "core.pager": f"sh -c '{touch}'",
        "core.alternateRefsCommand": f"sh -c '{touch}'",
        "uploadpack.packObjectsHook": f"sh -c '{touch}'",
        "diff.evil.textconv": f"sh -c '{touch}'",
        "tar.tar.command": f"sh -c '{touch}'",
        "credential.helper": f"!{touch}",
        "alias.ls-tree": f"!{touch}",
    }.items():
        repository.git("config", key, value)
    folder = repository.folder
    (folder / ".gitattributes").write_text(
        "* filter=evil diff=evil export-subst eol=crlf text\nsecret.md export-ignore\n"
    )
    (folder / ".lfsconfig").write_text("[lfs]\nurl = http://localhost:1/\n")
    (folder / ".gitmodules").write_text('[submodule "m"]\n\tpath = m\n\turl = ext::sh -c touch% executed\n')
    (folder / "secret.md").write_text("here\n$Format:%H$\n")
    (folder / "skills" / "toy" / "weights.bin").write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"
    )
    (folder / "skills" / "toy" / "run.sh").write_text("#!/bin/sh\n")
    (folder / "skills" / "toy" / "run.sh").chmod(0o755)
    (folder / "skills" / "toy" / "passwd").symlink_to("/etc/passwd")
    tame = ["-c", "filter.evil.process=", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"]
    repository.git(*tame, "add", "-A", "-f")
    (folder / "m").mkdir()
    repository.git(*tame, "update-index", "--add", "--cacheinfo", f"160000,{'2' * 40},m")
    repository.git(*tame, "commit", "-q", "-m", "evil")
    marker.unlink(missing_ok=True)
    return repository, marker


def test_nothing_of_a_repository_runs(
    hostile: tuple[Repository, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository, marker = hostile
    # What is around: a user whose own git would convert and filter.
    config = tmp_path / "user-gitconfig"
    config.write_text(
        f"[core]\nautocrlf = true\nhooksPath = {repository.folder}/.git/hooks\n"
        f'[filter "evil"]\nsmudge = sh -c "touch {marker}; cat"\n'
        f"[init]\ntemplateDir = {repository.folder}/.git\n"
        '[protocol "ext"]\nallow = always\n[fetch]\nrecurseSubmodules = true\n'
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(tmp_path / "trace"))
    got = fetched(str(repository.folder), tmp_path / "work")
    assert not marker.exists()
    assert not (tmp_path / "trace").exists()
    content = (got.folder / "secret.md").read_bytes()
    assert content == b"here\n$Format:%H$\n"  # neither left out, nor filled in, nor with other line ends
    toy = got.folder / "skills" / "toy"
    assert not (toy / "passwd").exists() and not (toy / "passwd").is_symlink()
    assert stat.S_IMODE((toy / "run.sh").stat().st_mode) == 0o755
    assert (toy / "weights.bin").read_text().startswith("version https://git-lfs")
    told = " ".join(got.left_out)
    assert "skills/toy/passwd (a link)" in told and "m (a submodule)" in told and "git-lfs" in told
    monkeypatch.delenv("GIT_DIR")
    subprocess.run(
        ["git", "clone", "-q", str(repository.folder), str(tmp_path / "clone")], capture_output=True
    )
    assert marker.exists()  # the bait is good: a checkout does run it


def test_a_repository_with_missing_objects_sends_nobody_to_fetch_them(
    repository: Repository, tmp_path: Path
) -> None:
    marker = tmp_path / "executed"
    blob = repository.git("rev-parse", "HEAD:skills/toy/SKILL.md")
    for key, value in {
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "evil",
        "remote.evil.promisor": "true",
        "remote.evil.url": f"file://{repository.folder}",
        "remote.evil.uploadpack": f"touch {marker}; git-upload-pack",
    }.items():
        repository.git("config", key, value)
    object_file = repository.folder / ".git" / "objects" / blob[:2] / blob[2:]
    object_file.chmod(0o644)
    object_file.unlink()
    with pytest.raises(SkillbankError, match="cannot be fetched"):
        fetched(f"file://{repository.folder}", tmp_path / "work")
    assert not marker.exists()


def test_trees_that_leave_their_folder(repository: Repository, tmp_path: Path) -> None:
    blob = repository.blob(b"---\nname: x\n---\n")
    inner = repository.git("rev-parse", repository.tree_of(("100644", "config", blob)) + "^{tree}")
    trees = {
        "dots": [("40000", "..", inner)],
        "git": [("40000", ".git", inner)],
        "GIT": [("40000", ".GIT", inner)],
        "twice": [("100644", "SKILL.md", blob), ("100644", "SKILL.md", blob)],
        "file and folder": [("100644", "a", blob), ("40000", "a", inner)],
    }
    for i, entries in enumerate(trees.values()):
        repository.git("update-ref", "refs/heads/odd", repository.tree_of(*entries))
        with pytest.raises((DataError, PlatformError)):
            fetched(f"file://{repository.folder}@odd", tmp_path / str(i))
    assert not (tmp_path / "config").exists() and not list(tmp_path.glob("*/config"))


def test_odd_names_are_left_out(repository: Repository, tmp_path: Path) -> None:
    blob = repository.blob(b"x")
    commit = repository.tree_of(
        ("100644", "SKILL.md", repository.blob(b"---\nname: x\ndescription: y\n---\n")),
        ("100644", "a\x1b[2Jb", blob),
        ("100644", "new\nline", blob),
    )
    repository.git("update-ref", "refs/heads/odd", commit)
    got = fetched(f"file://{repository.folder}@odd", tmp_path / "work")
    assert list(got.files) == ["x/SKILL.md"]  # a source that is one skill gets a bank around it
    assert len(got.left_out) == 2 and not any("\x1b" in each or "\n" in each for each in got.left_out)


def test_caps(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = parse_address(f"file://{repository.folder}")
    commit = repository.git("rev-parse", "HEAD")
    for i, limits in enumerate((Limits(members=0), Limits(total_bytes=10))):
        with pytest.raises(DataError, match="no bank"):
            git.fetch_commit(address, commit, tmp_path / str(i), tmp_path / str(i) / "out", limits)
    (repository.folder / "noise").write_bytes(os.urandom(1 << 20))
    repository.commit()
    monkeypatch.setattr(git, "_LONGEST_PACK", 200 << 10)
    with pytest.raises(PlatformError, match="cannot be fetched"):
        fetched(address, tmp_path / "large")


def test_git_that_is_not_installed(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = parse_address(str(repository.folder))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PlatformError, match="git is not installed"):
        fetched(address, tmp_path / "work")


def test_a_password_is_no_argument_and_in_no_message(
    server: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, _ = server
    address = parse_address(url.replace("https://", "https://me:hunter22@") + "/none.git")
    arguments = tmp_path / "arguments"
    real = git._program()
    shim = tmp_path / "bin" / "git"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\necho "$@" >> {arguments}\nexec {real} "$@"\n')
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shim.parent}:{os.environ['PATH']}")
    with pytest.raises(PlatformError) as caught:
        fetched(address, tmp_path / "work")
    assert "hunter22" not in str(caught.value) and "hunter22" not in arguments.read_text()
    settings = settings_of(git_environment(address))
    assert settings[f"http.{address.location}.extraHeader"].startswith("Authorization: Basic ")


def test_a_repository_by_https(server: tuple[str, Path], repository: Repository, tmp_path: Path) -> None:
    url, served = server
    repository.git("clone", "-q", "--bare", str(repository.folder), str(served / "toys.git"))
    bare = Repository.__new__(Repository)
    bare.folder = served / "toys.git"
    bare.git("update-server-info")
    got = fetched(f"{url}/toys.git@main", tmp_path / "work")
    assert got.commit == repository.git("rev-parse", "HEAD") and "skills/toy/SKILL.md" in got.files
    with pytest.raises(PlatformError, match="cannot be fetched"):  # a redirect to http is not followed
        fetched(f"{url}/plain-toys.git", tmp_path / "other")


def test_nobody_answers(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="check the address and the network"):
        fetched("https://127.0.0.1:1/o/r", tmp_path / "work")


def test_the_environment_keeps_what_a_user_set_and_nothing_that_leads_elsewhere(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "http.proxy")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "http://proxy:1")
    monkeypatch.setenv("GIT_WORK_TREE", "/")
    monkeypatch.setenv("GIT_EXEC_PATH", "/evil")
    monkeypatch.setenv("GIT_SSH_COMMAND", "ssh -i key")
    address = parse_address(str(repository.folder))
    environment = git_environment(address)
    settings = settings_of(environment)
    assert settings["http.proxy"] == "http://proxy:1" and settings["core.hooksPath"] == "/dev/null"
    assert environment["GIT_SSH_COMMAND"] == "ssh -i key" and environment["GIT_ALLOW_PROTOCOL"] == "file"
    assert not {"GIT_WORK_TREE", "GIT_EXEC_PATH"} & environment.keys()
    assert git_environment(replace(address, location="git@host:o/r"))["GIT_ALLOW_PROTOCOL"] == "ssh"
