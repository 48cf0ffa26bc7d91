"""Why an action failed, in one line."""

from skillbank_engine.session import reason


def test_a_reason_is_one_line_and_never_a_whole_network() -> None:
    assert reason(ValueError("no\n  such file")) == "no such file"
    assert reason(KeyboardInterrupt()) == "KeyboardInterrupt"
    told = reason(RuntimeError("cannot export aten::size\n" + "graph " * 200_000))
    assert told.startswith("cannot export aten::size graph") and told.endswith(" ...")
    assert len(told) < 10_000
