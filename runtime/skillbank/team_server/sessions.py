"""What a browser holds after signing in: its token, sealed so that nobody can read it out of the cookie."""

from __future__ import annotations

import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy.exc import IntegrityError

from skillbank.jobs.database import SESSION_KEYS
from skillbank.stored import asking

__all__ = ["Sessions"]

_NUMBER = 1


class Sessions:
    """Seals tokens into cookies, alike in every process that serves one store.

    A cookie is worth what its token is worth at that moment: one that was revoked opens nothing.

    Parameters
    ----------
    engine
        Of the store, which holds the key: with the cookies alone, or the store alone, nobody comes in.
    hours
        After which a cookie is worth nothing.
    """

    def __init__(self, engine: sa.Engine, hours: float) -> None:
        self.seconds = int(hours * 3600)
        self._seal = Fernet(_key(engine))

    def close(self, token: str) -> str:
        """Return what the cookie holds."""
        return self._seal.encrypt(token.encode()).decode()

    def open(self, cookie: str) -> str | None:
        """Return the token of a cookie; None when it is none of ours, or too old."""
        try:
            return self._seal.decrypt(cookie.encode(), ttl=self.seconds).decode()
        except (InvalidToken, ValueError):
            return None


def _key(engine: sa.Engine) -> bytes:
    """Return the key of a store; of any number of processes that begin at once one makes it."""
    query = sa.select(SESSION_KEYS.c.key).where(SESSION_KEYS.c.number == _NUMBER)
    with asking(engine) as db:
        found = db.scalar(query)
    if found is None:
        try:
            with engine.begin() as db:
                made = Fernet.generate_key().decode()
                db.execute(SESSION_KEYS.insert().values(number=_NUMBER, key=made))
        except IntegrityError:
            pass  # another process was faster
        with asking(engine) as db:
            found = db.scalar(query)
    return str(found).encode()
