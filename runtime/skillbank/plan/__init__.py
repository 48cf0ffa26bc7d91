"""Compiling a request into a plan."""
