"""Fetching a calendar from an address that somebody named: the only place that asks other people's servers.

An address may be anything, so the server that asks must not become a door into its own network: a host is resolved
once, every address that it has must be public, and the connection goes to just those that were looked at. Each redirect
is a new address. What comes is limited in size and time; cookies and proxies of the environment are not used.
"""

import asyncio
import ipaddress
import socket
import zlib
from collections.abc import Collection
from dataclasses import dataclass, field

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from booking.imports.content import MOST_BYTES
from core.errors import BadInputError

_SECONDS = 20.0
_REDIRECTS = 4
PORTS = frozenset({80, 443, 8080, 8443, 5232})
"""Where calendars are served."""
_LONGEST_ADDRESS = 2000
_AGENT = "careConnect (calendar)"
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class FetchError(Exception):
    """It did not come; `problem` is a word of rules.PROBLEMS. Says nothing of where it was looked for."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came, and what to ask with the next time; no body: it is as it was."""

    body: bytes | None
    etag: str = ""
    last_modified: str = ""
    etags: dict[str, str] = field(default_factory=dict)
    """Of CalDAV: those of its objects, by the last part of their addresses."""


def checked_address(text: str) -> str:
    """Read an address as people paste it. Raises BadInputError for what is none of a calendar's."""
    text = text.strip().strip("<>")
    if text.lower().startswith(("webcal://", "webcals://")):
        text = "https://" + text.split("://", 1)[1]
    try:
        url = URL(text)
        port = url.port
    except ValueError:
        url, port = URL(), None
    if url.scheme not in ("https", "http") or not url.host or len(text) > _LONGEST_ADDRESS:
        raise BadInputError("Write the calendar's address, as it is copied there: https://... or webcal://...")
    if url.user or url.password:
        raise BadInputError("That address has a password in it. Leave it out; “follow caldav” asks for it on a page.")
    if port is None:
        raise BadInputError("Write the calendar's address, as it is copied there: https://... or webcal://...")
    return text.partition("#")[0]


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet, also where one of IPv4 is wrapped into one of IPv6."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo and found.teredo[1])
        if inner:
            return is_public(str(inner))
        if found in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
        if found in ipaddress.ip_network("::/96"):  # the old way of wrapping, and the loopback
            return False
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified)


class Guard(AbstractResolver):
    """Resolves names to addresses that may be asked, and to no other."""

    def __init__(self, allowed: Collection[str]) -> None:
        self._allowed = {each.lower() for each in allowed}

    def allows(self, host: str, port: int) -> bool:
        """Whether a host is named in the settings, so that it may be in a private network."""
        return host.lower() in self._allowed or f"{host.lower()}:{port}" in self._allowed

    def check(self, url: URL) -> None:
        """Refuse ports of other services, and addresses written as numbers that are private. Raises FetchError."""
        host, port = url.host or "", url.port or 0
        if self.allows(host, port):
            return
        if port not in PORTS:
            raise FetchError("private")
        if _is_number(host) and not is_public(host):
            raise FetchError("private")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """As aiohttp asks, once for a connection. Raises FetchError when some address of the host is private."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
        except OSError as unknown:
            raise FetchError("unreachable") from unknown
        addresses = [(kind, str(where[0])) for kind, _, _, _, where in found]
        if not self.allows(host, port) and not all(is_public(address) for _, address in addresses):
            raise FetchError("private")
        return [
            ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=socket.AI_NUMERICHOST)
            for kind, address in addresses
        ]

    async def close(self) -> None:
        """Nothing is held."""


def _is_number(host: str) -> bool:
    """Whether a host is an IP address, however it is written: 127.1, 0x7f000001, 2130706433, [::1]."""
    if ":" in host:
        return True
    try:
        socket.inet_aton(host)
    except OSError:
        return False
    return True


async def fetch(
    address: str, allowed: Collection[str], *, etag: str = "", last_modified: str = "", seconds: float = _SECONDS
) -> Fetched:
    """Fetch a calendar. Raises FetchError."""
    guard = Guard(allowed)
    headers = {"User-Agent": _AGENT, "Accept": "text/calendar, */*;q=0.5", "Accept-Encoding": "gzip, identity"}
    if etag:
        headers["If-None-Match"] = etag
    if last_modified:
        headers["If-Modified-Since"] = last_modified
    connector = aiohttp.TCPConnector(resolver=guard, use_dns_cache=False, force_close=True, limit=2)
    try:
        async with (
            asyncio.timeout(seconds),
            aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False, auto_decompress=False
            ) as session,
        ):
            # As it was given: some have signatures in them, of each letter.
            return await _follow(session, guard, URL(address, encoded=address.isascii()), headers)
    except FetchError:
        raise
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as away:
        raise FetchError(_why(away)) from away


def _why(away: BaseException) -> str:
    """A connector wraps what the resolver raised."""
    seen: BaseException | None = away
    while seen is not None:
        if isinstance(seen, FetchError):
            return seen.problem
        seen = seen.__cause__ or seen.__context__
    return "unreachable"


async def _follow(session: aiohttp.ClientSession, guard: Guard, url: URL, headers: dict[str, str]) -> Fetched:
    for _ in range(_REDIRECTS + 1):
        guard.check(url)
        async with session.get(url, headers=headers, allow_redirects=False) as answer:
            if answer.status in (301, 302, 303, 307, 308):
                onward = URL(answer.headers.get("Location", ""))
                url = url.join(onward)
                if url.scheme not in ("https", "http"):
                    raise FetchError("redirects")
                continue
            if answer.status == 304:
                return Fetched(None)
            if answer.status != 200:
                raise FetchError(_problem(answer.status))
            body = await _body(answer)
            return Fetched(body, _header(answer, "ETag"), _header(answer, "Last-Modified"))
    raise FetchError("redirects")


def _problem(status: int) -> str:
    if status in (401, 403):
        return "refused"
    return "gone" if status in (404, 410) else "unreachable"


def _header(answer: aiohttp.ClientResponse, name: str) -> str:
    value = answer.headers.get(name, "")
    return value if len(value) <= 200 and value.isprintable() else ""


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    """What comes, unpacked piece by piece, so that a small packet can't become a large one."""
    encoding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", ""):
        raise FetchError("unreadable")
    unpack = zlib.decompressobj(31) if encoding == "gzip" else None
    body = bytearray()
    async for chunk in answer.content.iter_chunked(64 * 1024):
        room = MOST_BYTES + 1 - len(body)
        try:
            body += unpack.decompress(chunk, room) if unpack else chunk
        except zlib.error as broken:
            raise FetchError("unreadable") from broken
        if len(body) > MOST_BYTES or (unpack and unpack.unconsumed_tail):
            raise FetchError("large")
    if unpack and not unpack.eof:
        raise FetchError("unreadable")  # cut short
    return bytes(body)
