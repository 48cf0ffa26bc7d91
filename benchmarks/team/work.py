"""What agents and reviewers do all day, and whether the answers are right."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.team.client import Answer, Client, Seen

__all__ = ["SET", "Desk", "toy", "train"]

SET = "shared"
_LOOKS = 3.0
"""Seconds that a reviewer looks at a picture."""
_LISTS = 4
"""Of an agent's turns, and of a reviewer's pictures, one in so many lists the jobs too."""
_TRIES = 60
_JOBS = 100
"""So many jobs are in a list."""
_MCP = "accept: application/json, text/event-stream\r\nmcp-protocol-version: 2025-06-18\r\n"


@dataclass
class Desk:
    """Where clients work.

    Attributes
    ----------
    secrets
        The tokens, by name.
    end
        When they go home, by the monotonic clock.
    pause
        Seconds between two plans of an agent.
    launches
        Of the plans of an agent one in so many is launched.
    data
        A folder that exists, for what is launched.
    """

    url: str
    secrets: dict[str, str]
    seen: Seen
    end: float
    pause: float
    launches: int
    data: Path

    def client(self, name: str) -> Client:
        """Return the client of a person."""
        return Client(self.url, self.secrets[name], self.seen)

    def wrong(self, said: str) -> None:
        """Note an answer that is not what it has to be."""
        self.seen.wrong[said] += 1

    async def agent(self, number: int) -> None:
        """Plan at a steady pace, every other agent over MCP, and launch now and then."""
        me, lead = self.client(f"agent-{number}"), self.client("lead")
        plan = self.plan_by_mcp if number % 2 else self.plan_by_rest
        await asyncio.sleep(random.random() * self.pause)
        for turn in self._turns():
            began = time.monotonic()
            launches = (turn + number) % self.launches == 0
            asked = toy(self.data, 1000 * number + turn) if launches else train(1000 * number + turn)
            plan_id = self.checked(await plan(me, asked), asked)
            if turn % _LISTS == 0:
                await self.list_jobs(me)
            if launches and plan_id:
                await self.launch(me, lead, plan_id, f"agent-{number}-{turn}")
            await asyncio.sleep(max(0.0, began + self.pause - time.monotonic()))

    def _turns(self) -> Iterator[int]:
        turn = 0
        while time.monotonic() < self.end:
            turn += 1
            yield turn

    async def plan_by_rest(self, me: Client, asked: dict[str, Any]) -> dict[str, Any]:
        """Plan as a script does."""
        return (await me.ask("plan (REST)", "POST", "/api/plans", asked)).document

    async def plan_by_mcp(self, me: Client, asked: dict[str, Any]) -> dict[str, Any]:
        """Plan as a model does."""
        call = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": "plan", "arguments": asked},
        }
        answer = (await me.ask("plan (MCP)", "POST", "/mcp", call, headers=_MCP)).document
        found: dict[str, Any] = answer.get("result", {}).get("structuredContent", {})
        return found

    def checked(self, answer: dict[str, Any], asked: dict[str, Any]) -> str | None:
        """Return the plan's id where it is what was asked for: its place, its epochs, its settings."""
        [plan] = answer.get("plans") or [{}]
        sentence, values = str(plan.get("sentence")), [each["value"] for each in plan.get("settings") or []]
        place = asked["text"].partition(" on ")[2].partition(",")[0]
        wanted = [asked["epochs"], *(float(each["value_json"]) for each in asked.get("settings", ()))]
        if place not in sentence or not all(value in values for value in wanted):
            self.wrong(f"{asked} is answered with {str(answer)[:200]}")
            return None
        self.seen.plans.add(plan["plan_id"])
        return str(plan["plan_id"])

    async def list_jobs(self, me: Client) -> None:
        """List the newest jobs."""
        jobs = (await me.ask("list of jobs", "GET", "/api/jobs")).document["jobs"]
        ids, times = {job["id"] for job in jobs}, [job["created"] for job in jobs]
        if len(ids) != min(_JOBS, len(jobs)) or times != sorted(times, reverse=True):
            self.wrong(f"a list of jobs has {len(jobs)} jobs, {len(ids)} of them different, or in disorder")

    async def launch(self, me: Client, lead: Client, plan: str, key: str) -> None:
        """Launch a plan by the approval of a person."""
        body = {"plan_id": plan, "idempotency_key": key}
        for _ in range(_TRIES):
            found = await me.ask("launch", "POST", "/api/launches", body, allowed=(200, 201, 409))
            answer = found.document
            if "job" in answer:
                self.seen.launched[key] = answer["job"]
                return
            if answer["error"]["code"] != "needs_approval":
                self.wrong(f"a launch is answered with {str(answer)[:200]}")
                return
            await self._approve(lead, answer["approval"]["subject"])
        self.wrong(f"launch {key} was approved and never started")

    async def _approve(self, lead: Client, subject: str) -> None:
        waiting = (await lead.ask("questions", "GET", "/api/questions")).document["questions"]
        for each in (each for each in waiting if each["subject"] == subject):
            yes = {"approve": True, "question": each["question"]}
            path = f"/api/questions/{each['number']}"
            # Where the answer to a yes was lost, the question has been answered when it is sent again.
            answer = await lead.ask("approval", "POST", path, yes, allowed=(200, 404))
            if answer.status == 404 and not answer.again:
                self.wrong("a question that was listed is not there")

    async def reviewer(self, number: int) -> None:
        """Take a picture, look at it, say that it is reviewed; look at the jobs now and then."""
        name = f"reviewer-{number}"
        me = self.client(name)
        await asyncio.sleep(random.random() * _LOOKS)
        for turn in self._turns():
            for picture in await self.next_picture(me):
                await self.review(me, name, picture)
            if turn % _LISTS == 0:
                await self.list_jobs(me)
            await asyncio.sleep(_LOOKS)

    async def next_picture(self, me: Client) -> list[int]:
        """Ask for a picture to review; none is left when nothing comes."""
        taken = await me.ask("next picture", "GET", f"/api/sets/{SET}/next?count=1")
        pictures: list[int] = taken.document["pictures"]
        return pictures

    async def review(self, me: Client, name: str, picture: int) -> None:
        """Look at a picture and say that it is reviewed."""
        path = f"/api/sets/{SET}/pictures/{picture}"
        found = await me.ask("picture", "GET", path)
        if found.document["number"] != picture:
            self.wrong(f"picture {picture} is answered with {found.document['number']}")
        edit = {"seconds": 2, "operations": [{"op": "review"}]}
        match = f"if-match: {found.headers['etag']}\r\n"
        answer = await me.ask("decision", "POST", f"{path}/edits", edit, headers=match, allowed=(200, 412))
        if self._is_mine(answer, name):
            if picture in self.seen.decided:
                self.wrong(f"picture {picture} was given to {name} after {self.seen.decided[picture]}")
            self.seen.decided[picture] = name
        elif not answer.again:
            self.wrong(f"the decision about picture {picture} is answered with {answer.status}")

    def _is_mine(self, answer: Answer, name: str) -> bool:
        """Say whether a decision was taken: at once, or by a request whose answer was lost."""
        told = answer.document
        picture = told if answer.status == 200 else told.get("picture", {}) if answer.again else {}
        return bool(picture.get("state") == "reviewed" and picture.get("reviewed_by") == name)


def train(number: int) -> dict[str, Any]:
    """Return what is asked for a plan that nobody launches, another one for each number."""
    return {"text": f"train Grounding DINO on s3://b/data-{number % 100}, no HPO", "epochs": 1 + number}


def toy(data: Path, number: int) -> dict[str, Any]:
    """Return what is asked for a plan whose job takes a moment, another one for each number."""
    pause = {"key": "train.seconds", "value_json": str((1 + number) / 1e9)}
    return {"text": f"train the toy detector on {data}", "epochs": 1, "settings": [pause]}
