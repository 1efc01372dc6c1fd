"""How an outbound call ends without an answer.

This stands apart from what makes calls, which a service that makes none does not load.
"""

from __future__ import annotations


class NotAllowed(Exception):
    """The guard refused a call, and nothing was sent.

    ``why`` says the reason in words without the URL.
    """

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class Unreachable(Exception):
    """The call was made and brought no answer.

    ``why`` is ``timeout``, ``too large``, ``redirect``, ``name``, ``tls``, ``encoding`` or ``connection``.
    """

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)
