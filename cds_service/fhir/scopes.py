"""What a FHIR access token may read by its scopes: ``patient/*.read`` of SMART 1, ``patient/Observation.rs`` of SMART 2."""

from __future__ import annotations

import re
from typing import Literal

Access = Literal["whole", "part", "none"]
_SCOPE = re.compile(r"(patient|user|system)/(\*|[A-Za-z]+)\.(read|write|\*|c?r?u?d?s?)(\?\S+)?")


class Scopes:
    """The scopes of one token. A token whose scopes are not stated may be tried for everything: the server knows."""

    def __init__(self, stated: str, *, of_this_patient: bool = True) -> None:
        """``stated`` is the space-separated list; ``of_this_patient`` is False when the token's patient is another than the call's,
        and its ``patient/`` scopes then give nothing."""
        self._unstated = not stated.strip()
        found = (_SCOPE.fullmatch(scope) for scope in stated.split())
        self._granted = [m.groups() for m in found if m and (of_this_patient or m.group(1) != "patient")]

    def access(self, kind: str, *, search: bool) -> Access:
        """How much of a resource type may be searched, or read; ``part`` where a scope narrows it to some of its resources."""
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
