"""Conversations: cues by rule and by behaviour, gathered until there is enough for a person to look."""
