"""``/api/sets`` without a browser: documents, versions, pictures as bytes, and what is refused."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from skillbank import Runtime
from skillbank.contracts import contract
from skillbank.home import cache_dir
from skillbank.labelling.set_pictures import gathered, scanned
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import FoundPicture, RunSpec
from skillbank.web.sets_images import SHELF
from tests.grounding_dino.deep_files import png, tiff
from tests.web.conftest import client_of
from tests.web.sets import WHO, Truth, found, make_set, write_truth

ONE = "/api/sets/signs"


@pytest.fixture
def truth(tmp_path: Path) -> list[Truth]:
    return write_truth(tmp_path / "photos", 6)


@pytest.fixture
def signs(runtime: Runtime, truth: list[Truth]) -> LabelSet:
    return make_set(runtime.jobs.store, "signs", truth)


@pytest.fixture
def client(runtime: Runtime, signs: LabelSet) -> TestClient:
    return client_of(runtime)


def valid(name: str, document: Any) -> Any:
    """Check a document by the schema that says what it is."""
    whole = contract("sets_api")
    schema = {**whole["properties"][name], "$defs": whole["$defs"]}
    jsonschema.validate(document, schema)
    return document


def edit(
    client: TestClient, number: int, version: int | str, *operations: dict[str, Any], who: str = "Ann"
) -> Any:
    headers = {"if-match": f'"{version}"', "skillbank-person": who}
    return client.post(f"{ONE}/pictures/{number}/edits", headers=headers, json={"operations": operations})


def test_documents_are_as_the_schema_says(client: TestClient, signs: LabelSet) -> None:
    [entry] = valid("sets", client.get("/api/sets").json())["sets"]
    counts = {"pictures": 6, "todo": 6, "reviewed": 0, "skipped": 0, "accepted": 0}
    assert entry == {"name": "signs", **counts}
    shown = valid("set", client.get(ONE).json())
    assert [one["name"] for one in shown["classes"]] == ["disc", "block"]
    assert shown["classes"][1]["counts"] == {
        "proposed": 6,
        "candidates": 6,
        "accepted": 0,
        "edited": 0,
        "rejected": 0,
        "unseen": 0,
    }
    first = valid("pictures", client.get(f"{ONE}/pictures?limit=4").json())
    rest = valid("pictures", client.get(f"{ONE}/pictures?limit=4&after={first['next']}").json())
    names = [row["name"] for row in first["pictures"] + rest["pictures"]]
    assert names == sorted(names) and len(names) == 6 and rest["next"] is None
    answer = client.get(f"{ONE}/pictures/1")
    picture = valid("picture", answer.json())
    assert answer.headers["etag"] == f'"{picture["version"]}"'
    assert [box["shown"] for box in picture["boxes"]] == [True, True, False], (
        "a candidate is told, and not shown"
    )
    assert "place" not in picture and str(Path.cwd().root) not in picture["name"]
    assert valid("next", client.get(f"{ONE}/next?count=3").json())["pictures"]
    waiting = client.get(f"{ONE}/audit").json()["waiting"]
    assert client.get(f"{ONE}/next?count=3&of=sample").json()["pictures"] == waiting[:3]
    other = client.get(f"{ONE}/next?count=2&of=sample", headers={"skillbank-person": "eve"}).json()
    assert other["pictures"] == waiting[3:5], "those that nobody else has"
    assert client.get(f"{ONE}/next?of=all").status_code == 400
    crops = valid("crops", client.get(f"{ONE}/crops?class=1&limit=4").json())
    assert len(crops["boxes"]) == 4 and crops["next"] is not None
    assert valid("log", client.get(f"{ONE}/log").json())["events"][0]["kind"] == "create"


def test_an_edit_names_the_version_that_it_has_seen(client: TestClient) -> None:
    before = client.get(f"{ONE}/pictures/1").json()
    add = {"op": "add", "class": 1, "box": [10, 20, 30, 40]}
    answer = edit(client, 1, before["version"], add, {"op": "reject", "number": before["boxes"][0]["number"]})
    after = valid("picture", answer.json())
    assert answer.headers["etag"] == f'"{after["version"]}"' and after["version"] > before["version"]
    mine = after["boxes"][-1]
    assert (mine["box"], mine["state"], mine["origin"], mine["score"]) == (
        [10, 20, 30, 40],
        "accepted",
        "Ann",
        None,
    )
    late = edit(client, 1, before["version"], add, who="Bob")
    assert late.status_code == 412 and late.json()["error"]["code"] == "version_conflict"
    assert valid("picture", late.json()["picture"]) == after, "the other's state comes with the refusal"
    assert client.get(f"{ONE}/pictures/1").json() == after, "and nothing was done"
    assert edit(client, 1, "x", add).status_code == 428
    bad = edit(client, 1, after["version"], add, {"op": "accept", "number": 9999})
    assert bad.status_code == 404 and client.get(f"{ONE}/pictures/1").json() == after, "all or nothing"


def test_a_review_accepts_what_is_shown_and_undo_takes_it_back(client: TestClient) -> None:
    before = client.get(f"{ONE}/pictures/2").json()
    done = edit(client, 2, before["version"], {"op": "review"}).json()
    assert [box["state"] for box in done["boxes"]] == ["accepted", "accepted", "proposed"]
    assert client.get(ONE).json()["people"][0]["name"] == "Ann"
    ann, bob = {"skillbank-person": "Ann"}, {"skillbank-person": "Bob"}
    assert client.post(f"{ONE}/undo", headers=bob, json={}).json() == {"event": None}
    turned = valid("turned", client.post(f"{ONE}/undo", headers=ann, json={}).json())["event"]
    assert turned["picture"] == 2 and turned["said"] == "changes to a picture"
    assert client.get(f"{ONE}/pictures/2").json()["state"] == "todo"
    again = client.post(f"{ONE}/redo", headers=ann, json={}).json()["event"]
    assert again["said"] == "changes to a picture"
    assert client.get(f"{ONE}/pictures/2").json()["state"] == "reviewed"


def test_people_with_any_name_do_no_double_work(client: TestClient) -> None:
    one = client.get(f"{ONE}/next?count=3", headers={"skillbank-person": "J%C3%B6rg"}).json()["pictures"]
    two = client.get(f"{ONE}/next?count=3", headers={"skillbank-person": "Ann"}).json()["pictures"]
    assert len(one) == len(two) == 3 and not set(one) & set(two)
    state = client.get(f"{ONE}/pictures/{one[0]}").json()
    headers = {"if-match": f'"{state["version"]}"', "skillbank-person": "J%C3%B6rg"}
    client.post(
        f"{ONE}/pictures/{one[0]}/edits",
        headers=headers,
        json={"operations": [{"op": "review"}], "seconds": 4},
    )
    assert client.get(ONE).json()["people"] == [{"name": "Jörg", "reviewed": 1, "seconds": 4.0}]
    assert edit(client, one[1], 1, who="run%203").status_code == 400, "no person is called as a model is"


def test_who_is_still_at_a_picture_keeps_it(client: TestClient) -> None:
    ann, bob = {"skillbank-person": "Ann"}, {"skillbank-person": "Bob"}
    total = client.get(ONE).json()["pictures"]
    mine = client.get(f"{ONE}/next?count=20", headers=ann).json()["pictures"]
    assert len(mine) == total
    assert valid("next", client.get(f"{ONE}/next", headers=bob).json()) == {
        "pictures": [],
        "elsewhere": total,
    }
    kept = client.post(f"{ONE}/claims", headers=ann, json={"pictures": mine[:2]})
    assert valid("claimed", kept.json()) == {"pictures": sorted(mine[:2])}
    others = client.post(f"{ONE}/claims", headers=bob, json={"pictures": mine[:2]})
    assert others.json() == {"pictures": []}, "nobody takes them away"
    edit(client, mine[0], client.get(f"{ONE}/pictures/{mine[0]}").json()["version"], {"op": "review"})
    kept = client.post(f"{ONE}/claims", headers=ann, json={"pictures": [*mine[:2], 999]})
    assert kept.json() == {"pictures": [mine[1]]}, "what is reviewed is nobody's, and so is what is not there"


def test_what_was_reviewed_answers(runtime: Runtime, tmp_path: Path) -> None:
    made = make_set(runtime.jobs.store, "many", write_truth(tmp_path / "many", 12))
    client = client_of(runtime)
    one = "/api/sets/many"
    before = valid("audit", client.get(f"{one}/audit").json())
    assert (before["pictures"], before["verdict"], len(before["waiting"])) == (0, "more", 12)
    assert valid("thresholds", client.get(f"{one}/thresholds").json()) == {"suggestions": []}
    for number in before["waiting"]:
        state = client.get(f"{one}/pictures/{number}").json()
        operations = [{"op": "reject", "number": state["boxes"][2]["number"]}, {"op": "review"}]
        headers = {"if-match": f'"{state["version"]}"'}
        client.post(f"{one}/pictures/{number}/edits", headers=headers, json={"operations": operations})
    after = client.get(f"{one}/audit?target=0.8").json()
    assert (after["pictures"], after["verdict"]) == (12, "yes")
    assert after["overall"]["precision"] == {"value": 1.0, "hits": 24, "of": 24, **after_interval(after)}
    found = client.get(f"{one}/thresholds").json()["suggestions"]
    [block] = [each for each in found if each["class"] == 2]
    assert (block["run"], block["model"]) == (1, made.runs()[0].model)
    taken = {"threshold": block["threshold"], "threshold_run": block["run"]}
    classes = valid("set", client.patch(f"{one}/classes/2", json=taken).json())["classes"]
    assert {key: classes[1][key] for key in taken} == taken and classes[1]["level"] == block["threshold"]
    made.start_run(RunSpec("another", "b" * 64, (), who="ann"))
    now = client.get(one).json()["classes"][1]
    assert (now["threshold_run"], now["level"]) == (1, 0.3), "the latest run has its own"
    assert client.patch(f"{one}/classes/2", json={"threshold_run": 1}).status_code == 400
    assert client.patch(f"{one}/classes/2", json={**taken, "threshold_run": 9}).status_code == 404
    assert 0.15 < block["threshold"] <= 0.4 and block["precision"] == block["recall"] == 1.0
    assert made.summary().reviewed == 12
    for target in ("2", "x", "nan"):
        assert client.get(f"{one}/audit?target={target}").status_code == 400


def test_the_rest_is_accepted_where_the_sample_says_yes(runtime: Runtime, tmp_path: Path) -> None:
    made = make_set(runtime.jobs.store, "many", write_truth(tmp_path / "many", 14))
    client, one, eve = client_of(runtime), "/api/sets/many", {"skillbank-person": "eve"}
    refused = client.post(f"{one}/accept", headers=eve, json={"target": 0.8})
    assert (
        refused.status_code == 409 and "no picture of the random sample" in refused.json()["error"]["message"]
    )
    waiting = client.get(f"{one}/audit").json()["waiting"]
    for number in waiting[:12]:
        version = client.get(f"{one}/pictures/{number}").headers["etag"]
        body = {"operations": [{"op": "review"}]}
        client.post(f"{one}/pictures/{number}/edits", headers={"if-match": version}, json=body)
    assert client.post(f"{one}/accept", headers=eve, json={}).status_code == 409, ".95 is not reached"
    asked = valid("audit", client.get(f"{one}/audit?target=0.8", headers=eve).json())
    assert (asked["verdict"], asked["rest"]) == ("yes", 2)
    for target in (0.1, 1, "x"):
        assert client.post(f"{one}/accept", json={"target": target}).status_code == 400
    done = valid("accepted", client.post(f"{one}/accept", headers=eve, json={"target": 0.8}).json())
    assert done == {"pictures": 2, "boxes": 4, "left": 0}
    stands = valid("set", client.get(one).json())
    assert (stands["accepted"], stands["reviewed"], stands["todo"]) == (2, 12, 0)
    assert [each["counts"]["unseen"] for each in stands["classes"]] == [2, 2]
    shown = valid("pictures", client.get(f"{one}/pictures?filter=accepted").json())["pictures"]
    assert {row["number"] for row in shown} == set(waiting[12:]) and made.summary().accepted == 2
    assert "accepted unseen" in client.post(f"{one}/undo", headers=eve, json={}).json()["event"]["said"]
    assert client.get(one).json()["accepted"] == 0


def after_interval(audit: dict[str, Any]) -> dict[str, float]:
    low, high = audit["overall"]["precision"]["low"], audit["overall"]["precision"]["high"]
    assert low == pytest.approx(0.8575, abs=1e-3) and high == 1.0
    return {"low": low, "high": high}


def test_what_is_shown_on_some_pictures(client: TestClient) -> None:
    found = valid("shown", client.get(f"{ONE}/boxes?pictures=1,3,999").json())["pictures"]
    assert [each["number"] for each in found] == [1, 3]
    state = client.get(f"{ONE}/pictures/1").json()
    shown = [box for box in state["boxes"] if box["shown"]]
    assert [each["class"] for each in found[0]["boxes"]] == [box["class"] for box in shown]
    assert [each["box"] for each in found[0]["boxes"]] == [list(map(round, box["box"])) for box in shown]
    assert all(each["proposed"] for each in found[0]["boxes"])
    assert client.get(f"{ONE}/boxes").json() == {"pictures": []}
    for wrong in ("x", "1,", "1,-2", ",".join(["1"] * 201)):
        assert client.get(f"{ONE}/boxes?pictures={wrong}").status_code == 400, wrong


def test_what_a_query_says_and_nobody_reads_is_refused(client: TestClient) -> None:
    for query, said in [
        ("pictures?filtre=proposed", "has no 'filtre' (did you mean 'filter'?)"),
        ("thresholds?target=0.5", "has no 'target'; it takes nothing"),
        ("pictures?limit=1&limit=2", "says limit twice; keep one"),
        ("log?limit=3&older=1", "it takes after, limit"),
        ("pictures?split=vall", "there is no split vall; a set has train and val"),
        ("pictures?limit=0", "limit is 0, but it must be a number from 1 to 1000"),
        ("next?count=50", "count is 50, but it must be a number from 1 to 20"),
        ("pictures?limit=", "gives limit no value; give it one, or leave it out"),
        ("pictures?split=%20", "gives split no value"),
        ("audit?target=", "gives target no value"),
    ]:
        answer = client.get(f"{ONE}/{query}")
        assert (answer.status_code, said in answer.json()["error"]["message"]) == (400, True), answer.json()
    asked = client.post(f"{ONE}/pictures/1/find?words=red", json={"words": "red", "class": 1})
    assert asked.status_code == 400 and "has no 'words'" in asked.json()["error"]["message"]


def test_what_a_body_says_and_nobody_reads_is_refused(client: TestClient) -> None:
    state = client.get(ONE).json()["version"]
    for method, path, body, said in [
        ("POST", "undo", {"event": 3}, "takes no body; leave it out"),
        ("DELETE", "classes/1", {"into": 2}, "takes no body"),
        ("PATCH", "classes/1", {"threshold": True}, "threshold is true"),
        ("POST", "accept", {"target": True}, "target is true"),
        ("POST", "claims", {"pictures": [True]}, "pictures.0 is true, but it must be a whole number"),
    ]:
        answer = client.request(method, f"{ONE}/{path}", json=body)
        assert (answer.status_code, said in answer.json()["error"]["message"]) == (400, True), answer.json()
    for corners in ([True, 2, 30, 40], [1, 2, 30, False]):
        assert edit(client, 1, 2, {"op": "add", "class": 1, "box": corners}).status_code == 400
    assert edit(client, 1, 2, {"op": "add", "class": True, "box": [1, 2, 30, 40]}).status_code == 400
    person = client.get(f"{ONE}/next", headers={"skillbank-person": "%ff"})
    assert person.json()["error"]["message"] == "The header skillbank-person is not percent-encoded UTF-8."
    absent = client.get(f"{ONE}/crops?class=99")
    assert (absent.status_code, absent.json()["error"]["message"]) == (404, "the set has no class 99")
    assert client.get(ONE).json()["version"] == state
    assert client.post(f"{ONE}/undo").status_code == client.post(f"{ONE}/undo", json={}).status_code == 200


def test_a_body_that_says_something_twice_is_refused(client: TestClient) -> None:
    body = b'{"name": "circle", "name": "square"}'
    answer = client.patch(f"{ONE}/classes/1", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "'name' is said twice in one object; keep one."


def test_crops_are_decided_together(client: TestClient) -> None:
    boxes = [box["number"] for box in client.get(f"{ONE}/crops?class=1").json()["boxes"]]
    assert len(boxes) == 6
    decisions = {str(number): "reject" if number == boxes[0] else "accept" for number in boxes}
    assert valid("counted", client.post(f"{ONE}/decisions", json={"decisions": decisions}).json()) == {
        "changed": 6,
        "left": 0,
    }
    assert client.get(f"{ONE}/crops?class=1").json()["boxes"] == []
    right = [box["number"] for box in client.get(f"{ONE}/crops?class=1&state=decided").json()["boxes"]]
    assert right == boxes[1:]
    assert client.post(f"{ONE}/decisions", json={"reclass": right[:2], "class": 2}).json() == {
        "changed": 2,
        "left": 0,
    }
    assert client.post(f"{ONE}/decisions", json={"reclass": right[:2]}).status_code == 400
    assert (
        client.get(ONE).json()["classes"][1]["counts"]["accepted"]
        + client.get(ONE).json()["classes"][1]["counts"]["edited"]
        == 2
    )


def test_classes_are_changed_and_what_was_decided_stays(client: TestClient) -> None:
    version = client.get(f"{ONE}/pictures/1").json()["version"]
    edit(client, 1, version, {"op": "review"})
    body = {"name": "circle", "captions": ["a red circle"], "not_captions": ["red car"], "threshold": 0.9}
    changed = valid("set", client.patch(f"{ONE}/classes/1", json=body).json())["classes"][0]
    assert {key: changed[key] for key in body} == body
    assert changed["counts"]["accepted"] == 1 and changed["counts"]["candidates"] == 5, (
        "a threshold moves proposals only"
    )
    assert (
        client.patch(f"{ONE}/classes/1", json={"threshold": None}).json()["classes"][0]["counts"]["proposed"]
        == 5
    )
    assert client.patch(f"{ONE}/classes/9", json={"captions": ["x"]}).status_code == 404
    assert client.patch(f"{ONE}/classes/1", json={"colour": "red"}).status_code == 400
    assert client.post(f"{ONE}/classes", json={"classes": [{"name": "circle"}]}).status_code == 400
    assert len(client.post(f"{ONE}/classes", json={"classes": [{"name": "star"}]}).json()["classes"]) == 3
    merged = client.post(f"{ONE}/classes/merge", json={"classes": [2], "into": 1}).json()
    assert [one["name"] for one in merged["classes"]] == ["circle", "star"]
    assert len(client.delete(f"{ONE}/classes/3").json()["classes"]) == 1


def shown(client: TestClient, path: str) -> Image.Image:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-content-type-options"] == "nosniff" and answer.headers[
        "content-type"
    ].startswith("image/")
    with Image.open(io.BytesIO(answer.content)) as image:
        image.load()
    return image


def test_pictures_of_more_than_8_bits_are_shown_by_one_scale(
    client: TestClient, signs: LabelSet, tmp_path: Path
) -> None:
    """A brighter one that comes later makes the others darker, under another address."""
    folder = tmp_path / "deep"
    folder.mkdir()

    def add(name: str, values: Any, write: Any) -> dict[str, Any]:
        (folder / name).write_bytes(write(values))
        [chunk] = scanned(gathered([folder / name], None), {})
        [number] = signs.add_pictures(chunk.found, WHO).new
        found: dict[str, Any] = client.get(f"{ONE}/pictures/{number}").json()
        return found

    def brightness(number: int) -> list[float]:
        path = f"{ONE}/pictures/{number}"
        look = client.get(path).json()["look"]
        answers = [client.get(f"{path}/{what}?v={look}") for what in ("image", "thumbnail")]
        assert all("immutable" in answer.headers["cache-control"] for answer in answers)
        return [float(np.asarray(Image.open(io.BytesIO(one.content))).mean()) for one in answers]

    half = np.full((30, 40), 512, "u2")
    dark = add("dark.png", half, png)
    assert brightness(dark["number"]) == pytest.approx([128, 128], abs=1)
    bright = add("bright.tif", half * 100, tiff)
    heat = add("heat.tif", np.full((30, 40), 5, "f4"), tiff)
    cold = add("cold.tif", np.full((30, 40), -15, "f4"), tiff)
    assert brightness(dark["number"]) == pytest.approx([2, 2], abs=1)
    assert brightness(bright["number"]) == pytest.approx([199, 199], abs=1)
    assert brightness(heat["number"]) == [255, 255] and brightness(cold["number"]) == [0, 0]
    now = client.get(f"{ONE}/pictures/{dark['number']}").json()
    assert now["look"] != dark["look"] and now["look"].endswith("-0-65535")
    late = client.get(f"{ONE}/pictures/{dark['number']}/thumbnail?v={dark['look']}")
    assert "immutable" not in late.headers["cache-control"], "an earlier look names another picture"


def test_pictures_as_they_are_small_and_cut_out(client: TestClient, truth: list[Truth]) -> None:
    look = client.get(f"{ONE}/pictures/1").json()["look"]
    answer = client.get(f"{ONE}/pictures/1/image?v={look}")
    assert (
        answer.content in [one.path.read_bytes() for one in truth]
        and "immutable" in answer.headers["cache-control"]
    )
    assert "immutable" not in client.get(f"{ONE}/pictures/1/image?v=1").headers["cache-control"]
    assert shown(client, f"{ONE}/pictures/1/thumbnail").size == (320, 240)
    kept = [path for path in (cache_dir() / SHELF).rglob("*") if path.is_file()]
    assert len(kept) == 1 and kept[0].name.endswith("-small.jpg")
    made = kept[0].stat().st_mtime_ns
    shown(client, f"{ONE}/pictures/1/thumbnail")
    assert kept[0].stat().st_mtime_ns == made, "made once"
    box = client.get(f"{ONE}/pictures/1").json()["boxes"][0]
    cut = np.asarray(shown(client, f"{ONE}/boxes/{box['number']}/crop").convert("RGB"))
    middle = cut[cut.shape[0] // 2, cut.shape[1] // 2].astype(int)
    assert abs(middle - (220, 20, 60)).max() < 40, "the disc is in the middle of its crop"


def test_pictures_that_browsers_do_not_show_come_as_copies(runtime: Runtime, tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    deep = (np.add.outer(np.arange(40), np.arange(60)) * 600).astype(np.uint16)
    Image.fromarray(deep).save(folder / "deep.tiff")
    plain = Image.new("RGB", (60, 40), "white")
    plain.paste("crimson", (0, 0, 20, 40))
    turned = Image.Exif()
    turned[0x0112] = 6  # the left edge is above
    plain.save(folder / "turned.jpg", exif=turned, quality=95)
    plain.save(folder / "turned.png", exif=turned)
    plain.convert("CMYK").save(folder / "print.jpg")
    plain.save(folder / "moving.gif", save_all=True, append_images=[Image.new("RGB", (60, 40), "blue")])
    paths = sorted(folder.iterdir())
    made = make_set(runtime.jobs.store, "odd", [], propose=False)
    made.add_pictures([found(path) for path in paths], WHO)
    client = client_of(runtime)
    for row in made.pictures():
        image = shown(client, f"/api/sets/odd/pictures/{row.number}/image")
        small = shown(client, f"/api/sets/odd/pictures/{row.number}/thumbnail")
        assert small.size == (row.width, row.height), row.name
        if row.name == "turned.jpg":
            assert image.size == (60, 40) and image.getexif()[0x0112] == 6, "browsers turn a JPEG themselves"
            continue
        assert image.format == "JPEG" and image.size == (row.width, row.height), row.name
        pixels = np.asarray(image.convert("RGB")).astype(int)
        if row.name == "deep.tiff":
            assert pixels[-1, -1].min() > 200 > 50 > pixels[0, 0].max()
        elif row.name == "turned.png":
            assert pixels[2, 20, 1] < 90 < pixels[50, 20, 1], "red is above"
        else:
            assert pixels[20, 5, 1] < 90 < pixels[20, 50, 1], row.name


def test_what_lies_at_a_place_is_sent_only_if_it_is_the_picture(
    client: TestClient, runtime: Runtime, truth: list[Truth], tmp_path: Path
) -> None:
    numbers = {row["name"]: row["number"] for row in client.get(f"{ONE}/pictures").json()["pictures"]}
    secret = tmp_path / "secret"
    secret.write_text("the key of the house")
    first, second, third = (one.path for one in truth[:3])
    first.unlink()
    first.symlink_to(secret)
    second.write_bytes(third.read_bytes())
    third.unlink()
    for path, words in (
        (first, "holds something else now"),
        (second, "holds something else now"),
        (third, "is gone"),
    ):
        for what in ("image", "thumbnail"):
            answer = client.get(f"{ONE}/pictures/{numbers[path.name]}/{what}")
            assert answer.status_code in (404, 409) and words in answer.json()["error"]["message"]
            assert b"key of the house" not in answer.content
    for address in (
        "pictures/..%2f..%2fetc/image",
        "pictures/99/image",
        "boxes/999/crop",
        "pictures/1/place",
    ):
        assert client.get(f"{ONE}/{address}").status_code == 404
    assert client.get("/api/sets/..%2fjobs").status_code == 404
    assert client.get("/api/sets/sings").json()["error"]["message"].count("signs") == 1, "a near name is said"


def test_a_file_that_is_no_picture_is_said(runtime: Runtime, tmp_path: Path) -> None:
    """A set may come from a backup that somebody else wrote; its files are not trusted either."""
    text = tmp_path / "program.eps"
    text.write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run showpage\n")
    made = make_set(runtime.jobs.store, "odd", [], propose=False)
    import hashlib

    digest = hashlib.sha256(text.read_bytes()).hexdigest()
    made.add_pictures([FoundPicture("program.eps", str(text), digest, 9, 9)], WHO)
    answer = client_of(runtime).get("/api/sets/odd/pictures/1/image")
    assert answer.status_code == 409 and "cannot be decoded" in answer.json()["error"]["message"]


def test_names_and_words_of_a_set_stay_text(runtime: Runtime, tmp_path: Path) -> None:
    [one] = write_truth(tmp_path / "photos", 1)
    made = make_set(runtime.jobs.store, "odd", [], propose=False)
    made.add_pictures([found(one.path, "<img src=x onerror=alert(1)>\u202egnp.png")], WHO)
    raw = client_of(runtime).get("/api/sets/odd/pictures").text
    assert "\u202e" not in raw and json.loads(raw)["pictures"][0]["name"].startswith("<img"), (
        "an escape of JSON's"
    )


def test_requests_that_make_no_sense(client: TestClient) -> None:
    for path in (
        "pictures?limit=many",
        "pictures?filter=nice",
        "pictures?after=-1",
        "crops",
        "crops?class=x",
        "crops?class=1&state=odd",
    ):
        assert client.get(f"{ONE}/{path}").status_code == 400, path
    for path in (
        "/api/sets/none",
        f"{ONE}/pictures/{10**30}",
        f"{ONE}/pictures/{'9' * 5000}",
        f"/api/jobs/none/pictures/{'9' * 5000}",
        f"{ONE}/boxes/{2**31}/crop",
        "/api/sets/a%00b",
        f"{ONE}/pictures?class=99",
    ):
        assert client.get(path).status_code == 404, path
    assert client.get(f"{ONE}/crops?class={2**31}").status_code == 400
    assert client.post(f"{ONE}/decisions", json={"decisions": {str(10**30): "accept"}}).status_code == 400
    version = client.get(f"{ONE}/pictures/1").json()["version"]
    for operation in (
        {"op": "add", "class": 1, "box": [0, 0, 9]},
        {"op": "add", "class": 1, "box": [0, 0, 9, "nan"]},
        {"op": "explode"},
        {"op": "accept", "number": 10**30},
        {"op": "accept", "number": -1},
        {"op": "add", "class": 2**31, "box": [0, 0, 9, 9]},
        {"op": "accept"},
        {"op": "add", "class": 1, "box": [0, 0, 0, 0]},
        {"op": "add", "class": 1, "box": [50, 50, 20, 20]},
        {"op": "add", "class": 1, "box": [400, 400, 500, 500]},
    ):
        assert edit(client, 1, version, operation).status_code == 400, operation
    assert client.post(f"{ONE}/decisions", content=b"x" * (5 << 20)).status_code == 413
