"""A page that is read on paper, on a screen and by a screen reader: what all PDFs of the records are written on.

The library is imported at the first document: it would add to the memory of every process that makes none. Takes about
a tenth of a second of computing: write in a process or thread aside. The same calls give the same bytes, always.
"""

import io
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo

import segno

from core.dates import full_moment
from core.languages import N_, _, direction, language, speaking
from records.shaping import shaped, unshaped

if TYPE_CHECKING:
    from fpdf.fonts import TTFFont

_FONTS = Path(__file__).parent / "fonts"
_BOX = "\u25a1"
_MIRRORED = dict(zip("()[]{}<>«»", ")(][}{><»«", strict=True))
_MISSING = N_("A box ({box}) stands for a sign that this document's letters lack. The message in the chat shows it.")


class Paper:
    """Writes down the page in the order in which it is read, and tags what each piece is for screen readers.

    It is in the language that is spoken when it is begun, and written from that language's side of the page.
    """

    def __init__(self, title: str, *, at: datetime, beside: str | None = None) -> None:
        """Begin a document of that title, made at that instant.

        `beside`: a second language, for those who are shown the document: its labels are in both.
        """
        from fpdf import FPDF  # noqa: PLC0415
        from fpdf.prefs import ViewerPreferences  # noqa: PLC0415

        pdf = FPDF(format="A4")
        pdf.set_creation_date(at)
        pdf.set_title(title)
        pdf.set_lang(language())
        pdf.viewer_preferences = ViewerPreferences(display_doc_title=True)
        pdf.set_margin(20)
        pdf.add_page()
        pdf.add_font("DejaVu", "", _FONTS / "DejaVuSans.ttf")
        pdf.add_font("DejaVu", "B", _FONTS / "DejaVuSans-Bold.ttf")
        regular, bold = (cast("TTFFont", pdf.fonts[name]).cmap for name in ("dejavu", "dejavuB"))
        self._pdf = pdf
        self._known = regular.keys() & bold.keys()
        self._missing = False
        self._beside = beside if beside != language() else None
        self._from_right = direction() == "rtl"

    def done(self) -> bytes:
        """The document."""
        return bytes(self._pdf.output())

    def excuse(self) -> None:
        """Say what a box stands for, if a sign had to be replaced by one."""
        if self._missing:
            self.write(_(_MISSING, box=_BOX), size=9)

    def said(self, sentence: str, /) -> str:
        """A short sentence of the catalogue, in both languages where there are two: Menge / Quantity."""
        return self.both(lambda: _(sentence))

    def both(self, say: Callable[[], str]) -> str:
        """What `say` says, in both languages where there are two."""
        here = say()
        if self._beside is None:
            return here
        with speaking(self._beside):
            there = say()
        return here if there == here else f"{here} / {there}"

    def write(self, text: str, *, size: float = 11, tag: str = "P") -> None:
        """Write a text, paragraph by paragraph. `tag` is PDF's word: P, or H1 and H2 for headings."""
        self._pdf.set_font("DejaVu", "B" if tag.startswith("H") else "", size)
        for paragraph in filter(None, self._printable(text).split("\n")):
            self._paragraph(paragraph, size * 0.5, tag)

    def field(self, label: str, text: str, *, size: float = 11) -> None:
        if text:
            self.write(label, size=9)
            self.write(text, size=size)
            self.gap(2)

    def gap(self, height: float) -> None:
        self._pdf.ln(height)

    def rule(self) -> None:
        pdf = self._pdf
        pdf.ln(2)
        pdf._out("/Artifact BMC")
        pdf.line(pdf.l_margin, pdf.y, pdf.w - pdf.r_margin, pdf.y)
        pdf._out("EMC")
        pdf.ln(4)

    def code(self, address: str, spoken: str) -> None:
        """A QR code, at the top, where no line begins; `spoken` is what a screen reader says of it."""
        image = io.BytesIO()
        segno.make(address, error="m", micro=False).save(image, kind="png", scale=10, border=4)
        side = 36
        pdf = self._pdf
        x = pdf.l_margin if self._from_right else pdf.w - pdf.r_margin - side
        pdf.image(image, x=x, y=pdf.t_margin - 4, w=side, alt_text=spoken)

    def _paragraph(self, text: str, height: float, tag: str) -> None:
        pdf = self._pdf
        leftwards = runs_leftwards(text)
        # Wrapped in the order in which it is read, then each line put into the order in which it is seen.
        wrapped = pdf.multi_cell(0, text=text, dry_run=True, output="LINES", align="L")
        lines = cast("list[str]", wrapped)
        while lines:
            if pdf.will_page_break(height):
                pdf.add_page()
            fitting = max(1, int((pdf.page_break_trigger - pdf.y) / height))
            here, lines = lines[:fitting], lines[fitting:]
            side = "R" if leftwards or self._from_right else "L"
            with self._tagged(tag, unshaped(" ".join(here))):
                for line in here:
                    seen = as_seen(line, leftwards=leftwards)
                    pdf.cell(0, height, seen, align=side, new_x="LMARGIN", new_y="NEXT")

    @contextmanager
    def _tagged(self, tag: str, text: str) -> Iterator[None]:
        # The library tags figures alone; text without a tag is passed over by screen readers when there are any tags.
        pdf = self._pdf
        mcid = pdf.struct_builder.next_mcid_for_page(pdf.page)
        pdf._add_marked_content(struct_type=f"/{tag}", mcid=mcid)
        spoken = f"\ufeff{text}".encode("utf-16-be").hex()
        pdf._out(f"/{tag} <</MCID {mcid} /ActualText <{spoken}>>> BDC")
        yield
        pdf._out("EMC")

    def _printable(self, text: str) -> str:
        """The text with a box for each sign that the letters lack; signs that are not seen fall away."""
        drawn = "".join(one if ord(one) in self._known else unshaped(one) for one in shaped(text))
        signs = [one if one == "\n" or ord(one) in self._known else _stand_in(one) for one in drawn]
        self._missing = self._missing or _BOX in signs
        return "".join(signs)


def _stand_in(sign: str) -> str:
    return "" if unicodedata.category(sign) in ("Cf", "Mn") else _BOX


def runs_leftwards(text: str) -> bool:
    """Whether a paragraph runs from right to left: its first letter says so (Unicode Annex 9, P2 and P3)."""
    first = next((kind for kind in map(unicodedata.bidirectional, text) if kind in ("L", "R", "AL")), "L")
    return first != "L"


def as_seen(line: str, *, leftwards: bool) -> str:
    """A line's signs from left to right (Unicode Annex 9): what is printed as typed would read backwards."""
    if not any(unicodedata.bidirectional(one) in ("R", "AL") for one in line):
        return line
    from fpdf.bidi import BidiParagraph  # noqa: PLC0415
    from fpdf.enums import TextDirection  # noqa: PLC0415

    turned = BidiParagraph(line, TextDirection.RTL if leftwards else TextDirection.LTR).get_reordered_characters()
    return "".join(
        _MIRRORED.get(one.character, one.character) if one.embedding_level % 2 else one.character for one in turned
    )


def moment(when: datetime, there: ZoneInfo) -> str:
    """23 November 2026, 10:30 (Europe/Berlin)"""
    return f"{full_moment(when.astimezone(there))} ({there.key})"
