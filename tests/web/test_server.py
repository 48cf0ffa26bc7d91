"""The server as it runs, with a real engine behind it: detection, batches, a full queue, a kill, an end."""

from __future__ import annotations

import base64
import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from PIL import Image

from skillbank.labelling.engine import Engine, PictureError
from skillbank.labelling.models import Model
from skillbank.web.detector import Detector
from skillbank.web.detectors import for_model, opening
from tests.web.conftest import Server, web_server

pytestmark = pytest.mark.slow


def png(seed: int, size: tuple[int, int] = (60, 40)) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="PNG")
    return file.getvalue()


def engines(server: Server) -> list[int]:
    """The server's children, whichever of its threads started them."""
    tasks = Path(f"/proc/{server.process.pid}/task").iterdir()
    return [int(pid) for task in tasks for pid in (task / "children").read_text().split()]


def detect(server: Server, picture: bytes, words: Sequence[str], **form: Any) -> httpx2.Response:
    return server.http.post(
        "/detect",
        files={"picture": ("../etc/passwd", picture)},
        data={"description": list(words), "threshold": "0", **form},
    )


def test_boxes_are_inside_and_named_as_asked(server: Server) -> None:
    document = detect(server, png(0), ["Red  circle", "blue star"]).json()
    assert (document["width"], document["height"]) == (60, 40)
    assert document["descriptions"] == ["Red circle", "blue star"]
    scores = [d["score"] for d in document["detections"]]
    assert scores and scores == sorted(scores, reverse=True)
    for found in document["detections"]:
        left, top, right, bottom = found["box"]
        assert found["phrase"] in document["descriptions"]
        assert 0 <= left <= right <= 60 and 0 <= top <= bottom <= 40
    level = scores[len(scores) // 2]
    fewer = detect(server, png(0), ["Red  circle", "blue star"], threshold=str(level)).json()
    assert fewer["detections"] == [d for d in document["detections"] if d["score"] >= level]


def test_a_large_picture_is_looked_at_in_tiles_where_that_is_asked(server: Server) -> None:
    picture = png(1, (700, 500))
    whole = detect(server, picture, ["red circle"], threshold="0.05").json()
    assert max(whole["seen"]) < 350 and whole["width"] == 700
    tiled = detect(server, picture, ["red circle"], threshold="0.05", tiles="auto").json()
    assert "seen" not in tiled and len(tiled["detections"]) > len(whole["detections"])
    for wrong, said in [({"treshold": "0.9"}, "did you mean 'threshold'?"), ({"preview": "yes"}, "1 or 0")]:
        unread = detect(server, picture, ["red circle"], **wrong)
        assert (unread.status_code, said in unread.json()["error"]["message"]) == (400, True), unread.json()
    refused = detect(server, picture, ["red circle"], tiles="32x32")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "usage")


def test_requests_with_equal_descriptions_run_together(server: Server) -> None:
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda n: detect(server, png(n), ["red circle"]).json(), range(24)))
    assert max(answer["batch"] for answer in answers) > 1
    for number in (3, 17):
        alone = detect(server, png(number), ["red circle"]).json()
        got = [d["score"] for d in answers[number]["detections"]]
        assert got == pytest.approx([d["score"] for d in alone["detections"]], abs=1e-3), (
            "answers are not mixed up"
        )


def test_pictures_that_are_none(server: Server) -> None:
    bomb = io.BytesIO()
    Image.new("1", (9_000, 9_000)).save(bomb, format="PNG")
    for picture, status, words in (
        (b"<svg/>", 415, "The file is no picture that can be read"),
        (png(0)[:-40], 415, "no picture"),
        (bomb.getvalue(), 413, "9000 x 9000 pixels, more than the 64 million"),
    ):
        answer = detect(server, picture, ["x"])
        assert answer.status_code == status and words in answer.json()["error"]["message"]
    too_long = detect(server, png(0), ["word " * 300])
    assert too_long.status_code == 400 and too_long.json()["error"]["code"] == "description"
    assert detect(server, png(0), ["x"]).status_code == 200, "and it goes on"


def test_a_full_queue_turns_away_and_says_when_to_come_again(server: Server) -> None:
    picture = png(0, (1200, 1200))
    with ThreadPoolExecutor(80) as pool:
        answers = list(pool.map(lambda n: detect(server, picture, [f"thing {n}"]), range(80)))
    statuses = {answer.status_code for answer in answers}
    assert statuses == {200, 503}, "some are answered, the others told at once"
    for answer in answers:
        if answer.status_code == 503:
            assert answer.json()["error"]["code"] == "busy" and int(answer.headers["retry-after"]) >= 1
    assert detect(server, png(0), ["x"]).status_code == 200


def test_a_deep_picture_is_shown_as_the_model_sees_it(server: Server) -> None:
    grey = np.add.outer(np.arange(40), np.arange(60)) * 255 // 98
    file = io.BytesIO()
    Image.fromarray((grey * 16).astype(np.uint16)).save(file, "PNG")
    answer = detect(server, file.getvalue(), ["red circle"], preview="1").json()
    (note,) = answer["notes"]
    assert note.startswith("The picture has more than 8 bits a colour, for which the model keeps no scale")
    seen = np.asarray(Image.open(io.BytesIO(base64.b64decode(answer["preview"]))).convert("L")).astype(int)
    assert abs(seen - grey * 4080 / 4095).mean() < 3
    usual = detect(server, png(0), ["red circle"], preview="1").json()
    assert usual["notes"] == [] and "preview" not in usual


def test_an_engine_that_is_killed_comes_back(server: Server) -> None:
    [engine] = engines(server)
    os.kill(engine, signal.SIGKILL)
    answer = detect(server, png(0), ["x"])
    assert answer.status_code == 503 and answer.headers["retry-after"]
    server.wait_for("ready")
    assert detect(server, png(0), ["x"]).status_code == 200


def test_the_end_answers_first_and_leaves_nothing(web_home: dict[str, str], tiny_model: Path) -> None:
    with web_server(web_home, "--checkpoint", str(tiny_model)) as server:
        server.wait_for("ready")
        [engine] = engines(server)
        got: list[httpx2.Response] = []
        picture = {"picture": png(0, (2000, 2000))}
        words = {"description": "red circle"}
        with httpx2.Client(base_url=server.url, timeout=120, verify=False) as client:
            # Over a connection that the server has taken, so that only what was sent is in question.
            assert client.get("/health").status_code == 200
            asking = threading.Thread(
                target=lambda: got.append(client.post("/detect", files=picture, data=words))
            )
            asking.start()
            time.sleep(0.3)
            server.process.send_signal(signal.SIGTERM)
            asking.join(120)
        server.process.wait(120)
        assert got[0].status_code == 200
        assert not Path(f"/proc/{engine}").exists()


def test_without_a_model_the_page_is_there_and_says_why(web_home: dict[str, str]) -> None:
    with web_server(web_home) as server:
        server.wait_for("failed")
        about = server.http.get("/api/about").json()["model"]
        assert about["name"] == "IDEA-Research/grounding-dino-tiny"
        assert "cannot be had from the model hub here; name a model with --checkpoint" in about["message"]
        answer = detect(server, png(0), ["x"])
        assert answer.status_code == 503 and answer.json()["error"]["message"] == about["message"]
        assert server.http.get("/api/jobs").status_code == 200
        # Another page on the same port is a mistake that is said in one sentence.
        port = server.url.rpartition(":")[2]
        command = [sys.executable, "-m", "skillbank", "web", "--port", port]
        second = subprocess.run(command, env=web_home, capture_output=True, text=True, check=False)
        assert second.returncode == 2 and "give another --port" in second.stderr


def test_the_engine_itself_refuses_and_fails_in_sentences(tiny_model: Path) -> None:
    with Engine(str(tiny_model)) as engine:
        engine.ready()
        with pytest.raises(PictureError, match="no picture"):
            engine.ask(b"", ["x"]).result(30)
        waiting = [engine.ask(png(n, (1500, 1500)), [f"thing {n}"]) for n in range(3)]
        engine._process.kill()
        for future in waiting:
            error = future.exception(30)
            assert error is None or "has ended" in str(error)
        assert "has ended" in str(engine.ask(png(0), ["x"]).exception(30))
        assert not engine.alive


def test_a_precision_that_is_named_holds_for_a_model_that_is_chosen_too(tiny_model: Path) -> None:
    model = Model(str(tiny_model), "tiny")
    detector = for_model(model, str(tiny_model), 4, "bf16")
    detector.begin()
    try:
        assert loaded(detector)["precision"] == "bf16"
        detector.use("again", "again", *opening(model, str(tiny_model), detector.precision))
        about = loaded(detector)
        assert (about["name"], about["precision"]) == ("again", "bf16")
    finally:
        detector.close()


def loaded(detector: Detector) -> dict[str, Any]:
    """Wait until a model is loaded, and return what is said of it."""
    end = time.monotonic() + 120
    while detector.state == "loading" and time.monotonic() < end:
        time.sleep(0.05)
    assert detector.state == "ready", detector.message
    return detector.about
