"""The algorithms that clients may sign with.

They are apart from what verifies signatures, which an open service does not load.
"""

from __future__ import annotations

ALGORITHMS = ("ES384", "RS384", "ES256", "RS256", "ES512", "RS512", "PS256", "PS384", "PS512")
"""The asymmetric signature algorithms that are accepted.

CDS Hooks recommends the first two and forbids ``none`` and symmetric ones.
"""
