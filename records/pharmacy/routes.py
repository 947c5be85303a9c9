"""The doors for pharmacies: the page behind the QR code of a prescription, and its forms.

Secrets come in the bodies of forms, never in an address: the one of the paper stands behind the # of the QR code's
address, which browsers keep to themselves, and a few lines of script put it into the form. It can be typed as well.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from aiohttp import web
from sqlalchemy.exc import DBAPIError

from core import pages
from core.database import Database, Tx
from core.dates import full_moment
from core.errors import BadInputError, ConflictError, RefusedError, UserError
from core.ids import new_id
from core.languages import N_, _, ngettext
from core.logs import log
from core.visitors import visitor
from records.keys import ErasedError
from records.pharmacy import service
from records.pharmacy.limits import Limiter
from records.pharmacy.rules import Standing
from records.pharmacy.secrets import new_typed_secret
from records.pharmacy.service import Paper
from records.sealing import SealBrokenError, Vault
from records.signing.signature import ForgedError

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "no-store",
    "Vary": "Accept-Language",
}
_LARGEST_FORM = 8 * 1024
_WRONG_ONES, _WITHIN = 30, timedelta(minutes=1)
_STANDINGS = {
    Standing.READY: N_("It is valid, and can be dispensed."),
    Standing.TAKEN: N_("It is valid. A pharmacy has taken it on."),
    Standing.ON_HOLD: N_("It is on hold: nothing may be given on it now."),
    Standing.USED_UP: N_("It is used up: all of it was given."),
    Standing.EXPIRED: N_("It is no longer valid."),
    Standing.ENDED: N_("It was withdrawn: nothing may be given on it."),
}
_log = log("records.pharmacy")


def routes(database: Database, vault: Vault, *, title: str) -> list[web.RouteDef]:
    """Return `/rx/{code}` and its script."""
    doors = _Doors(database, vault, title)
    return [
        web.get("/rx/{code}", doors.guarded),
        web.post("/rx/{code}", doors.guarded),
        web.get("/rx.js", doors.script),
    ]


class _Doors:
    def __init__(self, database: Database, vault: Vault, title: str) -> None:
        self._database = database
        self._vault = vault
        self._wrong = Limiter(_WRONG_ONES, _WITHIN)
        templates = Path(__file__).parent / "templates"
        self._script = (templates / "rx.js").read_text()
        self._templates = pages.templates(templates)
        self._templates.globals |= {"title": title, "moment": _moment}

    async def script(self, _request: web.Request) -> web.Response:
        return web.Response(text=self._script, content_type="text/javascript", headers=_HEADERS)

    async def guarded(self, request: web.Request) -> web.Response:
        """Answer in the reader's language; what is refused counts against the address that asks."""
        with pages.reading(request):
            return await self._answer(request)

    async def _answer(self, request: web.Request) -> web.Response:
        code, address = request.match_info["code"], visitor(request)
        if self._wrong.full(address, self._database.clock.now()):
            return self._page("refused.html", status=429, code=code, said=_("Too many wrong codes. Wait a minute."))
        try:
            return await (self._post(request, code) if request.method == "POST" else self._get(code))
        except (ForgedError, SealBrokenError, ErasedError):
            return self._page("check.html", status=409, code=code, genuine=False, said="", open=False)
        except UserError as refused:
            status = _status(refused)
            if status != 409:
                self._wrong.count(address, self._database.clock.now())
            return self._page("refused.html", status=status, code=code, said=str(refused))
        except (OSError, DBAPIError) as away:
            _log.warning("database away", error=type(away).__name__)
            return self._page("refused.html", status=503, code=code, said=_("Nothing can be looked up now. Try again."))

    async def _get(self, code: str) -> web.Response:
        """Whether it is genuine and how it stands, and nothing else."""
        if not (code.isascii() and code.isalnum()):  # PostgreSQL cannot hold all signs
            raise RefusedError("There is no prescription with that code.")
        standing = await self._database.again(lambda tx: service.check(tx, self._vault, code))
        if standing is Standing.UNSIGNED:
            return self._page("check.html", code=code, genuine=False, said="", open=False)
        can = standing in {Standing.READY, Standing.TAKEN}
        return self._page("check.html", code=code, genuine=True, said=_(_STANDINGS[standing]), open=can)

    async def _post(self, request: web.Request, code: str) -> web.Response:
        if request.content_length is None or request.content_length > _LARGEST_FORM:
            raise BadInputError("That is too much to be a form of this page.")
        if not (code.isascii() and code.isalnum()):
            raise RefusedError("There is no prescription with that code.")
        try:
            sent = await request.post()
        except ValueError as malformed:
            raise BadInputError("That is no form of this page.") from malformed
        form = {name: value for name, value in sent.items() if isinstance(value, str)}
        if any("\x00" in value for value in form.values()):
            raise BadInputError("That is no form of this page.")
        # Keys that are exchanged at this moment are nothing that a pharmacy should have to hear of.
        return await self._database.again(lambda tx: self._done(tx, code, form))

    async def _done(self, tx: Tx, code: str, form: dict[str, str]) -> web.Response:
        match form.get("do"):
            case "show":
                return await self._show(tx, code, form)
            case "accept" | "claimed":
                return await self._claim(tx, code, form)
            case "dispense":
                return await self._dispense(tx, code, form)
            case "return":
                await service.hand_back(tx, self._vault, code, form.get("claim", ""))
                return self._page("over.html", code=code, said=_("It is handed back. Another pharmacy can take it on."))
            case _:
                raise BadInputError("That is no form of this page.")

    async def _show(self, tx: Tx, code: str, form: dict[str, str]) -> web.Response:
        paper = await service.show(tx, self._vault, code, form.get("access", ""))
        return self._page(
            "paper.html", **_shown(paper), code=code, access=form["access"], claim=new_typed_secret(), stage="shown"
        )

    async def _claim(self, tx: Tx, code: str, form: dict[str, str]) -> web.Response:
        claim = form.get("claim", "")
        if form["do"] == "accept":
            paper, held = await service.accept(tx, self._vault, code, form.get("access", ""), claim), True
        else:
            paper, held = await service.claimed(tx, self._vault, code, claim)
        return self._held(code, claim, paper, held=held)

    async def _dispense(self, tx: Tx, code: str, form: dict[str, str]) -> web.Response:
        try:
            which = UUID(form.get("id", ""))
        except ValueError as malformed:
            raise BadInputError("That is no form of this page.") from malformed
        claim = form.get("claim", "")
        words = {name: form.get(name, "") for name in ("amount", "product", "pharmacy")}
        await service.dispense(tx, self._vault, code, claim, which, **words)
        paper, held = await service.claimed(tx, self._vault, code, claim)
        return self._held(code, claim, paper, held=held)

    def _held(self, code: str, claim: str, paper: Paper, *, held: bool) -> web.Response:
        stage = "held" if held else "done"
        return self._page("paper.html", **_shown(paper), code=code, access="", claim=claim, stage=stage, id=new_id())

    def _page(self, template: str, *, status: int = 200, **values: Any) -> web.Response:
        html = self._templates.get_template(template).render(**values)
        return web.Response(text=html, content_type="text/html", status=status, headers=_HEADERS)


def _shown(paper: Paper) -> dict[str, Any]:
    return {
        "p": paper.prescription,
        "supply": paper.supply,
        "ready": paper.standing is Standing.READY,
        "said": _(_STANDINGS[paper.standing]) if paper.standing in _STANDINGS else "",
        "times_in_all": ngettext("{count} time in all", "{count} times in all", paper.supply.fills),
    }


def _moment(when: datetime) -> str:
    """24 November 2026, 09:30, in UTC, as the reader's language writes it."""
    return full_moment(when.astimezone(UTC))


def _status(refused: UserError) -> int:
    if isinstance(refused, ConflictError):
        return 409
    return 403 if isinstance(refused, RefusedError) else 400
