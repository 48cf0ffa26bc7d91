"""What a launch sees in data and on disk before anything starts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skillbank.errors import DataError, PlatformError, UsageError
from skillbank.jobs.preflight import refuse_full_disk, warnings
from skillbank.jobs.record import JobState
from skillbank.jobs.service import Jobs
from skillbank.plan.model import InputBinding, Plan

MakePlan = Callable[..., Plan]


def coco(path: Path, ids: list[int], images: int = 1) -> str:
    rows = [{"id": i, "name": f"n{i}"} for i in ids]
    document = {"images": [{"id": i} for i in range(images)], "categories": rows, "annotations": []}
    path.write_text(json.dumps(document))
    return str(path)


def plan_with(make_plan: MakePlan, key: str, uri: str, **fields: Any) -> Plan:
    spec = {"results_dir": "{results_dir}", "dataset": {"batch_size": 4, "val_data_sources": {}, "x": ""}}
    inputs = (InputBinding(key=key, uri=uri),)
    return make_plan(**{"spec": spec, "inputs": inputs, "network_arch": "grounding_dino", **fields})


@pytest.mark.parametrize("ids", [[1, 2, 3], [0, 2], [0, 0, 1]])
def test_category_ids_that_do_not_run_from_zero_are_refused(
    jobs: Jobs, make_plan: MakePlan, tmp_path: Path, ids: list[int]
) -> None:
    file = coco(tmp_path / "val.json", ids)
    with pytest.raises(DataError, match=f"category ids in {file}.*must run from 0 to .*remap {file}"):
        jobs.launch(plan_with(make_plan, "dataset.val_data_sources.json_file", file))
    assert jobs.store.list() == []


def test_category_ids_from_zero_in_any_order_run(jobs: Jobs, make_plan: MakePlan, tmp_path: Path) -> None:
    file = coco(tmp_path / "val.json", [2, 0, 1])
    plan = plan_with(make_plan, "dataset.val_data_sources.json_file", file)
    assert jobs.wait(jobs.launch(plan).id).state is JobState.COMPLETE


def test_other_architectures_and_other_files_are_let_through(
    jobs: Jobs, make_plan: MakePlan, tmp_path: Path
) -> None:
    file, other = coco(tmp_path / "val.json", [1, 2]), tmp_path / "other.json"
    other.write_text("no JSON")
    jobs.launch(plan_with(make_plan, "dataset.val_data_sources.json_file", file, network_arch="mask2former"))
    jobs.launch(plan_with(make_plan, "dataset.x", file))
    jobs.launch(plan_with(make_plan, "dataset.val_data_sources.json_file", str(other)))


@pytest.mark.parametrize(
    ("lines", "said"), [(0, "holds no samples"), (3, "3 samples, fewer than one batch of 4"), (4, None)]
)
def test_few_samples_are_a_warning(make_plan: MakePlan, tmp_path: Path, lines: int, said: str | None) -> None:
    file = tmp_path / "train.jsonl"
    file.write_text('{"file_name": "a.png"}\n' * lines + "\n")
    found = warnings(plan_with(make_plan, "dataset.train_data_sources[0].json_file", str(file)))
    assert (found == []) if said is None else (len(found) == 1 and said in found[0])


def test_no_images_are_a_warning(make_plan: MakePlan, tmp_path: Path) -> None:
    file = coco(tmp_path / "val.json", [0], images=0)
    [said] = warnings(plan_with(make_plan, "dataset.val_data_sources.json_file", file))
    assert "names no images" in said


def test_a_full_disk_is_refused(jobs: Jobs, make_plan: MakePlan, monkeypatch: Any) -> None:
    monkeypatch.setenv("SKILLBANK_MIN_FREE_GIB", "1e9")
    with pytest.raises(PlatformError, match=r"GiB free and jobs need 1e\+09; make room"):
        jobs.launch(make_plan())
    monkeypatch.setenv("SKILLBANK_MIN_FREE_GIB", "much")
    with pytest.raises(UsageError, match="must be a number"):
        refuse_full_disk(make_plan())
