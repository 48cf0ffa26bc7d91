"""What a family's program does once its arguments are understood: an action on a spec, or another word."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING

import yaml

from skillbank_engine.config.load import SpecError, load_spec
from skillbank_engine.config.named import named_words
from skillbank_engine.config.schema import all_schemas
from skillbank_engine.errors import EngineError
from skillbank_engine.family import Family
from skillbank_engine.importing import importing
from skillbank_engine.profile import settled
from skillbank_engine.session import reason, setup_logging
from skillbank_engine.starting import starting_spec
from skillbank_engine.status import StatusLog

if TYPE_CHECKING:
    from skillbank_engine.config.blocks import SpecBase

__all__ = ["print_schemas", "run_action", "run_tool"]


def run_action(family: Family, action: str, spec_file: str, overrides: Sequence[str]) -> int:
    """Run an action on a spec; the last line on stdout says how it went."""
    setup_logging()
    try:
        try:
            spec = load_spec(family.specs(), action, spec_file, overrides)
            named = [*named_words(spec_file, spec), *overrides]
        except SpecError as error:
            _report_early_failure(action, spec_file, overrides, reason(error))
            raise
        _work(family, action, spec, named)
    except (EngineError, SpecError) as error:
        print(f"ERROR: {reason(error)}", file=sys.stderr)
    except KeyboardInterrupt:
        print("ERROR: stopped from the keyboard", file=sys.stderr)
    except Exception as error:
        logging.getLogger("skillbank_engine").exception("unexpected error")
        print(f"ERROR: {type(error).__name__}: {reason(error)}", file=sys.stderr)
    else:
        print("Execution status: PASS", flush=True)
        return 0
    print("Execution status: FAIL", flush=True)
    return 1


def _work(family: Family, action: str, spec: SpecBase, overrides: Sequence[str]) -> None:
    name = "train" if action in family.specs().trains else action
    with importing():
        command = resolve_name(f"skillbank_engine.commands.{name}:{name}")
    command(family, action, spec, overrides)


def run_tool(family: Family, arguments: argparse.Namespace) -> int:
    """Run a command that works without a spec."""
    setup_logging()
    try:
        if arguments.action == "schemas":
            return print_schemas(family, arguments.actions)
        if arguments.action == "settle":
            return _print_settled(family, arguments.task, arguments.experiment_spec)
        tool = family.tools[arguments.action]
        with importing() if tool.torch else nullcontext():
            run: Callable[[argparse.Namespace], None] = resolve_name(tool.run)
        run(arguments)
    except (EngineError, SpecError, OSError) as error:
        print(f"ERROR: {reason(error)}", file=sys.stderr)
        return 1
    return 0


def _print_settled(family: Family, action: str, spec_file: str) -> int:
    """Print what the profile makes of a spec on this machine, for whoever changes the spec further."""
    with importing():
        from skillbank_engine.device import cuda_wanted  # on torch, which schemas do without

    specs = family.specs()
    spec = load_spec(specs, action, spec_file, [])
    start = starting_spec(family, spec) if action in specs.trains else None
    values = settled(
        specs, spec, action, named_words(spec_file, spec), cuda_wanted(spec.engine.device), start
    )
    print(json.dumps(values, allow_nan=False))
    return 0


def print_schemas(family: Family, actions: Sequence[str]) -> int:
    """Print the document of JSON Schemas and defaults; 2 for an action that does not exist."""
    specs = family.specs()
    unknown = [name for name in actions if name not in specs.by_action]
    if unknown:
        known = ", ".join(specs.by_action)
        print(f"ERROR: unknown action '{unknown[0]}': choose from {known}", file=sys.stderr)
        return 2
    print(json.dumps(all_schemas(specs, list(actions) or None), indent=2, allow_nan=False))
    return 0


def _report_early_failure(action: str, spec_file: str, overrides: Sequence[str], text: str) -> None:
    """Write the FAILURE line of a spec that cannot be used, if it at least says where results go."""
    try:
        document = yaml.safe_load(Path(spec_file).read_text(encoding="utf-8"))
        place = document.get("results_dir")
        place = Path(place) / action if isinstance(place, str) and place else None
        block = document.get(action)
        if isinstance(block, dict) and isinstance(block.get("results_dir"), str) and block["results_dir"]:
            place = Path(block["results_dir"])
        for word in overrides:
            if word.startswith("results_dir="):
                place = Path(word.partition("=")[2]) / action
        if place is not None:
            place.mkdir(parents=True, exist_ok=True)
            StatusLog(place).write("FAILURE", text)
    except (OSError, ValueError, AttributeError, yaml.YAMLError):
        # Nowhere to write it to; the error itself is printed all the same.
        return
