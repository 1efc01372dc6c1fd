"""What the security tests share: servers that stop by themselves, and an environment without the user's settings."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from tests.security.server import Answer, Server


@pytest.fixture(autouse=True)
def _environment(environment_of_its_own: None) -> None:
    """Every test here has the environment without the user's settings."""


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A certificate authority of the tests."""
    return trustme.CA()


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path) -> str:
    """The file of certificates that trusts the tests' authority."""
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture
def serving(authority: trustme.CA) -> Iterator[Callable[..., Server]]:
    """Starts servers; ``name`` gives one a certificate for that name, else it speaks http."""
    made: list[Server] = []

    def serve(answer: Answer, name: str = "") -> Server:
        tls = None
        if name:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert(name).configure_cert(tls)
        made.append(Server(answer, tls))
        return made[-1]

    yield serve
    for server in made:
        server.close()
