"""Files of jobs by way of a bucket, for clusters with which this machine shares none.

Below the bucket's root, ``inputs/`` holds what jobs read, each content once, and ``jobs/ID/`` a list of what
goes where and the results. The machine that launches sends and fetches here; `courier` does the
other half inside the pod.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

from skillbank.errors import PlatformError
from skillbank.home import cache_dir
from skillbank.platforms import container
from skillbank.platforms.base import Launch, job_dir
from skillbank.storage.cache import content_key, digest, lock
from skillbank.storage.download import download
from skillbank.storage.progress import Meter
from skillbank.storage.s3 import list_objects
from skillbank.storage.upload import upload
from skillbank.storage.uri import Uri, parse_uri

__all__ = ["LISTING", "Bucket", "files_below"]

LISTING = "fetch.json"
_FETCHED = "fetched.json"


class Listing(TypedDict):
    """What a job reads: the prefix of its objects, folders, and key and size of each file by its path."""

    inputs: str
    results: str
    folders: list[str]
    files: dict[str, tuple[str, int]]


class Bucket:
    """What a job has in the bucket of its cluster."""

    def __init__(self, root: str, job_id: str) -> None:
        self.root = parse_uri(root)
        self.job = self.root.child(f"jobs/{job_id}")

    @property
    def results(self) -> Uri:
        """Where the job's results go."""
        return self.job.child("results")

    def send(self, launch: Launch) -> None:
        """Send the bound spec and all that a launch reads, and the list of what goes where."""
        specs = [(path, path) for path in job_dir(launch.results_dir).glob("spec.*")]
        mounts = container.mounts(launch.results_dir, launch.reads)
        reads = [Path(mount["Source"]) for mount in mounts if mount["ReadOnly"]]
        targets = {str(t): p for read in reads for t, p in files_below(read)} | {str(t): p for t, p in specs}
        keys = {target: content_key(path, cache_dir()) for target, path in targets.items()}
        # Uploads of one machine know of each other, those of several would get in each other's way.
        inputs = f"inputs/{digest(os.uname().nodename)[:8]}"
        listing = {
            "inputs": inputs,
            "files": {target: [key, targets[target].stat().st_size] for target, key in keys.items()},
            "folders": [str(launch.results_dir), str(container.container_home(launch.results_dir))],
            "results": str(launch.results_dir),
        }
        launch.job_dir.mkdir(parents=True, exist_ok=True)
        written = launch.job_dir / LISTING
        written.write_text(json.dumps(listing))
        notes = cache_dir() / f"{digest(str(self.root))}.uploads.jsonl"
        notes.parent.mkdir(parents=True, exist_ok=True)
        with lock(notes.with_suffix(".lock")):
            upload({keys[target]: path for target, path in targets.items()}, self.root.child(inputs), notes)
        upload({LISTING: written}, self.job, launch.job_dir / "sent.jsonl")

    def fetch_results(self, folder: Path, name: str | None = None) -> None:
        """Bring the job's results to its folder here; ``name`` is that of the only files wanted.

        A file appears whole, and again only when it has changed.
        """
        notes = job_dir(folder) / _FETCHED
        known = _read(notes) or {}
        news = []
        for thing in list_objects(self.results):
            path = thing.key.removeprefix(f"{self.results.key}/")
            target = folder / path
            if ".." in path.split("/") or (name is not None and target.name != name):
                continue
            if known.get(path) != thing.etag or not target.exists():
                news.append((path, target, target.with_name(f".{target.name}.fetched"), thing))
        for _, _, temporary, _ in news:
            temporary.unlink(missing_ok=True)
        download(self.results, [(thing, part) for _, _, part, thing in news], Meter("", 0, None))
        for path, target, temporary, thing in news:
            temporary.replace(target)
            known[path] = thing.etag
        if news:
            notes.write_text(json.dumps(known))

    def place_inputs(self, files: Path) -> Listing:
        """Bring what the job reads below a folder, each file at its own path; return the list of it all."""
        written = files / LISTING
        [item] = [thing for thing in list_objects(self.job) if thing.key.endswith(f"/{LISTING}")]
        download(self.job, [(item, written)], Meter("", 0, None))
        listing: Listing = json.loads(written.read_bytes())
        inputs = self.root.child(listing["inputs"])
        there = {thing.key.rpartition("/")[2]: thing for thing in list_objects(inputs)}
        for folder in listing["folders"]:
            _below(files, folder).mkdir(parents=True, exist_ok=True)
        wanted = []
        for target, (key, size) in listing["files"].items():
            if key not in there or there[key].size != size:
                raise PlatformError(f"{inputs} does not have what {target} should be; run the job again")
            wanted.append((there[key], _below(files, target)))
        download(inputs, wanted, Meter(str(inputs), 0, None))
        return listing


def files_below(path: Path) -> Iterator[tuple[Path, Path]]:
    """Yield the files of a folder, or a file itself: by the path that leads there, and the file."""
    if path.is_file():
        yield path, path
        return
    seen: set[str] = set()
    for here, folders, names in os.walk(path, followlinks=True):
        real = os.path.realpath(here)
        if real in seen:  # a link that leads back
            folders.clear()
            continue
        seen.add(real)
        for name in names:
            if (file := Path(here, name)).is_file():
                yield file, file


def _below(files: Path, target: str) -> Path:
    return files / target.lstrip("/")


def _read(path: Path) -> dict[str, str] | None:
    try:
        document: dict[str, str] = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    return document
