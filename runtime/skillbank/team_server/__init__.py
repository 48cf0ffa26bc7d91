"""The server of a team: the page, REST and MCP behind one port, for whoever has a token."""
