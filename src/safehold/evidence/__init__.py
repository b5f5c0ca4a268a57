"""Evidence: custody of what matched or was flagged, preservation, retention, destruction, reading."""
