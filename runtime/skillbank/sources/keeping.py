"""Adding, updating and removing banks: what a person asks of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from skillbank.bank.discovery import Bank
from skillbank.errors import (
    DataError,
    NotFoundError,
    SkillNotFoundError,
    StateError,
    UsageError,
    did_you_mean,
)
from skillbank.sources.address import Address, check_name
from skillbank.sources.difference import Change, changed_files, compare, files_sentence, skills_in
from skillbank.sources.fetching import Fetched, fetch
from skillbank.sources.kept import banks_dir, changing, swap, take_away, workspace
from skillbank.sources.lockfile import Entry, home_lock, put, read_lock, write_lock
from skillbank.sources.signers import signers_of
from skillbank.sources.tree import hash_tree
from skillbank.visible import one_line
from skillbank.ways import Sentence, command, option

__all__ = ["Added", "Updated", "add", "damage", "find", "refuse_difference", "remove", "update"]


@dataclass
class Added:
    """A bank that was added: its lock entry, its skills, and what is to be known of it."""

    entry: Entry
    skills: tuple[str, ...]
    notes: list[str] = field(default_factory=list)

    def document(self) -> dict[str, object]:
        """Return it as JSON."""
        return {
            **self.entry.document(),
            "folder": str(banks_dir() / self.entry.name),
            "skills": list(self.skills),
            "notes": self.notes,
        }


@dataclass
class Updated:
    """What an update changes, or would change."""

    before: Entry
    after: Entry
    changes: list[Change]
    notes: list[str] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """Whether not one file differs."""
        return self.before.digest == self.after.digest

    @property
    def files_sentence(self) -> str:
        """All files that differ, in one line."""
        return files_sentence(changed_files(self.before.files, self.after.files))

    def document(self) -> dict[str, object]:
        """Return it as JSON."""
        return {
            "name": self.after.name,
            "changed": not self.same,
            "commit_before": self.before.commit,
            "commit_after": self.after.commit,
            "digest_before": self.before.digest,
            "digest_after": self.after.digest,
            "skills": [change.document() for change in self.changes],
            "files": changed_files(self.before.files, self.after.files),
            "notes": self.notes,
        }


def add(address: Address, *, name: str | None = None, first: bool = False, lock: Path | None = None) -> Added:
    """Fetch a bank and keep it; nothing of it is run, and nothing stays of one that cannot be kept.

    Parameters
    ----------
    name
        What it is called here; by default a name made of the address.
    first
        Whether its names come before those of the other installed banks, not after.
    lock
        Another lock, e.g. a project's own, that gets the entry as well.

    Raises
    ------
    UsageError
        When the name is taken or cannot be one.
    SkillNotFoundError
        When there is no skill in it.
    SkillbankError
        When it cannot be fetched; see `skillbank.sources.fetching.fetch`.
    """
    chosen = _free_name(address, name)
    with workspace() as work:
        fetched = fetch(address, work / "fetched")
        bank = _bank(fetched, address)
        notes = _notes(bank, fetched, address, adding=True)
        entry = _entry(chosen, address, fetched)
        with changing():
            _free_name(address, chosen)
            if (banks_dir() / chosen).exists():
                raise StateError(
                    f"{banks_dir() / chosen} is there and no lock names it; move it away, then add the bank "
                    "again."
                )
            swap(chosen, fetched.folder, lambda entries: put(entries, entry, first=first))
            _also(lock, entry, first=first)
    return Added(entry, tuple(s.name for s in bank.skills), notes)


def update(
    name: str, *, dry_run: bool = False, lock: Path | None = None, address: Address | None = None
) -> Updated:
    """Fetch a bank anew, as its ref is now, and say what differs; the trust in it is not carried over.

    Parameters
    ----------
    dry_run
        Only say it.
    address
        Where to fetch it from in place of what the lock says.
    """
    before = find(name)
    harm = damage(before)
    if harm and (banks_dir() / name).is_dir():
        raise StateError(
            f"The kept files of '{name}' are not those that were added ({harm}); "
            f"'{command('bank sync', '', '--replace')}' puts these back."
        )
    with workspace() as work:
        wanted = address or before.address
        fetched = fetch(wanted, work / "fetched")
        bank = _bank(fetched, wanted)
        after = _entry(name, wanted, fetched)
        kept = banks_dir() / name
        old = skills_in(kept, before.files) if kept.is_dir() else ()
        updated = Updated(
            before,
            after,
            compare(old, skills_in(fetched.folder, fetched.files)),
            _notes(bank, fetched, wanted),
        )
        if not dry_run and (
            not updated.same or before.commit != after.commit or harm or before.address != after.address
        ):
            with changing():
                if find(name) != before:
                    raise StateError(
                        f"The bank '{name}' was changed by another process meanwhile; update it again."
                    )
                swap(name, fetched.folder, lambda entries: put(entries, after))
        if not dry_run:
            _also(lock, after)
    return updated


def remove(name: str, *, lock: Path | None = None) -> Entry:
    """Forget a bank and its files."""
    with changing():
        entry = find(name)
        take_away(name, lambda entries: [e for e in entries if e.name != name])
        if lock is not None:
            write_lock(lock, [e for e in read_lock(lock) if e.name != name])
    return entry


def find(name: str) -> Entry:
    """Return the lock's entry of an installed bank."""
    entries = {e.name: e for e in read_lock(home_lock())}
    if name not in entries:
        raise NotFoundError(
            f"There is no installed bank '{one_line(name)}'{did_you_mean(name, list(entries))}; "
            f"'{command('bank list')}' shows them."
        )
    return entries[name]


def damage(entry: Entry) -> str:
    """Return in which files a bank in the home differs from its lock; ``""`` for in none."""
    folder = banks_dir() / entry.name
    if not folder.is_dir():
        return "its folder is gone"
    return files_sentence(changed_files(entry.files, hash_tree(folder)))


def refuse_difference(entry: Entry, fetched: Fetched, lock: Path) -> None:
    """Refuse what is not what a lock says, with the files that differ."""
    if fetched.digest != entry.digest:
        raise DataError(
            f"{entry.address.shown} is not what {lock} says of '{entry.name}' (sha256 "
            f"{fetched.digest[:12]}, locked is "
            f"{entry.digest[:12]}); {files_sentence(changed_files(entry.files, fetched.files))}; nothing "
            "was changed: "
            f"see what happened there, or take it with '{command('bank update', entry.name)}'."
        )


def _free_name(address: Address, name: str | None) -> str:
    chosen = name if name is not None else address.default_name
    if not chosen:
        raise UsageError(f"No name can be made of {address.shown}; give one with {option('name')}.")
    check_name(chosen)
    for entry in read_lock(home_lock()):
        if entry.name != chosen:
            continue
        if entry.source == address.location and entry.subdir == address.subdir:
            raise UsageError(
                f"'{chosen}' is there already, from {entry.address.shown}; "
                f"'{command('bank update', chosen)}' "
                "fetches it "
                "anew."
            )
        raise UsageError(
            f"'{chosen}' is the name of a bank from {entry.address.shown}; give this one another with "
            f"{option('name')}."
        )
    return chosen


def _bank(fetched: Fetched, address: Address) -> Bank:
    bank = Bank(fetched.folder)
    if not bank.skills:
        raise SkillNotFoundError(
            f"{address.shown} holds no skill: no folder of it has a SKILL.md; name the folder that does "
            f"with {option('subdir')}."
        )
    return bank


def _notes(bank: Bank, fetched: Fetched, address: Address, *, adding: bool = False) -> list[str]:
    """Say what a person would not expect of what was fetched."""
    notes = []
    if fetched.left_out:
        few = ", ".join(fetched.left_out[:5])
        more = f" and {len(fetched.left_out) - 5} more" if len(fetched.left_out) > 5 else ""
        notes.append(f"Left out, because only plain files are kept: {few}{more}.")
    if adding and address.kind == "git" and not address.remote and (address.path / ".git").exists():
        notes.append(
            Sentence(
                f"{address.location} is a git repository: its commit {(fetched.commit or '')[:12]} is taken, "
                "not files that "
                f"are not committed; {option('as', 'folder')} takes the files as they lie there."
            )
        )
    if address.secret or address.query:
        notes.append("The password or query of the address is not kept: an update asks for it again.")
    notes += [
        f"The plugin '{one_line(name)}' of its marketplace lies elsewhere ({one_line(where)}); add that as "
        "a bank of "
        "its own."
        for name, where in bank.elsewhere
    ]
    return notes


def _entry(name: str, address: Address, fetched: Fetched) -> Entry:
    now = datetime.now(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
    plain = replace(address, secret="", query="")
    return Entry(
        name,
        plain.kind,
        plain.location,
        plain.ref,
        plain.subdir,
        fetched.commit,
        fetched.digest,
        signers_of(Bank(fetched.folder)),
        now,
        fetched.files,
    )


def _also(lock: Path | None, entry: Entry, *, first: bool = False) -> None:
    """Put an entry into another lock as well."""
    if lock is not None:
        write_lock(lock, put(read_lock(lock), entry, first=first))
