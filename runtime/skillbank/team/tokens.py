"""Tokens: by which a server of a team knows who acts. Only their hashes are kept."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from skillbank.errors import NotFoundError, UsageError, did_you_mean
from skillbank.stored import asking, aware, now
from skillbank.team.acting import who
from skillbank.team.audit import permit, record
from skillbank.team.person import OF_PERSONS, Person
from skillbank.team.rights import Right
from skillbank.team.tables import TOKENS
from skillbank.visible import one_line
from skillbank.ways import command, option

__all__ = ["PREFIX", "Token", "Tokens"]

PREFIX = "sbk_"
"""By which a token is recognised in a text that it must not stand in."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,62}")
_PROJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_LONGEST = 200


@dataclass(frozen=True)
class Token:
    """What is known of a token; its secret is not.

    Attributes
    ----------
    person
        Who acts with it.
    made, made_by
        When, and by whom.
    until
        When it ends.
    revoked
        When it was taken back; None while it was not.
    """

    person: Person
    made: datetime
    made_by: str
    until: datetime
    revoked: datetime | None

    @property
    def in_force(self) -> bool:
        """Whether somebody can act with it now."""
        return self.revoked is None and now() < self.until

    def document(self) -> dict[str, object]:
        """Return it as people and programs are told of it."""
        return {
            "name": self.person.name,
            "project": self.person.project,
            "rights": [right.value for right in Right if right in self.person.rights],
            "agent": self.person.agent,
            "made": self.made.isoformat(),
            "made_by": self.made_by,
            "until": self.until.isoformat(),
            "revoked": None if self.revoked is None else self.revoked.isoformat(),
            "in_force": self.in_force,
        }


class Tokens:
    """The tokens of a store, shared by every process that opens it."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def make(
        self, name: str, project: str, rights: Collection[Right], until: datetime, *, agent: bool = False
    ) -> str:
        """Make a token and return its secret, which nothing can say again.

        Parameters
        ----------
        name, project
            Whose it is; one person has one token in force for each project.
        rights
            ``look`` is among them: every other right needs it.
        until
            When it ends, with a time zone.
        agent
            Whether a program acts with it, which never approves.

        Raises
        ------
        UsageError
            When a name cannot be one, rights do not go together, the end has passed, or there is a token.
        ForbiddenError
            When who acts does not administer.
        """
        permit(lambda: self._engine, Right.ADMINISTER, "token.make", name)
        _check(name, project, rights, until, agent)
        secret = PREFIX + secrets.token_urlsafe(32)
        given = [right.value for right in Right if right in rights]
        row = {
            "name": name,
            "project": project,
            "rights": given,
            "agent": agent,
            "sha256": _hash(secret),
            "made": now(),
            "made_by": who().name,
            "until": until,
        }
        mine = TOKENS.c.name == name, TOKENS.c.project == project, TOKENS.c.revoked.is_(None)
        try:
            with self._engine.begin() as db:
                # What has ended by itself makes room for the next one.
                db.execute(TOKENS.update().where(*mine, TOKENS.c.until <= now()).values(revoked=now()))
                db.execute(TOKENS.insert().values(**row))
                said = f"{name} of {project}: {', '.join(given)}{' (agent)' if agent else ''}"
                record(db, "token.make", said, project=project, always=True)
        except IntegrityError:
            raise UsageError(
                f"{name} has a token for project {project} already; {command('team revoke', name)} takes it "
                "back"
            ) from None
        return secret

    def find(self, secret: str) -> Person | None:
        """Return who acts with a token; None when there is none, or it has ended or was revoked."""
        if not secret.startswith(PREFIX) or len(secret) > _LONGEST or not secret.isascii():
            return None
        wanted = _hash(secret)
        # One question needs no transaction, which would be begun and ended at the server for each request.
        with asking(self._engine) as db:
            row = db.execute(sa.select(TOKENS).where(TOKENS.c.sha256 == wanted)).mappings().first()
        if row is None or not hmac.compare_digest(row["sha256"], wanted):
            return None
        token = _token(row)
        return token.person if token.in_force else None

    def in_whose_name(self, name: str, project: str) -> Person:
        """Return who goes on with what somebody has launched, so that just what is there for them is there.

        It approves nothing. Whom no token names, an identity provider has, and they see their own project.
        """
        query = sa.select(TOKENS).where(TOKENS.c.name == name, TOKENS.c.project == project)
        with asking(self._engine) as db:
            row = db.execute(query.order_by(TOKENS.c.seq.desc()).limit(1)).mappings().first()
        sees_all = row is not None and _token(row).person.may(Right.ADMINISTER)
        never = OF_PERSONS - ({Right.ADMINISTER} if sees_all else set())
        return Person(name, project, frozenset(Right) - never)

    def list(self) -> list[Token]:
        """Return all tokens, the oldest first, also those that have ended."""
        permit(lambda: self._engine, Right.ADMINISTER, "token.list")
        with asking(self._engine) as db:
            rows = db.execute(sa.select(TOKENS).order_by(TOKENS.c.seq)).mappings().all()
        return [_token(row) for row in rows]

    def revoke(self, name: str, project: str | None = None) -> int:
        """Take a person's tokens back, of one project or of all; return how many were in force.

        Raises
        ------
        NotFoundError
            When none is in force.
        ForbiddenError
        """
        permit(lambda: self._engine, Right.ADMINISTER, "token.revoke", name)
        mine = [TOKENS.c.name == name, TOKENS.c.revoked.is_(None), TOKENS.c.until > now()]
        if project is not None:
            mine.append(TOKENS.c.project == project)
        with self._engine.begin() as db:
            count = db.execute(TOKENS.update().where(*mine).values(revoked=now())).rowcount
            if count:
                record(db, "token.revoke", name, project=project, always=True)
        if not count:
            known = sorted({token.person.name for token in self.list() if token.in_force})
            of = "" if project is None else f" for project {one_line(project, 40)}"
            raise NotFoundError(
                f"{one_line(name, 60)} has no token{of}{did_you_mean(name, known)}; "
                f"{command('team list')} shows those there are"
            )
        return count


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _token(row: sa.RowMapping) -> Token:
    known = frozenset(right for right in Right if right.value in row["rights"])
    person = Person(row["name"], row["project"], known, agent=row["agent"])
    return Token(person, aware(row["made"]), row["made_by"], aware(row["until"]), aware(row["revoked"]))


def _check(name: str, project: str, rights: Collection[Right], until: datetime, agent: bool) -> None:
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"'{one_line(name, 60)}' cannot be the name of a person; one has up to 63 letters, digits, '.', "
            "'_', '@' and '-', and begins with a letter or digit"
        )
    if not _PROJECT.fullmatch(project):
        raise UsageError(
            f"'{one_line(project, 60)}' cannot be the name of a project; one has up to 40 letters, digits, "
            "'.', '_' and '-', and begins with a letter or digit"
        )
    if Right.LOOK not in rights:
        raise UsageError(f"every right needs 'look'; add {option('right', 'look')}")
    if agent and (never := [right for right in Right if right in OF_PERSONS & set(rights)]):
        raise UsageError(
            f"a token of an agent never has the right '{never[0]}': it plans and asks, and a person decides; "
            "leave that right out, or make a person's token"
        )
    if until <= now():
        raise UsageError(
            f"a token that ends {until.isoformat()} has ended already; give a later {option('until')}"
        )
