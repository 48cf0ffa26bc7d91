"""Banks to be added, made by the tests: folders, real git repositories, archives."""

from __future__ import annotations

import os
import subprocess
import tarfile
import zipfile
from pathlib import Path

SKILL = "---\nname: {name}\ndescription: A toy named {name}.\n{more}---\n# {name}\n"


def write_skill(folder: Path, text: str = "", more: str = "") -> Path:
    """Write a skill whose name is its folder's."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "SKILL.md").write_text(SKILL.format(name=folder.name, more=more) + text)
    return folder


def write_bank(folder: Path, *names: str) -> Path:
    """Write a bank with skills of these names."""
    for name in names or ("toy",):
        write_skill(folder / "skills" / name)
    return folder


class Repository:
    """A git repository with a work tree."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str, stdin: bytes | None = None) -> str:
        """Run git there and return what it says."""
        alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        who = {
            f"GIT_{role}_{part}": "t@example.org"
            for role in ("AUTHOR", "COMMITTER")
            for part in ("NAME", "EMAIL")
        }
        done = subprocess.run(
            ["git", "-C", str(self.folder), *arguments],
            env={**os.environ, **alone, **who},
            input=stdin,
            capture_output=True,
            check=True,
        )
        return done.stdout.decode().strip()

    def commit(self, message: str = "change") -> str:
        """Commit everything and return the commit's hash."""
        self.git("add", "-A", "-f")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def tree_of(self, *entries: tuple[str, str, str]) -> str:
        """Commit a tree of raw entries (mode, name, object), whatever git says of them; return the commit."""
        raw = b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(oid) for mode, name, oid in entries)
        tree = self.git("hash-object", "-t", "tree", "-w", "--stdin", "--literally", stdin=raw)
        return self.git("commit-tree", tree, "-m", "odd")

    def blob(self, content: bytes) -> str:
        """Store a blob and return its object's name."""
        return self.git("hash-object", "-w", "--stdin", stdin=content)


def make_tar(file: Path, folder: Path, top: str = "", mode: str = "w:gz") -> Path:
    """Pack a folder's content, perhaps below a top folder."""
    with tarfile.open(file, mode) as tar:  # type: ignore[call-overload]
        tar.add(folder, arcname=top or ".")
    return file


def make_zip(file: Path, folder: Path, top: str = "") -> Path:
    """Pack a folder's files."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                bundle.write(path, f"{top}/{path.relative_to(folder)}" if top else path.relative_to(folder))
    return file
