"""The HTTP interface, the OpenAI-compatible routes and the MCP server."""
