"""The documentation site builds without a warning, and holds every guide and what the API promises."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

REPO = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_site_builds_strictly(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)],
        cwd=REPO,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr[-3000:]
    runtime = (tmp_path / "api" / "runtime.html").read_text()
    for method in (
        "plan",
        "explain",
        "launch",
        "wait",
        "status",
        "logs",
        "results",
        "cancel",
        "label",
        "sets",
    ):
        assert f'id="skillbank.runtime.Runtime.{method}"' in runtime
    # Nothing is fetched from elsewhere when a page is opened.
    assert 'src="https://' not in runtime and 'rel="stylesheet" href="https://' not in runtime


def test_every_page_is_in_the_navigation() -> None:
    told = yaml.safe_load((REPO / "mkdocs.yml").read_text())
    listed = {page for entry in told["nav"] for page in _pages(entry)}
    own = {p.relative_to(REPO / "docs").as_posix() for p in (REPO / "docs").rglob("*.md")}
    beside = {p.relative_to(REPO).as_posix() for p in (REPO / "references").glob("*.md")}
    assert (
        own | beside | {"index.md", "AGENTS.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"}
        == listed
    )


def _pages(entry: object) -> list[str]:
    if isinstance(entry, str):
        return [entry]
    children = entry if isinstance(entry, list) else list(entry.values()) if isinstance(entry, dict) else []
    return [page for child in children for page in _pages(child)]
