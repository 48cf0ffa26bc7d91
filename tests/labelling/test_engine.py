"""The engine's client, with programs in the engine's place that behave as an engine in trouble does."""

from __future__ import annotations

import stat
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from skillbank.errors import DataError, PlatformError, UsageError
from skillbank.labelling import engine as module
from skillbank.labelling import process
from skillbank.labelling.engine import Engine
from skillbank.labelling.precision import KINDS, checked_precision
from skillbank.plan.slots import slot
from tests.labelling.models import write_picture

Start = Callable[..., Engine]
READY = 'print(json.dumps({"ready": {"threshold": 0.3}}), flush=True)'
ANSWER = '{"id": 1, "bytes": 4, "detections": []}'


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Return a starter of an engine whose program is a few lines of Python."""

    def started(body: str, precision: str = "") -> Engine:
        program = tmp_path / "grounding_dino"
        program.write_text(
            f"#!{sys.executable}\nimport json, os, sys, time\norder = sys.stdin.readline()\n{body}\n"
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(process, "find_program", lambda name: str(program))
        return Engine("model.pth", precision=precision)

    return started


def test_an_answer_and_the_end(start: Start) -> None:
    says = f"{READY}\nline = sys.stdin.readline()\nsys.stdin.read(3)\n"
    with start(
        f"{says}print('{ANSWER}', flush=True)\nprint('abcd', end='', flush=True)\nsys.stdin.read()"
    ) as engine:
        engine.ready()
        answer = engine.ask(b"png", ["red circle"]).result(10)
        assert answer.document == {"detections": []} and answer.picture == b"abcd"
    assert not engine.alive


def test_an_engine_that_is_asked_nothing_more_answers_and_ends_meanwhile(start: Start) -> None:
    says = f"{READY}\nline = sys.stdin.readline()\nsys.stdin.read()\n"
    with start(f"{says}print('{ANSWER}', flush=True)\nprint('abcd', end='', flush=True)") as engine:
        engine.ready()
        asked = engine.ask(b"png", ["red circle"])
        engine.finish()
        assert asked.result(10).picture == b"abcd"
        assert engine._process.wait(10) == 0
        with pytest.raises(PlatformError, match="has ended"):
            engine.ask(b"png", ["red circle"]).result(10)


@pytest.mark.parametrize("words", ['{"id": 1, "byt', ANSWER, f"{ANSWER}\\nab"])
def test_an_engine_that_ends_in_the_middle_of_an_answer_gave_none(start: Start, words: str) -> None:
    says = f"{READY}\nsys.stdin.readline()\nsys.stderr.write('ERROR: no memory\\n')\n"
    with start(f"{says}print('{words}', end='', flush=True)") as engine:
        engine.ready()
        with pytest.raises(PlatformError, match="no memory"):
            engine.ask(b"png", ["red circle"]).result(10)


def test_an_engine_that_takes_nothing_more_can_be_closed(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_GRACE", 0.2)
    engine = start(f"{READY}\ntime.sleep(60)")
    engine.ready()
    failures: list[BaseException | None] = []
    asking = threading.Thread(
        target=lambda: failures.append(engine.ask(bytes(1 << 20), ["red circle"]).exception(10))
    )
    asking.start()
    time.sleep(0.2)
    before = time.monotonic()
    engine.close()
    asking.join(120)
    assert time.monotonic() - before < 5 and not engine.alive
    assert isinstance(failures[0], PlatformError)


def test_an_engine_that_never_gets_ready_says_why(start: Start) -> None:
    engine = start("sys.stderr.write('noise\\nERROR: model.pth is no checkpoint\\n'); sys.exit(1)")
    with pytest.raises(DataError, match=r"cannot use the model: model\.pth is no checkpoint"):
        engine.ready()
    engine.close()


@pytest.mark.parametrize(
    ("said", "notes"),
    [
        ({}, []),
        ({"device": "cpu", "precision": "fp32"}, []),
        (
            {"device": "cuda:0", "precision": "bf16"},
            ["The model computed in bf16 on cuda:0; --precision fp32 computes in full."],
        ),
    ],
)
def test_fewer_bits_than_were_asked_for_are_said(
    start: Start, said: dict[str, str], notes: list[str]
) -> None:
    with start(f'print(json.dumps({{"ready": {said}}}), flush=True)\nsys.stdin.read()') as engine:
        engine.ready()
        assert engine.notes == notes


def test_a_precision_that_is_named_reaches_the_engine_and_is_no_surprise(start: Start) -> None:
    says = 'named = json.loads(order).get("precision", "bf16")\n'
    says += 'print(json.dumps({"ready": {"precision": named}}), flush=True)\nsys.stdin.read()'
    for precision, computed, notes in (("fp32", "fp32", 0), ("fp16", "fp16", 0), ("", "bf16", 1)):
        with start(says, precision) as engine:
            engine.ready()
            assert (engine.about["precision"], len(engine.notes)) == (computed, notes)


@pytest.mark.parametrize(("said", "taken"), [(None, ""), ("fp32", "fp32"), (" BF16 ", "bf16")])
def test_precisions_are_those_of_requests(said: str | None, taken: str) -> None:
    assert checked_precision(said) == taken
    assert set(KINDS) < set(slot("precision").choices)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("int8", "--precision is int8, but it must be one of fp32, fp16, bf16"),
        ("fp23", "(did you mean 'fp32'?)"),
        (" ", "--precision is empty; give it a value or leave it out"),
    ],
)
def test_what_is_no_precision_of_a_model_is_refused(said: str, why: str) -> None:
    with pytest.raises(UsageError) as refused:
        checked_precision(said)
    assert why in str(refused.value)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_real_engine_computes_in_it(tiny: Path, precision: str, tmp_path: Path) -> None:
    picture = write_picture(tmp_path / "a.png")
    with Engine(str(tiny), precision=precision) as engine:
        engine.ready()
        found = engine.ask(picture.read_bytes(), ["red circle"], threshold=0.0).result(120).document
    assert engine.about["precision"] == precision
    assert found["detections"]
