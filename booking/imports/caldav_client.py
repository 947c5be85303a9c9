"""What is asked of CalDAV servers, through the library `caldav`, which waits: run it in a thread (see caldav).

Imported when somebody first follows such a calendar: the library takes 20 MB. It is held to the same rules as fetching:
its session resolves through a guard that lets nobody into private networks, takes no more than so many bytes, and knows
no proxies.
"""

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import niquests
from caldav.collection import Calendar
from caldav.davclient import DAVClient
from caldav.elements import dav
from caldav.lib.error import AuthorizationError, DAVError, NotFoundError

# Of whichever urllib3 the library uses.
from niquests.packages.urllib3.contrib.resolver.system import SystemResolver  # type: ignore[import-not-found]

from booking.imports.caldav import PATIENCE, SECONDS, Account, Change, Contents, Written
from booking.imports.content import MOST_BYTES
from booking.imports.fetching import PORTS, FetchError, Guard, is_public
from booking.imports.reading import AHEAD

_MOST_CALENDARS = 50
_REFUSALS = 10
"""In a row, after which a server is taken to refuse all that is written."""
_DAY = timedelta(days=1)
_CALENDAR = "{urn:ietf:params:xml:ns:caldav}calendar"
_EMPTY = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"


class _Resolver(SystemResolver):  # type: ignore[misc]
    """Resolves names as the system does, and lets through what the guard lets through."""

    def __init__(self, guard: Guard) -> None:
        super().__init__()
        self._guard = guard

    def getaddrinfo(self, host: Any, port: Any, *how: Any, **more: Any) -> Any:
        found = super().getaddrinfo(host, port, *how, **more)
        name = host.decode() if isinstance(host, bytes) else str(host or "")
        if self._guard.allows(name, int(port or 0)):
            return found
        if int(port or 0) not in PORTS or not all(is_public(str(each[4][0])) for each in found):
            raise _PrivateError
        return found


class _PrivateError(OSError):
    """Its address leads into a private network, or to another kind of service."""


class _Session(niquests.Session):
    """Takes no answer that is too large or too slow."""

    def __init__(self, guard: Guard) -> None:
        super().__init__(resolver=_Resolver(guard), disable_http3=True)
        self.trust_env = False
        self.max_redirects = 4
        self._until = time.monotonic() + PATIENCE

    def request(self, method: str, url: str, *what: Any, **how: Any) -> Any:
        if time.monotonic() > self._until:
            raise TimeoutError
        answer = super().request(method, url, *what, **{**how, "stream": True})
        body = bytearray()
        for part in answer.iter_content(64 * 1024):
            body += part
            if len(body) > MOST_BYTES or time.monotonic() > self._until:
                answer.close()
                raise FetchError("large" if len(body) > MOST_BYTES else "unreachable")
        answer._content = bytes(body)
        answer._content_consumed = True
        return answer


@contextmanager
def _client(account: Account, allowed: Collection[str]) -> Iterator[Any]:
    client: Any = DAVClient(
        account.address,
        username=account.user,
        password=account.password,
        timeout=SECONDS,
        enable_rfc6764=False,
        require_tls=False,
        rate_limit_handle=False,
    )
    client.session.close()
    client.session = _Session(Guard(allowed))
    try:
        yield client
    except AuthorizationError as refused:
        raise FetchError("password") from refused
    except NotFoundError as gone:
        raise FetchError("gone") from gone
    except FetchError:
        raise
    except (DAVError, niquests.RequestException, OSError, TimeoutError, ValueError, AttributeError, KeyError) as away:
        raise FetchError(_why(away)) from away
    finally:
        client.close()


def _why(away: BaseException) -> str:
    seen: BaseException | None = away
    while seen is not None:
        if isinstance(seen, _PrivateError):
            return "private"
        if isinstance(seen, FetchError):
            return seen.problem
        seen = seen.__cause__ or seen.__context__
    return "unreachable"


def calendars_at(account: Account, allowed: Collection[str]) -> dict[str, str]:
    """Return the addresses of the account's calendars, with their names. Raises FetchError."""
    with _client(account, allowed) as client:
        if _CALENDAR in _properties(client, account.address, dav.ResourceType):
            return {account.address: "calendar"}
        found = client.principal().calendars()[:_MOST_CALENDARS]
        return {str(each.url): str(each.get_display_name() or "calendar")[:60] for each in found}


def contents(account: Account, allowed: Collection[str], now: datetime, token: str) -> Contents:
    """Return all events of the calendar at `account.address` from yesterday on. Raises FetchError."""
    with _client(account, allowed) as client:
        current = str(_properties(client, account.address, dav.SyncToken) or "")
        if token and current == token:
            return Contents(None, current)
        calendar: Any = Calendar(client=client, url=account.address)
        found = calendar.search(
            start=now - _DAY, end=now + AHEAD, event=True, expand=False, split_expanded=False, post_filter=False
        )
        body, etags = bytearray(), {}
        for each in found:
            data = each.data or ""
            body += (data.encode() if isinstance(data, str) else data) + b"\r\n"
            if len(body) > MOST_BYTES:
                raise FetchError("large")
            etags[str(each.url).rstrip("/").rpartition("/")[2]] = str(each.props.get(dav.GetEtag.tag) or "")
        return Contents(bytes(body) or _EMPTY, current, etags)


def _properties(client: Any, address: str, kind: Any) -> Any:
    """One property of what is at an address."""
    there: Any = Calendar(client=client, url=address)
    return there.get_properties([kind()]).get(kind.tag) or ""


def write(account: Account, allowed: Collection[str], changes: Collection[Change]) -> Written:
    """Write objects, whatever is there; one that is refused keeps no other from being written."""
    etags: dict[str, str] = {}
    problem, in_a_row = "", 0
    base = account.address.rstrip("/")
    try:
        with _client(account, allowed) as client:
            for each in changes:
                try:
                    etags[each.name] = _put(client, f"{base}/{each.name}", each.body)
                    in_a_row = 0
                except (AuthorizationError, _RefusedError) as refused:
                    problem = str(refused) if isinstance(refused, _RefusedError) else "unwritable"
                    in_a_row += 1
                    if in_a_row == _REFUSALS:
                        break
    except FetchError as failed:
        problem = failed.problem
    return Written(etags, problem)


class _RefusedError(Exception):
    """One object is not taken; the word is a FetchError's."""


def _put(client: Any, place: str, body: bytes | None) -> str:
    """Write or remove one object; what is gone already is removed. Raises _RefusedError, AuthorizationError."""
    if body is None:
        try:
            status, etag = client.delete(place).status, ""
        except NotFoundError:
            return ""
        if status in (404, 410):
            return ""
    else:
        answer = client.put(place, body.decode(), {"Content-Type": "text/calendar; charset=utf-8"})
        status, etag = answer.status, str(answer.headers.get("ETag") or "")
    if status >= 300:
        raise _RefusedError("unwritable" if status < 500 else "unreachable")
    return etag
