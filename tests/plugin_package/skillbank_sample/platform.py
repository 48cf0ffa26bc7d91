"""A cluster whose only node is this machine."""

from __future__ import annotations

from skillbank.plan.model import Plan
from skillbank.platforms.check import Check
from skillbank.platforms.local.platform import LocalPlatform

__all__ = ["SampleCluster"]


class SampleCluster(LocalPlatform):
    """Runs a job's command here, as if its image were installed."""

    name = "sample_cluster"

    def known_problems(self, plan: Plan) -> list[str]:
        """Refuse a queue that the cluster does not have."""
        found = super().known_problems(plan)
        if plan.resources.nodes > 1:
            found = [f"the sample cluster has one node and the plan asks for {plan.resources.nodes}"]
        return found

    def checkup(self) -> list[Check]:
        """Say that the node is up."""
        return [Check("sample_cluster", "ok", "1 node is up")]
