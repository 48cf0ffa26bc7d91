"""A person of a team, and who acts where there is no team."""

from __future__ import annotations

from dataclasses import dataclass

from skillbank.team.rights import Right

__all__ = ["EVERYBODY", "NOBODY", "OF_PERSONS", "Person"]

OF_PERSONS = frozenset({Right.APPROVE, Right.ADMINISTER})
"""What no program that acts by itself ever does: who administers could give itself the right to approve."""


@dataclass(frozen=True)
class Person:
    """Who acts.

    Attributes
    ----------
    name
        As the token says it.
    project
        What this person makes belongs to it, and what is in it is seen; "" is that of the home itself.
    rights
        What this person may do.
    agent
        Whether a program acts by itself: it plans and asks, and a person approves.
    """

    name: str
    project: str
    rights: frozenset[Right]
    agent: bool = False

    def may(self, right: Right) -> bool:
        """Say whether this person has a right; an agent decides nothing, whatever its rights say."""
        return right in self.rights and not (self.agent and right in OF_PERSONS)

    def sees(self, project: str) -> bool:
        """Say whether what belongs to a project is there for this person."""
        return project == self.project or self.may(Right.ADMINISTER)


EVERYBODY = Person("owner", "", frozenset(Right))
"""The owner of a home, who acts where no user exists: command line, Python, and doors of one person."""

NOBODY = Person("nobody", "-", frozenset())
"""Who acts in a server of a team while no token has said who: sees nothing and may nothing."""
