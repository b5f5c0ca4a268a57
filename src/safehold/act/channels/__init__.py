"""Ways of telling somebody what is asked of them, one file each."""
