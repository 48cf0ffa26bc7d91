"""The program behind label jobs."""
