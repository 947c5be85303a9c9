"""What people read when a rule of the records refuses something, word for word; and the edges that are let through."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from core.errors import UserError
from records.documents import rules as documents
from records.documents.rules import DocumentStatus, Note, SickNote
from records.files import rules as files
from records.pharmacy import rules as pharmacy
from records.pharmacy.rules import Standing, Supply
from records.prescriptions import rules as prescriptions
from records.prescriptions.rules import Status
from tests.unit.records.files.test_kinds import ONE, PDF
from tests.unit.records.prescriptions.examples import DRAFT, PRESCRIPTION

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
TODAY = date(2026, 12, 1)
SICK = SickNote(TODAY, TODAY)
ENDED = (Status.CANCELLED, Status.STOPPED, Status.ENTERED_IN_ERROR)

SAID: list[tuple[Callable[[], Any], str]] = [
    (
        lambda: prescriptions.require_move(Status.COMPLETED, Status.ACTIVE),
        "This prescription is already completed; it cannot become active.",
    ),
    *[
        (
            lambda status=status: prescriptions.require_renewable(replace(PRESCRIPTION, status=status)),
            "The doctor has ended this prescription. Please book a visit to talk about it.",
        )
        for status in ENDED
    ],
    (
        lambda: prescriptions.checked(replace(DRAFT, repeats=12)),
        "Repeats can be from 0 (dispensed once) to 11.",
    ),
    (
        lambda: prescriptions.checked(replace(DRAFT, valid_days=366)),
        "A prescription can be valid for 1 to 365 days.",
    ),
    (
        lambda: prescriptions.checked_reason(" "),
        "Say in a few words why, so that the patient and the pharmacy know.",
    ),
    (lambda: prescriptions.checked_reason("x" * 501), "The reason is too long: 500 letters at most."),
    (
        lambda: prescriptions.checked(replace(DRAFT, form="a\u202eb")),
        "The form has invisible signs that turn the text round. Type it anew.",
    ),
    (
        lambda: prescriptions.checked(replace(DRAFT, form="a\x07b")),
        "The form has signs that cannot be printed. Type it anew.",
    ),
    (
        lambda: pharmacy.require_dispensable(Standing.USED_UP),
        "All of this prescription was given already.",
    ),
    (
        lambda: pharmacy.checked_amount("0", Supply(5, "tablets", 1, ())),
        "Give a whole number from 1 to 5.",
    ),
    (lambda: pharmacy.checked_words("x" * 121), "Write that in a line of 120 letters at most."),
    (
        lambda: documents.require_move(DocumentStatus.ENTERED_IN_ERROR, DocumentStatus.AMENDED),
        "This was withdrawn as a mistake; it cannot be changed any more.",
    ),
    (
        lambda: documents.checked(Note(" "), TODAY),
        "Write the note behind the visit's code: note K7QM3F mole removed, wound dry",
    ),
    (
        lambda: documents.checked(replace(SICK, last=TODAY - timedelta(days=1)), TODAY),
        "The last day comes before the first.",
    ),
    (
        lambda: documents.checked(replace(SICK, last=TODAY + timedelta(days=367)), TODAY),
        "A sick note is for a year at most.",
    ),
    (
        lambda: documents.checked(replace(SICK, first=TODAY - timedelta(days=32)), TODAY),
        "A sick note goes back 31 days at most.",
    ),
    (
        lambda: documents.checked(replace(SICK, activity=""), TODAY),
        "What can the patient not do? For example: work, school, sport.",
    ),
    (lambda: documents.checked_why(""), "Say in a few words why."),
    (
        lambda: documents.checked(Note("a\u202eb"), TODAY),
        "There are signs in it that cannot be printed. Type it anew.",
    ),
    (lambda: documents.checked(Note("x" * 8001), TODAY), "That is too long: 8000 letters at most."),
    (
        lambda: documents.checked(replace(SICK, activity="x" * 61), TODAY),
        "That is too long: 60 letters at most.",
    ),
    (
        lambda: files.require_changeable(replace(ONE, final_at=NOW), NOW),
        "This file belongs to a visit that has begun: it is part of the record that the centre must keep.",
    ),
    (
        lambda: files.require_room(1, 0, most_bytes=1, most_files=1),
        "There is no more room for your files. Delete some that are not needed: “files” lists them.",
    ),
    (
        lambda: _raised(files.too_large(5 << 20)),
        "That file is too large: I take up to 5 MB. I have kept nothing of it.",
    ),
    (
        lambda: _raised(files.not_taken()),
        "I can't take that kind of file. I take pictures, PDFs, sound and video recordings, DICOM and plain text.",
    ),
    (lambda: files.checked_note("x" * 501), "Say in 500 letters at most what it is."),
]


def _raised(error: UserError) -> None:
    raise error


@pytest.mark.parametrize(("refused", "sentence"), SAID, ids=[said[:40] for _, said in SAID])
def test_a_refusal_is_this_sentence(refused: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(UserError) as said:
        refused()
    assert str(said.value) == sentence


def test_what_is_not_ended_is_renewed() -> None:
    for status in set(Status) - set(ENDED):
        prescriptions.require_renewable(replace(PRESCRIPTION, status=status))


def test_the_longest_that_is_let_through() -> None:
    assert len(prescriptions.checked_reason("x" * 500)) == 500
    assert len(pharmacy.checked_words("x" * 120)) == 120
    assert pharmacy.checked_amount("12345", Supply(99_999, "drops", 1, ())) == 12_345
    assert documents.checked(Note("x" * 8000), TODAY) == Note("x" * 8000)
    activity = replace(SICK, activity="x" * 60)
    assert documents.checked(activity, TODAY) == activity
    assert len(files.checked_note("x" * 500)) == 500
    assert files.checked_note("a\tb\rX") == "a b X"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("a. .pdf", "a.pdf"), (" .x.pdf", "x.pdf"), ("blood  test.pdf", "blood test.pdf"), ("a.b.pdf", "a.b.pdf"),
     ("XX.pdf", "XX.pdf"), ("trailing .", "trailing.pdf")],
)  # fmt: skip
def test_names_keep_what_is_theirs(sent: str, kept: str) -> None:
    assert PDF is not None
    assert files.checked_name(sent, PDF) == kept
