"""Doors of agents say how a skill's bank stands."""

from __future__ import annotations

from pathlib import Path

from skillbank import Runtime
from skillbank.agent.toolbox import Toolbox
from skillbank.bank.discovery import Bank
from skillbank.trust.decisions import keep
from skillbank.trust.look import look


def test_tools_say_of_a_bank_from_outside_whether_anything_of_it_may_run(bank: Path) -> None:
    with Runtime([bank]) as runtime:
        tools = Toolbox(runtime)
        asked = {"skill": "toy", "actions": ["train"], "settings": []}
        before = tools.call("plan", asked).document()
        assert before["plans"][0]["bank_trust"] == "untrusted"
        assert "Nobody has trusted bank bank" in before["plans"][0]["warnings"][0]
        described = tools.call("describe_action", {"skill": "toy", "action": "train"}).document()
        assert described["bank_trust"] == "untrusted"
        keep(look(Bank(bank)).decision())
        after = tools.call("plan", asked).document()
        assert after["plans"][0]["bank_trust"] == "trusted"
        assert after["plans"][0]["plan_id"] == before["plans"][0]["plan_id"]
        found = tools.call("search_skills", {"query": "grounding dino"}).document()["skills"]
        assert all("bank_trust" not in skill for skill in found if skill["name"].startswith("tao-train"))
