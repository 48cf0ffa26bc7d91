"""A registry of images that takes its time, for a daemon that is in a network of its own.

Run as ``registry.py SECONDS``: it listens on port 5000 and hands out one image under any name, whose layer
takes so long. It says when it is ready.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import sys
import tarfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.platforms.conftest import tiny_image

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
_PIECES = 50


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _described(kind: str, content: bytes) -> dict[str, object]:
    return {"mediaType": kind, "size": len(content), "digest": _digest(content)}


def _image_of_its_own() -> bytes:
    """Return a root file system that no daemon has yet: it would not ask for one again."""
    buffer, mark = io.BytesIO(tiny_image()), os.urandom(16)
    with tarfile.open(fileobj=buffer, mode="a") as tar:
        entry = tarfile.TarInfo("mark")
        entry.size = len(mark)
        tar.addfile(entry, io.BytesIO(mark))
    return buffer.getvalue()


class _Registry(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, seconds: float) -> None:
        super().__init__(("127.0.0.1", 5000), _Handler)
        self.seconds, root = seconds, _image_of_its_own()
        self.layer = gzip.compress(root, 1)
        about = {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Env": ["PATH=/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [_digest(root)]},
        }
        self.config = json.dumps(about).encode()
        parts = {"config": _described(_CONFIG, self.config), "layers": [_described(_LAYER, self.layer)]}
        self.manifest = json.dumps({"schemaVersion": 2, "mediaType": _MANIFEST, **parts}).encode()


class _Handler(BaseHTTPRequestHandler):
    server: _Registry
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        if "/manifests/" in self.path:
            self._answer(self.server.manifest, _MANIFEST)
        elif self.path.endswith(_digest(self.server.layer)):
            self._answer(self.server.layer, _LAYER, self.server.seconds)
        else:
            self._answer(self.server.config if "/blobs/" in self.path else b"{}", "application/json")

    do_HEAD = do_GET  # noqa: N815

    def _answer(self, content: bytes, kind: str, seconds: float = 0.0) -> None:
        self.send_response(200)
        for name, value in (("Content-Type", kind), ("Docker-Content-Digest", _digest(content))):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "HEAD":
            return
        step = -(-len(content) // _PIECES)
        for start in range(0, len(content), step):
            self.wfile.write(content[start : start + step])
            time.sleep(seconds / _PIECES)


if __name__ == "__main__":
    registry = _Registry(float(sys.argv[1]))
    print("ready", flush=True)
    registry.serve_forever()
