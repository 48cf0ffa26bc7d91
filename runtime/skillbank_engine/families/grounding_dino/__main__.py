"""The command line: ``grounding_dino ACTION ...``.

Nothing heavy is imported until the arguments are understood.
"""

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

SPEC_ACTIONS = ("train", "evaluate", "inference", "export", "quantize", "gen_trt_engine")
SETTLED_ACTIONS = ("train", "evaluate", "inference")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; those of the process by default.

    Returns
    -------
    int
        0 done, 1 failed, 2 wrong usage.
    """
    arguments = _parser().parse_args(argv)
    if arguments.action in SPEC_ACTIONS:
        return _run_spec_action(arguments.action, arguments.experiment_spec, arguments.overrides)
    return _run_tool(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="grounding_dino", description="Grounding DINO: detect objects by describing them."
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    about = {
        "train": "train on ODVG data, validate on COCO data",
        "evaluate": "measure a checkpoint or an ONNX file on COCO data",
        "inference": "find described objects in folders of pictures",
        "export": "write a checkpoint as an ONNX file",
        "quantize": "make the weights of a checkpoint, or all of an ONNX file, integers of eight bits",
        "gen_trt_engine": "build a TensorRT engine; needs TensorRT and a GPU",
    }
    for name, text in about.items():
        action = actions.add_parser(name, help=text)
        action.add_argument(
            "-e", "--experiment_spec", "--experiment-spec", required=True, metavar="SPEC.yaml"
        )
        action.add_argument(
            "overrides", nargs="*", metavar="KEY=VALUE", help="values that win over the spec's"
        )
    label = actions.add_parser("label", help="find described objects in pictures, print JSON")
    label.add_argument("--checkpoint", required=True, metavar="FILE")
    label.add_argument("--out", required=True, metavar="DIR", help="where annotated pictures go")
    label.add_argument(
        "--text",
        action="append",
        required=True,
        metavar="DESCRIPTION",
        help="what to find; may be repeated, ' . ' separates several, @FILE reads one a line",
    )
    label.add_argument("--threshold", type=float, help="least score (default: as for inference)")
    label.add_argument("--batch-size", type=_positive, default=8, metavar="N")
    label.add_argument("image", nargs="+", metavar="IMAGE", help="a picture or a folder of pictures")
    serve = actions.add_parser("serve", help="answer requests for detections on stdin until it ends")
    serve.add_argument(
        "--checkpoint", metavar="FILE|DIR|NAME", help="without it the first line on stdin says so, as JSON"
    )
    serve.add_argument("--batch-size", type=_positive, default=8, metavar="N")
    serve.add_argument("--max-pixels", type=_positive, default=178_956_970, metavar="N", help="of a picture")
    serve.add_argument("--window", type=float, default=3.0, metavar="MS", help="how long to wait for company")
    for name, what, train, val, size in (
        ("shapes", "write the demo data set of coloured shapes", 500, 60, 128),
        ("scenes", "write a harder data set: relations, sizes, patterns, clutter", 8000, 400, 512),
    ):
        drawn = actions.add_parser(name, help=what)
        drawn.add_argument("out", metavar="OUT")
        drawn.add_argument("--seed", type=int, default=0)
        drawn.add_argument("--train", type=_positive, default=train, metavar="N", help="training pictures")
        drawn.add_argument("--val", type=_positive, default=val, metavar="N", help="validation pictures")
        drawn.add_argument("--size", type=_picture_size, default=size, metavar="PIXELS")
    settle = actions.add_parser("settle", help="print the values that a spec would get here, as JSON")
    settle.add_argument("task", choices=SETTLED_ACTIONS, metavar="ACTION")
    settle.add_argument("-e", "--experiment_spec", required=True, metavar="SPEC.yaml")
    schemas = actions.add_parser("schemas", help="print the JSON Schemas and defaults of all specs")
    schemas.add_argument("actions", nargs="*", metavar="ACTION")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _picture_size(text: str) -> int:
    number = int(text)
    if not 64 <= number <= 4096:
        raise argparse.ArgumentTypeError("must be between 64 and 4096")
    return number


def _run_spec_action(action: str, spec_file: str, overrides: Sequence[str]) -> int:
    """Run an action on a spec; the last line on stdout says how it went."""
    from skillbank_engine.errors import EngineError
    from skillbank_engine.families.grounding_dino.commands.session import reason, setup_logging
    from skillbank_engine.families.grounding_dino.config import SpecError, load_spec

    setup_logging()
    try:
        try:
            spec = load_spec(action, spec_file, overrides)
        except SpecError as error:
            _report_early_failure(action, spec_file, overrides, reason(error))
            raise
        _work(action, spec, overrides)
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


def _work(action: str, spec: Any, overrides: Sequence[str]) -> None:
    _command(action)(spec, overrides)


def _command(action: str) -> Any:
    from skillbank_engine.families.grounding_dino.commands.session import importing, prepare_libraries

    prepare_libraries()
    with importing():
        return getattr(import_module(f"skillbank_engine.families.grounding_dino.commands.{action}"), action)


def _run_tool(arguments: argparse.Namespace) -> int:
    """Run a command that works without a spec."""
    from skillbank_engine.errors import EngineError
    from skillbank_engine.families.grounding_dino.commands.session import reason, setup_logging
    from skillbank_engine.families.grounding_dino.config import SpecError

    setup_logging()
    try:
        if arguments.action == "schemas":
            return _print_schemas(arguments.actions)
        if arguments.action == "settle":
            return _print_settled(arguments.task, arguments.experiment_spec)
        if arguments.action in ("label", "serve"):
            _command(arguments.action)(arguments)
        else:
            from skillbank_engine.families.grounding_dino.commands import datasets

            getattr(datasets, arguments.action)(arguments)
    except (EngineError, SpecError, OSError) as error:
        print(f"ERROR: {reason(error)}", file=sys.stderr)
        return 1
    return 0


def _print_settled(action: str, spec_file: str) -> int:
    """Print what the profile makes of a spec on this machine, for whoever changes the spec further."""
    from skillbank_engine.device import cuda_wanted
    from skillbank_engine.families.grounding_dino.commands.train import starting_spec
    from skillbank_engine.families.grounding_dino.config import load_spec
    from skillbank_engine.families.grounding_dino.profile import settled

    spec = load_spec(action, spec_file, [])
    start = starting_spec(spec) if action == "train" else None
    print(json.dumps(settled(spec, action, [], cuda_wanted(spec.engine.device), start), allow_nan=False))
    return 0


def _print_schemas(actions: Sequence[str]) -> int:
    from skillbank_engine.families.grounding_dino.config import SPECS, all_schemas

    unknown = [name for name in actions if name not in SPECS]
    if unknown:
        print(f"ERROR: unknown action '{unknown[0]}': choose from {', '.join(SPECS)}", file=sys.stderr)
        return 2
    print(json.dumps(all_schemas(list(actions) or None), indent=2, allow_nan=False))
    return 0


def _report_early_failure(action: str, spec_file: str, overrides: Sequence[str], text: str) -> None:
    """Write the FAILURE line of a spec that cannot be used, if it at least says where results go."""
    import yaml

    from skillbank_engine.status import StatusLog

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


if __name__ == "__main__":
    sys.exit(main())
