"""The guard of outbound calls: where it may go, how long it may take, how much it may bring back."""

from __future__ import annotations

import gzip
import logging
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.security.addresses import may_connect, private_network
from cds_service.security.outbound import NotAllowed, Outbound, ServerReply, Unreachable
from cds_service.security.resolver import Private
from cds_service.security.urls import allows, read_url
from tests.security.server import Server, says

pytestmark = pytest.mark.server

Serving = Callable[..., Server]
SECRET = "secret-of-the-member"  # noqa: S105 - made up


def here(*_: object) -> list[str]:
    """Resolves every name to this machine."""
    return ["127.0.0.1"]


def got(outbound: Outbound, url: str, seconds: float = 5, largest: int = 1000) -> ServerReply:
    """Gets a URL whose origin is allowed, with a token."""
    origin = "/".join(url.split("/")[:3])
    deadline = time.monotonic() + seconds
    return outbound.get(url, allowed=[origin], headers={"Authorization": f"Bearer {SECRET}"}, deadline=deadline, largest=largest)


# addresses

INSIDE = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
    "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    "::/128", "::1/128", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/32", "2001:db8::/32", "2002::/16",
    "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
]  # fmt: skip


def address_in(network: IPv4Network | IPv6Network) -> st.SearchStrategy[str]:
    """Any address of a network."""
    first, last = int(network.network_address), int(network.broadcast_address)
    kind = IPv4Address if network.version == 4 else IPv6Address
    return st.integers(first, last).map(lambda number: str(kind(number)))


@given(st.sampled_from([ip_network(network) for network in INSIDE]).flatmap(address_in))
@pytest.mark.verifies("fhir-server-allowed")
def test_no_special_address_is_called(address: str) -> None:
    """Any address of any special range is refused, however it is written."""
    assert not may_connect(address)


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_what_the_registry_calls_not_global_is_refused(address: IPv4Address) -> None:
    """No IPv4 address that Python's copy of the registry calls special is called, and none of them in an IPv6 disguise."""
    if not address.is_global or address.is_multicast or address.is_reserved:
        assert not may_connect(str(address))
    assert not may_connect(f"::ffff:{address}")
    assert not may_connect(f"64:ff9b::{address}")


@pytest.mark.parametrize("address", ["8.8.8.8", "172.15.255.255", "100.128.0.0", "2606:4700::1111", "2a00:1450::1"])
def test_public_addresses_are_called(address: str) -> None:
    """Addresses of the public internet are allowed, also right beside special ranges."""
    assert may_connect(address)


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["8.8.8.8", "::1"], ["169.254.169.254"], ["fe80::1%1"]]
)
def test_one_inner_address_is_enough_to_refuse(addresses: list[str]) -> None:
    """A name is refused when any of its addresses leads inside, and nothing is sent."""
    with pytest.raises(NotAllowed):
        got(Outbound(resolve=lambda *_: addresses), "https://ehr.test/fhir")


@pytest.mark.parametrize("address", ["10.0.0.1", "192.168.1.1", "169.254.169.254", "fd00::1"])
def test_development_allows_this_machine_alone(address: str) -> None:
    """Development lets no other private address through, by https or http."""
    for scheme in ("https", "http"):
        with pytest.raises(NotAllowed):
            got(Outbound(development=True, resolve=lambda *_: [address]), f"{scheme}://ehr.test/fhir")


def test_http_to_a_public_address_is_refused_in_development_too() -> None:
    """Plain http goes to this machine or nowhere."""
    with pytest.raises(NotAllowed):
        got(Outbound(development=True, resolve=lambda *_: ["8.8.8.8"]), "http://ehr.test/fhir")
    with pytest.raises(NotAllowed):
        got(Outbound(resolve=here), "http://ehr.test/fhir")


def test_a_rebinding_name_is_resolved_once_and_the_checked_address_connected_to(
    serving: Serving, bundle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is public when asked first and this machine afterwards never reaches this machine."""
    server = serving(says(b"inside"), "ehr.test")
    asked: list[str] = []
    connected: list[object] = []

    def rebinding(host: str, _: int) -> list[str]:
        asked.append(host)
        return ["8.8.8.8"] if len(asked) == 1 else ["127.0.0.1"]

    def connect(_: object, to: object) -> None:
        connected.append(to)
        raise ConnectionRefusedError

    monkeypatch.setattr("cds_service.security.connections._TimedSocket.connect", connect)
    outbound = Outbound(ca_bundle=bundle, resolve=rebinding)
    with pytest.raises(Unreachable, match="connection"):
        got(outbound, f"https://ehr.test:{server.port}/")
    with pytest.raises(NotAllowed):
        got(outbound, f"https://ehr.test:{server.port}/")
    assert (len(asked), connected, server.seen) == (2, [("8.8.8.8", server.port)], [])


# URLs


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://ehr.example/fhir", True),
        ("https://EHR.example:443/fhir/Condition?patient=1", True),
        ("https://ehr.example/fhirx", False),
        ("https://ehr.example/", False),
        ("https://ehr.example.evil/fhir", False),
        ("https://ehr.example:8443/fhir", False),
        ("http://ehr.example/fhir", False),
        ("https://other.example/fhir", False),
    ],
)
@pytest.mark.verifies("fhir-server-allowed")
def test_prefixes_match_whole_segments(url: str, allowed: bool) -> None:
    """A prefix covers its own path and what lies below it, on its own scheme, host and port."""
    assert allows(["https://ehr.example/fhir/"], read_url(url)) is allowed


@pytest.mark.parametrize(
    "url",
    [
        "https://ehr.example@evil.example/fhir", "https://u:p@ehr.example/fhir", "https://ehr.example/fhir#x", "https://ehr.example/fhir/../x",
        "https://ehr.example/fhir/%2e%2e/x", "https://ehr.example/fhir/%2E./x", "https://ehr.example/fhir%2fx", "https://ehr.example/fhir\\x",
        "https://ehr.example/fhir/%252e%252e/x", "https://ehr.example\\@evil.example/", "https://ehr.example /fhir", "https://ehr.example/fhir\r\nX: y",
        "https://ehr.example:0/fhir", "https://ehr.example:99999/fhir", "https://ehr.example:/fhir", "https:///fhir", "ftp://ehr.example/", "//ehr.example/fhir",
        "https://[fe80::1%25eth0]/", "https://ehr..example/", "https://ehr.exämple/", "https://-ehr.example/", "https://ehr.example?x", "/fhir", "",
    ],
)  # fmt: skip
def test_urls_that_programs_read_differently_are_refused(url: str) -> None:
    """User names, fragments, dot segments, encoded separators, odd ports and hosts: nothing is resolved and nothing sent."""
    outbound = Outbound(resolve=lambda *_: pytest.fail("it was resolved"))
    with pytest.raises(NotAllowed) as refused:
        outbound.get(url, allowed=["https://ehr.example/fhir"], deadline=time.monotonic() + 1, largest=1)
    assert "ehr.example" not in str(refused.value)


@given(
    st.lists(st.text("abcx.-", min_size=1, max_size=4).filter(lambda s: set(s) != {"."}), max_size=4), st.text("abcx/", max_size=6)
)
def test_a_prefix_covers_exactly_what_lies_below_it(segments: list[str], more: str) -> None:
    """Whatever is appended to a prefix is covered when it begins a new segment, and not when it lengthens the last one."""
    prefix = "https://ehr.example/" + "/".join(segments)
    assert allows([prefix], read_url(f"{prefix}/{more}"))
    if segments and more and not more.startswith("/"):
        assert not allows([prefix], read_url(prefix + more))


# the call


def test_tls_and_host_use_the_name_and_the_connection_is_kept(serving: Serving, bundle: str) -> None:
    """The certificate and the Host header are of the name; a second call uses the same connection without resolving again."""
    server = serving(says(b"found"), "ehr.test")
    asked: list[str] = []

    def resolve(host: str, _: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    outbound = Outbound(development=True, ca_bundle=bundle, resolve=resolve)
    for path in ("a", "b?code=x|1"):
        assert got(outbound, f"https://ehr.test:{server.port}/{path}").body == b"found"
    (_, headers, first), (_, _, second) = server.seen
    assert (headers["Host"], first == second, asked) == (f"ehr.test:{server.port}", True, ["ehr.test"])


def test_a_certificate_of_another_name_or_authority_is_refused(serving: Serving, bundle: str) -> None:
    """TLS is verified against the name and the trusted authorities; nothing of the request is sent."""
    server = serving(says(b"found"), "ehr.test")
    for outbound, name in (
        (Outbound(development=True, ca_bundle=bundle, resolve=here), "other.test"),
        (Outbound(development=True, resolve=here), "ehr.test"),
    ):
        with pytest.raises(Unreachable, match="tls"):
            got(outbound, f"https://{name}:{server.port}/")
    assert server.seen == []


@pytest.mark.verifies("fhir-server-allowed")
def test_redirects_are_not_followed(serving: Serving) -> None:
    """A redirect, here to an address inside, ends the call; no second server is called."""
    inside = serving(says(b"inside"))
    server = serving(says(b"", 302, Location=f"http://127.0.0.1:{inside.port}/"))
    with pytest.raises(Unreachable, match="redirect"):
        got(Outbound(development=True), f"http://127.0.0.1:{server.port}/")
    assert inside.seen == []


@pytest.mark.verifies("fhir-token-nowhere-else")
def test_the_token_goes_to_the_allowed_origin_alone(serving: Serving) -> None:
    """A next link of another origin is refused before anything is sent."""
    other = serving(says(b"{}"))
    with pytest.raises(NotAllowed):
        Outbound(development=True).get(
            f"http://127.0.0.1:{other.port}/",
            allowed=[f"http://127.0.0.1:{other.port + 1}/"],
            deadline=time.monotonic() + 5,
            largest=9,
        )
    assert other.seen == []


def dripping(head: bytes, drop: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    """Sends a beginning, and then a little at a time without end."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(head)
        while True:
            request.wfile.write(drop)
            time.sleep(0.05)

    return answer


@pytest.mark.parametrize(
    ("head", "drop"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["status line", "one header", "many headers", "body", "chunks", "continues"],
)
@pytest.mark.parametrize("name", ["", "ehr.test"], ids=["http", "https"])
def test_a_dripping_server_cannot_hold_a_call(serving: Serving, bundle: str, head: bytes, drop: bytes, name: str) -> None:
    """However slowly a server sends, and whichever part, the call ends: by its deadline, or by a bound on headers before."""
    server = serving(dripping(head, drop), name)
    outbound = Outbound(development=True, ca_bundle=bundle, resolve=here)
    with pytest.raises(Unreachable, match=r"timeout|connection"):
        got(outbound, f"{'https' if name else 'http'}://{name or '127.0.0.1'}:{server.port}/", seconds=0.5, largest=10**6)


def test_a_name_server_that_hangs_cannot_hold_a_call() -> None:
    """Resolving a name is part of the call's time."""

    def resolve(*_: object) -> list[str]:
        time.sleep(2)
        return ["8.8.8.8"]

    with pytest.raises(Unreachable, match="timeout"):
        got(Outbound(resolve=resolve), "https://ehr.test/", seconds=0.2)


def test_a_name_without_addresses_is_unreachable() -> None:
    """A name that is not known is told as that."""
    with pytest.raises(Unreachable, match="name"):
        got(Outbound(resolve=lambda *_: []), "https://ehr.test/")


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(b"x" * 1001, "identity"), (gzip.compress(b"0" * 50_000_000), "gzip")],
    ids=["plain", "gzip bomb"],
)
def test_a_body_that_is_too_large_is_not_read(serving: Serving, body: bytes, encoding: str) -> None:
    """The limit counts bytes after decompression; what is beyond is never taken in."""
    server = serving(says(body, Content_Encoding=encoding))
    with pytest.raises(Unreachable, match="too large"):
        got(Outbound(development=True), f"http://127.0.0.1:{server.port}/")


def test_a_body_up_to_the_limit_is_read(serving: Serving) -> None:
    """Exactly the limit is not too much, and errors of the server come with their status."""
    server = serving(says(b"x" * 1000, 404))
    assert got(Outbound(development=True), f"http://127.0.0.1:{server.port}/")[::2] == (404, b"x" * 1000)


def test_a_broken_encoding_is_told(serving: Serving) -> None:
    """A body that is not what its headers say ends the call with its own code."""
    server = serving(says(b"not gzip", Content_Encoding="gzip"))
    with pytest.raises(Unreachable, match="encoding"):
        got(Outbound(development=True), f"http://127.0.0.1:{server.port}/")


def test_a_kept_connection_that_the_server_closed_is_replaced(serving: Serving) -> None:
    """A server that closes each connection after its answer without saying so costs no call."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        says(b"found")(request)
        request.close_connection = True

    server, outbound = serving(answer), Outbound(development=True)
    assert [got(outbound, f"http://127.0.0.1:{server.port}/").body for _ in range(5)] == [b"found"] * 5


def test_proxies_and_cookies_play_no_part(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies of the environment are not used, and a cookie that a server sets is not sent back."""
    server, proxy = serving(says(b"found", Set_Cookie="a=b")), serving(says(b"proxied"))
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    outbound = Outbound(development=True)
    assert [got(outbound, f"http://127.0.0.1:{server.port}/").body for _ in range(2)] == [b"found"] * 2
    assert all("Cookie" not in headers for _, headers, _ in server.seen)


@pytest.mark.parametrize("token", ["x\r\nHost: evil", "x\n", "ü"])
def test_a_header_that_would_become_two_is_refused(token: str) -> None:
    """A token that would break out of its header is refused, and stands in no exception."""
    with pytest.raises(NotAllowed) as refused:
        Outbound(resolve=here).get(
            "https://ehr.test/",
            allowed=["https://ehr.test"],
            headers={"Authorization": f"Bearer {SECRET}{token}"},
            deadline=time.monotonic() + 1,
            largest=1,
        )
    assert SECRET not in repr(refused.value)


def test_neither_logs_nor_exceptions_hold_the_token_or_the_url(serving: Serving, caplog: pytest.LogCaptureFixture) -> None:
    """At the most talkative level, failing calls log nothing of the request, and no exception of the chain holds any of it."""
    caplog.set_level(logging.DEBUG)
    server = serving(lambda request: request.wfile.write(b"HTTP/1.1 200 OK\r\nbroken header\r\n\r\n"))
    closing = serving(lambda request: request.connection.close())
    for port in (server.port, closing.port):
        try:
            got(Outbound(development=True), f"http://127.0.0.1:{port}/Patient/{SECRET}", seconds=0.3)
        except Unreachable as unreachable:
            chain: BaseException | None = unreachable
            while chain:
                assert SECRET not in repr(chain)
                chain = chain.__cause__ or chain.__context__
    assert SECRET not in caplog.text


def test_what_changes_something_is_sent_once(serving: Serving) -> None:
    """A POST that must not be sent twice takes a connection of its own and is not repeated, where another one is."""
    answers = [True, False]

    def answer(request: BaseHTTPRequestHandler) -> None:
        if answers.pop(0) if answers else False:
            says(b"{}")(request)
        else:
            request.close_connection = True

    server = serving(answer)
    outbound = Outbound(development=True)
    url = f"http://127.0.0.1:{server.port}"
    got(outbound, f"{url}/a")
    with pytest.raises(Unreachable):
        outbound.post(f"{url}/b", b"x", allowed=[url], deadline=time.monotonic() + 5, largest=100, once=True)
    paths, ports = [path for path, _, _ in server.seen], {port for _, _, port in server.seen}
    assert paths == ["/a", "/b"]
    assert len(ports) == 2
    outbound.close()


# private networks


@pytest.mark.parametrize(
    "network", ["10.20.0.0/16", "192.168.1.7/32", "172.16.0.0/12", "100.64.0.0/10", "fd00:1::/32", "127.0.0.0/8", "::1/128"]
)
def test_a_private_network_may_be_named(network: str) -> None:
    """A network that lies wholly in a private range is read, and what lies in it may then be called."""
    named = private_network(network)
    assert may_connect(str(named[0]), private=[named])
    assert not may_connect(str(named[0]))


@pytest.mark.parametrize(
    "network", ["0.0.0.0/0", "::/0", "8.8.8.0/24", "10.0.0.0/7", "224.0.0.0/4", "10.20.0.1/16", "inside", "", "::ffff:10.0.0.0/104"]
)
def test_a_network_that_is_not_wholly_private_is_refused(network: str) -> None:
    """No wide network opens loopback, link-local or public addresses by the way."""
    with pytest.raises(ValueError, match="it is no"):
        private_network(network)


@given(st.sampled_from([ip_network(network) for network in INSIDE]).flatmap(address_in))
def test_a_named_network_opens_nothing_beside_itself(address: str) -> None:
    """With one network named, an inner address is called exactly when it lies in it."""
    assert may_connect(address, private=[ip_network("10.20.0.0/16")]) == (address.startswith("10.20."))


@pytest.mark.parametrize("address", ["169.254.169.254", "fd00:ec2::254", "100.100.100.200"])
def test_a_clouds_credentials_are_never_called(address: str) -> None:
    """Whatever is named, nobody reaches the address where a cloud tells a machine its own credentials."""
    wide = [ip_network(one) for one in ("169.254.0.0/16", "fc00::/7", "100.64.0.0/10")]
    assert not may_connect(address, private=wide)


def test_a_server_inside_is_read_where_its_network_is_named(serving: Serving, bundle: str) -> None:
    """An EHR on a private address, with a certificate of its own authority, is read; its origin alone, where one client named it."""
    server = serving(says(b"found"), "ehr.test")
    url = f"https://ehr.test:{server.port}/fhir"
    network = private_network("127.0.0.0/8")
    for named in (Private(network), Private(network, url)):
        assert got(Outbound(ca_bundle=bundle, private=[named], resolve=here), url).body == b"found"
    other = Outbound(ca_bundle=bundle, private=[Private(network, "https://other.test/fhir")], resolve=here)
    with pytest.raises(NotAllowed, match="nor of a private network that is named"):
        got(other, url)
    with pytest.raises(NotAllowed, match="https is required"):
        got(Outbound(private=[Private(network)], resolve=here), f"http://ehr.test:{server.port}/fhir")
    assert len(server.seen) == 2


def test_what_can_never_be_called_is_told_before_anything_is() -> None:
    """A name with a private address that nobody named can never be called; one that is not known now may be later."""
    soon = time.monotonic() + 5
    inside = Outbound(resolve=lambda *_: ["10.1.2.3"])
    assert "not of the public internet" in inside.never("https://ehr.test/fhir", soon)
    assert (
        Outbound(private=[Private(private_network("10.0.0.0/8"))], resolve=lambda *_: ["10.1.2.3"]).never("https://ehr.test/", soon)
        == ""
    )
    assert Outbound(resolve=lambda *_: []).never("https://ehr.test/fhir", soon) == ""
