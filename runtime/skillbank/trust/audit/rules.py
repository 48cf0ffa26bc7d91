"""All rules of an audit: the modules that hold them, each of which enters its own."""

from __future__ import annotations

from skillbank.trust.audit import (  # noqa: F401  they enter the table when they are imported
    rules_commands,
    rules_cost,
    rules_files,
    rules_hidden,
    rules_names,
    rules_packages,
    rules_reader,
)
from skillbank.trust.audit.finding import QUESTIONS, RULES, Rule

__all__ = ["table"]


def table() -> tuple[Rule, ...]:
    """Return all rules, by question."""
    order = list(QUESTIONS)
    return tuple(sorted(RULES.values(), key=lambda rule: order.index(rule.question)))
