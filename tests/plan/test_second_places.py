"""Places and things beside those that are meant: what nothing joins to them asks."""

from __future__ import annotations

import pytest
from benchmarks.requests.answers import answer

from skillbank import Runtime

PLACES = [
    "find cars in pics/ to out/ with c25a97",
    "find cars in pics/ with c25a97 to out/",
    "find cars in pics/ with c25a97 in out/",
    "find cars in pics/ with c25a97 as out/",
    "find cars in pics/ with c25a97 against old/",
    "find cars in pics/ (labels in old/) with c25a97",
    "find cars missing in old/ in pics/ with c25a97",
    "find cars in pics/ with c25a97. See vids/.",
    "find cars in pics/ with c25a97 and add them to old/",
    "find cars in a.jpg to d.jpg with c25a97",
    "find cars in pics/, not pics/old, with c25a97",
    "train rtdetr to ./out, no hpo",
    "train rtdetr as ./out, no hpo",
    "merge ./a into ./b and train rtdetr on it, no hpo",
    "put ./a into ./b and train rtdetr on it, no hpo",
    "train rtdetr on data/a but not data/a/bad, no hpo",
    "train rtdetr on data/a without bad.jpg, no hpo",
]
LEFT = [
    "train rtdetr on data/a, no hpo. Name the checkpoint night.pth.",
    "train rtdetr on data/a, no hpo. The checkpoint is called final.pth.",
    "train rtdetr on data/a, no hpo. Checkpoint dir: ./ck",
    "train rtdetr on data/a, no hpo. I want the weights in ./ck",
    "train rtdetr on data/a, no hpo. Logs go to ./logs",
]
THINGS = [
    *(f"find {thing} in pics/ with c25a97" for thing in (
        "buckets", "networks", "labels", "samples", "frames", "two cards", "a way", "where cars are",
        "who is wearing a hat", "one of the dogs", "a dozen eggs", "dogs twice", "cars again", "cars also",
        "cars as usual", "cars quickly", "cars everywhere", "cars when visible", "any kind of car",
        "cars bigger than 50 pixels", "cars including vans", "cars plus their plates", "cars as vehicles",
        "cars with what b07d52 exported",
    )),
    "find cars in pics/ with c25a97, people too",
    "find cars in pics/ with c25a97, resized to 640",
    "look through pics/ for train tickets with c25a97",
    "run c25a97 on pics/ for train wagons",
    "classify pics/ with c25a97",
    "label class dog in pics/ with c25a97",
    "label the remaining pics/ with c25a97",
    "label dogs that are no wolves in pics/ with c25a97",
]  # fmt: skip
READ = {
    "find cars in ./p and ./q with c25a97": ["./p", "./q"],
    "find cars in ./p, ./q and ./r with c25a97": ["./p", "./q", "./r"],
    "find cars in ./p as well as ./q with c25a97": ["./p", "./q"],
    "find cars in ./p and in ./q with c25a97": ["./p", "./q"],
    "apply c25a97 to ./p looking for cars": ["./p"],
    "find backpacks left alone and open doors in ./p with c25a97": ["./p"],
    "find dogs that are not on a leash in ./p with c25a97": ["./p"],
}
STARTS = {
    "fine-tune rtdetr from the pretrained weights /w/x.pth on ./p without hpo": "/w/x.pth",
    "I want rtdetr trained from the weights /w/x.pth on ./p without hpo": "/w/x.pth",
}


RUNS_ELSEWHERE = [
    *(f"train rtdetr on data/a, val data/b, no hpo, {said}" for said in (
        "the data is on slurm", "like on slurm", "as on slurm", "slurm-like", "slurm?",
        "pretrained=yes", "weights=default", "checkpoint=latest",
    )),
]  # fmt: skip
WHERE = {
    "train rtdetr on data/a, val data/b, no hpo, on slurm": "slurm",
    "train rtdetr on data/a, val data/b, no hpo, it runs on slurm": "slurm",
    "train rtdetr on data/a on slurm as usual, no hpo": "slurm",
    "can you train rtdetr on data/a on slurm?": "slurm",
}


@pytest.mark.parametrize("text", [*PLACES, *LEFT, *THINGS, *RUNS_ELSEWHERE])
def test_what_is_said_beside_what_is_meant_asks(own_bank: Runtime, text: str) -> None:
    read = answer(own_bank, text)
    assert any(q.of_reading for plan in read.plans for q in plan.asked), read


@pytest.mark.parametrize("text", READ)
def test_places_that_are_joined_are_all_looked_at(own_bank: Runtime, text: str) -> None:
    read = answer(own_bank, text)
    assert [plan.slots["data"] for plan in read.plans] == [{"inference_dataset": READ[text]}]
    assert not any(q.of_reading for plan in read.plans for q in plan.asked)


@pytest.mark.parametrize("text", STARTS)
def test_a_model_that_there_is_is_started_from(own_bank: Runtime, text: str) -> None:
    [plan] = answer(own_bank, text).plans
    assert plan.slots["pretrained"] == STARTS[text] and not plan.asked


@pytest.mark.parametrize("text", WHERE)
def test_where_a_run_is_to_be_is_read(own_bank: Runtime, text: str) -> None:
    [plan] = answer(own_bank, text).plans
    assert plan.slots["platform"] == WHERE[text] and not any(q.of_reading for q in plan.asked)
