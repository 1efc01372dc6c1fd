"""URLs as browsers write them.

So what is compared letter for letter is written alike.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

_PORTS: Final = {"https": 443, "http": 80}


def normal_url(written: str) -> str:
    """Return a URL as a browser writes it.

    Scheme and host are in lower case, the scheme's own port is left out, and there is no slash at the end. What is no
    URL of the web comes back as it is, for whoever reads it to say so.

    Source: RFC 3986, 6.2.2.1 and 6.2.3; RFC 6454, 6.2.
    """
    plain = written.strip().rstrip("/")
    try:
        parts = urlsplit(plain)
        port = parts.port
    except ValueError:
        return plain
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        return plain
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    beside = "" if port in (None, _PORTS[parts.scheme]) or parts.netloc.endswith(":") else f":{port}"
    return f"{parts.scheme}://{host}{beside}{plain[len(parts.scheme) + 3 + len(parts.netloc) :]}"
