"""Audits of skills: does one try to trick the reader, does it start what nobody sees, has it known bugs.

An audit reads files and nothing else: nothing of a bank is imported, started or followed. Every rule is a small
function beside its own description (`skillbank.trust.audit.finding.rule`); `skillbank.trust.audit.report` runs
them all.
"""
