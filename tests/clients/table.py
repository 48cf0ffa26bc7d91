"""The table of clients in references/mcp.md: ``python -m tests.clients.table`` writes it anew."""

from __future__ import annotations

from pathlib import Path

from tests.clients.conversation import Step
from tests.clients.registry import CLIENTS, Client, release

__all__ = ["DOCUMENT", "table", "with_table"]

DOCUMENT = Path(__file__).parents[2] / "references/mcp.md"
BEGIN = (
    "<!-- Made by `python -m tests.clients.table`; each mark is held by the test that plays the client. -->\n"
)
END = "<!-- The end of the table of clients. -->\n"
COLUMNS: dict[Step, str] = {
    "plan": "lists tools, plans",
    "refusal": "reads a refusal and the way out",
    "launch": "launches once approved",
    "results": "results",
    "cancel": "stops a job",
    "asks": "asks its user",
    "tasks": "tasks",
}


def table() -> str:
    """Return the table."""
    head = ["client", "release", "over", *COLUMNS.values(), "to know"]
    lines = [head, ["---"] * len(head), *(_row(client) for client in CLIENTS)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _row(client: Client) -> list[str]:
    marks = ["yes" if step in client.shows else "-" for step in COLUMNS]
    return [client.name, release(client.package), client.over, *marks, client.note]


def with_table(text: str) -> str:
    """Return a document with the table of today between its marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    assert rest, f"{DOCUMENT.name} lacks the marks of the table"
    return f"{before}{BEGIN}{table()}{END}{after}"


if __name__ == "__main__":
    DOCUMENT.write_text(with_table(DOCUMENT.read_text()))
