"""What this machine can do: each check is one fact, and how to mend it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from skillbank.automl.algorithms import algorithm_class
from skillbank.bank.discovery import Library
from skillbank.datasets.formats import load_format
from skillbank.environment import foreign
from skillbank.errors import PluginError, sentence_of
from skillbank.home import database_url, home
from skillbank.jobs.preflight import minimum_free
from skillbank.jobs.store import JobStore
from skillbank.plan.inference import function_of
from skillbank.platforms.check import Check
from skillbank.platforms.registry import get_platform, known_platforms
from skillbank.plugins import Group, Offer
from skillbank.plugins import found as found_plugins

_CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "HF_TOKEN",
    "NGC_API_KEY",
    "NGC_KEY",
    "SKILLBANK_REGISTRY",
)


def checkup(platform: str | None = None) -> list[Check]:
    """Run all checks, or those that jobs on one platform need; a check that breaks is itself a finding.

    Parameters
    ----------
    platform
        Its name; what it cannot do without is then ``failed`` instead of ``missing``.
    """
    general = (_python, _bank, _home, _disk, _database, _credentials, plugin_checks)
    found = [check for run in general for check in _run(run)]
    if platform is not None:
        get_platform(platform)
    for name in known_platforms() if platform is None else (platform,):
        for check in _run(partial(_of_platform, name), name):
            if any(check.said == each.said for each in found):
                continue  # a plug-in that cannot be loaded is told already
            needed = platform is not None and check.needed and check.state == "missing"
            found.append(replace(check, state="failed") if needed else check)
    return found


def _of_platform(name: str) -> list[Check]:
    return get_platform(name).checkup()


def plugin_checks() -> list[Check]:
    """Say of everything that packages add to skillbank whether it can be loaded."""
    there = found_plugins()
    checks = [Check("plug-in", "failed", why) for why in dict.fromkeys(why for _, why in there.refused)]
    for offers in there.offers.values():
        for each in (each for each in offers.values() if each.package):
            try:
                _load(each)
            except PluginError as error:
                checks.append(Check("plug-in", "failed", error.sentence))
            else:
                checks.append(Check("plug-in", "ok", f"{each.said} ({each.value})"))
    return checks


def _load(each: Offer) -> None:
    """Import what a package offers, as it would be when it is asked for."""
    if each.group is Group.LABEL_FORMATS:
        load_format(each)
        return
    by_name: dict[Group, Callable[[str], object]] = {
        Group.PLATFORMS: get_platform,
        Group.AUTOML_ALGORITHMS: algorithm_class,
        Group.INFERENCE_FUNCTIONS: function_of,
    }
    by_name[each.group](each.name)


def _run(check: Callable[[], list[Check]], name: str = "") -> list[Check]:
    try:
        return check()
    except PluginError as error:
        return [Check(name, "failed", error.sentence)]
    except Exception as error:  # a doctor reports what breaks, whatever it is
        name = name or getattr(check, "__name__", "").strip("_").removesuffix("_checks")
        return [Check(name, "failed", f"{type(error).__name__}: {sentence_of(error)}")]


def _python() -> list[Check]:
    return [Check("python", "ok", f"{sys.version.split()[0]} at {sys.executable}")]


def _bank() -> list[Check]:
    library = Library()
    errors = [d for _, d in library.diagnostics if d.severity == "error"]
    said = f"{len(library.skills)} skills"
    return [Check("bank", "failed", f"{said}; {errors[0]}") if errors else Check("bank", "ok", said)]


def _home() -> list[Check]:
    folder = home()
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        return [Check("home", "failed", f"{folder} cannot be written; set SKILLBANK_HOME to another folder")]
    return [Check("home", "ok", str(folder))]


def _disk() -> list[Check]:
    free, least = shutil.disk_usage(home()).free, minimum_free()
    said = f"{free / 2**30:.1f} GiB free under {home()}, at least {least / 2**30:g} wanted"
    if free >= least:
        return [Check("disk", "ok", said)]
    return [Check("disk", "failed", f"{said}; make room or set SKILLBANK_HOME to another folder")]


def _database() -> list[Check]:
    with JobStore(database_url()) as store:
        count = len(store.list(limit=1000))
    said = f"{database_url().partition(':')[0]}, {count} job{'' if count == 1 else 's'}"
    return [Check("database", "ok", said)]


def _credentials() -> list[Check]:
    names = [name for name in _CREDENTIALS if foreign(name)]
    said = f"set: {', '.join(names)}" if names else "none set; public and local data need none"
    return [Check("credentials", "ok" if names else "missing", said)]
