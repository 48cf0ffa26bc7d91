"""What is answered without a model: refusals, labels, jobs; each error is one sentence in JSON."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from starlette.testclient import TestClient

from skillbank import JobRecord, JobState, Runtime
from skillbank.web.detection import MOST_BYTES
from tests.labelling.models import write_picture

BOX = {"phrase": "red circle", "score": 0.5, "box": [10, 20, 30.5, 40]}
PICTURE = {"name": "../../photo.jpg", "width": 100, "height": 50, "detections": [BOX]}


def message(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(error) == {"code", "message"} and "\n" not in error["message"]
    return str(error["message"])


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [
        ({"data": {"description": "x"}}, 415, "multipart/form-data"),
        ({"files": {"other": b"x"}}, 400, "no field 'other'"),
        ({"data": {"description": "x"}, "files": {"threshold": b"0.5"}}, 400, "no picture"),
        ({"files": {"picture": b""}, "data": {"description": "x"}}, 400, "picture is empty"),
        ({"files": {"picture": b"x"}}, 400, "nothing to look for"),
        ({"files": {"picture": b"x"}, "data": {"description": " "}}, 400, "description is empty"),
        ({"files": {"picture": b"x"}, "data": {"description": ["x"] * 101}}, 400, "at most 100"),
        ({"files": {"picture": b"x"}, "data": {"description": "x", "threshold": "2"}}, 400, "threshold must"),
        ({"files": {"picture": b"x"}, "data": {"description": "x", "nms": "nan"}}, 400, "nms must"),
        ({"files": {"picture": b"x"}, "data": {"description": "x", "nms": ""}}, 400, "'nms' is empty"),
        ({"files": {"picture": b"x"}, "data": {"description": "x", "tiles": ""}}, 400, "'tiles' is empty"),
        ({"files": {"picture": b"x"}, "params": {"nms": "0.5"}}, 400, "sent a form, has no 'nms'"),
        ({"files": {"picture": b"x"}, "data": {"description": "x"}}, 503, "being loaded"),
        ({"files": {"picture": b"x" * (MOST_BYTES + (1 << 17))}}, 413, "larger than 24 MB"),
        ({"files": {"picture": b"x" * (MOST_BYTES + 1)}, "data": {"description": "x"}}, 413, "larger than"),
        ({"content": b"--x\r\n\r\n", "headers": {"content-type": "multipart/form-data"}}, 400, "form"),
    ],
)
def test_refused_detections(client: TestClient, form: dict[str, Any], status: int, words: str) -> None:
    answer = client.post("/detect", **form)
    assert words in message(answer, status)
    assert status != 503 or answer.headers["retry-after"] == "2"


def test_a_body_that_does_not_say_its_length_is_counted(client: TestClient) -> None:
    def chunks() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="picture"; filename="a"\r\n\r\n'
        for _ in range(26):
            yield bytes(1 << 20)

    kind = {"content-type": "multipart/form-data; boundary=x"}
    assert "larger than" in message(client.post("/detect", content=chunks(), headers=kind), 413)


def test_truth_is_no_number(client: TestClient) -> None:
    body = {"format": "coco", "descriptions": ["red circle"], "pictures": [{**PICTURE, "width": True}]}
    assert "width is true" in message(client.post("/labels", json=body), 400)


def test_what_takes_no_query_says_so(client: TestClient) -> None:
    for method, path in [
        ("POST", "/descriptions"),
        ("POST", "/labels"),
        ("GET", "/api/about"),
        ("GET", "/api/models"),
        ("POST", "/api/model"),
        ("GET", "/api/jobs"),
    ]:
        answer = client.request(method, f"{path}?limit=5", json={} if method == "POST" else None)
        assert f"The query of {path} has no 'limit'; it takes nothing." == message(answer, 400)


def test_labels_are_the_files_of_the_command_line(client: TestClient) -> None:
    body: dict[str, Any] = {
        "format": "coco",
        "descriptions": ["blue star", "red circle"],
        "pictures": [PICTURE],
    }
    answer = client.post("/labels", json=body)
    assert answer.headers["content-disposition"] == 'attachment; filename="coco.json"'
    document = answer.json()
    assert document["annotations"][0]["category_id"] == 1
    assert document["annotations"][0]["bbox"] == [10, 20, 20.5, 20]
    assert document["images"][0]["file_name"] == "photo.jpg", "no folders of the client"
    answer = client.post("/labels", json={**body, "format": "yolo"})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.read("yolo/labels/photo.txt").decode() == "1 0.202500 0.600000 0.205000 0.400000\n"
        assert yaml.safe_load(archive.read("yolo/data.yaml"))["names"] == {0: "blue star", 1: "red circle"}
    assert client.post("/labels", json={**body, "format": "yolo"}).content == answer.content


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": "word"}, "'word'; there are json"),
        ({"descriptions": ["other"]}, "'red circle' is none"),
        ({"pictures": []}, "pictures"),
        ({"more": 1}, "more"),
        ({"pictures": [{**PICTURE, "width": 20}]}, "not inside its picture"),
        ({"pictures": [{**PICTURE, "detections": [{**BOX, "box": [30, 20, 10, 40]}]}]}, "not inside"),
    ],
)
def test_refused_labels(client: TestClient, change: dict[str, Any], words: str) -> None:
    body = {"format": "json", "descriptions": ["red circle"], "pictures": [PICTURE], **change}
    assert words in message(client.post("/labels", json=body), 400)


def test_labels_that_are_no_json_or_too_many(client: TestClient) -> None:
    assert message(client.post("/labels", content=b"{"), 400)
    assert "larger than 4 MB" in message(client.post("/labels", content=b" " * (5 << 20)), 413)


def test_descriptions_are_read_as_everywhere(client: TestClient) -> None:
    texts = ["red circle . blue star.", "cat, dog\nRED  circle", "1.5 inch screw"]
    answer = client.post("/descriptions", json={"texts": texts}).json()
    assert answer["descriptions"] == ["red circle", "blue star", "cat, dog", "1.5 inch screw"]
    assert list(answer["advice"]) == ["cat, dog"] and "'RED circle' is the same" in answer["notes"][0]
    assert "is empty" in message(client.post("/descriptions", json={"texts": [" . "]}), 400)
    assert "at most 100" in message(client.post("/descriptions", json={"texts": ["a\n" * 3] * 101}), 400)
    many = "\n".join(map(str, range(101)))
    assert "at most 100" in message(client.post("/descriptions", json={"texts": [many]}), 400)


def test_files_on_the_server_are_not_read(client: TestClient) -> None:
    assert "names a file" in message(client.post("/descriptions", json={"texts": ["@/etc/passwd"]}), 400)


@pytest.fixture
def job(runtime: Runtime, tmp_path: Path) -> JobRecord:
    """A training that has left two epochs, a picture, and links that lead away."""
    results = tmp_path / "results"
    train = results / "train"
    write_picture(train / "found.png")
    outside = write_picture(tmp_path / "secret.png")
    (train / "link.png").symlink_to(outside)
    values = [{"train_loss": 2.0 - n, "val_mAP50": n / 2} for n in range(2)]
    lines = [{"status": "RUNNING", "epoch": n, "max_epoch": 2, "kpi": kpi} for n, kpi in enumerate(values)]
    (train / "status.json").write_text("".join(json.dumps(line) + "\n" for line in lines))
    record = JobRecord(
        id="grounding-dino-train-20260102-030405-1f2e3d",
        created=datetime.now(UTC),
        plan_id="0" * 64,
        plan={},
        skill="tao-train-grounding-dino",
        action="train",
        platform="local",
        results_dir=str(results),
    )
    runtime.jobs.store.create(record)
    runtime.jobs.store.transition(record.id, JobState.COMPLETE, "exit code 0")
    return record


def test_a_job_is_shown_with_its_curves_and_pictures(client: TestClient, job: JobRecord) -> None:
    [listed] = client.get("/api/jobs").json()["jobs"]
    assert (listed["id"], listed["state"]) == (job.id, "COMPLETE")
    shown = client.get(f"/api/jobs/{job.id}").json()
    assert [e["values"] for e in shown["epochs"]] == [
        {"train_loss": 2.0, "val_mAP50": 0.0},
        {"train_loss": 1.0, "val_mAP50": 0.5},
    ]
    assert shown["pictures"] == ["found.png", "link.png"] and shown["ended"]
    picture = client.get(f"/api/jobs/{job.id}/pictures/0")
    assert picture.headers["content-type"] == "image/png" and picture.content.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("name", "kind"), [("a.tif", "image/tiff"), ("a.gif", "image/gif"), ("a.JPG", "image/jpeg")]
)
def test_pictures_of_every_kind_are_shown(client: TestClient, job: JobRecord, name: str, kind: str) -> None:
    (Path(job.results_dir) / name).write_bytes(b"what a browser makes of it is its own affair")
    number = client.get(f"/api/jobs/{job.id}").json()["pictures"].index(name)
    answer = client.get(f"/api/jobs/{job.id}/pictures/{number}")
    assert answer.headers["content-type"] == kind


def test_links_and_numbers_that_lead_nowhere_are_no_pictures(client: TestClient, job: JobRecord) -> None:
    assert "no picture 1" in message(client.get(f"/api/jobs/{job.id}/pictures/1"), 404), (
        "a link out of the results"
    )
    assert "no picture 7" in message(client.get(f"/api/jobs/{job.id}/pictures/7"), 404)
    assert message(client.get(f"/api/jobs/{job.id}/pictures/..%2fx"), 404)


def test_an_evaluation_shows_its_worst_pictures_first_and_its_report(
    client: TestClient, job: JobRecord, tmp_path: Path
) -> None:
    folder, shown = Path(job.results_dir) / "evaluate", f"/api/jobs/{job.id}"
    assert client.get(shown).json()["report"] is False
    assert "no report" in message(client.get(f"{shown}/report"), 404)
    for name in ("a.png", "b.c.png", "d/z.png", "e.png"):
        write_picture(folder / "images_annotated" / name)
    rows = [{"image": "d/z", "miou": 0.1}, 7, {"image": ["a"]}, {"image": "b.c", "miou": 0.2}, {"image": "e"}]
    (folder / "pictures.json").write_text(json.dumps(rows))
    (folder / "report.html").write_text("<h1>Report</h1><script>1</script>")
    document = client.get(shown).json()
    assert document["pictures"][:4] == ["z.png", "b.c.png", "e.png", "a.png"]
    assert client.get(f"{shown}/pictures/0").headers["content-type"] == "image/png"
    report = client.get(f"{shown}/report")
    assert document["report"] and "<h1>Report</h1>" in report.text
    assert report.headers["content-type"].startswith("text/html")
    policy = report.headers["content-security-policy"]
    assert policy.endswith("sandbox") and "script-src" not in policy, "a program's page runs nothing"
    for text in ("{", "{}", "[" * 100_000):
        (folder / "pictures.json").write_text(text)
        assert client.get(shown).json()["pictures"][:4] == ["a.png", "b.c.png", "e.png", "z.png"]
    (folder / "report.html").unlink()
    (folder / "report.html").symlink_to(tmp_path / "secret.png")
    assert client.get(shown).json()["report"] is False
    assert "no report" in message(client.get(f"{shown}/report"), 404), "a link out of the results"


def test_what_is_not_there_is_said(client: TestClient) -> None:
    assert client.get("/api/jobs").json() == {"jobs": []}
    assert client.get("/api/experiments").json() == {"experiments": []}
    assert "no job 'none'" in message(client.get("/api/jobs/none"), 404)
    assert "no job 'none'" in message(client.get("/api/experiments/none/report"), 404)
    assert "no job 'none'" in message(client.get("/api/jobs/none/comparison?beside=other"), 404)
    assert "nothing here" in message(client.get("/none"), 404)
