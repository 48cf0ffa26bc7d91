"""Doors for agents: ten tools over the one runtime, rendered for OpenAI, for MCP and for Python."""
