"""Which IP addresses the service may connect to: those of the public internet, and nothing that leads inside."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

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
"""Global unicast. Outside of it lie loopback, link-local, unique local, multicast, IPv4-mapped and NAT64 addresses."""
_INSIDE_6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, Teredo, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address in disguise
        "3fff::/20",  # documentation
    )
)


def may_connect(address: str, *, loopback: bool = False) -> bool:
    """Whether an IP address, in text, is one of the public internet; with ``loopback``, whether it is one of this machine.

    The ranges are those of the IANA special-purpose address registries (RFC 6890 and its updates).
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    return ip.is_loopback if loopback else _public(ip)


def _public(ip: IPv4Address | IPv6Address) -> bool:
    if isinstance(ip, IPv4Address):
        return not any(ip in network for network in _INSIDE_4)
    return ip in _PUBLIC_6 and not any(ip in network for network in _INSIDE_6)
