"""A prescription as a PDF that is read on paper, on a screen and by a screen reader. Pure but for the fonts' files.

The library is imported at the first document: it would add to the memory of every process that makes none.
"""

import io
import unicodedata
from collections.abc import Container, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo

import segno

from core.timezones import zone
from records.prescriptions.rules import Prescription, Status

if TYPE_CHECKING:
    from fpdf import FPDF
    from fpdf.fonts import TTFFont

_FONTS = Path(__file__).parent / "fonts"
_SIGNED = (
    "The doctor named above signed this prescription in careConnect, which checked the signature (key {key}) when it"
    " made this document. That is not a qualified electronic signature, and this document carries none: whoever relies"
    " on it opens the address of the QR code."
)
_NOT_SIGNED = (
    "This document is not a qualified electronic signature and carries none. It shows what the doctor named above wrote"
    " in careConnect; whoever relies on it checks the code with the centre."
)
_BOX = "\u25a1"
_MIRRORED = dict(zip("()[]{}<>«»", ")(][}{><»«", strict=True))
_MISSING = f"A box ({_BOX}) stands for a sign that this document's letters lack. The message in the chat shows it."


def prescription_pdf(p: Prescription, *, timezone: str, page: str, access: str | None = None) -> bytes:
    """The document, with times in the zone of that IANA name. The same prescription gives the same bytes, always.

    The QR code holds `page`, the address of the prescription's public page, and behind a # the secret `access` that a
    pharmacy needs to dispense; without one the document is a copy, and says so. Takes about a tenth of a second of
    computing: call it in a thread. Raises BadInputError for an unknown zone.
    """
    from fpdf import FPDF  # noqa: PLC0415
    from fpdf.prefs import ViewerPreferences  # noqa: PLC0415

    there = zone(timezone)
    pdf = FPDF(format="A4")
    pdf.set_creation_date(p.status_changed)
    pdf.set_title(f"Prescription {p.code}")
    pdf.set_lang("en")
    pdf.viewer_preferences = ViewerPreferences(display_doc_title=True)
    pdf.set_margin(20)
    pdf.add_page()
    pdf.add_font("DejaVu", "", _FONTS / "DejaVuSans.ttf")
    pdf.add_font("DejaVu", "B", _FONTS / "DejaVuSans-Bold.ttf")
    regular, bold = (cast("TTFFont", pdf.fonts[name]).cmap for name in ("dejavu", "dejavuB"))
    sheet = _Page(pdf, regular.keys() & bold.keys())
    sheet.code(p.code, f"{page}#{access}" if access else page)
    sheet.write("Prescription", size=22, tag="H1")
    sheet.write(f"Code {p.code}", size=13)
    sheet.gap(16)
    if p.status is not Status.ACTIVE:
        sheet.write(f"{p.status.upper()} on {_moment(p.status_changed, there)}: not to be dispensed", size=13, tag="H2")
        sheet.field("Reason", p.status_reason)
        sheet.gap(4)
    sheet.field("Patient", p.patient_name)
    sheet.field("Prescribed by", f"{p.practitioner_name}, {p.centre_name}")
    sheet.field("Written", _moment(p.authored_on, there))
    sheet.field("Valid until", _moment(p.valid_until, there))
    sheet.rule()
    sheet.write(p.draft.medication, size=17, tag="H2")
    sheet.write(", ".join(part for part in (p.draft.strength, p.draft.form) if part), size=13)
    sheet.gap(3)
    sheet.field("How to take it", p.draft.dosage, size=13)
    sheet.field("Quantity", p.draft.quantity)
    sheet.field("Repeats", _repeats(p.draft.repeats))
    sheet.field("Another product with the same ingredient", "allowed" if p.draft.substitution else "not allowed")
    sheet.field("Note", p.draft.note)
    sheet.rule()
    if access:
        sheet.field("Access code for the pharmacy", access, size=12)
        sheet.field("Page for the pharmacy", page)
        sheet.write(
            "Whoever has this access code can see this prescription and have it dispensed: show it to no others."
        )
    else:
        sheet.write("This is a copy for reading: without the patient's access code nothing is dispensed on it.")
    sheet.gap(2)
    if sheet.missing:
        sheet.write(_MISSING, size=9)
    sheet.write(_SIGNED.format(key=p.signed_by) if p.signed_by else _NOT_SIGNED, size=9)
    return bytes(pdf.output())


class _Page:
    """Writes down the page in the order in which it is read, and tags what each piece is for screen readers."""

    def __init__(self, pdf: "FPDF", known: Container[int]) -> None:
        self._pdf = pdf
        self._known = known
        self.missing = False
        """Whether a sign had to be replaced."""

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

    def code(self, code: str, address: str) -> None:
        """The QR code, at the top on the right."""
        image = io.BytesIO()
        segno.make(address, error="m", micro=False).save(image, kind="png", scale=10, border=4)
        side = 36
        pdf = self._pdf
        x = pdf.w - pdf.r_margin - side
        pdf.image(image, x=x, y=pdf.t_margin - 4, w=side, alt_text=f"QR code of the page of prescription {code}")

    def _paragraph(self, text: str, height: float, tag: str) -> None:
        pdf = self._pdf
        leftwards = _leftwards(text)
        # Wrapped in the order in which it is read, then each line put into the order in which it is seen.
        wrapped = pdf.multi_cell(0, text=text, dry_run=True, output="LINES", align="L")
        lines = cast("list[str]", wrapped)
        while lines:
            if pdf.will_page_break(height):
                pdf.add_page()
            fitting = max(1, int((pdf.page_break_trigger - pdf.y) / height))
            here, lines = lines[:fitting], lines[fitting:]
            with self._tagged(tag, " ".join(here)):
                for line in here:
                    seen = _as_seen(line, leftwards=leftwards)
                    pdf.cell(0, height, seen, align="R" if leftwards else "L", new_x="LMARGIN", new_y="NEXT")

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
        signs = [one if one == "\n" or ord(one) in self._known else _stand_in(one) for one in text]
        self.missing = self.missing or _BOX in signs
        return "".join(signs)


def _stand_in(sign: str) -> str:
    return "" if unicodedata.category(sign) in ("Cf", "Mn") else _BOX


def _leftwards(text: str) -> bool:
    """Whether a paragraph runs from right to left: its first letter says so (Unicode Annex 9, P2 and P3)."""
    first = next((kind for kind in map(unicodedata.bidirectional, text) if kind in ("L", "R", "AL")), "L")
    return first != "L"


def _as_seen(line: str, *, leftwards: bool) -> str:
    """A line's signs from left to right (Unicode Annex 9): what is printed as typed would read backwards."""
    if not any(unicodedata.bidirectional(one) in ("R", "AL") for one in line):
        return line
    from fpdf.bidi import BidiParagraph  # noqa: PLC0415
    from fpdf.enums import TextDirection  # noqa: PLC0415

    turned = BidiParagraph(line, TextDirection.RTL if leftwards else TextDirection.LTR).get_reordered_characters()
    return "".join(
        _MIRRORED.get(one.character, one.character) if one.embedding_level % 2 else one.character for one in turned
    )


def _repeats(repeats: int) -> str:
    return {0: "none: dispensed once", 1: "once more"}.get(repeats, f"{repeats} times more")


def _moment(moment: datetime, there: ZoneInfo) -> str:
    local = moment.astimezone(there)
    return f"{local.day} {local:%B %Y, %H:%M} ({there.key})"
