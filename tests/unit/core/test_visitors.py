"""Who asks over HTTP."""

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from core.visitors import visitor


def asking(remote: str, forwarded: str = "") -> str:
    headers = CIMultiDict({"X-Forwarded-For": forwarded} if forwarded else {})
    return visitor(make_mocked_request("GET", "/", headers=headers).clone(remote=remote))


@pytest.mark.parametrize(
    ("remote", "forwarded", "found"),
    [
        ("9.9.9.9", "", "9.9.9.9"),
        ("9.9.9.9", "8.8.8.8", "9.9.9.9"),  # whoever comes straight from outside is not believed
        ("127.0.0.1", "8.8.8.8", "8.8.8.8"),
        ("172.18.0.5", "1.2.3.4, 8.8.8.8", "8.8.8.8"),  # nor what a visitor told the proxy
        ("::1", "2a00:1450:4001:81b::2003", "2a00:1450:4001:81b::/64"),
        ("::ffff:9.9.9.9", "", "9.9.9.9"),
        ("127.0.0.1", "unknown", "127.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("", "8.8.8.8", ""),  # a socket without addresses
    ],
)
def test_who_asks_is_the_one_whom_our_own_proxy_saw(remote: str, forwarded: str, found: str) -> None:
    assert asking(remote, forwarded) == found


def test_who_has_a_network_of_ipv6_is_one_visitor() -> None:
    assert asking("2a00:1450:4001:81b::1") == asking("2a00:1450:4001:81b:ffff::2")
    assert asking("2a00:1450:4001:81b::1") != asking("2a00:1450:4001:81c::1")
