"""The command line: one small module per command, imported when it is taken."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from skillbank.cli import terminal
from skillbank.cli.later import Later, LaterGroup
from skillbank.errors import SkillbankError, is_full
from skillbank.lazy_imports import lazy_imports
from skillbank.ways import Voice, speak, spoken

with lazy_imports():
    from skillbank.bank import foreign
    from skillbank.cli import usage

if TYPE_CHECKING:
    from typer._click.exceptions import UsageError  # typer gives it no public name

_UsageError: type[UsageError] = typer.BadParameter.__mro__[1]


class _Program(LaterGroup):
    """All commands, in the order of the help."""

    later = (
        Later("skills", "skills"),
        Later("show", "show"),
        Later("plan", "plan"),
        Later("run", "run"),
        Later("approve", "approve"),
        Later("jobs", "jobs"),
        Later("status", "status"),
        Later("logs", "logs"),
        Later("cancel", "cancel"),
        Later("results", "results"),
        Later("experiments", "experiments"),
        Later("report", "report"),
        Later("label", "label"),
        Later("compare", "compare"),
        Later("label-program", "label_program", "program", hidden=True),
        Later("chat", "chat"),
        Later("mcp", "mcp"),
        Later("review", "review"),
        Later("web", "web"),
        Later("serve", "serve"),
        Later("tools", "tools"),
        Later("clean", "clean"),
        Later("doctor", "doctor"),
        Later("lint", "lint"),
        Later("verify", "verify"),
        Later("sign", "sign"),
        Later("audit", "audit"),
        Later("data", "data", group="Check, convert, divide and show data sets of any known format."),
        Later(
            "sets",
            "sets",
            group="List and show label sets (skillbank sets [NAME]); write, take in, back up, rename, remove "
            "them.",
        ),
        Later(
            "team",
            "team",
            group="Who may do what on a team's server: make, list and revoke tokens; quotas; the audit log.",
        ),
        Later("trust", "trust", group="Trust a bank from outside, or pin who may sign (anchor)."),
        Later(
            "bank",
            "bank",
            group="Add banks from folders, archives and git repositories, and keep them; nothing of them is "
            "run.",
        ),
        Later("schemas", "schemas", group="Generate a skill's schemas and templates from its spec classes."),
        Later("manifest", "manifest", group="Build or check a bank's manifest.json."),
        Later(
            "packages",
            "packages",
            group="Build or check what other ecosystems install a bank by, from its bank.yaml.",
        ),
        Later("skill", "skill", group="Begin a skill of your own."),
    )


app = typer.Typer(
    name="skillbank",
    cls=_Program,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: importing rich would double the time of --help
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _skillbank() -> None:
    """Train, evaluate, export and run vision models from skills: plan, explain, run."""


def main() -> None:
    """Run the command line; every deliberate error is one sentence and its own exit code."""
    terminal.guard()
    before = spoken()
    speak(Voice.COMMAND_LINE)
    try:
        code = typer.main.get_command(app)(prog_name="skillbank", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except _UsageError as error:  # of options and arguments: typer's own words
        if (said := usage.said_of(error)) is not None:
            _refuse("usage", said)
        elif "--json" in sys.argv:
            _refuse("usage", f"{error.format_message().rstrip('.')}; --help says what there is.")
        else:
            error.show()
        sys.exit(error.exit_code)
    except typer.Abort:
        terminal.warn("stopped; nothing was answered")
        sys.exit(1)
    except SkillbankError as error:
        _refuse(error.code, error.sentence, error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output has gone (| head); nobody is left to tell.
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        # A disk that is full or out of reach may turn up anywhere; the system's word and the place say it.
        if error.filename is None and not is_full(error):
            raise
        where = "A disk is full" if error.filename is None else error.filename
        _refuse("platform_error", f"{where}: {error.strerror}{'; make room there' if is_full(error) else ''}")
        sys.exit(1)
    finally:
        speak(before)


def _refuse(code: str, message: str, error: SkillbankError | None = None) -> None:
    says = None
    if error is not None and error.skill_says:
        says = foreign.FromSkill.of(error.skill, " · ".join(error.skill_says))
    if "--json" in sys.argv:
        words = {"from_skill": says.model_dump()} if says else {}
        terminal.document({"error": {"code": code, "message": message, **words}})
    else:
        terminal.warn(f"{message}\n{says.sentence}" if says else message)
