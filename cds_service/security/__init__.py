"""Who may call the service, and whom the service may call."""
