"""What a launch sees in data and on disk before anything starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from skillbank.errors import PlatformError, UsageError
from skillbank.jobs.preflight import refuse_full_disk, warnings
from skillbank.jobs.service import Jobs
from skillbank.plan.model import Plan

MakePlan = Callable[..., Plan]


@pytest.mark.parametrize(
    ("samples", "said"), [(3, "3 samples, fewer than one batch of 4"), (4, ""), (None, "")]
)
def test_few_samples_are_a_warning(make_plan: MakePlan, samples: int | None, said: str) -> None:
    spec = {"results_dir": "{results_dir}", "dataset": {"batch_size": 4}}
    assert said in "".join(warnings(make_plan(spec=spec), samples))
    assert bool(warnings(make_plan(spec=spec), samples)) is bool(said)


def test_a_full_disk_is_refused(jobs: Jobs, make_plan: MakePlan, monkeypatch: Any) -> None:
    monkeypatch.setenv("SKILLBANK_MIN_FREE_GIB", "1e9")
    with pytest.raises(PlatformError, match=r"GiB free and jobs need 1e\+09; make room"):
        jobs.launch(make_plan())
    monkeypatch.setenv("SKILLBANK_MIN_FREE_GIB", "much")
    with pytest.raises(UsageError, match="must be a number"):
        refuse_full_disk(make_plan())
