"""The page on which it is said how a calendar's CalDAV server is reached, so that no password is written in the chat.

Its address is a secret that opens once. What is sent is sealed at once; whether it works is said in the chat.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web
from sqlalchemy.exc import DBAPIError

from booking.context import Context
from booking.imports.fetching import checked_address
from booking.imports.service import Link, link_behind
from core import pages
from core.database import Database, Tx
from core.errors import BadInputError, RefusedError, UserError
from core.languages import _
from core.logs import log

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "no-store",
    "Vary": "Accept-Language",
}
_LARGEST_FORM = 16 * 1024
_FIELDS = ("address", "user", "password")
_log = log("booking.imports")

Connect = Callable[[Tx, Link, dict[str, str]], Awaitable[None]]
"""Has a calendar read whose server is reached like that, and its owner asked."""


def routes(database: Database, ctx: Context, connect: Connect) -> list[web.RouteDef]:
    """Return `/calendars/{secret}`."""
    page = _Page(database, ctx, connect)
    return [web.get("/calendars/{secret}", page.guarded), web.post("/calendars/{secret}", page.guarded)]


class _Page:
    def __init__(self, database: Database, ctx: Context, connect: Connect) -> None:
        self._database = database
        self._connect = connect
        self._templates = pages.templates(Path(__file__).parent / "templates")
        self._templates.globals |= {"title": ctx.settings.matrix.display_name}

    async def guarded(self, request: web.Request) -> web.Response:
        """Show the form, or take what was sent, in the reader's language; what is refused is said on the page."""
        with pages.reading(request):
            return await self._answer(request)

    async def _answer(self, request: web.Request) -> web.Response:
        secret = request.match_info["secret"]
        try:
            if request.method != "POST":
                async with self._database.transaction() as tx:
                    await link_behind(tx, secret, use=False)
                return self._shown("form")
            return await self._take(request, secret)
        except RefusedError as over:
            return self._shown("over", status=404, said=str(over))
        except (OSError, DBAPIError) as away:
            _log.warning("database away", error=type(away).__name__)
            return self._shown("over", status=503, said=_("Nothing can be taken now. Try again in a minute."))

    async def _take(self, request: web.Request, secret: str) -> web.Response:
        form = dict.fromkeys(_FIELDS, "")
        try:
            if request.content_length is None or request.content_length > _LARGEST_FORM:
                raise BadInputError("That is too much to be a form of this page.")
            sent = await request.post()
            form |= {name: value.strip() for name in _FIELDS if isinstance(value := sent.get(name), str)}
            account = {"address": checked_address(form["address"]), "user": form["user"], "password": form["password"]}
            if not account["user"] or not account["password"]:
                raise BadInputError("Write the user name and the password, too.")
        except RefusedError:
            raise
        except (UserError, ValueError) as refused:
            said = str(refused) if isinstance(refused, UserError) else _("That is no form of this page.")
            return self._shown("form", status=400, said=said, address=form["address"], user=form["user"])

        async def connect(tx: Tx) -> None:
            await self._connect(tx, await link_behind(tx, secret, use=True), account)

        await self._database.again(connect)
        return self._shown("done", said=_("Go back to the chat: whether it works is said there."))

    def _shown(self, stage: str, *, status: int = 200, **values: Any) -> web.Response:
        html = self._templates.get_template("caldav.html").render(
            **{"stage": stage, "said": "", "address": "", "user": "", **values}
        )
        return web.Response(text=html, content_type="text/html", status=status, headers=_HEADERS)
