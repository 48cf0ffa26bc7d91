"""How far work on data is: told with counts while it lasts, and of every piece that lasts long."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

from skillbank.datasets.dealing import By
from skillbank.datasets.likeness import Likeness, groups
from skillbank.datasets.looks import look_at
from skillbank.datasets.opening import open_place
from skillbank.datasets.progress import Step
from skillbank.datasets.splitting import Amount, split
from skillbank.jobs.checks import check
from skillbank.jobs.data_making import make
from skillbank.jobs.data_sets import look_at as look_at_data
from tests.datasets.running import plan_of
from tests.datasets.test_in_a_run import WORDS, coco, home

__all__ = ["home"]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 pictures that differ, of one split."""
    place = tmp_path_factory.mktemp("many") / "set"
    (place / "images").mkdir(parents=True)
    numbers = random.Random(5)
    names = [f"{index:03}.png" for index in range(300)]
    for name in names:
        noise = bytes(numbers.randrange(256) for _ in range(8 * 6 * 3))
        Image.frombytes("RGB", (8, 6), noise).resize((80, 60)).save(place / "images" / name)
    (place / "annotations").mkdir()
    coco(place / "annotations/all.json", names)
    text = (place / "annotations/all.json").read_text()
    for index in range(300):
        text = text.replace(f'"bbox": [{5 + index}, 5, 20, 30]', '"bbox": [5, 5, 20, 30]')
    (place / "annotations/all.json").write_text(text)
    return place


def grows(news: list[Step], name: str) -> None:
    """Hold that a piece of work was told of while it lasted, and never went back."""
    done = [(step.done, step.total) for step in news if step.name == name]
    assert len(done) >= 3, (name, news)
    assert all(a <= b for (a, _), (b, _) in pairwise(done))
    assert all(total is None or count <= total for count, total in done)


def test_a_launch_tells_how_far_its_check_and_its_conversion_are(many: Path) -> None:
    plan = plan_of(WORDS.format(many))
    news: list[Step] = []
    seen = check(plan, remote=True, report=news.append)  # type: ignore[arg-type]
    assert not seen.problems
    grows(news, "pictures decoded")
    grows(news, "look-alikes compared")
    assert news[-1].done == news[-1].total
    assert make(plan, look_at_data(plan, whole=True), lambda _: None, news.append)
    assert Step("annotations converted", 256) in news


def test_a_division_by_look_alikes_tells_of_its_last_step(many: Path, tmp_path: Path) -> None:
    news: list[Step] = []
    split(
        open_place(many),
        tmp_path / "new",
        val=Amount.read("0.2", "--val"),
        by=By.NEAR_DUPLICATES,
        report=news.append,
    )
    grows(news, "looking for near-duplicates")
    grows(news, "near-duplicates grouped")


def test_few_pictures_are_compared_at_once(many: Path) -> None:
    small = b"".join(look_at(file).small for file in sorted((many / "images").iterdir())[:9])
    news: list[Step] = []
    assert groups(Likeness(small), news.append) == list(range(9)) and not news
