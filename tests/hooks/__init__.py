"""Calls of hooks and their answers, as a client sees them."""
