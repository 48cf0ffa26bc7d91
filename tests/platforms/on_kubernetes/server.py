"""The tests' API server: HTTPS, tokens and client certificates, the paths that jobs need, and faults."""

from __future__ import annotations

import contextlib
import copy
import ipaddress
import json
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.platforms.on_kubernetes.cluster import JOBS, Cluster
from tests.platforms.on_kubernetes.fields import decode, default_job, validate
from tests.platforms.on_kubernetes.kubelet import Log
from tests.platforms.on_kubernetes.store import ApiError, Key, Object, matches

__all__ = ["RESETS", "TOKEN", "Authority", "Fault", "Server"]

RESETS = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning"
)
"""For tests whose server goes away: Python's ssl leaves a socket open that is reset before its handshake."""
TOKEN = "canary-cluster-token"
_PATH = re.compile(
    r"/(?:api/v1|apis/(?P<group>[^/]+)/v1)(?:/namespaces/(?P<namespace>[^/]+))?"
    r"/(?P<resource>[a-z]+)(?:/(?P<name>[^/]+)(?:/(?P<sub>[a-z]+))?)?"
)
_TRUE = frozenset({"1", "t", "T", "true", "True", "TRUE"})
"""What Go takes for true."""
_RESOURCES = {
    "pods": ("Pod", True),
    "services": ("Service", True),
    "events": ("Event", True),
    "secrets": ("Secret", True),
    "persistentvolumeclaims": ("PersistentVolumeClaim", True),
    "nodes": ("Node", False),
    "namespaces": ("Namespace", False),
}


@dataclass
class Fault:
    """What goes wrong with requests whose method and path fit.

    ``refuse`` answers with a code; ``lose`` does what is asked and loses the answer; ``drop`` loses the
    request; ``cut`` breaks a stream after so many bytes.
    """

    match: str
    kind: str
    times: int = 1
    code: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    bytes: int = 0


class Server:
    """An API server in front of a cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.faults: list[Fault] = []
        self.denied: set[tuple[str, str]] = set()
        self.requests: list[str] = []
        self.stopping = False
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._authority = Authority(cluster.root)
        self._http: ThreadingHTTPServer | None = None
        self._port = 0

    def start(self) -> None:
        self.stopping = False
        server = self

        class Listener(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def get_request(self) -> tuple[Any, Any]:
                raw, address = super().get_request()
                raw.settimeout(60)
                return raw, address

            def finish_request(self, request: Any, client_address: Any) -> None:
                with (
                    contextlib.suppress(OSError),
                    server._authority.context.wrap_socket(request, server_side=True) as secure,
                ):
                    server._sockets.add(secure)
                    try:
                        super().finish_request(secure, client_address)
                    finally:
                        server._sockets.discard(secure)

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass

        handler = type("Handler", (_Handler,), {"api": self})
        self._http = Listener(("127.0.0.1", self._port), handler)
        self._port = self._http.server_address[1]
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Go away at once, in the middle of whatever is being said."""
        self.stopping = True
        if self._http is not None:
            self._http.shutdown()
            self._http.server_close()
        self.cut()

    def cut(self) -> None:
        """Break all connections."""
        for each in list(self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._port}"

    def kubeconfig(self, path: Path, *, token: str | None = TOKEN, context: str = "test") -> Path:
        """Write a kubeconfig; without a token it has a client certificate."""
        user: Object = {"token": token}
        if token is None:
            certificate, key = self._authority.client("ada")
            user = {"client-certificate": str(certificate), "client-key": str(key)}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": context,
            "clusters": [
                {
                    "name": "test",
                    "cluster": {"server": self.url, "certificate-authority": str(self._authority.file)},
                }
            ],
            "users": [{"name": "ada", "user": user}],
            "contexts": [
                {
                    "name": context,
                    "context": {"cluster": "test", "user": "ada", "namespace": self.cluster.namespace},
                }
            ],
        }
        path.write_text(yaml.safe_dump(document))
        return path

    def cluster_key(self, job: str) -> Key:
        return Key(JOBS, self.cluster.namespace, job)

    def fault(self, method: str, path: str) -> Fault | None:
        with self._lock:
            for fault in self.faults:
                if fault.times > 0 and re.search(fault.match, f"{method} {path}"):
                    fault.times -= 1
                    return fault
        return None


class Authority:
    """The certificate authority of a cluster."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = self._sign("test-ca", self._key, authority=True)
        self.file = folder / "ca.pem"
        self.file.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))
        certificate, key = self._make("server")
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(self.file))
        self.context.load_cert_chain(certificate, key)
        self.context.verify_mode = ssl.CERT_OPTIONAL

    def client(self, name: str) -> tuple[Path, Path]:
        return self._make(name)

    def _make(self, name: str) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate, secret = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        certificate.write_bytes(self._sign(name, key).public_bytes(serialization.Encoding.PEM))
        plain = serialization.NoEncryption()
        form = serialization.PrivateFormat.PKCS8
        secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
        return certificate, secret

    def _sign(
        self, name: str, key: ec.EllipticCurvePrivateKey, *, authority: bool = False
    ) -> x509.Certificate:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer = subject if authority else self._certificate.subject
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        start = datetime.now(UTC) - timedelta(hours=1)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + timedelta(days=2))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([address]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        if authority:
            usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
            builder = builder.add_extension(usage, critical=True)
        return builder.sign(self._key, hashes.SHA256())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PATCH = do_DELETE = do_PUT = do_GET  # noqa: N815

    def _serve(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        length = int(self.headers.get("Content-Length") or 0)
        content = self.rfile.read(length) if length else b""
        self.api.requests.append(f"{self.command} {self.path}")
        fault = self.api.fault(self.command, self.path)
        if fault is not None and fault.kind == "drop":
            self._hang_up()
            return
        try:
            if fault is not None and fault.kind == "refuse":
                raise _RefusedError(fault)
            self._authenticate()
            if "json" not in self.headers.get("Content-Type", "json"):
                raise ApiError(
                    415, "UnsupportedMediaType", "the body of the request was in an unknown format"
                )
            answer = self._answer(url.path, query, json.loads(content or b"{}") or {})
        except ValueError as error:
            self._send(
                400, ApiError(400, "BadRequest", f"the object provided is unrecognized: {error}").status()
            )
            return
        except ApiError as error:
            headers = error.fault.headers if isinstance(error, _RefusedError) else {}
            self._send(error.code, error.status(), headers)
            return
        if fault is not None and fault.kind == "lose":
            self._hang_up()
        elif isinstance(answer, tuple):
            self._send(*answer)
        else:
            self._stream(answer, fault.bytes if fault is not None and fault.kind == "cut" else None)

    def _authenticate(self) -> None:
        certificate = self.connection.getpeercert() if isinstance(self.connection, ssl.SSLSocket) else None
        if self.headers.get("Authorization") != f"Bearer {TOKEN}" and not certificate:
            raise ApiError(401, "Unauthorized", "Unauthorized")

    def _allow(self, verb: str, resource: str, group: str, namespace: str) -> None:
        if (verb, resource) in self.api.denied:
            message = f'{resource}{"." * bool(group)}{group} is forbidden: User "ada" cannot {verb} resource '
            message += f'"{resource}" in API group "{group}" in the namespace "{namespace}"'
            raise ApiError(403, "Forbidden", message)

    def _answer(self, path: str, query: dict[str, str], body: Object) -> tuple[int, Object] | Iterator[bytes]:
        if path in _DISCOVERY:
            return 200, _DISCOVERY[path]
        if path == "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews":
            asked = body["spec"]["resourceAttributes"]
            what = "/".join(filter(None, (asked["resource"], asked.get("subresource"))))
            return 201, {**body, "status": {"allowed": (asked["verb"], what) not in self.api.denied}}
        match = _PATH.fullmatch(path)
        if match is None:
            raise ApiError(404, "NotFound", "the server could not find the requested resource")
        group, resource = match["group"] or "", match["resource"]
        if group == "batch" and resource == "jobs":
            kind, resource_key = "Job", JOBS
        elif not group and resource in _RESOURCES:
            kind, resource_key = _RESOURCES[resource][0], resource
        else:
            raise ApiError(404, "NotFound", "the server could not find the requested resource")
        namespace, name, sub = match["namespace"] or "", match["name"], match["sub"]
        if resource == "namespaces":
            namespace = ""
        verb = {"GET": "get" if name else "list", "POST": "create", "PUT": "update"}.get(
            self.command, self.command.lower()
        )
        self._allow(verb, f"{resource}/{sub}" if sub else resource, group, namespace)
        key = Key(resource_key, namespace, name or "")
        store = self.api.cluster.store
        if self.command == "GET" and name is None:
            if query.get("watch") in _TRUE:
                return self._watch(key, query)
            items = [
                found
                for found in store.list(resource_key, namespace or None)
                if matches(found, query.get("labelSelector"), query.get("fieldSelector"))
            ]
            version = "batch/v1" if group else "v1"
            meta = {"resourceVersion": store.version}
            return 200, {"kind": f"{kind}List", "apiVersion": version, "metadata": meta, "items": items}
        if self.command == "GET" and sub == "log":
            return self._log(key, query)
        if self.command == "GET":
            return 200, self._shown(store.get(key))
        if self.command == "POST":
            return 201, self._create(resource_key, namespace, query, body)
        if self.command == "PATCH":
            return 200, self._patch(key, body)
        if self.command == "DELETE":
            return 200, self._delete(key, query, body)
        raise ApiError(
            405, "MethodNotAllowed", "the server does not allow this method on the requested resource"
        )

    def _shown(self, found: Object) -> Object:
        if "as=PartialObjectMetadata" in self.headers.get("Accept", ""):
            kind = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
            return {**kind, "metadata": found["metadata"]}
        return found

    def _create(self, resource: str, namespace: str, query: dict[str, str], body: Object) -> Object:
        cluster = self.api.cluster
        decode(resource, body, query.get("fieldValidation") == "Strict")
        if cluster.store.find(Key("namespaces", "", namespace)) is None:
            raise ApiError(404, "NotFound", f'namespaces "{namespace}" not found')
        meta = body["metadata"]
        if meta.setdefault("namespace", namespace) != namespace:
            raise ApiError(
                400, "BadRequest", "the namespace of the provided object does not match the request"
            )
        validate(resource, body)
        key = Key(resource, namespace, meta["name"])
        if query.get("dryRun"):
            return body
        with cluster.store.changed:
            found = cluster.store.create(key, body)
            if resource == JOBS:
                return cluster.store.update(key, default_job) or found
            return found

    def _patch(self, key: Key, change: Object) -> Object:
        store = self.api.cluster.store
        before = store.get(key)

        def write(found: Object) -> None:
            _merge(found, change)
            template, old = found["spec"].get("template"), before["spec"].get("template")
            if key.resource == JOBS and template != old and not before["spec"].get("suspend"):
                message = f'Job.batch "{key.name}" is invalid: spec.template: field is immutable'
                raise ApiError(422, "Invalid", message)

        return store.update(key, write) or before

    def _delete(self, key: Key, query: dict[str, str], body: Object) -> Object:
        cluster = self.api.cluster
        found = cluster.store.get(key)
        if key.resource == JOBS:
            policy = body.get("propagationPolicy") or query.get("propagationPolicy") or "Orphan"
            cluster.delete(key, policy)
        elif key.resource == "pods":
            grace = body.get("gracePeriodSeconds", query.get("gracePeriodSeconds"))
            cluster.delete_pod(key, int(grace) if grace is not None else None)
        else:
            cluster.store.remove(key)
        details = {"name": key.name, "kind": key.resource.partition(".")[0], "uid": found["metadata"]["uid"]}
        return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}

    def _watch(self, key: Key, query: dict[str, str]) -> Iterator[bytes]:
        seconds = float(query.get("timeoutSeconds") or 30)
        since, labels, fields = (query.get(n) for n in ("resourceVersion", "labelSelector", "fieldSelector"))
        store, stopping = self.api.cluster.store, lambda: self.api.stopping
        for kind, found in store.watch(key.resource, key.namespace or None, since, seconds, stopping):
            if not kind:
                yield b""
            elif kind == "ERROR" or matches(found, labels, fields):
                yield json.dumps({"type": kind, "object": found}).encode() + b"\n"

    def _log(self, key: Key, query: dict[str, str]) -> Iterator[bytes]:
        pod = self.api.cluster.store.get(key)
        runner = self.api.cluster.runners.get(key.name)
        name = query.get("container") or pod["spec"]["containers"][0]["name"]
        log = runner.logs.get(name) if runner is not None else None
        if log is None:
            message = f'container "{name}" in pod "{key.name}" is waiting to start: ContainerCreating'
            raise ApiError(400, "BadRequest", message)
        return self._lines(log, query)

    def _lines(self, log: Log, query: dict[str, str]) -> Iterator[bytes]:
        position, follow = log.first, query.get("follow") in _TRUE
        since = query.get("sinceTime", "")
        if tail := query.get("tailLines"):
            position = max(position, len(log.lines) - int(tail))
        while True:
            with log.changed:
                news, ended = log.lines[position:], log.ended
                position = len(log.lines)
                if not news and not ended and follow:
                    log.changed.wait(0.2)
            for stamp, line in news:
                if stamp[:19] >= since[:19]:
                    yield (stamp.encode() + b" " if query.get("timestamps") in _TRUE else b"") + line
            if (ended and not news) or not follow or self.api.stopping:
                return
            yield b""

    def _send(self, code: int, document: Object, headers: dict[str, str] | None = None) -> None:
        content = json.dumps(document).encode()
        with contextlib.suppress(OSError):
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

    def _stream(self, pieces: Iterator[bytes], cut: int | None) -> None:
        with contextlib.suppress(OSError):
            self.send_response(200)
            self.send_header("Content-Type", "application/json" if "watch" in self.path else "text/plain")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            sent = 0
            for piece in pieces:
                if cut is not None and piece and sent + len(piece) > cut:
                    piece = piece[: cut - sent]
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if piece else b"")
                    self._hang_up()
                    return
                if piece:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                    sent += len(piece)
                elif self.connection.fileno() < 0 or self.api.stopping:
                    return
            self.wfile.write(b"0\r\n\r\n")

    def _hang_up(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)


class _RefusedError(ApiError):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.code, "InternalError", "the server is in trouble")
        self.fault = fault


def _merge(found: Object, change: Object) -> None:
    for key, value in change.items():
        if value is None:
            found.pop(key, None)
        elif isinstance(value, dict) and isinstance(found.get(key), dict):
            _merge(found[key], value)
        else:
            found[key] = copy.deepcopy(value)


def _resources(group: str, rows: list[tuple[str, str, bool, str]]) -> Object:
    verbs = ["create", "delete", "get", "list", "patch", "update", "watch"]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": group,
        "resources": [
            {
                "name": n,
                "singularName": "",
                "namespaced": inside,
                "kind": kind,
                "verbs": verbs,
                "shortNames": [s],
            }
            for n, kind, inside, s in rows
        ],
    }


def _group(name: str) -> Object:
    version = {"groupVersion": f"{name}/v1", "version": "v1"}
    return {"name": name, "versions": [version], "preferredVersion": version}


_SHORT = {"pods": "po", "services": "svc", "persistentvolumeclaims": "pvc", "namespaces": "ns", "nodes": "no"}
_CORE = [(name, kind, inside, _SHORT.get(name, "")) for name, (kind, inside) in _RESOURCES.items()]
_DISCOVERY: dict[str, Object] = {
    "/version": {"major": "1", "minor": "33", "gitVersion": "v1.33.0-test", "platform": "linux/amd64"},
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": [_group("batch"), _group("authorization.k8s.io")],
    },
    "/api/v1": _resources("v1", [*_CORE, ("pods/log", "Pod", True, "")]),
    "/apis/batch/v1": _resources("batch/v1", [("jobs", "Job", True, "")]),
    "/apis/authorization.k8s.io/v1": _resources(
        "authorization.k8s.io/v1", [("selfsubjectaccessreviews", "SelfSubjectAccessReview", False, "")]
    ),
}
