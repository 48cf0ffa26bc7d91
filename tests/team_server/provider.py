"""A small identity provider over real HTTP: metadata, keys, and access tokens as it signs them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from tests.listening import Listening


class Provider:
    """Signs tokens with its newest key; ``asked`` counts who fetched its keys."""

    def __init__(self) -> None:
        self.keys: dict[str, rsa.RSAPrivateKey] = {}
        self.asked, self.url = 0, ""
        self.turn()

    def turn(self) -> None:
        """Take a new key into use; the earlier ones are still told."""
        self.keys[f"key-{len(self.keys)}"] = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def document(self, path: str) -> dict[str, Any] | None:
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        if path != "/keys":
            return None
        self.asked += 1
        about = {"use": "sig", "alg": "RS256"}
        keys = ((name, RSAAlgorithm.to_jwk(k.public_key(), as_dict=True)) for name, k in self.keys.items())
        return {"keys": [{**key, **about, "kid": name} for name, key in keys]}

    def token(self, key: rsa.RSAPrivateKey | None = None, **claims: Any) -> str:
        name = list(self.keys)[-1]
        now = int(time.time())
        usual = {"iss": self.url, "aud": "skillbank", "exp": now + 300, "sub": "ann", "project": "cars"}
        said = {k: v for k, v in {**usual, "scope": "operator", **claims}.items() if v is not None}
        return jwt.encode(said, key or self.keys[name], algorithm="RS256", headers={"kid": name})


@contextmanager
def provider() -> Iterator[Provider]:
    """Run a provider for as long as this lasts."""
    made = Provider()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            document = made.document(self.path)
            body = json.dumps(document or {}).encode()
            self.send_response(200 if document else 404)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

    with Listening(("127.0.0.1", 0), Answers) as server:
        made.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()
