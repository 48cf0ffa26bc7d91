"""The image of ``deploy/`` is built, started with PostgreSQL as the compose file says, killed and stopped.

By a Docker of the test's own, of roots that hold what is installed here: neither a registry nor an index is
asked. What compose does itself is read from its file: this machine may have no compose.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.platforms.conftest import PrivateDaemon, private_daemon
from tests.postgres import programs
from tests.team_server import images
from tests.team_server.test_deploy import DEPLOY, given_to_a_build

__all__ = ["private_daemon"]

pytestmark = pytest.mark.slow
PASSWORD = "canary0password"
SERVER = "skillbank-server"

PLANS = """
import json, os, sys
from skillbank.client import Client
with Client("http://127.0.0.1:8770", token=sys.argv[1]) as client:
    [plan] = client.plan("train Grounding DINO on https://example.org/data.zip, no HPO")["plans"]
    me, jobs = client.call("get_me")["name"], len(client.jobs())
    print(json.dumps({"plan": plan["plan_id"], "me": me, "jobs": jobs}))
"""


@pytest.fixture(scope="module")
def client(private_daemon: PrivateDaemon, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Return a client of a daemon that has the two images, the server's built by its Dockerfile."""
    bin_dir = programs()
    if bin_dir is None or not images.programs_are_here():
        pytest.skip("the images are made of PostgreSQL, busybox and useradd of this machine; one is missing")
    folder = tmp_path_factory.mktemp("images")
    images.base(folder / "base.tar", "skillbank", ("team", "postgres", "kubernetes"), "hatchling")
    images.postgres(folder / "postgres.tar", bin_dir)
    context = folder / "context"
    given_to_a_build(DEPLOY / "Dockerfile", context)
    (context / "deploy").mkdir()
    shutil.copy(DEPLOY / "Dockerfile", context / "deploy")
    with contextlib.closing(private_daemon.client()) as api:
        api.timeout = 600
        imported(api, folder / "base.tar", "local/python", images.BASE_ENV)
        start = ('ENTRYPOINT ["/start"]', "USER postgres")
        imported(api, folder / "postgres.tar", "postgres:17", images.POSTGRES_ENV, *start)
        told = list(
            api.build(
                path=str(context),
                dockerfile="deploy/Dockerfile",
                tag=SERVER,
                buildargs={"BASE": "local/python"},
                decode=True,
                rm=True,
            )
        )
        said = "".join(line.get("stream", "") for line in told)
        assert not any("error" in line for line in told), said[-3000:]
        yield api
        for left in api.containers(all=True):
            api.remove_container(left["Id"], force=True, v=True)


def imported(api: Any, tar: Path, name: str, environment: tuple[str, ...], *changes: str) -> None:
    repository, _, tag = name.partition(":")
    lines = [*(f"ENV {each}" for each in environment), *changes]
    api.import_image_from_file(str(tar), repository=repository, tag=tag or "latest", changes=lines)
    tar.unlink()


def services() -> dict[str, Any]:
    """Return what compose starts, with the variable of the password filled in as it does."""
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    text = text.replace("${SKILLBANK_DB_PASSWORD:?set it to a password of letters and digits}", PASSWORD)
    told: dict[str, Any] = yaml.safe_load(text.replace("${SKILLBANK_DB_PASSWORD}", PASSWORD))
    assert "$" not in json.dumps(told)
    found: dict[str, Any] = told["services"]
    return found


def started(api: Any, name: str, service: dict[str, Any], hosts: dict[str, str]) -> str:
    """Start a service, and wait for what its health check asks."""
    binds, volumes = [], []
    for each in service["volumes"]:
        source, target, *mode = each.split(":")
        source = str((DEPLOY / source).resolve()) if source.startswith(".") else f"test-{source}"
        binds.append(":".join([source, target, *mode]))
        volumes.append(target)
    check = service["healthcheck"]
    made = api.create_container(
        service["image"],
        service.get("command"),
        environment=service["environment"],
        volumes=volumes,
        healthcheck={"test": check["test"], "interval": 10**9, "retries": 120, "timeout": 10 * 10**9},
        host_config=api.create_host_config(
            binds=binds, extra_hosts=hosts, init=service.get("init"), restart_policy={"Name": "no"}
        ),
        name=name,
    )
    api.start(made["Id"])
    wait_until(api, made["Id"], lambda state: state["Health"]["Status"] == "healthy")
    return str(made["Id"])


def wait_until(api: Any, container: str, true: Any, seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while not true(state := api.inspect_container(container)["State"]):
        assert state["Running"] and time.monotonic() < end, (state, api.logs(container)[-3000:])
        time.sleep(0.2)


def told(api: Any, container: str, *command: str) -> str:
    """Run a command in a container and return what it prints."""
    made = api.exec_create(container, list(command))["Id"]
    said = api.exec_start(made).decode()
    assert api.exec_inspect(made)["ExitCode"] == 0, said
    return str(said)


def test_the_image_is_built_serves_is_killed_and_stops(client: Any) -> None:
    told_of = services()
    database = started(client, "postgres", told_of["postgres"], {})
    address = client.inspect_container(database)["NetworkSettings"]["IPAddress"]
    server = started(client, "server", told_of["server"], {"postgres": address})
    assert told(client, server, "python", "-c", "import os; print(os.getuid())") == "10001\n"
    made = told(
        client, server, "skillbank", "team", "add", "ann", "--project", "cars", "--until", "2099-01-31",
        "--right", "look", "--right", "plan", "--json",
    )  # fmt: skip
    token = json.loads(made)["token"]
    answer = json.loads(told(client, server, "python", "-c", PLANS, token).splitlines()[-1])
    assert answer["me"] == "ann" and answer["plan"] and answer["jobs"] == 0
    # One of its processes is killed, and all that is known is known on.
    before = workers(client, server)
    assert len(before) == 2
    told(client, server, "kill", "-9", str(before[0]))
    again = json.loads(told(client, server, "python", "-c", PLANS, token).splitlines()[-1])
    assert again["plan"] == answer["plan"]
    end = time.monotonic() + 60
    while len(now := workers(client, server)) < 2 or before[0] in now:
        assert time.monotonic() < end
        time.sleep(0.1)
    # The whole container is killed, and starts again on what is stored.
    client.kill(server)
    client.start(server)
    wait_until(client, server, lambda state: state.get("Health", {}).get("Status") == "healthy")
    last = json.loads(told(client, server, "python", "-c", PLANS, token).splitlines()[-1])
    assert last["plan"] == answer["plan"]
    began = time.monotonic()
    client.stop(server, timeout=60)
    assert time.monotonic() - began < 30, "it ends by itself before compose would kill it"
    assert client.inspect_container(server)["State"]["ExitCode"] == 0
    assert PASSWORD.encode() not in client.logs(server)


def workers(api: Any, server: str) -> list[int]:
    """Return the processes that the container's first one has started and that live."""
    script = """
import os, pathlib
for each in pathlib.Path("/proc").glob("[0-9]*/stat"):
    fields = each.read_text().rpartition(")")[2].split()
    if fields[1] == "1" and fields[0] != "Z" and b"serve" in (each.parent / "cmdline").read_bytes():
        print(each.parent.name)
"""
    return [int(line) for line in told(api, server, "python", "-c", script).split()]
