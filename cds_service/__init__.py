"""An open CDS Hooks service that reads medical policies."""
