"""The words of the trade: frozen values, enums, events, errors, permissions. Standard library only."""
