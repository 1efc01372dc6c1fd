"""Da Vinci DTR, through the front door."""
