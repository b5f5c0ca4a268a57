"""Make it stop: holds, and telling platforms what was decided, through channels."""
