"""The files by which ecosystems install a bank with its MCP server, so that skills bring their tools.

Adding an ecosystem is one function and one line of `ECOSYSTEMS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from skillbank.bank.discovery import Bank
from skillbank.bank.files import utf8_name
from skillbank.errors import SkillFormatError
from skillbank.publishing.about import About, read_about
from skillbank.publishing.cards import FILE as CARD
from skillbank.publishing.cards import card
from skillbank.visible import json_text, named

__all__ = ["ECOSYSTEMS", "build_packages", "package_problems", "write_packages"]

Document = dict[str, object]
Files = Mapping[str, Document]
_SERVERS = "mcp.json"
"""Not ``.mcp.json``, which would start the server for whoever opens a checkout."""
_SUBTITLE = 120


def _claude(about: About, skills: Sequence[str]) -> Files:
    # The folders are named: a scan from the root would take the skills of test data for the bank's.
    plugin = {"name": about.name, "source": "./", "description": about.description, "version": about.version}
    return {
        ".claude-plugin/marketplace.json": {
            "name": about.name,
            "owner": about.owner.document(),
            "metadata": {"description": about.description, "version": about.version},
            "plugins": [{**plugin, "strict": True, "skills": [f"./{folder}" for folder in skills]}],
        },
        ".claude-plugin/plugin.json": {**_plugin(about), **_servers(about)},
    }


def _codex(about: About, skills: Sequence[str]) -> Files:
    shown = {
        "displayName": about.title,
        "shortDescription": _short(about.description),
        "longDescription": about.description,
        "developerName": about.owner.name,
        "category": about.category,
        "capabilities": ["Interactive", "Write"],
        "defaultPrompt": list(about.prompts),
    }
    pointed = {"mcpServers": f"./{_SERVERS}"} if about.server else {}
    return {
        ".codex-plugin/plugin.json": {
            **_plugin(about), "skills": f"./{_home(skills)}/", **pointed, "interface": shown,
        },
        ".agents/plugins/marketplace.json": {
            "name": about.name,
            "interface": {"displayName": about.title},
            "plugins": [
                {
                    "name": about.name,
                    "source": {"source": "local", "path": "./"},
                    "policy": {"installation": "AVAILABLE", "authentication": "ON_INSTALL"},
                    "category": about.category,
                }
            ],
        },
        **({_SERVERS: _servers(about)} if about.server else {}),
    }  # fmt: skip


def _gemini(about: About, skills: Sequence[str]) -> Files:
    head = {"name": about.name, "version": about.version, "description": about.description}
    return {"gemini-extension.json": {**head, **_servers(about)}}


def _cursor(about: About, skills: Sequence[str]) -> Files:
    pointed = {"mcpServers": f"./{_SERVERS}"} if about.server else {}
    named_so = {"displayName": about.title, "category": about.category}
    return {
        ".cursor-plugin/plugin.json": {
            **_plugin(about), **named_so, "skills": f"./{_home(skills)}/", **pointed,
        }
    }  # fmt: skip


def _skills_sh(about: About, skills: Sequence[str]) -> Files:
    if not about.groups:
        return {}
    groups = [
        {
            "title": g.title,
            **({"description": g.description} if g.description else {}),
            "skills": list(g.skills),
        }
        for g in about.groups
    ]
    schema = "https://skills.sh/schemas/skills.sh.schema.json"
    return {"skills.sh.json": {"$schema": schema, "notGrouped": "bottom", "groupings": groups}}


ECOSYSTEMS: Mapping[str, Callable[[About, Sequence[str]], Files]] = {
    "Claude Code": _claude,
    "Codex": _codex,
    "Gemini CLI": _gemini,
    "Cursor": _cursor,
    "skills.sh": _skills_sh,
}
"""By name: the files of an ecosystem, by their paths, from what the bank says and its folders of skills."""


def build_packages(root: Path) -> dict[str, str]:
    """Return every file that the ecosystems read, and each skill's card, by its path below the bank.

    Raises
    ------
    SkillFormatError
        Where ``bank.yaml`` is missing or wrong, or groups a skill that the bank does not have.
    """
    about = read_about(root)
    found = Bank(root).skills
    skills = [utf8_name(skill.root.relative_to(root.resolve()).as_posix()) for skill in found]
    if not skills:
        raise SkillFormatError(f"{root} holds no skill to publish.")
    known = {skill.name for skill in found}
    unknown = [name for group in about.groups for name in group.skills if name not in known]
    if unknown:
        names = ", ".join(named(name, 80) for name in unknown)
        raise SkillFormatError(f"{root / 'bank.yaml'} groups skills that the bank does not have: {names}.")
    made = {path: doc for make in ECOSYSTEMS.values() for path, doc in make(about, skills).items()}
    cards = {f"{folder}/{CARD}": card(skill, about) for folder, skill in zip(skills, found, strict=True)}
    return {path: json_text(document, indent=2) + "\n" for path, document in made.items()} | cards


def write_packages(root: Path) -> list[Path]:
    """Write what has changed of a bank's packages, and return those files."""
    written = []
    for path, text in build_packages(root).items():
        file = root / path
        if file.is_file() and file.read_text(encoding="utf-8") == text:
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        written.append(file)
    return written


def package_problems(root: Path) -> list[str]:
    """Say, one sentence each, which packages differ from what the bank says of itself."""
    problems = []
    for path, text in build_packages(root).items():
        file = root / path
        if not file.is_file():
            problems.append(f"{path} is missing.")
        elif file.read_text(encoding="utf-8", errors="replace") != text:
            problems.append(f"{path} is not what bank.yaml and the skills say.")
    return [f"{each} Run 'skillbank packages build'." for each in problems]


def _plugin(about: About) -> Document:
    links = {"homepage": about.homepage, "repository": about.repository}
    return {
        "name": about.name,
        "version": about.version,
        "description": about.description,
        "author": about.owner.document(),
        "license": about.license,
        "keywords": list(about.keywords),
        **{name: link for name, link in links.items() if link},
    }


def _servers(about: About) -> Document:
    return {"mcpServers": {about.server.name: about.server.document()}} if about.server else {}


def _home(skills: Sequence[str]) -> str:
    """Return the folder in which all skills lie, of the ecosystems that take one."""
    tops = {folder.partition("/")[0] for folder in skills}
    return tops.pop() if len(tops) == 1 and all("/" in folder for folder in skills) else "."


def _short(text: str) -> str:
    return text if len(text) <= _SUBTITLE else f"{text[: _SUBTITLE - 1].rsplit(' ', 1)[0]}…"
