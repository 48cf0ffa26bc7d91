"""Where a request says to run: a platform by its name, and one that is said not to be meant."""

from __future__ import annotations

from skillbank.plan.reader.matching import Text

__all__ = ["take_platforms"]


_PLATFORMS = {
    name: f"places.platform.{name} places.platform.around?"
    for name in ("local", "docker", "slurm", "kubernetes")
}


def take_platforms(page: Text) -> None:
    """Account for platforms; one that is said not to be meant is none."""
    refusing = "operator.not|operator.instead free.glue|free.light|places.platform.around*"
    for placed in _PLATFORMS.values():
        for match in page.find(f"{refusing} {placed}"):
            if not any(page.tokens[i].text in ("but", "though", "however") for i in match.tokens()):
                page.ledger.claim("refused", match.tokens())
    sending = (
        "'platform|'backend|'runner ':|'=|'is|'to*",
        "'send|'submit|'bring|'move|'hand group.it 'to|'over* group.det*",
    )
    for name, placed in _PLATFORMS.items():
        for lead in sending:
            for match in page.find(f"{lead} {placed}"):
                page.ledger.claim("platform", match.tokens(), name)
        for match in page.find(f"free.glue* {placed}"):
            words = [i for i in match.tokens() if page.ledger.free(i)]
            page.ledger.claim("platform", words[-(match.end - match.first) :], name)
