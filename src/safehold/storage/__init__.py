"""The only home of SQL: one file per noun, migrations, and the embedded server."""
