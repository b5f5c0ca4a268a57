"""Count what happened: measures, tables, charts, the annual report, the overview. Writes its counts alone."""
