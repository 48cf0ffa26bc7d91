"""``skillbank skills [QUERY]``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from skillbank.cli import options, terminal
from skillbank.visible import one_line

if TYPE_CHECKING:
    from rich.table import Table

    from skillbank.bank.discovery import Library
    from skillbank.bank.skill import Skill


_MOST = 20
"""Skills that a search shows."""


def skills(
    query: Annotated[str | None, typer.Argument(help="Words to search for.")] = None,
    banks: options.Banks = None,
    as_json: options.Json = False,
) -> None:
    """List the skills of all banks, or search them: a weak hit only shares words with the query."""
    with options.open_runtime(banks) as runtime:
        hits = runtime.search(query, _MOST + 1) if query else []
        found = [h.skill for h in hits[:_MOST]] if query else list(runtime.library.skills)
        listed = [{**_entry(s, runtime.library), "trust": runtime.trust_of(s, signer=False)} for s in found]
        for entry, hit in zip(listed, hits, strict=False):
            entry["weak"] = not hit.strong
        note = runtime.search_note(query) if query else ""
        diagnostics = [{"skill": s.qualified, **d.document()} for s, d in runtime.library.diagnostics]
    more = len(hits) > _MOST
    if as_json:
        said = {**({"more": True} if more else {}), **({"note": note} if note else {})}
        options.print_json({"skills": listed, **said, "diagnostics": diagnostics})
        return
    if not listed:
        terminal.say(f"No skill fits '{one_line(query)}'; 'skillbank skills' lists them all.")
    else:
        terminal.show(_table(listed, searched=bool(query)))
    if listed and all(entry.get("weak") for entry in listed):
        terminal.say("Weak hits only share words with the query; no skill says that it is for this.")
    if more:
        terminal.say(f"These are the best {_MOST}; more skills share words with the query.")
    if note:
        terminal.say(f"Note: {note}.")
    bad = sum(1 for d in diagnostics if d["severity"] == "error")
    if bad and listed:
        terminal.say(f"{bad} error{'s' if bad > 1 else ''} in skill files; --json lists them.")


def _table(listed: list[dict[str, Any]], *, searched: bool) -> Table:
    from skillbank.cli.styled import table

    fit = ["fit"] if searched else []
    made = table("skill", *fit, "bank", "actions", "the skill says what it is for", padding=(0, 1))
    made.columns[0].no_wrap = True
    for entry in listed:
        names = dict.fromkeys(a["name"] for a in entry["actions"])
        made.add_row(
            f"{entry['name']} (deprecated)" if entry["deprecated"] else entry["name"],
            *(["weak" if entry["weak"] else "strong"] if searched else []),
            ", ".join([entry["bank"], *entry["also_in"]]),
            ", ".join(names) or "(to read)",
            _short(entry["description"]),
        )
    return made


def _entry(skill: Skill, library: Library) -> dict[str, Any]:
    return {
        "name": skill.name,
        "bank": skill.bank,
        "also_in": list(library.also_in(skill)),
        "description": skill.frontmatter.description,
        "version": skill.frontmatter.version,
        "tags": list(skill.frontmatter.tags),
        "deprecated": bool(skill.frontmatter.lifecycle.deprecated),
        "automl_enabled": skill.info.automl_enabled,
        "actions": [{"name": a.name, "variant": a.variant} for a in skill.actions],
    }


def _short(text: str) -> str:
    first = text.split(". ")[0]
    return first if len(first) <= 110 else f"{first[:107]}..."
