"""The doors of the public pages: the search, a doctor, a centre."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import jinja2
from aiohttp import web
from babel.core import get_global
from babel.numbers import get_territory_currencies
from markupsafe import Markup
from sqlalchemy.exc import DBAPIError

from booking.context import Context
from booking.directory.reading import centre
from booking.directory.specialties import SPECIALTIES
from booking.people.languages import LANGUAGES, language_name
from booking.search.service import search
from booking.staff.inviting import open_invitation
from booking.staff.rules import normal_join_code, registration_token
from booking.web.form import read_form
from booking.web.reading import Offered, centre_called, offered, practitioner_called
from booking.web.views import ServiceView, address, languages, offer_view, relaxed, service_view
from core.database import Database
from core.languages import DEFAULT, N_, _, direction, language, preferred, speaking
from core.logs import log
from core.timezones import zone

_TWO_WEEKS = timedelta(days=14)
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "public, max-age=15",
    "Vary": "Accept-Encoding, Accept-Language",
}
_NO_DOCTOR = N_("There is no such doctor")
_NO_CENTRE = N_("There is no such centre")
_NO_INVITATION = N_("There is no such invitation")
_NO_TIME = N_("There is no such time")
_IN_ENGLISH = frozenset({"find.html", "doctor.html", "centre.html", "book.html"})
"""Pages of free times, whose words are those to send to the bot: not translated yet."""
_log = log("booking.web")

Door = Callable[[web.Request], Awaitable[web.StreamResponse]]


def routes(database: Database, ctx: Context) -> list[web.RouteDef]:
    """Return `/`, the pages of doctors, centres, invitations, visits and free times, and the style sheet."""
    pages = _Pages(database, ctx)
    return [
        web.get("/", pages.guarded(pages.find)),
        web.get("/doctors/{slug}", pages.guarded(pages.doctor)),
        web.get("/centres/{slug}", pages.guarded(pages.centre)),
        web.get("/join/{code}", pages.guarded(pages.join)),
        web.get("/visits/{code:[0-9A-Z]{6}}", pages.guarded(pages.visit)),
        web.get("/book/{service:[0-9a-f-]{36}}/{start:[0-9]{8}T[0-9]{4}Z}", pages.guarded(pages.book)),
        web.get("/pages.css", pages.style),
    ]


class _Pages:
    def __init__(self, database: Database, ctx: Context) -> None:
        self._database = database
        self._ctx = ctx
        templates = Path(__file__).parent / "templates"
        self._style = (templates / "pages.css").read_text()
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(templates),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        matrix = ctx.settings.matrix
        self._templates.globals |= {
            "bot": matrix.bot_id,
            "chat": f"https://matrix.to/#/{quote(matrix.bot_id, safe='@:')}",
            "title": matrix.display_name,
            "address": address,
            "_": _shown,
            "language": language,
            "direction": direction,
        }

    def guarded(self, door: Door) -> Door:
        """A page in the language that its reader likes best; one that says so when the database is away."""

        async def guard(request: web.Request) -> web.StreamResponse:
            with speaking(preferred(request.headers.get("Accept-Language", ""))):
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
            next_page=_page_url(form.fields, form.page + 1) if more else None,
            earlier_page=_page_url(form.fields, form.page - 1) if form.page else None,
            specialties=sorted(SPECIALTIES.values(), key=lambda each: each.label),
            spoken=sorted((language_name(code), code) for code in LANGUAGES),
        )

    async def doctor(self, request: web.Request) -> web.Response:
        """Two weeks of one practitioner."""
        async with self._database.transaction() as tx:
            found = await practitioner_called(tx, _slug(request))
            if found is None:
                return self._page("missing.html", status=404, what=_NO_DOCTOR)
            services = await offered(tx, tx.now + _TWO_WEEKS, practitioner_id=found.id)
        return self._page(
            "doctor.html",
            doctor=found,
            specialties=", ".join(SPECIALTIES[code].label for code in found.specialties if code in SPECIALTIES),
            languages=languages(found.languages),
            services=_views(services),
        )

    async def centre(self, request: web.Request) -> web.Response:
        """Who works at a centre, with their next times."""
        async with self._database.transaction() as tx:
            found = await centre_called(tx, _slug(request))
            if found is None:
                return self._page("missing.html", status=404, what=_NO_CENTRE)
            services = await offered(tx, tx.now + _TWO_WEEKS, centre_id=found.id, limit=3)
        return self._page("centre.html", centre=found, services=_views(services))

    async def join(self, request: web.Request) -> web.Response:
        """How somebody comes in who was invited and has no account; the address is the secret."""
        code = normal_join_code(request.match_info["code"])
        async with self._database.transaction() as tx:
            found = await open_invitation(tx, code)
            if found is None:
                return self._page("missing.html", status=404, what=_NO_INVITATION)
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
        )

    async def visit(self, request: web.Request) -> web.Response:
        """How to come from a visit in a calendar to the visit. Whether there is such a visit is not looked at."""
        return self._page("visit.html", code=request.match_info["code"])

    async def book(self, request: web.Request) -> web.Response:
        """One free time, where finders elsewhere lead to."""
        try:
            start = datetime.strptime(request.match_info["start"], "%Y%m%dT%H%MZ").replace(tzinfo=UTC)
            service_id = UUID(request.match_info["service"])
        except ValueError:
            return self._page("missing.html", status=404, what=_NO_TIME)
        async with self._database.transaction() as tx:
            found = await offered(tx, start + timedelta(minutes=1), service_id=service_id, start=start)
        if not found:
            return self._page("missing.html", status=404, what=_NO_TIME)
        [one] = found
        view = service_view(one.practitioner, one.centre, one.service, one.times, say_mode=True)
        words = next((slot.words for day in view.days for slot in day.slots), None)
        local = start.astimezone(zone(one.centre.timezone))
        return self._page(
            "book.html", service=view, when=f"{local:%A}, {local.day} {local:%B}, {local:%H:%M}", words=words
        )

    async def style(self, _: web.Request) -> web.Response:
        headers = {**_HEADERS, "Cache-Control": "public, max-age=3600"}
        return web.Response(text=self._style, content_type="text/css", headers=headers)

    def _currency(self) -> str:
        """What a price is in where no place is named: the money of the service's own time zone."""
        country = get_global("zone_territories").get(self._ctx.settings.booking.timezone)
        known = get_territory_currencies(country) if country else ()
        return str(known[-1]) if known else "EUR"

    def _page(self, template: str, *, status: int = 200, private: bool = False, **values: Any) -> web.Response:
        with speaking(DEFAULT if template in _IN_ENGLISH else language()):
            html = self._templates.get_template(template).render(**values)
        headers = _HEADERS if status == 200 and not private else {**_HEADERS, "Cache-Control": "no-store"}
        answer = web.Response(text=html, content_type="text/html", status=status, headers=headers)
        answer.enable_compression()  # a doctor's two weeks are much of the same
        return answer


def _shown(sentence: str, **values: object) -> Markup:
    """A sentence in the reader's language, as HTML: values are made harmless unless they are HTML already."""
    said = Markup(_(sentence))  # noqa: S704  (our own words)
    return said.format(**values) if values else said


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
    return "/?" + urlencode({**{name: value for name, value in fields.items() if value}, "page": page})
