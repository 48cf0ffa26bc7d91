"""The demo: the plain spec with nothing but data paths learns, in half the time of a coffee."""

import json
import tarfile
from pathlib import Path

import pytest
import yaml

from grounding_dino.__main__ import main
from grounding_dino.checkpoint import LATEST
from tests.grounding_dino.conftest import data_block, status_lines


@pytest.mark.slow
def test_the_demo_learns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    assert main(["shapes", str(data)]) == 0
    for part in ("train", "val", "heldout"):
        with tarfile.open(data / part / "images.tar.gz") as archive:
            archive.extractall(data / part / "images", filter="data")
    spec = tmp_path / "spec.yaml"
    spec.write_text(
        yaml.safe_dump({"results_dir": str(tmp_path / "results"), "dataset": data_block(data)}),
        encoding="utf-8",
    )
    # Half the demo's epochs: what all of them reach is measured by benchmarks/learning.py.
    assert main(["train", "-e", str(spec), "train.num_epochs=5"]) == 0
    checkpoint = tmp_path / "results" / "train" / LATEST
    final = [line["kpi"] for line in status_lines(checkpoint.parent) if "val_mAP50" in line.get("kpi", {})][
        -1
    ]
    assert final["val_mAP50"] >= 0.55
    held_out = data / "heldout"
    words = [
        f"evaluate.checkpoint={checkpoint}",
        f"dataset.test_data_sources.image_dir={held_out / 'images'}",
        f"dataset.test_data_sources.json_file={held_out / 'annotations.json'}",
    ]
    assert main(["evaluate", "-e", str(spec), *words]) == 0
    metrics = json.loads((tmp_path / "results" / "evaluate" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["test_mAP50"] >= 0.40
    # Descriptions may come in any number: two at a time are found as well as all at once.
    capsys.readouterr()
    picture = data / "val" / "images" / "00000.png"
    truth = json.loads((data / "val" / "annotations.json").read_text(encoding="utf-8"))
    present = {
        truth["categories"][a["category_id"]]["name"] for a in truth["annotations"] if a["image_id"] == 0
    }
    texts = [word for phrase in sorted(present)[:2] for word in ("--text", phrase)]
    assert main(["label", "--checkpoint", str(checkpoint), "--out", str(tmp_path), *texts, str(picture)]) == 0
    found = json.loads(capsys.readouterr().out)["images"][0]["detections"]
    assert {item["phrase"] for item in found} & present
