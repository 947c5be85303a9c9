"""The PDF: readable by eye and by screen reader, the same each time, with a code that gives nothing away."""

import re
import zlib
from dataclasses import replace
from uuid import UUID

import pytest
import segno

from core.errors import BadInputError
from core.languages import speaking
from records.paper import as_seen
from records.prescriptions.document import prescription_pdf
from records.prescriptions.rules import Prescription, Status
from records.shaping import shaped, unshaped
from tests.unit.records.prescriptions.examples import DRAFT, PRESCRIPTION

PAGE = "https://care.example.org/rx/7K4Q2M"
SECRET = "0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV-WXYZ"


def texts(pdf: bytes) -> list[tuple[str, str]]:
    """What a screen reader reads: (tag, text) in order."""
    found = []
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            content = zlib.decompressobj().decompress(stream)  # its checksum may end as a line does
        except zlib.error:
            continue
        for tag, spoken in re.findall(rb"/(\w+) <</MCID \d+ /ActualText <([0-9a-f]+)>>> BDC", content):
            found.append((tag.decode(), bytes.fromhex(spoken.decode()).decode("utf-16")))
    return found


def words(p: Prescription, timezone: str = "Europe/Berlin", access: str | None = None) -> str:
    return "\n".join(text for _, text in texts(prescription_pdf(p, timezone=timezone, page=PAGE, access=access)))


def test_it_says_all_that_was_prescribed() -> None:
    p = replace(PRESCRIPTION, draft=replace(DRAFT, repeats=2, substitution=False, note="not with aspirin"))
    said = words(p)
    for part in (
        "Code 7K4Q2M",
        p.patient_name,
        "Dr Ama Osei, Praxis am Park, Berlin",
        "Ibuprofen",
        "400 mg, tablet",
        DRAFT.dosage,
        "20 tablets",
        "2 times more",
        "not allowed",
        "not with aspirin",
    ):
        assert part in said


def test_times_are_those_of_the_readers_zone() -> None:
    assert "23 November 2026, 10:30 (Europe/Berlin)" in words(PRESCRIPTION)
    assert "23 November 2026, 17:30 (Asia/Kuala_Lumpur)" in words(PRESCRIPTION, "Asia/Kuala_Lumpur")
    with pytest.raises(BadInputError):
        prescription_pdf(PRESCRIPTION, timezone="Mars/Base", page=PAGE)


def test_it_says_plainly_that_it_is_not_a_qualified_signature() -> None:
    for p in (PRESCRIPTION, replace(PRESCRIPTION, signed_by=UUID(int=7))):
        assert "not a qualified electronic signature" in words(p)


def test_it_says_which_key_signed_it_if_one_did() -> None:
    assert str(UUID(int=7)) in words(replace(PRESCRIPTION, signed_by=UUID(int=7)))
    assert "signed" not in words(PRESCRIPTION)


def test_the_patients_has_the_access_code_and_a_copy_says_that_it_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[str] = []
    make = segno.make
    monkeypatch.setattr("segno.make", lambda content, **how: held.append(content) or make(content, **how))
    assert SECRET in words(PRESCRIPTION, access=SECRET)
    copy = words(PRESCRIPTION)
    assert "copy for reading" in copy
    assert "copy" not in words(PRESCRIPTION, access=SECRET)
    assert held == [f"{PAGE}#{SECRET}", PAGE, f"{PAGE}#{SECRET}"]


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.ACTIVE])
def test_what_is_not_active_says_so_before_all_else(status: Status) -> None:
    pdf = prescription_pdf(replace(PRESCRIPTION, status=status, status_reason="allergy"), timezone="UTC", page=PAGE)
    said = texts(pdf)
    headings = [text for tag, text in said if tag in ("H1", "H2")]
    assert "23 November 2026" in headings[1]
    assert headings[1].split()[0].isupper()
    assert "not to be dispensed" in headings[1]
    assert ("P", "allergy") in said


def test_it_is_tagged_titled_and_in_a_language() -> None:
    pdf = prescription_pdf(PRESCRIPTION, timezone="UTC", page=PAGE)
    assert [text for tag, text in texts(pdf) if tag == "H1"] == ["Prescription"]
    assert [text for tag, text in texts(pdf) if tag == "H2"] == ["Ibuprofen"]
    for part in (b"/MarkInfo", b"/StructTreeRoot", b"/Lang (en)", b"/DisplayDocTitle true", b"/S /Figure"):
        assert part in pdf, part
    assert "QR code of the page of prescription 7K4Q2M".encode("utf-16-be") in pdf or b"QR code of the page" in pdf


def test_its_title_names_the_code_and_nobody() -> None:
    pdf = prescription_pdf(PRESCRIPTION, timezone="UTC", page=PAGE)
    assert b"Prescription 7K4Q2M" in pdf
    for secret in ("Ibuprofen", "Osei"):
        assert secret.encode() not in pdf
        assert secret.encode("utf-16-be") not in pdf


def test_the_same_prescription_gives_the_same_bytes() -> None:
    assert prescription_pdf(PRESCRIPTION, timezone="UTC", page=PAGE) == prescription_pdf(
        PRESCRIPTION, timezone="UTC", page=PAGE
    )


def test_a_long_note_goes_over_pages_and_none_of_it_is_lost() -> None:
    lines = [f"line {n}" for n in range(150)]
    said = words(replace(PRESCRIPTION, draft=replace(DRAFT, note="\n".join(lines))))
    assert [line for line in said.splitlines() if line.startswith("line ")] == lines


def test_what_cannot_be_printed_is_a_box_and_is_explained() -> None:
    said = words(replace(PRESCRIPTION, draft=replace(DRAFT, dosage="服用 1")))
    assert "\u25a1\u25a1 1" in said
    assert "A box" in said
    assert "A box" not in words(PRESCRIPTION)


def test_signs_that_are_not_seen_are_no_boxes() -> None:
    assert "A box" not in words(replace(PRESCRIPTION, draft=replace(DRAFT, note="well\ufe0f \u200fdone")))


def test_right_to_left_text_is_spoken_as_typed_and_printed_as_read() -> None:
    hebrew = "יש לקחת 12 טבליות (עם אוכל)"
    assert hebrew in words(replace(PRESCRIPTION, draft=replace(DRAFT, dosage=hebrew)))
    assert as_seen(hebrew, leftwards=True) == "(לכוא םע) תוילבט 12 תחקל שי"
    assert as_seen("take 1, not 21", leftwards=False) == "take 1, not 21"


def test_it_speaks_the_persons_language_and_beside_it_the_pharmacys() -> None:
    with speaking("ar"):
        pdf = prescription_pdf(PRESCRIPTION, timezone="Europe/Berlin", page=PAGE, beside="de")
    said = texts(pdf)
    assert ("H1", "وصفة طبية / Rezept") in said
    assert ("P", "الكمية / Menge") in said
    assert ("P", "20 tablets") in said  # as it was signed
    assert any("21 فبراير 2027" in text and "21. Februar 2027" in text for _, text in said)
    assert b"/Lang (ar)" in pdf
    with speaking("de"):
        alone = texts(prescription_pdf(PRESCRIPTION, timezone="Europe/Berlin", page=PAGE, beside="de"))
    assert ("P", "Menge") in alone


def test_arabic_letters_are_drawn_joined_and_read_as_they_were_written() -> None:
    assert shaped("صحة") == "\ufebb\ufea4\ufe94"  # initial, medial, final
    assert shaped("دار") == "\ufea9\ufe8d\ufead"  # none of these joins what comes after it
    assert shaped("لا سلام") == "\ufefb \ufeb3\ufefc\ufee1"  # lam and alef are one
    assert shaped("مُدة") == "\ufee3\u064f\ufeaa\ufe93"  # marks stand between without parting
    for text in ("الأدوية التي وُصفت لك", "tablet 400 mg", "پزشک گچ"):
        assert unshaped(shaped(text)) == text
