"""Where a request says to run: a platform by its name, and one that is said not to be meant."""

from __future__ import annotations

from skillbank.plan.reader.matching import Text

__all__ = ["take_platforms"]


def take_platforms(page: Text) -> None:
    """Account for platforms; one that is said not to be meant is none."""
    label = "'platform|'backend|'runner ':|'=|'is|'to*"
    for name in ("local", "docker", "slurm", "kubernetes"):
        for match in page.find(
            f"operator.not|operator.instead free.glue|free.light|places.platform.around* places.platform.{name} places.platform.around?"
        ):
            if not any(page.tokens[i].text in ("but", "though", "however") for i in match.tokens()):
                page.ledger.claim("refused", match.tokens())
    for name in ("local", "docker", "slurm", "kubernetes"):
        sent = f"'send|'submit|'bring|'move|'hand group.it 'to|'over* group.det* places.platform.{name} places.platform.around?"
        for match in (
            *page.find(f"{label} places.platform.{name} places.platform.around?"),
            *page.find(sent),
        ):
            page.ledger.claim("platform", match.tokens(), name)
        for match in page.find(f"free.glue* places.platform.{name} places.platform.around?"):
            words = [i for i in match.tokens() if page.ledger.free(i)]
            page.ledger.claim("platform", words[-(match.end - match.first) :], name)
