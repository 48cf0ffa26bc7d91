"""Rules on packages that a skill says to install."""

from __future__ import annotations

import re
from collections.abc import Iterator

from skillbank.trust.audit.evidence import Evidence
from skillbank.trust.audit.finding import Hit, Level, hit_at, rule
from skillbank.visible import one_line

__all__: list[str] = []


@rule(
    "package-vulnerable", "HIGH", "bugs", "A pinned package has a known vulnerability",
    "Pin a version that is fixed, or ask whoever wrote the skill to.",
)  # fmt: skip
def vulnerable(evidence: Evidence) -> Iterator[Hit]:
    """Say which pinned packages have known vulnerabilities; the source was asked before."""
    for package, advisories in evidence.advisories.items():
        worst: Level = min((a.level for a in advisories), key=["HIGH", "MEDIUM", "LOW"].index)
        named = ", ".join(
            dict.fromkeys(f"{a.id}{f' ({a.aliases[0]})' if a.aliases else ''}" for a in advisories[:6])
        )
        fixed = ", ".join(dict.fromkeys(f for a in advisories for f in a.fixed)) or "no version that is named"
        what = f"{one_line(package.name, 60)} {one_line(package.version, 40)}"
        yield Hit(
            package.file, f"{what} has {named}; fixed in {fixed}.", package.line, what,
            advisories[0].summary, worst,
        )  # fmt: skip


_FOREIGN_INDEX = re.compile(
    r"(?:--(?:extra-)?index-url|-i|--registry|--find-links|-f|--trusted-host)[= ]\s*[\"']?((?:https?://)?[\w.-]+)"
)
_PUBLIC = re.compile(
    r"^(?:https?://)?(?:[\w.-]*\.)?(?:pypi\.org|pythonhosted\.org|pytorch\.org|nvidia\.com|npmjs\.org|huggingface\.co|github\.io|github\.com)$"
)


@rule(
    "package-index", "MEDIUM", "bugs", "Packages come from another index",
    "Ask whose index it is; whoever runs it decides what is installed.",
)  # fmt: skip
def indexes(evidence: Evidence) -> Iterator[Hit]:
    """Find installs that take packages from an index of somebody else."""
    for file in evidence.texts:
        if (
            "index-url" not in file.text
            and "--registry" not in file.text
            and "trusted-host" not in file.text
            and "find-links" not in file.text
        ):
            continue
        for number, line in enumerate(file.lines, 1):
            if not re.search(r"\b(?:pip|uv|npm|yarn|pnpm|conda)\b|^\s*--", line):
                continue
            for match in _FOREIGN_INDEX.finditer(line):
                if "--" in match[0] and not _PUBLIC.match(match[1]):
                    yield hit_at(file, number, "it installs from an index that is not one of the usual", line)
