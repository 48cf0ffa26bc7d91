"""A labelling into a set as a job: the list of its pictures, the plan, the launch."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from skillbank.errors import DataError, QuestionsError
from skillbank.jobs.label_jobs import ACTION, SKILL, lists
from skillbank.labelling.manifest import put
from skillbank.plan.request import DataLocation, Request, Setting
from skillbank.sets.arrivals import list_of
from skillbank.sets.model import PictureRow, Run
from skillbank.sets.objects import Wanted

if TYPE_CHECKING:
    from skillbank.jobs.record import JobRecord
    from skillbank.runtime import Runtime

__all__ = ["launch"]


def launch(runtime: Runtime, name: str, run: Run, model: str, rows: Sequence[PictureRow]) -> JobRecord:
    """Start a job in which a model looks at pictures of a set.

    Parameters
    ----------
    name
        Of the set.
    model
        A file, a folder or a name on the hub, as `skillbank.labelling.models.find_model` gave it.

    Raises
    ------
    DataError
        When there is no picture to look at.
    QuestionsError, TrustError, PlatformError
        As any launch.
    """
    if not rows:
        raise DataError(
            f"This model has looked at all of these pictures of {name} already; no job was started."
        )
    file = lists() / f"{name}-{run.number}-{uuid.uuid4().hex[:8]}.jsonl"
    put(file, list_of(rows))
    settings = {
        "label.model": model,
        "label.captions": list(Wanted.of(run.captions).captions),
        "label.least": run.settings["least"],
        "label.nms": run.settings["nms"],
    }
    request = Request(
        skill=SKILL,
        action=ACTION,
        data=(DataLocation(source="picture_list", uri=str(file)),),
        settings=tuple(Setting(key=key, value=value) for key, value in settings.items()),
        platform="local",
    )
    try:
        [plan] = runtime.plan(request)
        if plan.questions:
            open_points = " | ".join(f"{each.key}: {each.why}" for each in plan.questions)
            raise QuestionsError(f"The job's plan has open questions. {open_points}")
        runtime.refuse_at_gate([plan])
        # The same command goes on after any failure; a further attempt would have other results.
        record = runtime.launch(plan, retries=0)
    except BaseException:
        Path(file).unlink(missing_ok=True)
        raise
    return runtime.jobs.look(record.id)
