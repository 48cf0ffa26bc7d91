"""The report of an experiment: its data, and one page that shows them."""
