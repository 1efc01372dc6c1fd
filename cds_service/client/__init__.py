"""The client's side of a call.

Keys and tokens of a client, and a conversation that tries a CDS Hooks service.
"""
