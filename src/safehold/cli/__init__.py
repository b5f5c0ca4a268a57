"""The command line: one file per command; a command parses, calls one service and prints."""
