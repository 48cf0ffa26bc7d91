"""The pages of the documentation site that lie elsewhere in the repository; a hook of mkdocs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig

ROOT = Path(__file__).resolve().parents[1]
START = "README.md"
PAGES = (START, "AGENTS.md", "CONTRIBUTING.md", "CHANGELOG.md", *sorted(
    path.relative_to(ROOT).as_posix() for path in (ROOT / "references").glob("*.md")
))  # fmt: skip
_LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)((?:#[^)]*)?)\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add them, each under its own path; README.md is the first page."""
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        name = "index.md" if page == START else page
        files.append(File.generated(config, name, content=_LINK.sub(lambda found: _led(page, found), text)))
    return files


def _led(page: str, found: re.Match[str]) -> str:
    """Lead a link of the repository to where the site has its target."""
    target = (ROOT / page).parent.joinpath(found[1]).resolve()
    path = target.relative_to(ROOT).as_posix() if target.is_relative_to(ROOT) else ""
    here = Path(page).parent
    if path in PAGES:
        there = "index.md" if path == START else path
    elif path.startswith("docs/") and target.is_file():
        there = path.removeprefix("docs/")
    else:
        raise PluginError(f"{page} links to {found[1]}, which is no page of the site; add it to PAGES.")
    return f"]({'../' * len(here.parts)}{there}{found[2]})"
