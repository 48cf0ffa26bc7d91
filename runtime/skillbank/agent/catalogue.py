"""All tools, in the order in which they are usually called."""

from __future__ import annotations

from skillbank.agent.finding import DESCRIBE_ACTION, SEARCH_SKILLS
from skillbank.agent.following import JOB_RESULTS, JOB_STATUS, LIST_JOBS
from skillbank.agent.label_sets import LABEL_SET
from skillbank.agent.labels import LABEL_IMAGE
from skillbank.agent.launching import CANCEL_JOB, LAUNCH
from skillbank.agent.logs import JOB_LOGS
from skillbank.agent.planning import PLAN
from skillbank.agent.tool import Tool

__all__ = ["TOOLS"]

TOOLS: tuple[Tool, ...] = (
    SEARCH_SKILLS,
    DESCRIBE_ACTION,
    PLAN,
    LAUNCH,
    JOB_STATUS,
    JOB_LOGS,
    CANCEL_JOB,
    JOB_RESULTS,
    LIST_JOBS,
    LABEL_IMAGE,
    LABEL_SET,
)
