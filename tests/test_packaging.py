"""What is imported is declared, what is declared is locked, and errors say how to install what is missing."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from importlib.metadata import requires
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from skillbank import installation
from skillbank_engine import extras

REPO = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))
SAID: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
CORE: list[str] = PROJECT["project"]["dependencies"]


def expanded(extra: str) -> list[str]:
    """What an extra brings, those of the project itself that it names taken apart."""
    found: list[str] = []
    for line in SAID[extra]:
        requirement = Requirement(line)
        if requirement.name == "skillbank":
            found += [each for other in sorted(requirement.extras) for each in expanded(other)]
        else:
            found.append(line)
    return found


EXTRAS = {extra: expanded(extra) for extra in SAID}

FOR_MAKERS = ("all", "dev", "docs")
"""What gathers others, and what serves this repository alone."""
OWN = frozenset({"skillbank", "skillbank_engine", "tests", "benchmarks"})
WITH_TORCH = frozenset({"triton"})
"""Comes with torch's builds for GPUs; where it is not, nothing of it is imported."""
ON_REQUEST = frozenset({"mlflow", "wandb"})
"""Imported by the name that a person gives: no dependency of ours."""

DRIVERS = REPO / "tests" / "clients" / "drivers"
"""Programs that run in environments of their own."""
ALLOWED = {
    "runtime/skillbank": ("cvat", "formats", "kubernetes", "mcp", "postgres", "team", "video", "web"),
    "runtime/skillbank_engine": ("engine", "export", "quantize"),
    "tests": tuple(EXTRAS),
    "engine-image": ("dev",),
    "examples": ("engine",),
}


@cache
def packages_distributions() -> Mapping[str, list[str]]:
    """Which distributions bring each top-level package: looked up in all of them, once."""
    return metadata.packages_distributions()


@cache
def imports(path: Path) -> frozenset[str]:
    """Top-level packages that a module imports anywhere."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add((node.module or "").partition(".")[0])
    return frozenset(found)


def imported(folder: Path) -> dict[str, set[str]]:
    """Top-level packages that the modules below a folder import anywhere, and in which of them."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted(folder.rglob("*.py")):
        if path.parent == DRIVERS:
            continue
        for name in imports(path):
            found[name].add(str(path.relative_to(REPO)))
    ours = OWN | WITH_TORCH | ON_REQUEST | sys.stdlib_module_names
    return {name: places for name, places in found.items() if name not in ours}


FOR_OTHERS = {
    "onnx": "the engine asks for it by its name",
    "onnxruntime": "the engine asks for it by its name",
    "python-multipart": "starlette reads forms with it",
    "psycopg": "sqlalchemy speaks to PostgreSQL through it",
    "torchao": "transformers quantizes with it",
}
"""Declared without being imported by name, and why."""


@pytest.mark.parametrize("extra", ["", *(name for name in SAID if name not in FOR_MAKERS)])
def test_nothing_is_declared_that_nothing_imports(extra: str) -> None:
    declared = names_of(EXTRAS[extra] if extra else CORE) - set(FOR_OTHERS)
    folders = ["runtime/skillbank"] if extra in ("", "mcp", "web") else ["runtime"]
    brought_by = packages_distributions()
    used = {
        canonicalize_name(each)
        for folder in folders
        for name in imported(REPO / folder)
        for each in (*brought_by.get(name, []), name)
    }
    assert declared - used == set()


SERVING = ("entrance.py", "agent/lanes.py", "prompt_http.py")
DOORS = {
    "mcp": ("agent/mcp_server", *SERVING),
    "web": ("web", "client.py", *SERVING),
    "team": ("team_server", *SERVING),
}


@pytest.mark.parametrize("extra", DOORS)
def test_only_its_door_imports_what_an_extra_brings(extra: str) -> None:
    brought_by = packages_distributions()
    ours = names_of(EXTRAS[extra]) - names_of(CORE)
    doors = tuple(f"runtime/skillbank/{place}" for places in DOORS.values() for place in places)
    for name, places in imported(REPO / "runtime" / "skillbank").items():
        if ours & {canonicalize_name(each) for each in (*brought_by.get(name, []), name)}:
            assert all(place.startswith(doors) for place in places), (name, places)


def test_all_is_everything_that_a_person_may_want() -> None:
    wanted = {line for extra in SAID if extra not in FOR_MAKERS for line in EXTRAS[extra]}
    assert set(EXTRAS["all"]) == wanted


def names_of(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(line).name) for line in requirements}


@pytest.mark.parametrize(("folder", "extras"), ALLOWED.items(), ids=list(ALLOWED))
def test_what_is_imported_is_declared(folder: str, extras: tuple[str, ...]) -> None:
    declared = names_of([*CORE, *(line for extra in extras for line in EXTRAS[extra])])
    brought_by = packages_distributions()
    for name, places in imported(REPO / folder).items():
        distributions = {canonicalize_name(each) for each in brought_by.get(name, [name])}
        # fastmcp is a shell around fastmcp-slim, which has the module.
        distributions.add(canonicalize_name(name))
        assert distributions & declared, f"{name} is imported in {sorted(places)} and declared nowhere"


def test_every_declared_package_has_a_lower_bound() -> None:
    lines = [*CORE, *(line for lines in EXTRAS.values() for line in lines)]
    unbounded = [line for line in lines if not Requirement(line).specifier and "types-" not in line]
    assert unbounded == []


def locked(name: str) -> dict[str, list[tuple[str, str]]]:
    """Versions of each package in a lock, with their markers."""
    text = (REPO / "locks" / name).read_text(encoding="utf-8")
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    pattern = r"^([A-Za-z0-9_.\-]+)(?:\[[^\]]*\])?==(\S+)(?: ; (.*?))? \\$"
    for match in re.finditer(pattern, text, re.MULTILINE):
        found[canonicalize_name(match[1])].append((match[2], match[3] or ""))
    return found


def wanted(extras: tuple[str, ...]) -> list[Requirement]:
    """What the project itself declares, torch excepted, which is installed in a step of its own."""
    lines = [*CORE, *PROJECT["dependency-groups"]["build"], *(x for extra in extras for x in EXTRAS[extra])]
    return [found for found in map(Requirement, lines) if found.name != "torch"]


@pytest.mark.parametrize(
    ("name", "extras"), [("engine.txt", ("engine", "mcp", "web")), ("dev.txt", ("engine", "dev"))]
)
def test_the_lock_holds_what_is_declared(name: str, extras: tuple[str, ...]) -> None:
    versions = locked(name)
    for requirement in wanted(extras):
        held = versions[canonicalize_name(requirement.name)]
        assert held, f"locks/{name} lacks {requirement}; `make lock` adds it"
        for version, _ in held:
            assert requirement.specifier.contains(version), f"locks/{name} has {version}: `make lock`"


def test_the_lock_holds_the_installer() -> None:
    [declared] = map(Requirement, PROJECT["dependency-groups"]["installer"])
    [(version, marker)] = locked("installer.txt")[declared.name]
    assert declared.specifier.contains(version) and marker == ""


@pytest.mark.parametrize("name", ["engine.txt", "dev.txt", "installer.txt"])
def test_the_lock_names_no_place_and_leaves_torch_to_the_machine(name: str) -> None:
    text = (REPO / "locks" / name).read_text(encoding="utf-8")
    assert re.search(r"://|--index|--find-links|^-", text, re.MULTILINE) is None
    assert [each for each in locked(name) if each.startswith(("torch", "nvidia-", "cuda-", "triton"))] in (
        [],
        ["torchao"],
    )
    blocks = re.split(r"^(?=\S)", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE), flags=re.MULTILINE)
    assert [block for block in blocks if block and "--hash=sha256:" not in block] == []


def test_what_the_lock_says_of_torch_is_of_the_torch_that_is_declared() -> None:
    [torch] = [Requirement(line) for line in EXTRAS["engine"] if line.startswith("torch=")]
    [about] = PROJECT["tool"]["uv"]["dependency-metadata"]
    assert str(torch.specifier) == f"=={about['version']}"
    environment = {**default_environment(), "extra": ""}
    needs = [Requirement(line) for line in requires("torch") or []]
    plain = {
        each.name
        for each in needs
        if each.marker is None or each.marker.evaluate(environment)  # type: ignore[arg-type]
    }
    # A build for GPUs also needs their libraries, which come with it.
    assert names_of(about["requires-dist"]) == {
        canonicalize_name(name) for name in plain if not name.startswith(("nvidia-", "cuda-", "triton"))
    }


def test_the_builder_is_the_one_that_the_lock_holds() -> None:
    assert set(PROJECT["build-system"]["requires"]) < set(PROJECT["dependency-groups"]["build"])


BOTH = [installation, extras]
"""The runtime and the engine, which never import each other, say the same."""


@pytest.mark.parametrize("module", BOTH, ids=["runtime", "engine"])
def test_a_checkout_says_how_it_is_extended(module: ModuleType) -> None:
    assert module.how_to_install("engine") == f"pip install -e '{REPO}[engine]'"


NOTED = {
    "an index": (None, "pip install 'skillbank[mcp]'"),
    "a wheel": (
        {"url": "file:///w/skillbank-1-py3-none-any.whl", "archive_info": {}},
        "pip install 'skillbank[mcp] @ file:///w/skillbank-1-py3-none-any.whl'",
    ),
    "a folder": ({"url": "file:///src/s", "dir_info": {}}, "pip install 'skillbank[mcp] @ file:///src/s'"),
    "a repository": (
        {"url": "https://h/s.git", "vcs_info": {"vcs": "git", "commit_id": "ab12"}},
        "pip install 'skillbank[mcp] @ git+https://h/s.git@ab12'",
    ),
}


@pytest.mark.parametrize("module", BOTH, ids=["runtime", "engine"])
@pytest.mark.parametrize(("noted", "said"), NOTED.values(), ids=list(NOTED))
def test_an_installation_is_extended_from_where_it_came(
    noted: dict[str, Any] | None, said: str, module: ModuleType, tmp_path: Path
) -> None:
    # A site folder as pip leaves it, with the package itself in it.
    package = Path(str(module.__file__)).parent
    shutil.copytree(package, tmp_path / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    about = tmp_path / "skillbank-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: skillbank\nVersion: 1\n", encoding="utf-8")
    if noted is not None:
        (about / "direct_url.json").write_text(json.dumps(noted), encoding="utf-8")
    code = f"from {module.__name__} import how_to_install; print(how_to_install('mcp'), end='')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == said


SENTENCE = re.compile(r"pip install\s+[\"'-]*\s*(-e\s+)?['\"]?skillbank\b")
"""Holds only once skillbank is on an index; everywhere else the installation itself says how."""


def test_nothing_sends_people_to_an_index_that_does_not_have_it() -> None:
    places = [
        REPO / "README.md",
        REPO / "AGENTS.md",
        *(REPO / "references").rglob("*.md"),
        *(REPO / "skills").rglob("*.md"),
        *(REPO / "runtime").rglob("*.py"),
    ]
    found = {path.name for path in places if SENTENCE.search(path.read_text(encoding="utf-8"))}
    assert found <= {"installation.py", "extras.py"}
