"""What an assessment is called in other schemes, as tables: data with their source and date."""
