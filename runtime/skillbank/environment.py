"""The environment of this process, read here alone: skillbank's own variables, and those of others.

`references/settings.md` holds the table of `VARIABLES`, which ``python -m skillbank.environment`` prints.
Values are read whenever they are asked for, so that what a test or a server sets holds from then on. The
keeper of a local job imports this, and is to start at once: no dataclasses, whose import takes as long as it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["VARIABLES", "Variable", "everything", "foreign", "hand_on", "snapshot", "table"]


class Variable(NamedTuple):
    """One of skillbank's own variables.

    Attributes
    ----------
    said
        What it does, for people, as a cell of a Markdown table in ``references/``.
    """

    name: str
    said: str

    def __str__(self) -> str:
        """Return its name."""
        return self.name

    @property
    def value(self) -> str | None:
        """What it is set to, which may be empty; None where it is not set."""
        return os.environ.get(self.name)


HOME = Variable("SKILLBANK_HOME", "another home")
DATABASE_URL = Variable(
    "SKILLBANK_DATABASE_URL",
    "another database, SQLite or PostgreSQL (`postgresql://…`, the extra `postgres`); several "
    "machines may share it",
)
BANKS = Variable("SKILLBANK_BANKS", "further folders of skills, with `:` between them; `--bank DIR`")
PLATFORM = Variable("SKILLBANK_PLATFORM", "where jobs run when neither words nor `--platform` say")
IMAGE = Variable("SKILLBANK_IMAGE", "the image of containers, in place of the skill's; `--image`")
READER = Variable("SKILLBANK_READER", "`rules` (default) or `llm`: who reads plain language; `--reader`")
MODEL = Variable(
    "SKILLBANK_MODEL",
    "the language model of `chat` and of `--reader llm`, else OPENAI_MODEL; the endpoint is "
    "OPENAI_BASE_URL, the key OPENAI_API_KEY",
)
LLM_MODEL = Variable(
    "SKILLBANK_LLM_MODEL",
    "the language model of searches by `llm`, `hybrid` and `autoresearch`",
)
MIN_FREE_GIB = Variable("SKILLBANK_MIN_FREE_GIB", "how much must be free where a job writes; 2")
BUCKETS = Variable(
    "SKILLBANK_BUCKETS",
    "the only buckets that may be used, with commas between them; all without it",
)
HOSTS = Variable(
    "SKILLBANK_HOSTS",
    "hosts of the own network that may be fetched from, with commas between them",
)
APPROVE = Variable(
    "SKILLBANK_APPROVE",
    "what the tools of a door may do, `launch=ask cancel_job=never` ([AGENTS.md](../AGENTS.md))",
)
APPROVAL_CODE_FILE = Variable(
    "SKILLBANK_APPROVAL_CODE_FILE",
    "where the approval code's file lies ([trust.md](trust.md))",
)
TRUST = Variable("SKILLBANK_TRUST", "trust decided beforehand ([trust.md](trust.md))")
ANCHORS = Variable(
    "SKILLBANK_ANCHORS",
    "files of anchors for all users, with `:` between them ([trust.md](trust.md))",
)
WEB_TOKEN = Variable("SKILLBANK_WEB_TOKEN", "what requests to `web` and `review` have to show")
MCP_TOKEN = Variable("SKILLBANK_MCP_TOKEN", "what requests to `mcp --http` have to show")
LABEL_STUDIO_TOKEN = Variable(
    "SKILLBANK_LABEL_STUDIO_TOKEN",
    "opens the pictures of a Label Studio ([labelling-elsewhere.md](labelling-elsewhere.md))",
)
TOKEN = Variable(
    "SKILLBANK_TOKEN",
    "whose token `skillbank.client` shows to a team's server ([team-server.md](team-server.md))",
)
SLURM = Variable(
    "SKILLBANK_SLURM",
    "the file with the profile of a Slurm cluster, in place of `slurm.yaml` in the home",
)
KUBERNETES = Variable(
    "SKILLBANK_KUBERNETES",
    "the file with the profile of a Kubernetes cluster, in place of `kubernetes.yaml` in the home",
)
DOCKER_GPUS = Variable(
    "SKILLBANK_DOCKER_GPUS",
    "`none`, or the ids of the GPUs that jobs in containers may have; else CUDA_VISIBLE_DEVICES counts",
)
DOCKER_NETWORK = Variable(
    "SKILLBANK_DOCKER_NETWORK",
    "a network of the daemon, or `none`; by default Docker's own bridge",
)
DOCKER_PULL = Variable(
    "SKILLBANK_DOCKER_PULL",
    "when images are fetched: `missing` (default), `always`, `never`",
)
DOCKER_KEEP = Variable(
    "SKILLBANK_DOCKER_KEEP",
    "which ended containers stay: `never` (default), `failed`, `always`",
)
REGISTRY = Variable(
    "SKILLBANK_REGISTRY",
    "a registry of images; without it and its login those of `docker login`, and NGC_API_KEY for nvcr.io",
)
REGISTRY_USER = Variable("SKILLBANK_REGISTRY_USER", "who logs in there")
REGISTRY_PASSWORD = Variable("SKILLBANK_REGISTRY_PASSWORD", "the password of the login")
JOB_ID = Variable("SKILLBANK_JOB_ID", "set for a job's program, by skillbank")

VARIABLES = tuple(each for each in tuple(globals().values()) if isinstance(each, Variable))
"""All of them, in the order of the table."""


def foreign(name: str) -> str | None:
    """Return what a variable of others is set to, such as one of a model's endpoint; None where it is not."""
    return os.environ.get(name)


def everything() -> Mapping[str, str]:
    """Return all variables, as they are now and will be."""
    return os.environ


def snapshot() -> object:
    """Return what is equal to a later one as long as no variable has changed, and quickly made."""
    # The dictionary behind it: through `os.environ` itself every value would be decoded to be compared.
    return dict(getattr(os.environ, "_data", os.environ))


def hand_on(name: str, value: str) -> None:
    """Set a variable for this process and all that it starts from now on."""
    os.environ[name] = value


def table() -> str:
    """Return the variables as a table for `references/settings.md`."""
    rows = [f"| `{each.name}` | {each.said} |" for each in VARIABLES]
    return "\n".join(("| variable | what it does |", "|---|---|", *rows)) + "\n"


if __name__ == "__main__":
    print(table(), end="")
