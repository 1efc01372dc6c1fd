"""The measuring commands, and what they hold."""
