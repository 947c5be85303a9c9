"""Somebody who subscribes to feeds over HTTP, as calendars do."""

from datetime import datetime
from typing import Any
from uuid import UUID

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient
from icalendar import Calendar, Event

from booking.calendars.feeds.service import addresses_of, issue_feed
from booking.calendars.feeds.serving import FeedServer
from booking.calendars.model import Feed, FeedKind, Options, Tell
from booking.calendars.rules import DEFAULT_TELLS
from tests.integration.booking.clinic import ANNA, Clinic
from tests.judges.readers import judged


class Subscriber:
    """Makes feeds and fetches them; what is fetched is judged by all judges that run in Python."""

    def __init__(self, clinic: Clinic, http: TestClient[web.Request, web.Application], server: FeedServer) -> None:
        self.clinic = clinic
        self.http = http
        self.server = server

    async def issue(
        self,
        mxid: str = ANNA,
        kind: FeedKind = FeedKind.FAMILY,
        subject: UUID | None = None,
        *,
        tells: frozenset[Tell] | None = None,
        members: tuple[UUID, ...] = (),
        expires_at: datetime | None = None,
        **options: Any,
    ) -> str:
        """Return the path of a new feed."""
        return (await self.made(mxid, kind, subject, tells, members, expires_at, options))[1]

    async def made(
        self,
        mxid: str,
        kind: FeedKind,
        subject: UUID | None,
        tells: frozenset[Tell] | None,
        members: tuple[UUID, ...],
        expires_at: datetime | None,
        options: dict[str, Any],
    ) -> tuple[Feed, str]:
        person = await self.clinic.person(mxid)
        own = {
            FeedKind.FAMILY: person.id,
            FeedKind.PATIENT: person.patient.id,
            FeedKind.PRACTITIONER: self.clinic.doctor.id,
            FeedKind.OPEN_PRACTITIONER: self.clinic.doctor.id,
        }
        chosen = Options(DEFAULT_TELLS.get(kind, frozenset()) if tells is None else tells, **options)
        ctx = self.clinic.ctx
        async with self.clinic.tx() as tx:
            feed, secret = await issue_feed(
                tx,
                ctx,
                person,
                kind,
                subject or own.get(kind, self.clinic.centre.id),
                chosen,
                members=members,
                expires_at=expires_at,
            )
        base = ctx.settings.http.public_url
        address = addresses_of(ctx, secret).https
        assert address.startswith(f"{base}/feeds/")
        return feed, address.removeprefix(base)

    async def get(self, path: str, **headers: str) -> ClientResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.get(path, headers=named)

    async def body(self, path: str) -> bytes:
        answer = await self.get(path)
        assert answer.status == 200
        return await answer.read()

    async def calendar(self, path: str) -> Calendar:
        """What a feed shows; fails for one against which any judge says something."""
        feed = await self.body(path)
        said = judged(feed)
        assert not said, said
        return Calendar.from_ical(feed)

    async def events(self, path: str) -> list[Event]:
        return list((await self.calendar(path)).events)


def simple(event: Event) -> tuple[Any, ...]:
    return str(event["SUMMARY"]), event["DTSTART"].dt, str(event["STATUS"]), int(event["SEQUENCE"])
