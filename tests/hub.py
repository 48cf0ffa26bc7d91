"""A server that speaks the model hub's protocol, and a small model for it to serve.

What it answers was read off ``huggingface_hub``, which is its judge: transformers loads models from it.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.listening import Listening

COMMIT = "0123456789abcdef0123456789abcdef01234567"
TOKEN = "hf_canary4711secret"


@dataclass(frozen=True)
class Request:
    """What came: method, path with its query, and the token (empty for none)."""

    method: str
    path: str
    token: str


@dataclass
class Hub:
    """A hub that listens.

    Attributes
    ----------
    models
        Names and the folders of their files.
    private, gated
        Names that only ``TOKEN`` opens: the ones are not shown without it, the others not handed out.
    moved
        Old names and what they are called now, here or, with ``http://``, elsewhere.
    fault
        ``""``, a status such as ``"500"``, ``"hang"`` (accepts and says nothing), ``"busy"`` (429 and a long
        wait), ``"trickle"`` (an answer that never ends).
    """

    url: str
    models: dict[str, Path] = field(default_factory=dict)
    private: set[str] = field(default_factory=set)
    gated: set[str] = field(default_factory=set)
    moved: dict[str, str] = field(default_factory=dict)
    fault: str = ""
    requests: list[Request] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def environment(self) -> dict[str, str]:
        """What makes programs ask this hub and no other, past any proxy."""
        return {"HF_ENDPOINT": self.url, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}

    def asked(self, part: str) -> list[Request]:
        """Return the requests whose path holds a text."""
        return [request for request in self.requests if part in request.path]


@contextmanager
def model_hub(**models: Path) -> Iterator[Hub]:
    """Serve models on a free port; nothing of them leaves this machine."""
    server = Listening(("127.0.0.1", 0), _Handler)
    hub = Hub(f"http://127.0.0.1:{server.server_address[1]}", dict(models))
    server.hub = hub  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hub
    finally:
        hub.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    @property
    def hub(self) -> Hub:
        found: Hub = self.server.hub  # type: ignore[attr-defined]
        return found

    def do_GET(self) -> None:
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        self.hub.requests.append(Request(self.command, self.path, token))
        if self.hub.fault:
            return self._fail(self.hub.fault)
        path = [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]
        if path[:2] == ["api", "models"]:
            return self._list() if len(path) == 2 else self._model("/".join(path[2:4]), path[4:], token)
        if len(path) > 4 and path[2] == "resolve":
            return self._file("/".join(path[:2]), "/".join(path[4:]), token)
        return self._refuse(404, "", "Sorry, we can't find the page you are looking for.")

    do_HEAD = do_GET  # noqa: N815

    def _fail(self, fault: str) -> None:
        if fault == "hang":
            self.close_connection = True
            self.hub.stopping.wait(60)
        elif fault == "busy":
            self._answer(429, b"", {"Retry-After": "3600"})
        elif fault == "trickle":
            self.close_connection = True
            self.send_response(200)
            self.end_headers()
            while not self.hub.stopping.wait(0.2):
                try:
                    self.wfile.write(b" ")
                except OSError:
                    return
        else:
            self._answer(int(fault), b"out of order", {})

    def _list(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        owner, part = query.get("author", [""])[0], query.get("search", [""])[0]
        names = [n for n in self.hub.models if n.startswith(f"{owner}/") or not owner]
        names = [n for n in names if part.lower() in n.lower()]
        self._json([{"id": name, "private": False} for name in names])

    def _closed(self, name: str, token: str, reads: bool) -> bool:
        """Answer for a model that is not there or not for this asker; say whether it was."""
        if token and token != TOKEN:
            self._refuse(401, "", "Invalid credentials in Authorization header")
        elif name in self.hub.moved and (to := self.hub.moved[name]):
            place = to if "://" in to else self.path.replace(name, to)
            self._answer(307, b"", {"Location": place})
        elif name not in self.hub.models or (name in self.hub.private and token != TOKEN):
            self._refuse(404 if token else 401, "RepoNotFound", "Repository not found")
        elif reads and name in self.hub.gated and token != TOKEN:
            self._refuse(403 if token else 401, "GatedRepo", f"Access to model {name} is restricted")
        else:
            return False
        return True

    def _model(self, name: str, rest: list[str], token: str) -> None:
        check = rest == ["auth-check"]
        if self._closed(name, token, check):
            return
        files = _files(self.hub.models[name])
        if check:
            self._json({})
        elif rest[:1] == ["tree"]:
            self._json(
                [
                    {"type": "file", "oid": _etag(f), "size": f.stat().st_size, "path": n}
                    for n, f in files.items()
                ]
            )
        elif not rest or rest in (["revision", "main"], ["revision", COMMIT]):
            gated = "manual" if name in self.hub.gated else False
            siblings = [{"rfilename": n} for n in files]
            self._json({"id": name, "sha": COMMIT, "private": False, "gated": gated, "siblings": siblings})
        else:
            self._refuse(404, "RevisionNotFound", "Invalid rev id")

    def _file(self, name: str, file: str, token: str) -> None:
        if self._closed(name, token, True):
            return
        path = _files(self.hub.models[name]).get(file)
        if path is None:
            self._refuse(404, "EntryNotFound", "Entry not found", {"X-Repo-Commit": COMMIT})
            return
        content = path.read_bytes()
        headers = {"ETag": f'"{_etag(path)}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        start = self.headers.get("Range", "").removeprefix("bytes=").partition("-")[0]
        if start.isdigit() and int(start):
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            self._answer(206, content[int(start) :], headers)
        else:
            self._answer(200, content, headers)

    def _json(self, document: Any) -> None:
        self._answer(200, json.dumps(document).encode(), {"Content-Type": "application/json"})

    def _refuse(self, status: int, code: str, text: str, more: dict[str, str] | None = None) -> None:
        headers = {"X-Error-Message": text, **({"X-Error-Code": code} if code else {}), **(more or {})}
        self._answer(status, json.dumps({"error": text}).encode(), headers)

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


def _files(folder: Path) -> dict[str, Path]:
    return {str(p.relative_to(folder)): p for p in sorted(folder.rglob("*")) if p.is_file()}


def _etag(path: Path) -> str:
    return hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest()


def save_model(folder: Path, louder: float = 1.0) -> Any:
    """Let transformers save a small Grounding DINO with random weights, always the same, and its tokenizer.

    Parameters
    ----------
    louder
        Factor of the weights of the boxes' heads: random ones are modest.

    Returns
    -------
    GroundingDinoForObjectDetection
    """
    from skillbank_engine.families.grounding_dino.data.shapes import SEEN
    from skillbank_engine.families.grounding_dino.model import network_config
    from skillbank_engine.families.grounding_dino.tokenizer import build_tokenizer
    from skillbank_engine.library import GroundingDinoForObjectDetection
    from tests.grounding_dino.conftest import TINY

    own = build_tokenizer(SEEN)
    import torch  # after the engine, which leaves out what transformers would import along
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    torch.manual_seed(0)
    network: Any = GroundingDinoForObjectDetection(network_config(TINY, len(own)))
    network.eval()
    with torch.no_grad():
        for parameter in network.bbox_embed.parameters():
            parameter.mul_(louder)
    network.save_pretrained(folder)
    backend = Tokenizer(models.WordPiece({t: i for i, t in enumerate(own.vocabulary)}, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=True)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    names = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    fast: Any = PreTrainedTokenizerFast
    fast(tokenizer_object=backend, **names).save_pretrained(folder)
    return network
