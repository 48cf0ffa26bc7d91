"""The program behind the bank's skill that labels pictures of a set: a model's findings, line by line."""
