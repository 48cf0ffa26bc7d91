"""``skillbank skills [QUERY]``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from skillbank.cli import options, terminal
from skillbank.visible import one_line

if TYPE_CHECKING:
    from skillbank.bank.discovery import Library
    from skillbank.bank.skill import Skill


def skills(
    query: Annotated[str | None, typer.Argument(help="Words to search for.")] = None,
    banks: options.Banks = None,
    as_json: options.Json = False,
) -> None:
    """List the skills of all banks, or search them."""
    with options.open_runtime(banks) as runtime:
        found = [h.skill for h in runtime.search(query, 20)] if query else list(runtime.library.skills)
        listed = [{**_entry(s, runtime.library), "trust": runtime.trust_of(s, signer=False)} for s in found]
        note = runtime.library.claims.of(query).note if query else ""
        diagnostics = [{"skill": s.qualified, **d.document()} for s, d in runtime.library.diagnostics]
    if as_json:
        options.print_json({"skills": listed, **({"note": note} if note else {}), "diagnostics": diagnostics})
        return
    from skillbank.cli.styled import table as new_table

    if not listed:
        terminal.say(f"No skill fits '{one_line(query)}'; 'skillbank skills' lists them all.")
        return
    table = new_table("skill", "bank", "actions", "the skill says what it is for", padding=(0, 1))
    table.columns[0].no_wrap = True
    for entry in listed:
        names = dict.fromkeys(a["name"] for a in entry["actions"])
        table.add_row(
            entry["name"],
            ", ".join([entry["bank"], *entry["also_in"]]),
            ", ".join(names) or "(to read)",
            _short(entry["description"]),
        )
    terminal.show(table)
    if note:
        terminal.say(f"Note: {note}.")
    bad = sum(1 for d in diagnostics if d["severity"] == "error")
    if bad:
        terminal.say(f"{bad} error{'s' if bad > 1 else ''} in skill files; --json lists them.")


def _entry(skill: Skill, library: Library) -> dict[str, Any]:
    return {
        "name": skill.name,
        "bank": skill.bank,
        "also_in": list(library.also_in(skill)),
        "description": skill.frontmatter.description,
        "version": skill.frontmatter.version,
        "tags": list(skill.frontmatter.tags),
        "automl_enabled": skill.info.automl_enabled,
        "actions": [{"name": a.name, "variant": a.variant} for a in skill.actions],
    }


def _short(text: str) -> str:
    first = text.split(". ")[0]
    return first if len(first) <= 110 else f"{first[:107]}..."
