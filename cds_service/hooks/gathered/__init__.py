"""The chart of a call.

It is made of what the client prefetched, and what is read from its FHIR server.
"""
