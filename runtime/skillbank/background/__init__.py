"""Processes that see to jobs and searches while nobody looks; each opens the runtime as a door does."""
