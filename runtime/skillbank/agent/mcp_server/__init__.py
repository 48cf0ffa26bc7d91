"""The MCP door: the tools, the skills as resources, prompts, and jobs as tasks, over stdio and HTTP."""
