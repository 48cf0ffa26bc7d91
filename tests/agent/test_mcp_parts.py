"""The parts of the MCP server: schemas, skills as resources, prompts, questions, addresses."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import mcp_types as types
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from mcp import Client
from mcp.shared.exceptions import MCPError

from skillbank import Runtime
from skillbank.agent.approval_policy import ApprovalPolicy
from skillbank.agent.catalogue import TOOLS
from skillbank.agent.mcp_server import resources
from skillbank.agent.mcp_server.cancellations import Cancellations
from skillbank.agent.mcp_server.http import entrance
from skillbank.agent.mcp_server.prompts import PROMPTS
from skillbank.agent.mcp_server.rendering import listed
from skillbank.agent.mcp_server.server import build_server
from skillbank.agent.mcp_server.skills import MAX_BYTES, Shelf
from skillbank.agent.tool_formats import tools_as
from skillbank.agent.toolbox import Toolbox
from skillbank.bank.discovery import Library
from skillbank.errors import UsageError
from tests.agent.mcp_clients import TOKEN, answer_of
from tests.cli.conftest import Command

HEAD = "---\nname: {name}\ndescription: Says something.\n{more}---\n# Body\n"


def skill(bank: Path, name: str, more: str = "", **files: str) -> Path:
    """Write a skill; in the names of files ``__`` stands for a slash."""
    root = bank / name
    root.mkdir(parents=True)
    (root / "SKILL.md").write_text(HEAD.format(name=name, more=more))
    for path, text in files.items():
        file = root / path.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def shelf(*banks: Path) -> Shelf:
    return Shelf(Library(banks, own=False))


# Tools


def test_every_tool_has_valid_schemas_and_its_own_hints() -> None:
    for tool in TOOLS:
        shown = listed(tool)
        for schema in (shown.input_schema, shown.output_schema or tool.result.model_json_schema()):
            Draft202012Validator.check_schema(schema)
            assert schema["type"] == "object"
        assert not shown.input_schema["additionalProperties"]
        hints = shown.annotations
        assert hints is not None
        assert hints.read_only_hint == tool.read_only
        changes = None if tool.read_only else (tool.destructive, tool.idempotent)
        assert changes == (changes and (hints.destructive_hint, hints.idempotent_hint))
    changing = {t.name for t in TOOLS if not listed(t).annotations.read_only_hint}  # type: ignore[union-attr]
    assert changing == {"launch", "cancel_job", "label_image", "label_set"}


def test_the_list_is_short() -> None:
    shown = [listed(tool).model_dump(mode="json", by_alias=True, exclude_none=True) for tool in TOOLS]
    assert len(json.dumps(shown, separators=(",", ":"), ensure_ascii=False)) <= 8000


def test_the_command_prints_the_list_of_the_server(toolbox: Toolbox) -> None:
    async def work() -> None:
        async with Client(build_server(toolbox, Cancellations())) as client:
            found = await client.list_tools()
            shown = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in found.tools]
            assert shown == tools_as("mcp")

    asyncio.run(work())


def test_an_error_keeps_to_the_schemas_of_results() -> None:
    """Some clients hold the text of an error to the schema, and show nothing of one that breaks it."""
    error = {"error": {"code": "needs_approval", "message": "A person must approve this first."}}
    schemas = [schema for tool in TOOLS if (schema := listed(tool).output_schema) is not None]
    assert schemas
    for schema in schemas:
        Draft202012Validator(schema).validate(error)


def test_an_unknown_tool_is_a_protocol_error_and_a_bad_call_is_data(toolbox: Toolbox) -> None:
    async def work() -> None:
        async with Client(build_server(toolbox, Cancellations())) as client:
            with pytest.raises(MCPError, match="There is no tool 'lunch'"):
                await client.call_tool("lunch", {})
            calls: list[tuple[str, dict[str, Any], str]] = [
                ("plan", {"nonsense": 1}, "invalid_arguments"),
                ("launch", {"plan_id": "abc"}, "not_found"),
                ("launch", {"plan_id": "abc", "wait": "yes"}, "invalid_arguments"),
                ("launch", {"wait": True}, "invalid_arguments"),
                ("launch", {"plan_id": 1, "idempotency_key": 2}, "invalid_arguments"),
                ("job_status", {"job": "last", "wait_seconds": 5}, "job_not_found"),
                ("job_status", {"job": "last", "wait_seconds": "5 s"}, "invalid_arguments"),
                ("job_status", {"job": "last", "wait_seconds": 601}, "usage"),
            ]
            for name, arguments, code in calls:
                answer = await client.call_tool(name, arguments)
                assert answer.is_error and answer_of(answer)["error"]["code"] == code, name

    asyncio.run(work())


@pytest.mark.slow
def test_a_reply_counts_for_its_own_question_and_once(toolbox: Toolbox, data: Path) -> None:
    yes = types.ElicitResult(action="accept", content={"approve": True})

    async def work() -> None:
        async def never(context: Any, params: Any) -> types.ElicitResult:
            raise AssertionError("the session is driven by hand")

        async with Client(build_server(toolbox, Cancellations()), elicitation_callback=never) as client:

            async def launch(plan: str, reply: Any = None, state: str | None = None) -> Any:
                return await client.session.call_tool(
                    "launch",
                    {"plan_id": plan},
                    input_responses={"approval": reply} if reply else None,
                    request_state=state,
                    allow_input_required=True,
                )

            plans = []
            for epochs in (1, 2):
                words = f"train the toy detector on {data} for {epochs} epochs"
                answer = await client.call_tool("plan", {"text": words})
                plans.append(answer.structured_content["plans"][0]["plan_id"])
            asked = await launch(plans[0])
            assert isinstance(asked, types.InputRequiredResult) and asked.input_requests is not None
            question = asked.input_requests["approval"].params
            assert isinstance(question, types.ElicitRequestFormParams) and plans[0][:12] in question.message
            for state in (None, "", "guessed", asked.request_state):
                # A yes without its question, to a made-up one, or to that of another plan approves nothing.
                again = await launch(plans[1], yes, state)
                assert isinstance(again, types.InputRequiredResult), state
            assert isinstance(await launch(plans[0], yes, asked.request_state), types.InputRequiredResult)
            asked = await launch(plans[0])
            unsure = types.ElicitResult(action="accept", content={"approve": "true"})
            unsaid = await launch(plans[0], unsure, asked.request_state)
            assert answer_of(unsaid)["error"]["code"] == "needs_approval"
            asked = await launch(plans[0])
            assert not (await launch(plans[0], yes, asked.request_state)).is_error
            assert isinstance(await launch(plans[0], yes, asked.request_state), types.InputRequiredResult)

    asyncio.run(work())
    [job] = toolbox.runtime.jobs.store.list()
    toolbox.runtime.jobs.wait(job.id)


MODES = ("legacy", "2026-07-28")


@pytest.mark.parametrize("mode", MODES)
def test_only_a_no_is_told_as_one_and_not_as_a_persons(mode: str, toolbox: Toolbox, data: Path) -> None:
    asked: list[str] = []
    replies = [
        (types.ElicitResult(action="decline"), "not_approved"),
        (types.ElicitResult(action="accept", content={"approve": False}), "not_approved"),
        (types.ElicitResult(action="cancel"), "needs_approval"),
        (types.ElicitResult(action="accept", content={}), "needs_approval"),
        (types.ElicitResult(action="accept", content={"approve": "yes"}), "needs_approval"),
    ]

    async def says(context: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
        asked.append(params.message)
        return replies[len(asked) - 1][0]

    async def work() -> None:
        server = build_server(toolbox, Cancellations())
        async with Client(server, mode=mode, elicitation_callback=says) as client:
            planned = await client.call_tool("plan", {"text": f"train the toy detector on {data}"})
            plan_id = planned.structured_content["plans"][0]["plan_id"]
            for _, code in replies:
                answer = answer_of(await client.call_tool("launch", {"plan_id": plan_id}))
                assert answer["error"]["code"] == code
                waits = code == "needs_approval"
                assert (answer.get("approval", {}).get("subject") == f"plan:{plan_id}") == waits
                assert f"'skillbank approve {plan_id[:12]}'" in answer["error"]["hint"]
                assert ("do not ask again" in answer["error"]["hint"]) != waits
                assert ("client answered no" in answer["error"]["message"]) != waits

    asyncio.run(work())
    assert len(asked) == len(replies) and toolbox.runtime.jobs.store.list() == []


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_a_client_that_cannot_ask_is_told_how_a_person_approves(
    mode: str, toolbox: Toolbox, data: Path, inline: Command
) -> None:
    async def work() -> None:
        async with Client(build_server(toolbox, Cancellations()), mode=mode) as client:
            planned = await client.call_tool("plan", {"text": f"train the toy detector on {data}"})
            plan_id = planned.structured_content["plans"][0]["plan_id"]
            refused = answer_of(await client.call_tool("launch", {"plan_id": plan_id}))
            assert refused["error"]["code"] == "needs_approval"
            assert refused["approval"]["subject"] == f"plan:{plan_id}"
            assert f"skillbank approve {plan_id[:12]}" in refused["error"]["hint"]
            assert inline("approve", "--yes", plan_id[:12]).code == 0
            launched = await client.call_tool("launch", {"plan_id": plan_id, "wait": True})
            assert launched.structured_content["state"] == "COMPLETE"
            again = await client.call_tool("launch", {"plan_id": plan_id})
            assert answer_of(again)["error"]["code"] == "needs_approval", "it is used once"

    asyncio.run(work())


@pytest.mark.slow
def test_a_wait_that_must_be_approved_is_asked_for_once(
    runtime: Runtime, trusted: Toolbox, data: Path
) -> None:
    [plan] = trusted.plan(text=f"train the toy detector on {data}").plans
    job = trusted.launch(plan_id=plan.plan_id).job
    asked: list[str] = []

    async def yes(context: Any, params: Any) -> types.ElicitResult:
        asked.append(params.message)
        return types.ElicitResult(action="accept", content={"approve": True})

    async def work() -> None:
        careful = Toolbox(runtime, approvals=ApprovalPolicy({"job_status": "ask"}))
        async with Client(build_server(careful, Cancellations()), elicitation_callback=yes) as client:
            answer = await client.call_tool("job_status", {"job": job, "wait_seconds": 30})
            assert answer.structured_content["state"] == "COMPLETE"

    asyncio.run(work())
    assert len(asked) == 1 and "Call job_status with" in asked[0]


# Skills as resources


def test_entries_hold_every_file_with_its_digest(tmp_path: Path) -> None:
    root = skill(
        tmp_path / "My Bank", "a-skill", "license: MIT\n", **{"references__guide one.md": "é", "x.bin": ""}
    )
    (root / "x.bin").write_bytes(b"\xff\0")
    on = shelf(tmp_path / "My Bank")
    [entry] = on.entries()
    assert entry["uri"] == "skill://my-bank/a-skill/SKILL.md"
    assert entry["frontmatter"] == {"name": "a-skill", "description": "Says something.", "license": "MIT"}
    prefix = "skill://my-bank/a-skill/"
    assert [r["uri"].removeprefix(prefix) for r in entry["resources"]] == [
        "SKILL.md", "x.bin", "references/guide%20one.md"]  # fmt: skip
    for resource in entry["resources"]:
        file = on.file(resource["uri"])
        assert file is not None
        content = file.read()
        assert resource["digest"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert resource["size"] == len(content)
    assert on.entry(entry["uri"]) == entry
    assert on.entry(prefix + "x.bin") is None
    (root / "x.bin").write_text("changed")
    assert on.entry(entry["uri"]) != entry, "an entry says what is there now"


def test_a_file_that_is_larger_than_a_skill_may_be_is_not_read(tmp_path: Path) -> None:
    root = skill(tmp_path / "bank", "a-skill", **{"x.bin": ""})
    os.truncate(root / "x.bin", MAX_BYTES + 1)
    on = shelf(tmp_path / "bank")
    assert on.file("skill://bank/a-skill/x.bin") is None
    assert on.file("skill://bank/a-skill/SKILL.md") is not None


def test_what_is_not_in_the_folder_is_not_served(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    root = skill(tmp_path / "bank", "a-skill", **{".git__config": "x", "__pycache____a.pyc": "x"})
    (root / "link.md").symlink_to(tmp_path / "secret.txt")
    (root / "folder").symlink_to(tmp_path)
    on = shelf(tmp_path / "bank")
    [entry] = on.entries()
    assert [r["uri"].rpartition("/")[2] for r in entry["resources"]] == ["SKILL.md"]
    prefix = "skill://bank/a-skill/"
    wrong = ["link.md", "folder/secret.txt", ".git/config", "../../secret.txt", "%2e%2e/%2e%2e/secret.txt"]
    wrong += [
        "..%2f..%2fsecret.txt",
        "/etc/passwd",
        "%2Fetc%2Fpasswd",
        "SKILL.md/",
        "SKILL.md%00",
        "a\\b",
        "",
    ]
    assert [uri for uri in wrong if on.file(prefix + uri) is not None] == []
    assert on.children(prefix + "..") is None and on.children("skill://bank") is None


@pytest.fixture(scope="module")
def walled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A skill's folder, beside a secret and with a link to it."""
    folder = tmp_path_factory.mktemp("walled")
    (folder / "secret.txt").write_text("secret")
    root = skill(folder / "bank", "a-skill", a="1", b__d="2")
    (root / "m").symlink_to(folder / "secret.txt")
    return root


@given(st.text("./%2efFbSKILLmd\\\0-a:", max_size=40))
@example("../../secret.txt")
def test_no_uri_leads_out_of_the_folder(walled: Path, tail: str) -> None:
    on = shelf(walled.parent)
    for uri in (f"skill://{tail}", f"skill://bank/a-skill/{tail}", f"skill://bank/a-skill/{quote(tail)}"):
        file = on.file(uri)
        assert file is None or (file.path.resolve().is_relative_to(walled) and not file.path.is_symlink())
        on.children(uri)


def test_folders_are_listed_one_level_at_a_time(tmp_path: Path) -> None:
    skill(tmp_path / "bank", "a-skill", references__a="1", references__deep__b="22")
    on = shelf(tmp_path / "bank")
    top = on.children("skill://bank/a-skill")
    assert top is not None
    assert [(name, mime) for _, name, mime, _ in top] == [
        ("SKILL.md", "text/markdown"), ("references", "inode/directory")]  # fmt: skip
    below = on.children(top[1][0])
    assert below is not None and [(n, size) for _, n, _, size in below] == [("a", 1), ("deep", None)]
    assert on.children("skill://bank/a-skill/SKILL.md") is None, "a file is no folder"


def test_skills_that_break_the_standard_have_no_entry_and_take_none_down(tmp_path: Path) -> None:
    bank = tmp_path / "bank"
    skill(bank, "good")
    skill(bank, "listed-metadata", "metadata: {tags: [a, b]}\n")
    skill(bank, "number-license", "license: 2\n")
    skill(bank, "not-a-number", "metadata: {x: .nan}\n")
    skill(bank, "too-large", big="x" * (16 * 1024 * 1024))
    (bank / "headless").mkdir()
    (bank / "headless" / "SKILL.md").write_text("no head")
    on = shelf(bank)
    assert [entry["frontmatter"]["name"] for entry in on.entries()] == ["good"]
    assert on.file("skill://bank/listed-metadata/SKILL.md") is not None, "its files can be read all the same"


def test_banks_of_the_same_name_have_addresses_of_their_own(tmp_path: Path) -> None:
    for parent in ("one", "two"):
        skill(tmp_path / parent / "Bank", "same")
    skill(tmp_path / "bank", "same")
    entries = shelf(tmp_path / "one" / "Bank", tmp_path / "two" / "Bank", tmp_path / "bank").entries()
    assert len({entry["uri"] for entry in entries}) == 3


def test_resources_over_the_protocol(runtime: Runtime, toolbox: Toolbox, tmp_path: Path) -> None:
    async def work() -> None:
        async with Client(build_server(toolbox, Cancellations())) as client:
            heads = (await client.list_resources()).resources
            assert {h.name for h in heads} >= {"toy-detector", "tao-train-grounding-dino"}
            [toy] = [h for h in heads if h.name == "toy-detector"]
            assert toy.mime_type == "text/markdown" and toy.meta is not None
            assert toy.meta["from_skill"] == {"skill": "toy-detector", "text": "A toy that detects toys."}
            assert "toys" not in str(toy.description)
            [content] = (await client.read_resource(toy.uri)).contents
            assert isinstance(content, types.TextResourceContents) and content.text.endswith("# Toy\n")
            [template] = (await client.list_resource_templates()).resource_templates
            assert template.uri_template == "skill://{bank}/{skill}/{+file}"
            for uri in (toy.uri + "x", "skill://bank/toy-detector/../../data/data.txt", "file:///etc/passwd"):
                with pytest.raises(MCPError) as unknown:
                    await client.read_resource(uri)
                assert unknown.value.code == types.INVALID_PARAMS
            for cursor in ("1000", "-1", "x"):
                with pytest.raises(MCPError, match="cursor"):
                    await client.list_resources(cursor=cursor)

    asyncio.run(work())


def test_long_lists_come_in_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "PAGE", 5)
    for i in range(12):
        skill(tmp_path / "bank", f"skill-{i:03d}")

    async def work() -> None:
        with Runtime([tmp_path / "bank"]) as runtime:
            async with Client(build_server(Toolbox(runtime), Cancellations())) as client:
                names: list[str] = []
                cursor: str | None = None
                while True:
                    page = await client.list_resources(cursor=cursor)
                    names += [r.name for r in page.resources]
                    cursor = page.next_cursor
                    if cursor is None:
                        break
                assert len(names) == len(set(names)) == 12 + len(Library().skills)
                for foreign in ("3", "05", "500", "0"):
                    with pytest.raises(MCPError, match="is not one of ours; start anew"):
                        await client.list_resources(cursor=foreign)

    asyncio.run(work())


# Prompts


def test_prompts_are_filled_once_and_name_only_real_tools() -> None:
    tools = {tool.name for tool in TOOLS}
    for prompt in PROMPTS.values():
        needed = {name: f"<{name} {{job}}>" for name, _, default in prompt.arguments if default is None}
        [message] = prompt.filled(needed).messages
        assert isinstance(message.content, types.TextContent)
        text = message.content.text
        assert all(value in text for value in needed.values()), "values are put in as they are"
        named = set(
            re.findall(r"\b(?:search_skills|describe_action|job_\w+|cancel_\w+|list_\w+|label_\w+)", text)
        )
        assert named <= tools
        for name in needed:
            with pytest.raises(ValueError, match=f"needs the argument '{name}'"):
                prompt.filled({k: v for k, v in needed.items() if k != name})
        with pytest.raises(ValueError, match="has no argument 'other'"):
            prompt.filled({**needed, "other": "x"})
    assert set(PROMPTS) == {"train", "train_without_hpo", "evaluate", "label_pictures", "diagnose"}


def test_the_prompt_for_a_training_without_search_reads_as_one(runtime: Runtime, data: Path) -> None:
    [message] = PROMPTS["train_without_hpo"].filled({"model": "toy detector", "data": str(data)}).messages
    assert isinstance(message.content, types.TextContent)
    [plan] = runtime.plan(message.content.text.split("\n")[0])
    assert (plan.skill.name, plan.action, plan.automl_policy.value) == ("toy-detector", "train", "off")


# Where HTTP listens


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "example.org", ""])
def test_beyond_loopback_a_token_must_be_set(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SKILLBANK_MCP_TOKEN", raising=False)
    with pytest.raises(UsageError, match="SKILLBANK_MCP_TOKEN is not set"):
        entrance(host, 1)
    monkeypatch.setenv("SKILLBANK_MCP_TOKEN", TOKEN)
    assert not entrance(host, 1).generated


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "LOCALHOST"])
def test_on_loopback_a_token_is_made(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLBANK_MCP_TOKEN", "  ")
    at, another = entrance(host, 1), entrance(host, 1)
    assert at.generated and at.token != another.token


def test_a_weak_token_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLBANK_MCP_TOKEN", "hunter2")
    with pytest.raises(UsageError, match="at least 16") as refused:
        entrance("127.0.0.1", 1)
    assert "hunter2" not in str(refused.value)
