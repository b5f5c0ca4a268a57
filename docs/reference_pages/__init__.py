"""What writes each reference page, one module per page."""
