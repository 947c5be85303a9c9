"""The doors of the public pages: the search, a doctor, a centre."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

from aiohttp import web
from babel.core import get_global
from babel.numbers import get_territory_currencies
from sqlalchemy.exc import DBAPIError

from booking.context import Context
from booking.directory.reading import centre
from booking.directory.specialties import SPECIALTIES, label_of
from booking.people.languages import LANGUAGES
from booking.search.service import search
from booking.staff.inviting import open_invitation
from booking.staff.rules import normal_join_code, registration_token
from booking.web.form import read_form
from booking.web.reading import Offered, centre_called, offered, practitioner_called
from booking.web.views import (
    ServiceView,
    address,
    cancelling,
    languages,
    offer_view,
    relaxed,
    service_view,
    spoken_name,
)
from core import pages
from core.database import Database
from core.dates import full_day
from core.ids import id_of
from core.languages import N_, commas
from core.logs import log
from core.timezones import zone

_TWO_WEEKS = timedelta(days=14)
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "public, max-age=15",
    "Vary": "Accept-Encoding, Accept-Language",
}
_NO_DOCTOR = N_("There is no such doctor")
_NO_CENTRE = N_("There is no such centre")
_NO_INVITATION = N_("There is no such invitation")
_NO_TIME = N_("There is no such time")
_NO_PAGE = N_("There is no such page")
_MISSPELT = N_("The address may be misspelt.")
_INVITATIONS_END = N_("It is good for a week and for one person. Ask who invited you for a new one.")
_TIMES_END = N_("It may be over, or be offered no more.")
_log = log("booking.web")

Door = Callable[[web.Request], Awaitable[web.StreamResponse]]


def routes(database: Database, ctx: Context) -> list[web.RouteDef]:
    """Return `/`, the pages of doctors, centres, invitations, visits and free times, and the style sheet.

    An address that nobody answers leads to a page that says so; those of programs (`/_...`) are their own.
    """
    doors = _Pages(database, ctx)
    return [
        web.get("/", doors.guarded(doors.find)),
        web.get("/doctors/{slug}", doors.guarded(doors.doctor)),
        web.get("/centres/{slug}", doors.guarded(doors.centre)),
        web.get("/join/{code}", doors.guarded(doors.join)),
        web.get("/visits/{code:[0-9A-Z]{6}}", doors.guarded(doors.visit)),
        web.get("/book/{service:[0-9a-f-]{36}}/{start:[0-9]{8}T[0-9]{4}Z}", doors.guarded(doors.book)),
        web.get("/pages.css", doors.style),
        web.get("/{nowhere:(?!_).*}", doors.guarded(doors.nowhere)),
    ]


class _Pages:
    def __init__(self, database: Database, ctx: Context) -> None:
        self._database = database
        self._ctx = ctx
        templates = Path(__file__).parent / "templates"
        self._style = (templates / "pages.css").read_text()
        self._templates = pages.templates(templates)
        self._templates.globals |= {"title": ctx.settings.matrix.display_name, "address": address}

    def guarded(self, door: Door) -> Door:
        """A page in the language that its reader likes best; one that says so when the database is away."""

        async def guard(request: web.Request) -> web.StreamResponse:
            with pages.reading(request):
                return await self._or_away(door, request)

        return guard

    async def _or_away(self, door: Door, request: web.Request) -> web.StreamResponse:
        try:
            return await door(request)
        except (OSError, DBAPIError) as away:
            _log.warning("database away", error=type(away).__name__)
            return self._page("away.html", status=503)

    async def find(self, request: web.Request) -> web.Response:
        """The search form and, once something is asked for, what is found."""
        form = read_form(request.query, self._currency())
        offers: Sequence[ServiceView] = ()
        more, note = False, ""
        if form.wish is not None:
            async with self._database.transaction() as tx:
                found = await search(tx, form.wish, page=form.page)
            offers, more, note = [offer_view(each) for each in found.offers], found.more, relaxed(found.relaxed)
        return self._page(
            "find.html",
            status=400 if form.faults else 200,
            form=form,
            faults={fault.field: fault.sentence for fault in form.faults},
            offers=offers,
            note=note,
            bot_of=offers[0].centre.id if offers else None,
            next_page=_page_url(form.fields, form.page + 1) if more else None,
            earlier_page=_page_url(form.fields, form.page - 1) if form.page else None,
            specialties=sorted(((code, label_of(code)) for code in SPECIALTIES), key=lambda each: each[1]),
            spoken=sorted((spoken_name(code), code) for code in LANGUAGES),
        )

    async def doctor(self, request: web.Request) -> web.Response:
        """Two weeks of one practitioner."""
        async with self._database.transaction() as tx:
            found = await practitioner_called(tx, _slug(request))
            if found is None:
                return self._missing(_NO_DOCTOR)
            services = await offered(tx, tx.now + _TWO_WEEKS, practitioner_id=found.id)
        return self._page(
            "doctor.html",
            doctor=found,
            specialties=commas(label_of(code) for code in found.specialties if code in SPECIALTIES),
            languages=languages(found.languages),
            services=_views(services),
            bot_of=services[0].centre.id if services else None,
        )

    async def centre(self, request: web.Request) -> web.Response:
        """Who works at a centre, with their next times."""
        async with self._database.transaction() as tx:
            found = await centre_called(tx, _slug(request))
            if found is None:
                return self._missing(_NO_CENTRE)
            services = await offered(tx, tx.now + _TWO_WEEKS, centre_id=found.id, limit=3)
        return self._page(
            "centre.html", centre=found, cancelling=cancelling(found), services=_views(services), bot_of=found.id
        )

    async def join(self, request: web.Request) -> web.Response:
        """How somebody comes in who was invited and has no account; the address is the secret."""
        code = normal_join_code(request.match_info["code"])
        async with self._database.transaction() as tx:
            found = await open_invitation(tx, code)
            if found is None:
                return self._missing(_NO_INVITATION, _INVITATIONS_END)
            at = (await centre(tx, found.centre_id)).name if found.centre_id else ""
        matrix = self._ctx.settings.matrix
        token = registration_token(code) if matrix.admin_token.get_secret_value() else ""
        return self._page(
            "join.html",
            code=code,
            centre=at,
            server=matrix.server_name,
            token=token,
            client=matrix.client_url.rstrip("/"),
            private=True,
            bot_of=found.centre_id,
        )

    async def visit(self, request: web.Request) -> web.Response:
        """How to come from a visit in a calendar to the visit. Whether there is such a visit is not looked at."""
        code = request.match_info["code"]
        return self._page("visit.html", code=code, bot_of=id_of(f"page of {code}"))

    async def book(self, request: web.Request) -> web.Response:
        """One free time, where finders elsewhere lead to."""
        try:
            start = datetime.strptime(request.match_info["start"], "%Y%m%dT%H%MZ").replace(tzinfo=UTC)
            service_id = UUID(request.match_info["service"])
        except ValueError:
            return self._missing(_NO_TIME, _TIMES_END)
        async with self._database.transaction() as tx:
            found = await offered(tx, start + timedelta(minutes=1), service_id=service_id, start=start)
        if not found:
            return self._missing(_NO_TIME, _TIMES_END)
        [one] = found
        view = service_view(one.practitioner, one.centre, one.service, one.times, say_mode=True)
        words = next((slot.words for day in view.days for slot in day.slots), None)
        local = start.astimezone(zone(one.centre.timezone))
        return self._page(
            "book.html",
            service=view,
            when=f"{full_day(local)}, {local:%H:%M}",
            words=words,
            bot_of=one.centre.id,
        )

    async def nowhere(self, _request: web.Request) -> web.Response:
        """An address that none of the pages has."""
        return self._missing(_NO_PAGE)

    def _missing(self, what: str, why: str = _MISSPELT) -> web.Response:
        return self._page("missing.html", status=404, what=what, why=why)

    async def style(self, _: web.Request) -> web.Response:
        headers = {**_HEADERS, "Cache-Control": "public, max-age=3600"}
        return web.Response(text=self._style, content_type="text/css", headers=headers)

    def _currency(self) -> str:
        """What a price is in where no place is named: the money of the service's own time zone."""
        country = get_global("zone_territories").get(self._ctx.settings.booking.timezone)
        known = get_territory_currencies(country) if country else ()
        return str(known[-1]) if known else "EUR"

    def _page(
        self, template: str, *, status: int = 200, private: bool = False, bot_of: UUID | None = None, **values: Any
    ) -> web.Response:
        """`bot_of`: by what the bot that the page leads to is dealt, where there are several; a centre, mostly."""
        matrix = self._ctx.settings.matrix
        bot = matrix.bot_for(bot_of) if bot_of else matrix.bot_id
        chat = f"https://matrix.to/#/{quote(bot, safe='@:')}"
        html = self._templates.get_template(template).render(bot=bot, chat=chat, **values)
        headers = _HEADERS if status == 200 and not private else {**_HEADERS, "Cache-Control": "no-store"}
        answer = web.Response(text=html, content_type="text/html", status=status, headers=headers)
        answer.enable_compression()  # a doctor's two weeks are much of the same
        return answer


def _slug(request: web.Request) -> str:
    """The short name in the address; one with signs that PostgreSQL cannot hold is nobody's."""
    slug = request.match_info["slug"]
    return slug if slug.isprintable() else ""


def _views(services: Sequence[Offered]) -> list[ServiceView]:
    """In words; where a practitioner is met online and in person, the words for the bot say which."""
    modes: dict[object, set[object]] = {}
    for each in services:
        modes.setdefault(each.practitioner.id, set()).add(each.service.mode)
    return [
        service_view(
            each.practitioner,
            each.centre,
            each.service,
            each.times,
            say_mode=len(modes[each.practitioner.id]) > 1,
        )
        for each in services
    ]


def _page_url(fields: Any, page: int) -> str:
    return pages.link("/", **fields, page=str(page))
