"""A negation before or behind two joined things may be of both: the second is not run without a question."""

from __future__ import annotations

import pytest

from skillbank.runtime import Runtime

TRAIN = "train rtdetr on data/a, val data/b"
PLAIN = f"{TRAIN}, no hpo"
BOTH = {
    f"{TRAIN}, disable ema and hpo": "disable ema and hpo",
    f"{TRAIN}, without evaluation and hpo": "without evaluation and hpo",
    f"{TRAIN}, no export, hpo": "hpo",
    f"{TRAIN}, no hpo and evaluation": "no hpo and evaluation",
    f"{PLAIN}, skip the export and the evaluation": "skip the export and the evaluation",
    f"{PLAIN}, no export/evaluation": "evaluation",
    f"{PLAIN}, without exporting and evaluating": "without exporting and evaluating",
    f"{PLAIN}, don't export and evaluate it": "don't export and evaluate",
    f"{PLAIN}, without evaluation and export": "without evaluation and export",
    f"{PLAIN}, without ema and fp16": "without ema and fp16",
    f"{PLAIN}, without slurm and fp16": "without slurm and fp16",
    f"{PLAIN}, not on slurm and docker": "not on slurm and docker",
    f"{PLAIN}, without fp16 and slurm": "without fp16 and slurm",
    f"{PLAIN}, not from m.pth and n.pth": "not from m.pth and n.pth",
    f"{PLAIN}, not from 0fd673 and 91f3ce": "not from 0fd673 and 91f3ce",
    f"{PLAIN}, export and evaluation are not needed": "export and evaluation are not needed",
    f"{PLAIN}, export and evaluation can wait": "export and evaluation can wait",
    f"{PLAIN}, export/evaluate: no": "export",
    f"{PLAIN}, slurm and docker are not available": "slurm and docker are not",
    f"{TRAIN}, hpo and ema off": "hpo and ema off",
    f"{TRAIN}, export and hpo are not needed": "export and hpo are not needed",
}


@pytest.mark.parametrize(("text", "words"), BOTH.items())
def test_what_is_joined_to_what_is_taken_back_is_asked_about(runtime: Runtime, text: str, words: str) -> None:
    reading = runtime.read(text)
    assert words in reading.unread
    assert [r.action for r in reading.requests] == ["train"]
    [request] = reading.requests
    assert (request.automl, request.platform, request.pretrained) in (("off", None, None), (None, None, None))
    assert request.parent is None and not any(s.value == "fp16" for s in request.settings)


READ = {
    f"{TRAIN}, without hpo and export it": ["train", "export"],
    f"{TRAIN}, without hpo and export": ["train", "export"],
    f"{TRAIN}, no hpo and then export it": ["train", "export"],
    f"{TRAIN}, no hpo and 20 epochs": ["train"],
    f"{TRAIN}, no hpo and fp16": ["train"],
    f"{TRAIN}, no hpo and evaluation on data/c": ["train", "evaluate"],
    f"{TRAIN}, no hpo, evaluation and export": ["train", "evaluate", "export"],
    f"{PLAIN}, without ema and with fp16": ["train"],
    f"{PLAIN}, no ema, fp16": ["train"],
    f"{TRAIN} / no hpo / 4 GPUs / fp16 / slurm": ["train"],
    f"{TRAIN} / no hpo / slurm": ["train"],
    f"{PLAIN}, don't export it and evaluate it on data/c": ["train", "evaluate"],
    f"{TRAIN}, without hpo and in docker": ["train"],
}


@pytest.mark.parametrize(("text", "actions"), READ.items())
def test_what_is_ordered_or_set_beside_a_negation_is_read(
    runtime: Runtime, text: str, actions: list[str]
) -> None:
    reading = runtime.read(text)
    assert not reading.not_understood
    assert [r.action for r in reading.requests] == actions
