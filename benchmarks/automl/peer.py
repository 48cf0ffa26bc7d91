"""Runs inside nvidia-tao-automl's own environment and answers line by line; needs no skillbank.

Started by `contestants.Peer` with the python that the variable TAO_AUTOML_PYTHON names. The first line in
is a JSON object {"schema", "spec", "parameters", "algorithm", "seed"}; then each line in is the score of
the last suggestion, and each line out the next suggestion. Only the proposing part of the tuner is used,
without its jobs and its waiting.
"""

import contextlib
import json
import logging
import math
import sys
import warnings
from types import SimpleNamespace
from typing import Any


class Store:
    """Stands in for the tuner's state on disk."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec = spec

    def get_job_specs(self, *_: object) -> dict[str, Any]:
        return self.spec

    def get_custom_param_ranges(self, *_: object) -> dict[str, Any]:
        return {}

    def __getattr__(self, name: str) -> Any:
        return lambda *given, **named: None


def main() -> None:
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    out = sys.stdout
    task = json.loads(sys.stdin.readline())
    with contextlib.redirect_stdout(sys.stderr):
        from tao_automl.brain.bayesian import Bayesian  # type: ignore[import-not-found]
        from tao_automl.brain.bfbo import BFBO  # type: ignore[import-not-found]
        from tao_automl.search_space.params import generate_hyperparams_to_search  # type: ignore[import-not-found]
        from tao_automl.types import JobStates, Recommendation  # type: ignore[import-not-found]

        records, _ = generate_hyperparams_to_search(
            "grounding_dino", "train", task["spec"], task["parameters"], schema=task["schema"]
        )
        name = f"job-{task['seed']}"
        context = SimpleNamespace(id=name, handler_id=name, network="grounding_dino", action="train")
        kind = {"bayesian": Bayesian, "bfbo": BFBO}[task["algorithm"]]
        brain = kind(context, Store(task["spec"]), "grounding_dino", records, metric="val_mAP50")
        history: list[Any] = []
        while True:
            values = brain.generate_recommendations(history)[0]
            clean = {k: v.item() if hasattr(v, "item") else v for k, v in values.items()}
            print(json.dumps(clean), file=out, flush=True)
            line = sys.stdin.readline()
            if not line:
                return
            found = Recommendation(len(history), dict(values), "val_mAP50")
            score = float(line)
            found.update_result(score if math.isfinite(score) else 0.0)
            found.update_status(JobStates.success)
            history.append(found)


if __name__ == "__main__":
    main()
