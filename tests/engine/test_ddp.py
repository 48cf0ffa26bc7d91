from importlib import import_module

import pytest
import torch
import yaml

pytestmark = pytest.mark.slow
FAM = {}


def rt(root):
    import tarfile

    from skillbank_engine.families.rtdetr.shapes import write_shapes

    write_shapes(root, seed=0, train=11, val=4, size=64)
    for part in ("train", "val"):
        with tarfile.open(root / part / "images.tar.gz") as a:
            a.extractall(root / part / "images", filter="data")
    src = lambda p: {"image_dir": str(root / p / "images"), "json_file": str(root / p / "annotations.json")}
    from tests.engine.rtdetr.conftest import TINY_OVERRIDES

    return (
        {"dataset": {"train_data_sources": [src("train")], "val_data_sources": src("val")}},
        TINY_OVERRIDES,
        "dataset.batch_size",
    )


def seg(root):
    from skillbank_engine.families.segformer.data.shapes import write_shapes

    write_shapes(root, seed=0, train=11, val=4, size=64)
    from tests.engine.segformer.conftest import TINY_OVERRIDES

    return {"dataset": {"segment": {"root_dir": str(root)}}}, TINY_OVERRIDES, "dataset.segment.batch_size"


def cls(root):
    import random

    from PIL import Image

    n = random.Random(1)
    for part, c in (("train", 4), ("val", 2)):
        for k, name in enumerate("abc"):
            (root / part / name).mkdir(parents=True)
            for i in range(c):
                if part == "train" and k == 2 and i == 3:
                    continue
                Image.new("RGB", (24, 20), tuple(200 if j == k else n.randint(0, 80) for j in range(3))).save(
                    root / part / name / f"{i}.png"
                )
    return (
        {
            "dataset": {
                "train_dataset": {"images_dir": str(root / "train")},
                "val_dataset": {"images_dir": str(root / "val")},
                "img_size": 48,
            }
        },
        ("engine.profile=small", "engine.threads=1"),
        "dataset.batch_size",
    )


@pytest.mark.parametrize("name,make", [("rtdetr", rt), ("segformer", seg), ("classification_pyt", cls)])
def test_two(name, make, tmp_path):
    doc, over, key = make(tmp_path / "data")
    fam = import_module(f"skillbank_engine.families.{name}.family").FAMILY
    main = import_module(f"skillbank_engine.families.{name}.__main__").main
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(doc))
    out = []
    for procs, batch in ((1, 10), (2, 5)):
        w = [o for o in over if not o.startswith(key)]
        assert (
            main(
                [
                    "train",
                    "-e",
                    str(tmp_path / "s.yaml"),
                    *w,
                    f"{key}={batch}",
                    f"engine.processes={procs}",
                    f"results_dir={tmp_path / str(procs)}",
                    "train.num_epochs=2",
                ]
            )
            == 0
        )
        d = torch.load(tmp_path / str(procs) / "train" / fam.latest, weights_only=True)
        out.append(d["weights"])
        print(
            [
                l
                for l in (tmp_path / str(procs) / "train" / "status.json").read_text().splitlines()
                if '"kpi"' in l
            ][-1]
        )
    a, b = out
    bad = sorted(((float((a[k].float() - b[k].float()).abs().max()), k) for k in a), reverse=True)[:6]
    print(name, bad)
