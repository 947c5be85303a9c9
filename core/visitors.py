"""Who asks over HTTP, as far as counting them needs to know."""

from ipaddress import IPv6Address, ip_address, ip_network

from aiohttp import web

_HOME = 64
"""Bits of an IPv6 address that somebody cannot choose: who has one has all that begin with them."""


def visitor(request: web.BaseRequest) -> str:
    """Return the address that asks: the one that a proxy of our own network saw, or the one that is connected.

    Of `X-Forwarded-For` only what the proxy itself put there counts, which is the last; what comes before it anybody
    can say. Of IPv6 the network is returned. For counting in memory: it is written down nowhere.
    """
    remote = request.remote or ""
    seen = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    try:
        return _home(seen if seen and ip_address(remote).is_private else remote)
    except ValueError:
        return remote


def _home(address: str) -> str:
    found = ip_address(address)
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ip_network((found, _HOME), strict=False))
