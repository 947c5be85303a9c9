"""Which addresses may be asked."""

import socket

import pytest
from yarl import URL

from booking.imports.caldav_client import _PrivateError, _Resolver
from booking.imports.fetching import FetchError, Guard, checked_address, is_public
from core.errors import BadInputError


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "240.0.0.1", "198.18.0.1", "192.0.2.1", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1",
        "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::10.0.0.1", "64:ff9b::10.0.0.1", "2002:a00:1::1",
        "2001:0:0:0:0:0:f5ff:fffe", "2001:db8::1", "not an address", "",
    ],
)  # fmt: skip
def test_private_special_and_wrapped_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:2800:220:1::1", "::ffff:8.8.8.8"])
def test_those_of_the_open_internet_are(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("webcal://example.org/a.ics", "https://example.org/a.ics"),
        ("WEBCAL://example.org/a.ics", "https://example.org/a.ics"),
        ("<https://example.org/a.ics#x>", "https://example.org/a.ics"),
        ("http://example.org:8080/a?b=c%2Fd", "http://example.org:8080/a?b=c%2Fd"),
    ],
)
def test_addresses_are_read_as_people_paste_them(written: str, read: str) -> None:
    assert checked_address(written) == read


@pytest.mark.parametrize(
    "written",
    [
        "",
        "example.org",
        "ftp://example.org/a",
        "file:///etc/passwd",
        "https://",
        "https://u:p@example.org/",
        "http://h:0x1/",
    ],
)
def test_what_is_no_address_of_a_calendar_is_refused(written: str) -> None:
    with pytest.raises(BadInputError):
        checked_address(written)


@pytest.mark.parametrize(
    "host", ["10.0.0.1", "127.1", "0x7f000001", "2130706433", "0177.0.0.1", "[::1]", "[::ffff:7f00:1]"]
)
@pytest.mark.parametrize("port", ["", ":8080"])
def test_private_addresses_written_as_numbers_are_not_asked(host: str, port: str) -> None:
    with pytest.raises(FetchError, match="private"):
        Guard([]).check(URL(f"http://{host}{port}/"))


def test_ports_of_other_services_are_not_asked_unless_they_are_named() -> None:
    with pytest.raises(FetchError, match="private"):
        Guard(["example.org"]).check(URL("http://example.com:25/"))
    Guard(["example.org:25"]).check(URL("http://example.org:25/"))


@pytest.mark.parametrize(
    ("host", "port", "taken"),
    [("93.184.216.34", 443, True), ("93.184.216.34", 25, False), ("10.0.0.1", 443, False), ("10.0.0.2", 25, True)],
)
def test_what_is_asked_through_the_library_for_caldav_is_held_to_the_same(host: str, port: int, *, taken: bool) -> None:
    resolver = _Resolver(Guard(["10.0.0.2:25"]))
    if taken:
        assert resolver.getaddrinfo(host, port, socket.AF_UNSPEC, socket.SOCK_STREAM)
    else:
        with pytest.raises(_PrivateError):
            resolver.getaddrinfo(host, port, socket.AF_UNSPEC, socket.SOCK_STREAM)
