"""Bring the same objects of the same S3 server to files, by skillbank and by the aws command line.

python -m benchmarks.staging [--big-mib 1024] [--small 5000] [--rounds 3] [--aws aws]

The server is a child process that does as little as possible: it answers list, HEAD and GET (also ranges)
from files by sendfile, so that the clients are what is measured. Both are whole commands, start of Python
included, and take turns. skillbank verifies each object's checksum; the aws command line does not. Processor
time tells more than wall time on a machine that others use too.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

PART = 8 << 20
STAGE = """
import sys
from pathlib import Path
from skillbank.plan.model import InputBinding
from skillbank.storage.staging import stage
binding = InputBinding(key="data", uri=sys.argv[1], runtime=sys.argv[2])
print(stage(binding, Path(sys.argv[3])))
"""


@dataclass(frozen=True)
class Entry:
    """One object of the server: its file, its size in bytes and its ETag."""

    path: Path
    size: int
    etag: str


class Server:
    """A read-only bucket named ``bucket`` over one folder."""

    def __init__(self, folder: Path) -> None:
        self.entries = {
            str(path.relative_to(folder)): Entry(path, path.stat().st_size, etag_of(path))
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listening.getsockname()[1]

    def serve(self) -> None:
        while True:
            connection, _ = self.listening.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        kept = b""
        with connection:
            try:
                while True:
                    while b"\r\n\r\n" not in kept:
                        if not (news := connection.recv(65536)):
                            return
                        kept += news
                    request, _, kept = kept.partition(b"\r\n\r\n")
                    self._answer(connection, request.decode("latin-1"))
            except OSError:
                return

    def _answer(self, connection: socket.socket, request: str) -> None:
        method, target, _ = request.partition("\r\n")[0].split(" ")
        parts, query = urlsplit(target), parse_qs(urlsplit(target).query, keep_blank_values=True)
        key = unquote(parts.path).removeprefix("/bucket").removeprefix("/")
        if not key:
            self._list(connection, query)
            return
        entry = self.entries.get(key)
        if entry is None:
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            return
        start, end, status = 0, entry.size - 1, "200 OK"
        if "partNumber" in query:
            end, status = min(PART, entry.size) - 1, "206 Partial Content"
        if found := re.search(r"\r\nrange: bytes=(\d+)-(\d*)", request, re.IGNORECASE):
            start, end = int(found[1]), min(int(found[2] or entry.size), entry.size - 1)
            status = "206 Partial Content"
        head = (
            f'HTTP/1.1 {status}\r\nContent-Length: {end - start + 1}\r\nETag: "{entry.etag}"\r\n'
            f"Last-Modified: Mon, 02 Mar 2026 00:00:00 GMT\r\nContent-Type: binary/octet-stream\r\n"
            f"Accept-Ranges: bytes\r\nContent-Range: bytes {start}-{end}/{entry.size}\r\n\r\n"
        )
        connection.sendall(head.encode())
        if method == "HEAD":
            return
        with entry.path.open("rb") as file:
            while start <= end:
                start += os.sendfile(connection.fileno(), file.fileno(), start, end - start + 1)

    def _list(self, connection: socket.socket, query: dict[str, list[str]]) -> None:
        prefix, most = query.get("prefix", [""])[0], int(query.get("max-keys", ["1000"])[0])
        after = query.get("continuation-token", [""])[0]
        found = [key for key in self.entries if key.startswith(prefix) and key > after]
        page, more = found[:most], len(found) > most
        rows = "".join(
            f"<Contents><Key>{key}</Key><LastModified>2026-03-02T00:00:00.000Z</LastModified>"
            f"<ETag>&quot;{self.entries[key].etag}&quot;</ETag><Size>{self.entries[key].size}</Size></Contents>"
            for key in page
        )
        token = f"<NextContinuationToken>{page[-1]}</NextContinuationToken>" if more else ""
        body = (
            f'<?xml version="1.0"?><ListBucketResult><Name>bucket</Name><KeyCount>{len(page)}</KeyCount>'
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{rows}</ListBucketResult>"
        ).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)


def etag_of(path: Path) -> str:
    """Return the ETag of a file that was uploaded in parts of 8 MiB, or whole when it is no larger."""
    digests = []
    with path.open("rb") as file:
        while part := file.read(PART):
            digests.append(hashlib.md5(part, usedforsecurity=False))
    if len(digests) <= 1:
        return (digests or [hashlib.md5(usedforsecurity=False)])[0].hexdigest()
    whole = hashlib.md5(b"".join(d.digest() for d in digests), usedforsecurity=False).hexdigest()
    return f"{whole}-{len(digests)}"


def make_objects(folder: Path, big_mib: int, small: int) -> None:
    """Write one large file and many of 20 KiB."""
    (folder / "small").mkdir(parents=True)
    with (folder / "big.bin").open("wb") as file:
        for _ in range(big_mib):
            file.write(os.urandom(1 << 20))
    for i in range(small):
        (folder / "small" / f"{i:05d}.jpg").write_bytes(os.urandom(20 << 10))


def measure(command: list[str], env: dict[str, str]) -> tuple[float, float]:
    """Run a command and return its wall and processor seconds."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def same(one: Path, other: Path) -> bool:
    """Say whether two files hold the same bytes."""
    with one.open("rb") as a, other.open("rb") as b:
        return hashlib.file_digest(a, "sha1").digest() == hashlib.file_digest(b, "sha1").digest()


def main() -> None:
    """Measure in turns and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--big-mib", type=int, default=1024)
    parser.add_argument("--small", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--aws", default="aws", help="the aws program")
    parser.add_argument("--folder", type=Path, help="work here; a folder in memory leaves the disk out of it")
    arguments = parser.parse_args()
    aws = shutil.which(arguments.aws)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as temporary:
        root = Path(temporary)
        make_objects(root / "objects", arguments.big_mib, arguments.small)
        server = Server(root / "objects")
        child = os.fork()
        if child == 0:
            server.serve()
        try:
            compare(root, f"http://127.0.0.1:{server.port}", aws, arguments)
        finally:
            os.kill(child, 9)
            os.waitpid(child, 0)


def compare(root: Path, endpoint: str, aws: str | None, arguments: argparse.Namespace) -> None:
    env = {
        **os.environ, "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
    }  # fmt: skip
    env.pop("AWS_PROFILE", None)
    big, small = f"1 x {arguments.big_mib} MiB", f"{arguments.small} x 20 KiB"
    print(f"{os.cpu_count()} processors; medians of {arguments.rounds} rounds; wall s / processor s")
    if aws is None:
        print("the aws command line is not installed (pip install awscli), so that it is not compared")
    for name, uri, runtime in ((big, "s3://bucket/big.bin", "file"), (small, "s3://bucket/small", "folder")):
        ours: list[tuple[float, float]] = []
        theirs: list[tuple[float, float]] = []
        for _ in range(arguments.rounds):
            out = root / "out"
            ours.append(measure([sys.executable, "-c", STAGE, uri, runtime, str(out)], env))
            check(root, out, runtime)
            shutil.rmtree(out)
            if aws is not None:
                target = [str(out / "big.bin")] if runtime == "file" else [str(out), "--recursive"]
                theirs.append(measure([aws, "s3", "cp", "--no-progress", "--quiet", uri, *target], env))
                shutil.rmtree(out)
        print(row(name, ours, theirs), flush=True)


def check(root: Path, out: Path, runtime: str) -> None:
    """Compare every file with the server's."""
    names = ["big.bin"] if runtime == "file" else [p.name for p in (root / "objects/small").iterdir()]
    found = {path.name: path for path in out.rglob("*") if path.suffix in (".bin", ".jpg")}
    originals = root / "objects" / ("" if runtime == "file" else "small")
    assert sorted(found) == sorted(names)
    assert all(same(found[name], originals / name) for name in names)


def row(name: str, ours: list[tuple[float, float]], theirs: list[tuple[float, float]]) -> str:
    wall, cpu = (statistics.median(column) for column in zip(*ours, strict=True))
    text = f"{name:>16}: skillbank {wall:6.2f} / {cpu:6.2f}"
    if theirs:
        their_wall, their_cpu = (statistics.median(column) for column in zip(*theirs, strict=True))
        text += f", aws {their_wall:6.2f} / {their_cpu:6.2f}"
        text += f", ratio {wall / their_wall:.2f} / {cpu / their_cpu:.2f}"
    return text


if __name__ == "__main__":
    main()
