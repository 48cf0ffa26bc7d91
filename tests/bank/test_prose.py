"""Values that the prose of a skill states by a name."""

from __future__ import annotations

import pytest

from skillbank.bank.prose import stated


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("- **Monitoring metric:** val_mAP50", "val_mAP50"),
        ("- **Monitoring metric:** val_mAP50, higher is better", "val_mAP50"),
        ("- **Training monitoring metric:** `val/loss`", "val/loss"),
        ("Monitoring metric: val_acc.", "val_acc"),
        ("the monitoring metric `t2i@1` counts", "t2i@1"),
        ("- **Monitoring metrics:** `val_loss`", "val_loss"),
        ("- **Monitoring metrics:** val_loss", "val_loss"),
        ("- **Monitoring metrics:** `val_loss`, `val_acc`", ""),
        ("- **Monitoring metrics:** val_loss and val_acc", ""),
        ("- **Monitoring metrics:** `a` (logged as `A`) for one; `b` for another", ""),
        ("the monitoring metric is what counts", ""),
        ("**Monitoring metric:**\n", ""),
        ("nothing of it", ""),
    ],
)
def test_one_value_is_read_and_of_several_none(line: str, value: str) -> None:
    assert stated(f"# A skill\n{line}\nmore: `x`\n", "monitoring metric") == value
