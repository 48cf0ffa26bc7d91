"""The command line: one small module per command, none of which imports anything heavy at the top."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from copy import copy
from functools import cache
from typing import Any

import typer

from skillbank.cli import (
    anchors,
    approve,
    audit,
    bank,
    cancel,
    chat,
    clean,
    compare,
    data,
    doctor,
    experiments,
    jobs,
    label,
    label_program,
    lint,
    logs,
    manifest,
    mcp,
    packages,
    plan,
    report,
    results,
    review,
    run,
    schemas,
    serve,
    sets,
    show,
    sign,
    skill,
    skills,
    status,
    team,
    terminal,
    tools,
    trust,
    verify,
    web,
)
from skillbank.cli.once import refuse_twice
from skillbank.errors import SkillbankError
from skillbank.ways import Voice, speak, spoken

# typer gives no public name to the base of its errors of usage
_UsageError: Any = typer.BadParameter.__mro__[1]

app = typer.Typer(
    name="skillbank",
    help="Train, evaluate, export and run vision models from skills: plan, explain, run.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: importing rich would double the time of --help
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("skills")(skills.skills)
app.command("show")(show.show)
app.command("plan")(plan.plan)
app.command("run")(run.run)
app.command("approve")(approve.approve)
app.command("jobs")(jobs.jobs)
app.command("status")(status.status)
app.command("logs")(logs.logs)
app.command("cancel")(cancel.cancel)
app.command("results")(results.results)
app.command("experiments")(experiments.experiments)
app.command("report")(report.report)
app.command("label")(label.label)
app.command("compare")(compare.compare)
app.command("label-program", hidden=True)(label_program.program)
app.add_typer(data.app, name="data")
app.add_typer(sets.app, name="sets")
app.add_typer(team.app, name="team")
app.command("chat")(chat.chat)
app.command("mcp")(mcp.mcp)
app.command("review")(review.review)
app.command("web")(web.web)
app.command("serve")(serve.serve)
app.command("tools")(tools.tools)
app.command("clean")(clean.clean)
app.command("doctor")(doctor.doctor)
app.command("lint")(lint.lint)
app.command("verify")(verify.verify)
app.command("sign")(sign.sign)
app.add_typer(anchors.trust_group(trust.trust), name="trust")
app.add_typer(bank.app, name="bank")
app.command("audit")(audit.audit)
app.add_typer(schemas.app, name="schemas")
app.add_typer(manifest.app, name="manifest")
app.add_typer(packages.app, name="packages")
app.add_typer(skill.app, name="skill")
refuse_twice(app)


def _command(words: Sequence[str]) -> Any:
    """Return what typer makes of the signature of the command that is named first, or of all."""
    named = words[0] if words else ""
    known = {each.name for each in app.registered_commands} | {each.name for each in app.registered_groups}
    return _made(named if named in known else "")


@cache
def _made(named: str) -> Any:
    """Make commands of their signatures, once; making all takes as long as many a command does."""
    if not named:
        return typer.main.get_command(app)
    one = copy(app)
    one.registered_commands = [each for each in app.registered_commands if each.name == named]
    one.registered_groups = [each for each in app.registered_groups if each.name == named]
    return typer.main.get_group(one)


def main() -> None:
    """Run the command line; every deliberate error is one sentence and its own exit code."""
    terminal.guard()
    before = spoken()
    speak(Voice.COMMAND_LINE)
    try:
        code = _command(sys.argv[1:])(prog_name="skillbank", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except _UsageError as error:  # of options and arguments: typer's own words
        if "--json" in sys.argv:
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
        if error.filename is None:
            raise
        _refuse("platform_error", f"{error.filename}: {error.strerror}")
        sys.exit(1)
    finally:
        speak(before)


def _refuse(code: str, message: str, error: SkillbankError | None = None) -> None:
    says = None
    if error is not None and error.skill_says:
        from skillbank.bank.foreign import FromSkill

        says = FromSkill.of(error.skill, " · ".join(error.skill_says))
    if "--json" in sys.argv:
        words = {"from_skill": says.model_dump()} if says else {}
        terminal.document({"error": {"code": code, "message": message, **words}})
    else:
        terminal.warn(f"{message}\n{says.sentence}" if says else message)
