"""Who takes part: our algorithms, plain Optuna, and nvidia-tao-automl where its environment is named."""

from __future__ import annotations

import json
import os
import subprocess
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.automl.objectives import EPOCHS, Objective
from skillbank.automl.algorithms import Outcome, algorithm_class, make_algorithm
from skillbank.automl.settings import AutoMLSettings
from skillbank.automl.space_optuna import optuna_params, suggest

PEER_PYTHON = "TAO_AUTOML_PYTHON"
OURS = ("bayesian", "bfbo", "hyperband", "hyperband_es", "asha", "bohb", "dehb", "pbt",
        "random", "grid", "tpe", "cmaes")  # fmt: skip
"""The three algorithms that a language model leads are left out: without one they are bayesian."""
OPTUNA = ("optuna-tpe", "optuna-gp", "optuna-random")
PEER = ("tao-bayesian", "tao-bfbo")


@dataclass
class Result:
    """What one search reached.

    Attributes
    ----------
    best
        Highest score so far, after each trial.
    seconds
        That each suggestion took, in processor time of this process (of the other's wall clock for a peer).
    invalid
        How many suggestions break the search space.
    """

    best: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    invalid: int = 0

    def add(self, score: float, seconds: float) -> None:
        self.best.append(max(score, self.best[-1] if self.best else score))
        self.seconds.append(seconds)


def contest(name: str, objective: Objective, seed: int, trials: int) -> Result:
    """Let one contestant search; everybody may train as many epochs as `trials` whole trainings take."""
    if name in OPTUNA:
        return _optuna(name, objective, seed, trials)
    if name in PEER:
        return _peer(name, objective, seed, trials)
    return _ours(name, objective, seed, trials)


def _ours(name: str, objective: Objective, seed: int, trials: int) -> Result:
    said: dict[str, Any] = {"algorithm": name, "seed": seed, "direction": "maximize", "max_epochs": EPOCHS}
    if name == "pbt":
        # As many members as whole trainings are paid for, up to 20, each in nine parts.
        said |= {"epoch_budget": trials * EPOCHS, "population": min(trials, 20), "generations": 9}
    elif algorithm_class(name).multi_fidelity:
        said |= {"epoch_budget": trials * EPOCHS}
    else:
        said |= {"max_recommendations": trials}
    space = objective.space()
    algorithm, result = make_algorithm(space, AutoMLSettings.read(said)), Result()
    while True:
        start = time.process_time()
        asked = algorithm.ask()
        spent = time.process_time() - start
        if asked is None:
            return result
        result.invalid += bool(space.violations(asked.values)) and asked.number > 0
        last = asked.epochs or EPOCHS
        before = algorithm.trials[asked.resume_from].asked.epochs if asked.resume_from is not None else 0
        score = 0.0
        for epoch in range((before or 0) + 1, last + 1):
            score = objective.after(asked.values, epoch)
            if algorithm.report(asked.number, epoch, score):
                break
        algorithm.tell(asked.number, Outcome.of(score))
        result.add(score, spent)


def optuna_sampler(name: str, seed: int) -> Any:
    """Return a sampler of plain Optuna, as it is."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    samplers = {
        "optuna-tpe": optuna.samplers.TPESampler,
        "optuna-gp": optuna.samplers.GPSampler,
        "optuna-random": optuna.samplers.RandomSampler,
    }
    return samplers[name](seed=seed)


def _optuna(name: str, objective: Objective, seed: int, trials: int) -> Result:
    import optuna

    space, result = objective.space(), Result()
    study = optuna.create_study(direction="maximize", sampler=optuna_sampler(name, seed))
    # It too begins with the default configuration, and knows our ranges, scales and conditions.
    params, _ = optuna_params(space, space.defaults)
    study.enqueue_trial(params)
    for _ in range(trials):
        start = time.process_time()
        trial = study.ask()
        values = suggest(space, trial)
        spent = time.process_time() - start
        score = objective.after(values, EPOCHS)
        study.tell(trial, score)
        result.add(score, spent)
    return result


def _peer(name: str, objective: Objective, seed: int, trials: int) -> Result:
    """Ask the peer's own environment; of Grounding DINO it knows the family's schema, else it gets ours."""
    space, result = objective.space(), Result()
    task = {
        "schema": None if "train" in objective.spec and "dataset" in objective.spec else _for_peer(objective),
        "spec": json.loads(json.dumps(objective.spec)),
        "parameters": [p.name for p in space.parameters],
        "algorithm": name.removeprefix("tao-"),
        "seed": seed,
    }
    # Its seed is the hash of a name, which Python salts.
    environment = {**os.environ, "PYTHONHASHSEED": str(seed + 1), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [os.environ[PEER_PYTHON], str(Path(__file__).with_name("peer.py"))],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment,
    ) as process:  # fmt: skip
        assert process.stdin and process.stdout
        print(json.dumps(task), file=process.stdin, flush=True)
        for _ in range(trials):
            start = time.perf_counter()
            line = process.stdout.readline()
            if not line:
                raise RuntimeError(f"{name} ended after {len(result.best)} trials")
            spent = time.perf_counter() - start
            values = json.loads(line)
            # It knows no conditions; a value that is not read is not held against it.
            result.invalid += any("does not count" not in w for w in space.violations(values))
            score = objective.after(values, EPOCHS)
            result.add(score, spent)
            print(score, file=process.stdin, flush=True)
        process.stdin.close()
        process.terminate()
    return result


def _for_peer(objective: Objective) -> dict[str, Any]:
    """Return a schema with the default document that the peer's reader wants."""
    return {**objective.schema, "default": objective.spec}


def peer_is_there() -> bool:
    """Whether the peer's python is named and can import it."""
    python = os.environ.get(PEER_PYTHON)
    return bool(python) and subprocess.run(
        [str(python), "-c", "import tao_automl"], capture_output=True, check=False
    ).returncode == 0  # fmt: skip
