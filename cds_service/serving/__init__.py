"""One process of the service.

The room holds the server's side of it, what every request passes, and what operators ask.
"""
