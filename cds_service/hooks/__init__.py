"""CDS Hooks on the wire: discovery and calls.

Each call goes from its bytes to its reply in seven steps.
"""
