"""The hosted pay page, for browsers: a form, the bank's refusals, 3-D Secure, and the way back to the shop."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
from aiohttp import web

from demo.stripe import checkout, connect, payments
from demo.stripe.cards import FormError, read_card
from demo.stripe.currencies import show
from demo.stripe.shop import Shop
from demo.stripe.store import Body
from demo.stripe.webhooks import Sender

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'",
    "X-Robots-Tag": "noindex",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Page:
    """All state is the session's: a reload, a second tab and the back button do no harm."""

    def __init__(self, shop: Shop, sender: Sender) -> None:
        self._shop = shop
        self._sender = sender
        loader = jinja2.FileSystemLoader(Path(__file__).parent / "pages")
        self._templates = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/c/pay/{session}", self._form),
            web.post("/c/pay/{session}", self._submit),
            web.get("/c/authenticate/{intent}", self._challenge),
            web.post("/c/authenticate/{intent}", self._authenticate),
            web.get("/receipts/{charge}", self._receipt),
            web.get("/setup/{account}/{link}", self._setup),
            web.post("/setup/{account}/{link}", self._set_up),
            web.get("/", self._about),
        ]

    async def _form(self, request: web.Request) -> web.Response:
        session = self._session(request)
        intent = self._intent(session)
        if session["status"] == "open" and intent is not None and intent["status"] == "requires_action":
            raise web.HTTPSeeOther(f"/c/authenticate/{intent['id']}")
        return self._show(session)

    async def _submit(self, request: web.Request) -> web.Response:
        session = self._session(request)
        if session["status"] != "open":
            return self._show(session)
        form = {name: str(value) for name, value in (await request.post()).items()}
        try:
            card = read_card(
                form.get("number", ""), form.get("expires", ""), form.get("cvc", ""), datetime.now(UTC).date()
            )
        except FormError as wrong:
            return self._show(session, error=str(wrong), field=wrong.field, form=form, status=422)
        name, email = form.get("name", "").strip()[:200] or None, form.get("email", "").strip()[:200] or None
        with self._shop.store.transaction():
            intent = checkout.pay(
                self._shop, session, lambda intent: payments.confirm(self._shop, intent, card, name, email)
            )
        return self._outcome(session, intent, form)

    async def _challenge(self, request: web.Request) -> web.Response:
        session, intent = self._challenged(request)
        if intent["status"] != "requires_action":
            return self._show(session)
        return self._render("authenticate.html", session, last4=intent["_card"]["last4"], intent=intent["id"])

    async def _authenticate(self, request: web.Request) -> web.Response:
        session, intent = self._challenged(request)
        if session["status"] != "open" or intent["status"] != "requires_action":
            return self._show(session)
        passed = (await request.post()).get("outcome") == "complete"
        with self._shop.store.transaction():
            intent = checkout.pay(
                self._shop, session, lambda intent: payments.authenticated(self._shop, intent, passed=passed)
            )
        return self._outcome(session, intent, {})

    async def _receipt(self, request: web.Request) -> web.Response:
        charge = self._shop.store.get("charge", request.match_info["charge"])
        if charge is None or not charge["paid"]:
            raise web.HTTPNotFound
        return self._plain("receipt.html", charge=charge, amount=show(charge["amount"], charge["currency"]))

    async def _setup(self, request: web.Request) -> web.Response:
        return self._plain("setup.html", done=self._to_set_up(request) is None, action=request.path)

    async def _set_up(self, request: web.Request) -> web.Response:
        account = self._to_set_up(request)
        if account is None:
            return self._plain("setup.html", done=True, action=request.path)
        with self._shop.store.transaction():
            connect.onboarded(self._shop, account)
        self._sender.wake.set()
        raise web.HTTPSeeOther(account["_return_url"])

    def _to_set_up(self, request: web.Request) -> Body | None:
        account = self._shop.store.get("account", request.match_info["account"])
        return account if account and account.get("_link") == request.match_info["link"] else None

    async def _about(self, _: web.Request) -> web.Response:
        return self._plain("about.html")

    def _outcome(self, session: Body, intent: Body, form: dict[str, str]) -> web.Response:
        self._sender.wake.set()
        if intent["status"] == "requires_action":
            raise web.HTTPSeeOther(f"/c/authenticate/{intent['id']}")
        if session["status"] == "complete":
            raise web.HTTPSeeOther(_success_url(session))
        return self._show(session, error=intent["last_payment_error"]["message"], field="number", form=form, status=402)

    def _session(self, request: web.Request) -> Body:
        session = self._shop.store.get("checkout.session", request.match_info["session"])
        if session is None:
            raise web.HTTPNotFound(text="There is no such payment.")
        if session["status"] == "open" and session["expires_at"] <= self._shop.store.now():
            with self._shop.store.transaction():
                session = checkout.close(self._shop, session)
            self._sender.wake.set()
        return session

    def _challenged(self, request: web.Request) -> tuple[Body, Body]:
        intent = self._shop.store.get("payment_intent", request.match_info["intent"])
        session = self._shop.store.session_of(request.match_info["intent"])
        if intent is None or session is None:
            raise web.HTTPNotFound(text="There is no such payment.")
        return session, intent

    def _intent(self, session: Body) -> Body | None:
        return self._shop.store.get("payment_intent", session["payment_intent"] or "")

    def _show(
        self,
        session: Body,
        *,
        error: str | None = None,
        field: str | None = None,
        form: dict[str, str] | None = None,
        status: int = 200,
    ) -> web.Response:
        """The form while the session is open; afterwards how it ended."""
        kept = {name: value for name, value in (form or {}).items() if name in ("name", "email")}
        template = "pay.html" if session["status"] == "open" else "closed.html"
        return self._render(template, session, error=error, wrong=field, form=kept, status=status)

    def _render(self, template: str, session: Body, *, status: int = 200, **values: Any) -> web.Response:
        minutes = max(1, (session["expires_at"] - self._shop.store.now()) // 60)
        return self._plain(
            template,
            status=status,
            session=session,
            lines=[
                {"name": line["description"], "amount": show(line["amount_total"], line["currency"])}
                for line in session["_lines"]
            ],
            amount=show(session["amount_total"], session["currency"]),
            minutes=minutes,
            success=_success_url(session),
            **values,
        )

    def _plain(self, template: str, *, status: int = 200, **values: Any) -> web.Response:
        html = self._templates.get_template(template).render(**values)
        return web.Response(text=html, content_type="text/html", status=status, headers=_HEADERS)


def _success_url(session: Body) -> str:
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])
