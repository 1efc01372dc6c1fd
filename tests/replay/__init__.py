"""Replay: rows against HTTP, sources with everything wrong, runs that are killed, engines, the report."""
