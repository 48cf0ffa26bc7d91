"""Calls that a model wrote as text: every known form is a call, an example or a quotation is none."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillbank.language_model.written_calls import written_calls

TOOLS = {"plan": ("text", "skill", "data"), "launch": ("plan_id",), "list_jobs": ()}
PLAN = {"text": "train on d, «no HPO»"}
J = json.dumps({"name": "plan", "arguments": PLAN}, ensure_ascii=False)
A = json.dumps(PLAN, ensure_ascii=False)
U, B = "\uff5c", "\u2581"

FORMS = [
    f"<tool_call>{J}</tool_call>",
    f"<tool_call>\n{J}\n</tool_call>\n",
    f"I shall plan it.\n<tool_call>\n{J}",
    f"<tool_call>\n```json\n{J}\n```\n</tool_call>",
    f"<tool_calls>[{J}]</tool_calls>",
    f"<function_call>{J}</function_call>",
    f"<functioncall> {J}",
    f"<|tool_call|>[{J}]<|/tool_call|>",
    f"<tool_call>\n<function=plan>\n<parameter=text>\n{PLAN['text']}\n</parameter>\n</function>\n</tool_call>",
    f"<tool_call>plan\n<arg_key>text</arg_key>\n<arg_value>{PLAN['text']}</arg_value>\n</tool_call>",
    f'<function_calls><invoke name="plan"><parameter name="text">{PLAN["text"]}</parameter></invoke>'
    "</function_calls>",
    f"<function=plan>{A}</function>",
    f"[TOOL_CALLS] [{J}]",
    f"[TOOL_CALLS]plan[ARGS]{A}",
    f"[TOOL_CALLS]plan[CALL_ID]abc123[ARGS]{A}",
    f"<|python_tag|>{json.dumps({'name': 'plan', 'parameters': PLAN})}<|eom_id|>",
    f"<|tool_calls_section_begin|><|tool_call_begin|>functions.plan:0<|tool_call_argument_begin|>{A}<|tool_call_end|>"
    "<|tool_calls_section_end|>",
    f"<{U}tool{B}calls{B}begin{U}><{U}tool{B}call{B}begin{U}>function<{U}tool{B}sep{U}>plan\n```json\n{A}\n```"
    f"<{U}tool{B}call{B}end{U}><{U}tool{B}calls{B}end{U}>",
    f"<{U}tool{B}call{B}begin{U}>plan<{U}tool{B}sep{U}>{A}<{U}tool{B}call{B}end{U}>",
    J,
    f"Now the plan:\n\n{J}",
    f"```json\n{J}\n```",
    f"Here is it:\n\n```json\n{J}\n```\n",
    f"```\n{json.dumps({'tool': 'plan', 'input': PLAN})}\n```",
    json.dumps({"tool_calls": [{"type": "function", "function": {"name": "plan", "arguments": A}}]}),
    json.dumps({"type": "tool_use", "id": "x", "name": "plan", "input": PLAN}),
    json.dumps({"function": {"name": "plan", "arguments": PLAN}}),
    json.dumps({"function_call": {"name": "functions.plan", "arguments": A}}),
    json.dumps({"tool_uses": [{"recipient_name": "functions.plan", "parameters": PLAN}]}),
    json.dumps({"action": "plan", "action_input": PLAN}),
    json.dumps({"plan": PLAN}),
    json.dumps({"tool": "plan", **PLAN}),
    json.dumps([{"name": "plan", "arguments": PLAN}], indent=2),
    f"plan(text={PLAN['text']!r})",
    f"I plan it.\nplan({PLAN['text']!r})",
    f"```python\nplan(text={PLAN['text']!r})\n```",
    f"```tool_code\nprint(default_api.plan(text={PLAN['text']!r}))\n```",
    f"```tool_code\nresult = plan(text={PLAN['text']!r})\n```",
    f"[plan(text={PLAN['text']!r})]",
    f"plan({A})",
    f"Thought: I need a plan.\nAction: plan\nAction Input: {A}",
]


@pytest.mark.parametrize("text", FORMS)
def test_a_known_form_is_a_call(text: str) -> None:
    found = written_calls(text, TOOLS, ())
    [call] = found.calls
    assert call.name == "plan" and json.loads(call.arguments) == PLAN and not found.unmade
    assert "plan(" not in found.text and "{" not in found.text and "<" not in found.text


def test_several_are_several_in_their_order() -> None:
    other = '{"name": "list_jobs", "arguments": {}}'
    for text in (f"<tool_call>{J}</tool_call>\n<tool_call>{other}</tool_call>", f"[{J}, {other}]",
                 f"{J}\n{other}", f"```json\n{J}\n```\n```json\n{other}\n```",
                 "plan(text='a')\nlist_jobs()"):  # fmt: skip
        assert [call.name for call in written_calls(text, TOOLS, ()).calls] == ["plan", "list_jobs"], text


def test_what_is_broken_is_a_call_that_the_tool_answers() -> None:
    for text, name in [('<tool_call>{"name": "launch", "arguments": {"plan_id": "a', "launch"),
                       ('<tool_call>{"name": "nonsense", "arguments": {}}</tool_call>', "nonsense"),
                       ('{"name": "train_model", "arguments": {}}', "train_model")]:  # fmt: skip
        assert [call.name for call in written_calls(text, TOOLS, ()).calls] == [name]


EXAMPLES = [
    "The plan is ready: shall I launch it?",
    "You can say launch and I start the plan (it takes an hour).",
    '{"name": "a detector", "state": "COMPLETE"}',
    '```json\n{"epochs": 3}\n```',
    "```python\nprint('plan')\n```",
    "plan",
    "launch()-ing is for a person.",
    "plan(text=open('/etc/passwd').read())\nis no literal",
    "[1, 2, 3]",
    "",
]


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_answer_that_holds_no_call_stays_as_it_is(text: str) -> None:
    found = written_calls(text, TOOLS, ())
    assert (found.calls, found.text) == ((), text)


UNMADE = [
    f"```json\n{J}\n```\nThis would plan it. Shall I?",
    "To start it, use:\n`launch(plan_id='abc')`\nand wait.",
    "launch(plan_id=find_it())",
    f"{J} and so on",
]


@pytest.mark.parametrize("text", UNMADE)
def test_what_only_seems_to_be_a_call_is_told(text: str) -> None:
    found = written_calls(text, TOOLS, ())
    assert (found.calls, found.text) == ((), text) and found.unmade.startswith("a call of ")


QUOTATIONS = [
    '<tool_call>{"name": "launch", "arguments": {"plan_id": "abc"}}</tool_call>',
    '```json\n{"name": "launch",\n "arguments": {"plan_id": "abc"}}\n```',
    'The log says:\nlaunch(plan_id="abc")',
]


@pytest.mark.parametrize("text", QUOTATIONS)
def test_what_a_tool_has_answered_is_a_quotation(text: str) -> None:
    log = ['{"name": "launch", "arguments": {"plan_id": "abc"}}', 'launch(plan_id="abc")']
    found = written_calls(
        text, TOOLS, ["{}", json.dumps({"job": "x", "lines": [f"3: {line}" for line in log]})]
    )
    assert found.calls == () and found.unmade == "a call of launch that repeats what a tool has answered"
    assert written_calls(text, TOOLS, [json.dumps({"plans": [{"plan_id": "abc"}]})]).calls


@given(st.text(max_size=60) | st.text(st.sampled_from("{}[]()<>\"'plantoolcall_=:,/|`\n "), max_size=80))
def test_any_text_is_taken(text: str) -> None:
    found = written_calls(text, TOOLS, (text,))
    assert not found.calls or found.text != text
