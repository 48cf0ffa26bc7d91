"""Packages that a skill pins: where it says to install them, and which version."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from skillbank.trust.audit.evidence import Evidence, File
from skillbank.trust.audit.linear import linear
from skillbank.trust.audit.started import images

__all__ = ["Pinned", "pinned"]

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_REQUIREMENT = re.compile(rf"^\s*[\"']?({_NAME})\s*(?:\[[^\]]*\])?\s*={{2,3}}\s*([A-Za-z0-9][\w.!+-]*)")
_PIP = re.compile(
    r"\b(?:pip[\d.]*|pipx|uv(?:\s+pip|\s+tool)?|python[\d.]*\s+-m\s+pip|poetry|pdm)\s+(?:install|add|run)\b((?:[^\n\\;|&`]|\\\n)*)"
)
_PIP_ONE = re.compile(rf"(?<![\w.@/-])({_NAME})\s*(?:\[[^\]]*\])?={{2,3}}([A-Za-z0-9][\w.!+-]*)")
_NPM = re.compile(
    r"\b(?:npm|pnpm|yarn|bun|npx|pnpx|bunx)\s+(?:install|i|add|exec|dlx|global\s+add)?\b((?:[^\n\\;|&`]|\\\n)*)"
)
_NPM_ONE = re.compile(r"(?<![\w./-])(@[\w.-]+/[\w.-]+|[a-zA-Z][\w.-]*)@v?(\d+\.\d+\.\d+[\w.+-]*)")
_FROM = re.compile(
    r"^\s*FROM\s+(?:--\S+\s+)*([\w./-]+(?::\d+/[\w./-]+)?):([\w.-]+)", re.IGNORECASE | re.MULTILINE
)
_INSTALLS = linear(r"\b(?:pip|pipx|uv|poetry|pdm|npm|pnpm|yarn|bun|npx|pnpx|bunx)[\d.]*\s")
_EXACT = re.compile(r"^[=v]?(\d+\.\d+\.\d+[\w.+-]*)$")


@dataclass(frozen=True, slots=True)
class Pinned:
    """One package with its version.

    Attributes
    ----------
    ecosystem
        As OSV calls it: ``PyPI``, ``npm``, ``OCI`` for images.
    """

    ecosystem: str
    name: str
    version: str
    file: str
    line: int | None

    @property
    def key(self) -> tuple[str, str]:
        """What two spellings of one package have in common."""
        return self.ecosystem, canonical(self.ecosystem, self.name)


def canonical(ecosystem: str, name: str) -> str:
    """Return a package's name as its ecosystem compares names."""
    return re.sub(r"[-_.]+", "-", name).lower() if ecosystem == "PyPI" else name.lower()


_TOML = ("pyproject.toml", "poetry.lock", "uv.lock", "pdm.lock", "Pipfile", "Pipfile.lock", "pylock.toml")
_LINES = (
    "environment.yml", "environment.yaml", "conda.yaml", "setup.cfg", "setup.py", "tox.ini", "yarn.lock",
)  # fmt: skip


def pinned(evidence: Evidence) -> Iterator[Pinned]:
    """Yield every package that a skill names with a version."""
    for file in evidence.texts:
        base = file.name.rsplit("/", 1)[-1]
        if (
            re.fullmatch(r"(?:[\w.-]*requirements[\w.-]*|constraints[\w.-]*)\.(?:txt|in)", base)
            or "requirements/" in file.name
        ):
            yield from _lines(file, _REQUIREMENT, "PyPI")
        elif base in _TOML:
            yield from _toml(file)
        elif base in ("package.json", "package-lock.json", "npm-shrinkwrap.json"):
            yield from _package_json(file)
        elif base in _LINES:
            yield from _lines(
                file, re.compile(rf"^[\s\-\"']*({_NAME})\s*={{2,3}}\s*([0-9][\w.!+-]*)"), "PyPI"
            )
        if re.search(r"(?i)(?:docker|container)file", base):
            for match in _FROM.finditer(file.text):
                yield Pinned("OCI", match[1], match[2], file.name, _line(file, match.start()))
        yield from _installs(file)
    for file, field, value in images(evidence):
        name, _, tag = value.partition("@")[0].rpartition(":")
        if name and "/" not in tag:
            yield Pinned("OCI", name, tag, file.name, field.line)


def _installs(file: File) -> Iterator[Pinned]:
    for whole, one, ecosystem in ((_PIP, _PIP_ONE, "PyPI"), (_NPM, _NPM_ONE, "npm")):
        for match in whole.finditer(file.text) if _INSTALLS.search(file.text) else ():
            for package in one.finditer(match[1]):
                yield Pinned(
                    ecosystem,
                    package[1],
                    package[2],
                    file.name,
                    _line(file, match.start(1) + package.start()),
                )


def _lines(file: File, pattern: re.Pattern[str], ecosystem: str) -> Iterator[Pinned]:
    for number, line in enumerate(file.lines, 1):
        match = pattern.match(line)
        if match:
            yield Pinned(ecosystem, match[1], match[2], file.name, number)


def _toml(file: File) -> Iterator[Pinned]:
    for number, line in enumerate(file.lines, 1):
        for match in re.finditer(rf"[\"']({_NAME})\s*(?:\[[^\]]*\])?\s*={{2,3}}\s*([0-9][\w.!+-]*)", line):
            yield Pinned("PyPI", match[1], match[2], file.name, number)
    try:
        document = tomllib.loads(file.text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return
    yield from _locked(document, file)
    poetry = _table(_table(document, "tool"), "poetry")
    for name, version in _table(poetry, "dependencies").items():
        exact = _EXACT.match(version.lstrip("=")) if isinstance(version, str) else None
        if exact and name != "python":
            yield Pinned("PyPI", name, exact[1], file.name, _line(file, max(file.text.find(name), 0)))


def _locked(document: Mapping[str, object], file: File) -> Iterator[Pinned]:
    """Yield the packages that a lock lists."""
    listed = document.get("package", document.get("packages", []))
    for package in listed if isinstance(listed, list) else ():
        if not isinstance(package, dict):
            continue
        name, version = package.get("name"), package.get("version")
        if isinstance(name, str) and isinstance(version, str):
            at = file.text.find(f'name = "{name}"')
            yield Pinned("PyPI", name, version, file.name, _line(file, max(at, 0)))


def _table(document: Mapping[str, object], name: str) -> Mapping[str, object]:
    """Return a table of a document; an empty one for anything else."""
    table = document.get(name)
    return table if isinstance(table, dict) else {}


def _package_json(file: File) -> Iterator[Pinned]:
    try:
        document = json.loads(file.text)
    except (ValueError, RecursionError):
        return
    if not isinstance(document, dict):
        return
    for section in ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies"):
        listed = document.get(section)
        for name, said in listed.items() if isinstance(listed, dict) else ():
            version = said.get("version") if isinstance(said, dict) else said
            exact = _EXACT.match(version) if isinstance(version, str) else None
            if exact:
                yield Pinned(
                    "npm", name, exact[1], file.name, _line(file, max(file.text.find(f'"{name}"'), 0))
                )
    packages = document.get("packages")
    for path, said in packages.items() if isinstance(packages, dict) else ():
        if "node_modules/" in path and isinstance(said, dict) and isinstance(said.get("version"), str):
            name = path.rsplit("node_modules/", 1)[-1]
            yield Pinned(
                "npm", name, said["version"], file.name, _line(file, max(file.text.find(f'"{path}"'), 0))
            )


def _line(file: File, at: int) -> int:
    return file.text.count("\n", 0, at) + 1
