"""Pays as a person in a browser does: opens the page, fills in its form, presses its button, follows where it leads."""

from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urljoin

import aiohttp


@dataclass(frozen=True, slots=True)
class Ending:
    """Where the person stands at the end."""

    url: str
    status: int
    message: str | None
    """What the page says in its alert, if it has one."""
    visited: tuple[str, ...]
    """All addresses on the way."""


async def pay(
    pay_url: str,
    card: str = "4242424242424242",
    *,
    authenticate: bool = True,
    come_back: bool = True,
    name: str = "Demo Payer",
) -> Ending:
    """Pay with a card; complete 3-D Secure (or fail it, with authenticate=False) if it is asked for.

    With come_back=False the browser is closed when the payment is done, before the shop's own page is opened.
    """
    card_form = {"number": card, "expires": "12/34", "cvc": "123", "name": name, "email": ""}
    bank_form = {"outcome": "complete" if authenticate else "fail"}
    async with _Browser(pay_url, come_back=come_back) as browser:
        await browser.open("GET", pay_url)
        if "number" in browser.page.names:
            await browser.submit(card_form)
        if "outcome" in browser.page.names:
            await browser.submit(bank_form)
        return Ending(browser.url, browser.status, browser.page.alert, tuple(browser.visited))


class _Browser:
    """One tab."""

    def __init__(self, start: str, *, come_back: bool) -> None:
        self._site = urljoin(start, "/")
        self._come_back = come_back
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
        self.url, self.status = start, 0
        self.page = _Page()
        self.visited: list[str] = []

    async def __aenter__(self) -> "_Browser":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()

    async def submit(self, answers: dict[str, str]) -> None:
        """Fill in the page's form and send it."""
        filled = {name: value for name, value in answers.items() if name in self.page.names}
        await self.open("POST", urljoin(self.url, self.page.action), filled)

    async def open(self, method: str, url: str, fields: dict[str, str] | None = None) -> None:
        """Open an address and go where it redirects."""
        while True:
            self.visited.append(url)
            self.url, self.page = url, _Page()
            async with self._http.request(method, url, data=fields, allow_redirects=False) as answer:
                self.status = answer.status
                if answer.status not in (302, 303):
                    self.page.feed(await answer.text())
                    return
                method, url, fields = "GET", urljoin(url, answer.headers["Location"]), None
            if not self._come_back and not url.startswith(self._site):
                self.url, self.page = url, _Page()
                return


class _Page(HTMLParser):
    """What matters of a page: the form that is posted, and its alert."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.names: set[str] = set()
        self.alert: str | None = None
        self._alerting: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.action = given.get("action") or ""
        elif tag in ("input", "button") and given.get("name"):
            self.names.add(given["name"] or "")
        if given.get("role") == "alert":
            self._alerting = tag

    def handle_data(self, data: str) -> None:
        if self._alerting and data.strip():
            self.alert = f"{self.alert or ''} {data.strip()}".strip()

    def handle_endtag(self, tag: str) -> None:
        if tag == self._alerting:
            self._alerting = None
