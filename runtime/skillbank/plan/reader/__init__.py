"""The reader of plain language: every word is accounted for, or the plan asks."""
