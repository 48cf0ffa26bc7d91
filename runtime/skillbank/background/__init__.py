"""Processes that see to jobs and searches while nobody looks; each opens the runtime as a door does."""

from skillbank.garbage import collect_seldom

collect_seldom()
