"""Count what happened: measures, tables, charts and the annual report. Read-only."""
