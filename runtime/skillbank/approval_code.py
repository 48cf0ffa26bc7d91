"""The approval code: what a person sets once and every door then asks for before anything starts.

The code is kept nowhere. Its file holds a salt, the cost of scrypt, and the public half of the key pair that
scrypt makes of the code: a code is right when its key pair is that one, and what it approves is signed with
the private half. So everybody can check an approval, and only who knows the code can make one.

Where the file lies is not left to the environment alone: places that no variable names are looked at first,
and a variable that names no file closes this door instead of opening it.
"""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import secrets
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from skillbank.environment import APPROVAL_CODE_FILE
from skillbank.errors import NotApprovedError, PlatformError, UsageError
from skillbank.home import home
from skillbank.lazy_imports import lazy_imports
from skillbank.visible import one_line

with lazy_imports():
    from cryptography import exceptions
    from cryptography.hazmat.primitives.asymmetric import ed25519

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["SHORTEST", "ApprovalCode", "Lock", "WrongCodeError", "own_place"]

SHORTEST = 8
"""Characters of a code."""
_NAME = "approval-code"
_SYSTEM = Path("/etc/skillbank") / _NAME
_BLOCK, _COST = 8, 1 << 16
"""Of scrypt: 64 MiB and about a fifth of a second for each code that is tried."""
_LEAST, _MOST = 1 << 14, 1 << 20
_LONGEST = 4096


class WrongCodeError(NotApprovedError):
    """An approval code was given that is not the one that was set, or none."""


@dataclass(frozen=True)
class ApprovalCode:
    """What is known of a code.

    Attributes
    ----------
    place
        The file.
    salt, cost
        Of scrypt.
    public
        The Ed25519 public key, as hexadecimal digits.
    """

    place: Path
    salt: bytes
    cost: int
    public: str

    @classmethod
    def made(cls, code: str, place: Path) -> ApprovalCode:
        """Return what a file says of a new code."""
        if len(code) < SHORTEST or len(set(code)) < 3:
            raise UsageError(f"An approval code has {SHORTEST} characters or more, and not always the same.")
        salt = secrets.token_bytes(16)
        return cls(place, salt, _COST, _public(_key(code, salt, _COST)))

    @classmethod
    def read(cls, place: Path) -> ApprovalCode:
        """Read a file that `write` made.

        Raises
        ------
        ValueError, OSError
            When it cannot be read as one.
        """
        if not place.is_file():  # a pipe would never end
            raise ValueError("it is no file")
        with place.open("rb") as file:
            document = json.loads(file.read(_LONGEST))
        salt, cost, public = bytes.fromhex(document["salt"]), int(document["cost"]), str(document["public"])
        if not _LEAST <= cost <= _MOST or cost & (cost - 1) or len(bytes.fromhex(public)) != 32:
            raise ValueError("its numbers are out of bounds")
        return cls(place, salt, cost, public.lower())

    def write(self) -> None:
        """Write the file, whole or not at all; everybody may read it, since every door has to."""
        if not self.place.parent.is_dir():
            self.place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            self.place.parent.chmod(0o755)  # whatever the umask: every door has to look into it
        beside = self.place.with_name(f"{self.place.name}.{secrets.token_hex(4)}")
        document = {"cost": self.cost, "public": self.public, "salt": self.salt.hex()}
        try:
            beside.write_text(json.dumps(document) + "\n", encoding="ascii")
            beside.chmod(0o644)
            beside.replace(self.place)
        finally:
            beside.unlink(missing_ok=True)

    def sign(self, code: str, content: bytes) -> str | None:
        """Return the signature of a content as hexadecimal digits; None when the code is wrong."""
        key = _key(code, self.salt, self.cost)
        return key.sign(content).hex() if _public(key) == self.public else None

    def signed(self, content: bytes, signature: str) -> bool:
        """Say whether somebody who knew the code has signed this."""
        try:
            ed25519.Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.public)).verify(
                bytes.fromhex(signature), content
            )
        except (exceptions.InvalidSignature, ValueError):
            return False
        return True

    @property
    def out_of_reach(self) -> bool:
        """Whether this user can neither write the file nor put another file or folder in its place."""
        try:
            for path in (self.place.absolute(), self.place.resolve(strict=True)):
                if _writable(path) or any(_replaceable(*each) for each in pairwise((path, *path.parents))):
                    return False
        except OSError:
            return False
        return os.geteuid() != 0

    @property
    def folder(self) -> Path:
        """Where is kept what was used and tried: beside the file, which the environment does not move.

        Where that folder is somebody else's, it is the one in the user's home as the system knows it.
        """
        if _own(self.place.parent):
            return self.place.parent
        try:
            return Path(pwd.getpwuid(os.getuid()).pw_dir) / ".skillbank"
        except KeyError:
            return home()


@dataclass(frozen=True)
class Lock:
    """What a door knows of the approval code from its start on; what changes later opens nothing in it.

    Attributes
    ----------
    code
        None where no code was set.
    broken
        Why nothing can be approved at all, e.g. a file that cannot be read; empty otherwise.
    """

    code: ApprovalCode | None = None
    broken: str = ""

    @property
    def shut(self) -> bool:
        """Whether approvals need a code, as far as files say."""
        return self.code is not None or bool(self.broken)

    @classmethod
    def read(cls) -> Lock:
        """Look for the file of a code in every place where one may be."""
        for place in _places():
            if _may_be(place):
                try:
                    return cls(ApprovalCode.read(place))
                except (OSError, ValueError, KeyError, TypeError) as error:
                    why = error.strerror if isinstance(error, OSError) else "it is not one"
                    return cls(broken=f"the file of the approval code {_shown(place)} cannot be read ({why})")
        if named := APPROVAL_CODE_FILE.value:
            return cls(broken=f"{APPROVAL_CODE_FILE} names {_shown(Path(named))}, and there is no such file")
        return cls()


def own_place() -> Path:
    """Return where a code that is set now goes: what the variable names, else a file in the home."""
    named = APPROVAL_CODE_FILE.value
    return Path(named).expanduser().absolute() if named else home() / _NAME


def _places() -> Iterator[Path]:
    yield _SYSTEM
    with suppress(KeyError):  # containers run as users that have no entry
        yield Path(pwd.getpwuid(os.getuid()).pw_dir) / ".skillbank" / _NAME
    with suppress(RuntimeError):
        yield Path.home() / ".skillbank" / _NAME
    with suppress(RuntimeError):  # ~NAME of a user that there is not: no such file
        if named := APPROVAL_CODE_FILE.value:
            yield Path(named).expanduser().absolute()
    with suppress(PlatformError):  # this user has no home
        yield home(make=False) / _NAME


def _may_be(place: Path) -> bool:
    """Say whether a file is there, or was made unreachable by whoever this process runs as."""
    try:
        os.lstat(place)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except PermissionError:
        # The home of somebody else, as containers have it, holds no code of this user's.
        return place == _SYSTEM or any(_own(folder) for folder in place.parents)
    except OSError:
        return True  # whatever it is, it is said when it is read
    return True


def _writable(place: Path) -> bool:
    return _own(place) or os.access(place, os.W_OK)


def _replaceable(entry: Path, folder: Path) -> bool:
    """Say whether this user can put something else in the place of a folder's entry."""
    kept = folder.stat().st_mode & stat.S_ISVTX and entry.lstat().st_uid != os.geteuid()
    return _own(folder) or (os.access(folder, os.W_OK) and not kept)


def _own(folder: Path) -> bool:
    try:
        return folder.stat().st_uid == os.geteuid()
    except OSError:
        return False


def _key(code: str, salt: bytes, cost: int) -> ed25519.Ed25519PrivateKey:
    memory = 256 * cost * _BLOCK
    said = code.encode(
        "utf-8", "surrogatepass"
    )  # halves of characters, which JSON can bring, are a wrong code
    seed = hashlib.scrypt(said, salt=salt, n=cost, r=_BLOCK, p=1, maxmem=memory, dklen=32)
    return ed25519.Ed25519PrivateKey.from_private_bytes(seed)


def _public(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes_raw().hex()


def _shown(place: Path) -> str:
    return one_line(str(place), 200)
