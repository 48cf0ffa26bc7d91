"""The pages of the documentation site that lie elsewhere in the repository; hooks of mkdocs."""

from __future__ import annotations

import os.path
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
ELSEWHERE = {
    "index.md": ROOT / "README.md",
    **{name: ROOT / name for name in ("AGENTS.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")},
    **{path.relative_to(ROOT).as_posix(): path for path in sorted((ROOT / "references").glob("*.md"))},
}
"""By their names on the site."""
_LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)((?:#[^)]*)?)\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that lie elsewhere."""
    for name, path in ELSEWHERE.items():
        files.append(File.generated(config, name, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links, which are those of the repository, to where the site has their targets."""
    return _LINK.sub(partial(_led, page.file.src_uri), markdown)


def _led(name: str, found: re.Match[str]) -> str:
    target = (ELSEWHERE.get(name, DOCS / name).parent / found[1]).resolve()
    there = next((page for page, path in ELSEWHERE.items() if path == target), "")
    if not there and target.is_relative_to(DOCS):
        there = target.relative_to(DOCS).as_posix()
    if not there:
        raise PluginError(f"{name} links to {found[1]}, which is no page of the site.")
    return f"]({os.path.relpath(there, Path(name).parent.as_posix())}{found[2]})"
