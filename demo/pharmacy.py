"""A pharmacy: reads the paper that a patient brings, and goes through the forms of the page behind its QR code."""

import html
import re
import zlib

import aiohttp

_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_SPOKEN = re.compile(rb"/ActualText <([0-9a-f]+)>")
_ACCESS = re.compile(r"\b(?:[0-9A-Z]{4}-){7}[0-9A-Z]{4}\b")
_PAGE = re.compile(r"https?://\S+/rx/\w{6}")
_FORM = re.compile(r"<form.*?</form>", re.DOTALL)
_FIELD = re.compile(r'<input[^>]*?name="(\w+)"[^>]*>')
_VALUE = re.compile(r'value="([^"]*)"')


class Pharmacy:
    """With one paper in hand."""

    def __init__(self, paper: bytes) -> None:
        words = read_pdf(paper)
        access, page = _ACCESS.search(words), _PAGE.search(words)
        assert access is not None
        assert page is not None
        self._access = access[0]
        self._page = page[0]

    async def check(self) -> str:
        """What the page says to anybody."""
        async with aiohttp.ClientSession() as http, http.get(self._page) as answer:
            return _text(await answer.text())

    async def show(self) -> str:
        """What it says to who has the paper."""
        return _text(await self._send({"do": "show", "access": self._access}))

    async def give_out(self) -> str:
        """Take it on, give all of it out, and return what the page says then."""
        shown = await self._send({"do": "show", "access": self._access})
        held = await self._send(_fields(shown, "accept"))
        return _text(await self._send(_fields(held, "dispense")))

    async def _send(self, form: dict[str, str]) -> str:
        async with aiohttp.ClientSession() as http, http.post(self._page, data=form) as answer:
            answer.raise_for_status()
            return await answer.text()


def read_pdf(pdf: bytes) -> str:
    """What a screen reader reads of a document of ours."""
    said = []
    for stream in _STREAM.findall(pdf):
        try:
            # Without its checksum, of which the last byte may be a carriage return, and so look like the line's end.
            content = zlib.decompressobj().decompress(stream)
        except zlib.error:
            continue  # a picture or a font
        said += [bytes.fromhex(spoken.decode()).decode("utf-16") for spoken in _SPOKEN.findall(content)]
    return "\n".join(said)


def _fields(page: str, do: str) -> dict[str, str]:
    """The fields of the form of a page that does this, as they stand there."""
    for form in _FORM.findall(page):
        fields = {}
        for field in _FIELD.finditer(form):
            value = _VALUE.search(field[0])
            fields[field[1]] = html.unescape(value[1]) if value else ""
        if fields.get("do") == do:
            return fields
    return {}


def _text(page: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))
