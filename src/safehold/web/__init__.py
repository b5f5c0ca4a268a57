"""Pages and the HTTP API. A handler parses, calls one service, and answers; errors map in one table."""
