"""Environments of their own, installed from this checkout: the core alone, and with others' agents."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.cli.conftest import bank, data, environment
from tests.clients.installation import install_packages
from tests.labelling.models import write_picture, write_tiny

__all__ = ["bank", "data", "environment"]

REPO = Path(__file__).parents[1]
AGENTS = ("langchain-mcp-adapters", "mcp-use", "google-adk")


class Environment:
    """An environment of Python, and what of it can be run; pip of this one installs into it."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "venv", "--without-pip", str(folder)]
        subprocess.run(command, check=True, capture_output=True)
        self.bin = folder / "bin"

    def install(self, *wanted: str) -> None:
        """Install, or skip where no index has what is wanted."""
        done = install_packages(self.bin / "python", *wanted)
        if done.returncode and ("No matching distribution" in done.stderr or "Connection" in done.stderr):
            pytest.skip(f"no index is reached that has {' '.join(wanted)}")
        assert done.returncode == 0, done.stderr

    def pip(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run pip, and return what it said."""
        command = [sys.executable, "-m", "pip", "--python", str(self.bin / "python"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def has(self, module: str) -> bool:
        """Say whether a module can be found."""
        code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
        return subprocess.run([str(self.bin / "python"), "-c", code], check=False).returncode == 0

    def __call__(
        self, *arguments: object, env: dict[str, str], cwd: Path
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.bin / "skillbank"), *map(str, arguments)],
            env=env,
            cwd=cwd,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    made = Environment(tmp_path_factory.mktemp("core") / "env")
    made.install(str(REPO))
    return made


@pytest.mark.slow
def test_the_core_alone_plans_runs_and_labels(
    core: Environment, bank: Path, data: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    assert not any(core.has(module) for module in ("mcp", "mcp_types", "starlette", "uvicorn", "torch"))

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return core(*arguments, env=environment, cwd=tmp_path)

    assert run("--help").returncode == 0
    planned = run("plan", "train Grounding DINO on s3://b/data, no HPO", "--json")
    assert json.loads(planned.stdout)["skill"]["name"] == "tao-train-grounding-dino", planned.stderr
    done = run("run", f"train toy detector on {data}, no HPO", "--yes", "--json", "--bank", bank)
    assert done.returncode == 0 and json.loads(done.stdout)["state"] == "COMPLETE", done.stdout + done.stderr
    for command, extra in (("mcp", "mcp"), ("web", "web"), ("review", "web")):
        refused = run(command, *(["some-set"] if command == "review" else []))
        assert refused.returncode == 1 and len(refused.stderr.strip().splitlines()) == 1, refused.stderr
        assert f"pip install 'skillbank[{extra}]" in refused.stderr and "is not installed" in refused.stderr
    # The engine is a program of its own: whoever has it labels with the core.
    model = write_tiny(tmp_path / "tiny.pth")
    picture = write_picture(tmp_path / "picture.png")
    without = run("label", picture, "red square", "--checkpoint", model)
    assert without.returncode == 1 and "[engine]" in without.stderr, without.stderr
    engine = core.bin.parent / "engine"
    engine.mkdir()
    (engine / "grounding_dino").symlink_to(Path(sys.executable).parent / "grounding_dino")
    labelled = core(
        "label", picture, "red square", "--checkpoint", model, "-o", tmp_path / "labels", "--json",
        env={**environment, "PATH": f"{engine}{os.pathsep}{environment['PATH']}"}, cwd=tmp_path,
    )  # fmt: skip
    assert labelled.returncode == 0 and (tmp_path / "labels" / "labels.json").is_file(), labelled.stderr


@pytest.mark.slow
def test_a_package_is_installed_by_pip_and_uninstalled(
    core: Environment, environment: dict[str, str], tmp_path: Path
) -> None:
    source = shutil.copytree(Path(__file__).parent / "plugin_package", tmp_path / "package")
    core.pip("install", "--quiet", "--no-deps", str(source)).check_returncode()
    answer = core("doctor", "--json", env=environment, cwd=tmp_path)
    plug_ins = [c for c in json.loads(answer.stdout)["checks"] if c["name"] == "plug-in"]
    assert len(plug_ins) == 6 and {each["state"] for each in plug_ins} == {"ok"}, plug_ins
    core.pip("uninstall", "--quiet", "--yes", "skillbank-sample").check_returncode()
    answer = core("doctor", "--json", env=environment, cwd=tmp_path)
    assert not [c for c in json.loads(answer.stdout)["checks"] if c["name"] == "plug-in"]


@pytest.mark.slow
@pytest.mark.parametrize("major", [2, 3])
def test_chat_speaks_through_either_openai(
    core: Environment, major: int, environment: dict[str, str], tmp_path: Path
) -> None:
    """Advice over HTTP, a refusal and a broken stream: all that hangs on the library below openai."""
    core.install(f"openai>={major},<{major + 1}")
    program = f"""
import http.server, json, threading
import openai
from skillbank.language_model.endpoint import Endpoint, Patience
from skillbank.language_model.endpoint_errors import HTTP_ERROR as TransportError
from skillbank.errors import EndpointError

assert openai.__version__.split(".")[0] == "{major}"
assert TransportError.__module__.split(".")[0] == {{2: "httpx", 3: "httpx2"}}[{major}]
kinds = ["broken", "whole", "refused", "broken", "broken"]


class Server(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        kind = kinds.pop(0)
        self.send_response(401 if kind == "refused" else 200)
        self.send_header("content-type", "text/event-stream")
        if kind == "broken":
            self.send_header("content-length", "5000")
        self.end_headers()
        delta = {{"role": "assistant", "content": "hello"}}
        chunk = {{"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}}
        choice = {{"index": 0, "delta": delta, "finish_reason": None if kind == "broken" else "stop"}}
        if kind != "refused":
            self.wfile.write(f"data: {{json.dumps({{**chunk, 'choices': [choice]}})}}\\n\\n".encode())
        if kind == "whole":
            self.wfile.write(b"data: [DONE]\\n\\n")

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
import os
os.environ |= {{"OPENAI_BASE_URL": f"http://127.0.0.1:{{server.server_port}}/v1", "OPENAI_API_KEY": "k"}}
told = []
with Endpoint("m", patience=Patience(attempts=2, first=0.01), say=told.append) as endpoint:
    reply = endpoint.complete([{{"role": "user", "content": "hi"}}], lambda strict: [])
    assert reply.text == "hello" and len(told) == 1, (reply, told)
    for _ in range(2):
        try:
            endpoint.complete([{{"role": "user", "content": "hi"}}], lambda strict: [])
        except EndpointError as error:
            print(error)
"""
    done = subprocess.run(
        [str(core.bin / "python"), "-W", "error::ResourceWarning", "-c", program],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 2, done.stdout + done.stderr


@pytest.mark.slow
def test_it_lives_beside_the_agents_of_others(environment: dict[str, str], tmp_path: Path) -> None:
    made = Environment(tmp_path / "env")
    made.install(str(REPO), *AGENTS)
    code = "from importlib.metadata import version; print(version('mcp'), version('skillbank'))"
    told = subprocess.run([str(made.bin / "python"), "-c", code], capture_output=True, text=True, check=True)
    mcp, own = told.stdout.split()
    assert own == version("skillbank")
    for module in ("langchain_mcp_adapters", "mcp_use", "google.adk"):
        assert made.has(module)
    checked = made.pip("check")
    assert checked.stdout and "skillbank" not in checked.stdout, checked.stdout + checked.stderr
    planned = made(
        "plan", "train Grounding DINO on s3://b/data, no HPO", "--json", env=environment, cwd=tmp_path
    )
    assert planned.returncode in (0, 3) and json.loads(planned.stdout)["plan_id"], planned.stderr
    # Theirs may be an older mcp than our server needs: said in a sentence, and theirs stays.
    if mcp.startswith("1."):
        refused = made("mcp", env=environment, cwd=tmp_path)
        assert refused.returncode == 1 and len(refused.stderr.strip().splitlines()) == 1, refused.stderr
        assert "pip install 'skillbank[mcp]" in refused.stderr
        assert f"mcp {mcp} is installed" in refused.stderr and "environment of its own" in refused.stderr
