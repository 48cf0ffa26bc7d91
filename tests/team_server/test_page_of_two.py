"""Two people in two browsers: each sees the own project, and a question is answered at the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.team_server.conftest import DECIDES, SEES, People, Served
from tests.web.browser import open_browser, open_page

pytestmark = pytest.mark.slow


def test_each_sees_the_own_project_and_one_approves(server: Served, people: People, data: Path) -> None:
    jobs = {}
    with server.client(people.secrets["robot"]) as robot:
        words = {"text": f"train the toy detector on {data}"}
        [plan] = robot.post("/api/plans", json=words).json()["plans"]
        launch = {"plan_id": plan["plan_id"], "idempotency_key": "page"}
        assert robot.post("/api/launches", json=launch).status_code == 409
        with open_browser() as browser:
            pages = {}
            for name in ("ann", "eve", "bob"):
                page = open_page(browser)
                page.goto(server.url)
                page.fill("#token", people.secrets[name])
                page.click("#enter button")
                page.wait_for_selector("#me:not([hidden])")
                assert name in page.inner_text("#me-name")
                page.click("#nav-approvals")
                pages[name] = page
            pages["bob"].wait_for_selector("#questions-none:not([hidden])")
            reason = pages["eve"].get_attribute("#questions button.primary", "title")
            assert reason == "eve does not have the right 'approve' here."
            assert pages["eve"].is_disabled("#questions button.primary")
            asked = pages["ann"].inner_text("#questions pre")
            assert "toy-detector" in asked
            pages["ann"].click("#questions button.primary")
            pages["ann"].wait_for_selector("#questions-none:not([hidden])")
            jobs = robot.post("/api/launches", json=launch).json()
            for name, there in (("ann", 1), ("eve", 1), ("bob", 0)):
                pages[name].click("header nav a[href='#/jobs']")
                pages[name].wait_for_selector("#job-list li" if there else "#job .empty")
                assert pages[name].locator("#job-list li").count() == there
            assert jobs["job"].split("-")[-1] in pages["ann"].inner_text("#job-list")
            # What one may not see is not there, by whatever name the page is told to open it.
            pages["bob"].goto(f"{server.url}/#/jobs/{jobs['job']}")
            pages["bob"].wait_for_selector("#job .problem")
            assert f"no job '{jobs['job']}'" in pages["bob"].inner_text("#job")
            assert pages["bob"].locator("#job-list li").count() == 0
            pages["ann"].click("#sign-out")
            pages["ann"].wait_for_selector("#enter:not([hidden])")
            pages["ann"].reload()
            pages["ann"].wait_for_selector("#enter:not([hidden])")


def test_two_answer_at_once_and_one_counts(server: Served, people: People, data: Path) -> None:
    """Ann says yes and Kim says no to the same question, in two browsers: the other one is told."""
    people.add("kim", "cars", DECIDES)
    with server.client(people.secrets["robot"]) as robot, open_browser() as browser:
        pages = {}
        for name in ("ann", "kim"):
            page = open_page(browser)
            page.goto(server.url)
            page.fill("#token", people.secrets[name])
            page.click("#enter button")
            page.wait_for_selector("#me:not([hidden])")
            page.click("#nav-approvals")
            pages[name] = page
        words = {"text": f"train the toy detector on {data}"}
        [plan] = robot.post("/api/plans", json=words).json()["plans"]
        launch = {"plan_id": plan["plan_id"], "idempotency_key": "both"}
        assert robot.post("/api/launches", json=launch).status_code == 409
        for page in pages.values():
            page.wait_for_selector("#questions button.primary")
        pages["kim"].click("#questions button:not(.primary)", no_wait_after=True)
        pages["ann"].click("#questions button.primary", no_wait_after=True)
        for page in pages.values():
            page.wait_for_selector("#questions-none:not([hidden])", timeout=20_000)
        told = {name: page.inner_text("#approvals-said") for name, page in pages.items()}
        answer = robot.post("/api/launches", json=launch).json()
        if "job" in answer:
            assert told == {"ann": "Approved, once. Whoever asked can go on.", "kim": ""}
        else:
            assert answer["error"]["code"] == "not_approved" and answer["error"]["message"].startswith("kim")
            assert told == {"ann": "", "kim": "Whoever asked is told no."}


def test_below_a_base_path(environment: dict[str, str], bank: Path, people: People, tmp_path: Path) -> None:
    from tests.team_server.conftest import serving

    people.add("kim", "cars", SEES)
    with (
        serving(environment, bank, tmp_path / "log", "--base-path", "/a/skillbank") as server,
        open_browser() as browser,
    ):
        page = open_page(browser)
        page.goto(f"{server.url}/")
        page.fill("#token", people.secrets["kim"])
        page.click("#enter button")
        page.wait_for_selector("#me:not([hidden])")
        page.click("header nav a[href='#/jobs']")
        page.wait_for_selector("#job .empty")
