"""What a FHIR access token may read, by its scopes.

Scopes are written as ``patient/*.read`` in SMART 1, and as ``patient/Observation.rs`` in SMART 2.
"""

from __future__ import annotations

import re
from typing import Literal

Access = Literal["whole", "part", "none"]
_SCOPE = re.compile(r"(patient|user|system)/(\*|[A-Za-z]+)\.(read|write|\*|c?r?u?d?s?)(\?\S+)?")


class Scopes:
    """The scopes of one token.

    A token whose scopes are not stated may be tried for everything, since the server knows what it may read.
    """

    def __init__(self, stated: str, *, of_this_patient: bool = True) -> None:
        """Read the scopes from their space-separated list.

        ``of_this_patient`` is False when the token is for another patient than the call's; its ``patient/`` scopes then
        grant nothing.
        """
        self._unstated = not stated.strip()
        found = (_SCOPE.fullmatch(scope) for scope in stated.split())
        self._granted = [m.groups() for m in found if m and (of_this_patient or m.group(1) != "patient")]

    def access(self, kind: str, *, search: bool) -> Access:
        """Tell how much of a resource type may be searched, or read.

        Returns ``part`` where a scope narrows it to some of its resources.
        """
        if self._unstated:
            return "whole"
        needed = "s" if search else "r"
        fitting = [
            narrowed
            for _, granted, actions, narrowed in self._granted
            if granted in ("*", kind) and (actions in ("read", "*") or (actions != "write" and needed in actions))
        ]
        if not fitting:
            return "none"
        return "whole" if None in fitting else "part"

    def may_create(self, kind: str) -> bool:
        """Whether resources of a type may be created."""
        return self._unstated or any(
            granted in ("*", kind) and not narrowed and (actions in ("write", "*") or (actions != "read" and "c" in actions))
            for _, granted, actions, narrowed in self._granted
        )
