"""The IP addresses that the service may connect to.

They are those of the public internet, and of private networks that the operator named.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network

_INSIDE_4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network, unspecified
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by a provider's customers (CGNAT)
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # a cloud's platform service under a public address
        "169.254.0.0/16",  # link-local, where clouds keep their metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
_PUBLIC_6 = IPv6Network("2000::/3")
"""Global unicast.

Outside of it lie loopback, link-local, unique local, multicast, IPv4-mapped and NAT64 addresses.
"""
_INSIDE_6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, Teredo, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address in disguise
        "3fff::/20",  # documentation
    )
)


_NAMEABLE = tuple(
    ip_network(network)
    for network in (
        "10.0.0.0/8",
        "100.64.0.0/10",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "fc00::/7",
        "127.0.0.0/8",
        "::1/128",
        "169.254.0.0/16",
        "fe80::/10",
    )
)
"""The ranges of which an operator may name a part.

Loopback and link-local addresses are reached by no wider range: whoever wants them names them.
"""
_NEVER = frozenset(map(ip_address, ("169.254.169.254", "169.254.170.2", "100.100.100.200", "fd00:ec2::254")))
"""The addresses where clouds tell a machine its own credentials.

They are called by nobody, whatever is named.
"""


def private_network(written: str) -> Network:
    """Read a private network that an operator names, such as ``10.20.0.0/16``.

    Raises ValueError, saying why, for what is no network, and for one that is not wholly private.
    """
    try:
        network = ip_network(written)
    except ValueError:
        raise ValueError("it is no network; 10.20.0.0/16 is one, and its host bits are zero") from None
    if not any(network.version == wide.version and network.subnet_of(wide) for wide in _NAMEABLE):  # type: ignore[arg-type]
        raise ValueError(
            "it is not wholly of one private range (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, fc00::/7)"
        )
    return network


def may_connect(address: str, *, loopback: bool = False, private: Iterable[Network] = ()) -> bool:
    """Tell whether the service may connect to an IP address.

    The address, in text, must be one of the public internet or of a ``private`` network that was named; with
    ``loopback``, one of this machine. The ranges are those of the IANA special-purpose address registries (RFC 6890 and
    its updates).
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if loopback:
        return ip.is_loopback
    return _public(ip) or (ip not in _NEVER and any(ip in network for network in private))


def _public(ip: IPv4Address | IPv6Address) -> bool:
    if isinstance(ip, IPv4Address):
        return not any(ip in network for network in _INSIDE_4)
    return ip in _PUBLIC_6 and not any(ip in network for network in _INSIDE_6)
