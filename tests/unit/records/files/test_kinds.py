"""What a file is, by its first bytes; how it is named; until when it can be taken back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInputError, ConflictError
from records.files.kinds import HEAD, kind_of
from records.files.rules import (
    BACK_WITHIN,
    StoredFile,
    checked_name,
    checked_note,
    final_from,
    require_changeable,
    require_room,
)

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
KINDS = {
    b"\x89PNG\r\n\x1a\n\x00": "image/png",
    b"\xff\xd8\xff\xe0": "image/jpeg",
    b"GIF89a": "image/gif",
    b"II*\x00": "image/tiff",
    b"%PDF-1.7": "application/pdf",
    b"ID3\x04": "audio/mpeg",
    b"\xff\xf1P": "audio/aac",
    b"OggS\x00": "audio/ogg",
    b"RIFF\x00\x00\x00\x00WAVEfmt ": "audio/wav",
    b"RIFF\x00\x00\x00\x00WEBPVP8 ": "image/webp",
    b"\x00\x00\x00\x18ftypheic": "image/heic",
    b"\x00\x00\x00\x18ftypM4A ": "audio/mp4",
    b"\x00\x00\x00\x18ftypisom": "video/mp4",
    b"\x1a\x45\xdf\xa3\x01\x42\x82\x84webm": "video/webm",
    bytes(128) + b"DICM": "application/dicom",
    "Blutbild: Hämoglobin 13,2\r\n".encode(): "text/plain",
}
REFUSED = [
    b"",
    b"MZ\x90\x00\x03",
    b"\x7fELF\x02",
    b"PK\x03\x04",
    b"#!/bin/sh\n",
    b"<html><script>",
    b"  <svg onload=x>",
    b"RIFF\x00\x00\x00\x00AVI ",
    b"\x1a\x45\xdf\xa3\x01\x42\x82\x88matroska",
    b"\x00\x01\x02",
    b"a\x00b",
    b"\xc3\x28",
]


@pytest.mark.parametrize(("head", "mimetype"), KINDS.items())
def test_a_file_is_what_its_first_bytes_say(head: bytes, mimetype: str) -> None:
    kind = kind_of(head)
    assert kind is not None
    assert kind.mimetype == mimetype


@pytest.mark.parametrize("head", REFUSED)
def test_programs_archives_and_pages_are_not_taken(head: bytes) -> None:
    assert kind_of(head) is None


def test_a_letter_cut_in_two_at_the_end_of_the_head_is_no_harm() -> None:
    text = ("a" * (HEAD - 1) + "ä").encode()
    kind = kind_of(text[:HEAD])
    assert kind is not None
    assert kind.mimetype == "text/plain"
    assert kind_of(text[: HEAD - 1] + b"\xff") is None


@given(st.binary(max_size=200))
def test_whatever_comes_there_is_an_answer(head: bytes) -> None:
    kind_of(head)


PDF = kind_of(b"%PDF-1.7")
assert PDF is not None


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("Befund.pdf", "Befund.pdf"),
        ("BEFUND.PDF", "BEFUND.PDF"),
        ("x.exe", "x.exe.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\scan\\heart.pdf", "heart.pdf"),
        ("a\u202efdp.exe", "afdp.exe.pdf"),
        ("", "file.pdf"),
        ("...", "file.pdf"),
        ("a\n\tb.pdf", "ab.pdf"),
        ("x" * 300, "x" * 96 + ".pdf"),
    ],
)
def test_a_name_shows_what_it_is_and_hides_nothing(sent: str, kept: str) -> None:
    assert PDF is not None
    assert checked_name(sent, PDF) == kept


@given(st.text(max_size=150))
def test_any_name_becomes_a_short_one_of_the_right_ending(sent: str) -> None:
    assert PDF is not None
    name = checked_name(sent, PDF)
    assert len(name) <= 100
    assert name.lower().endswith(".pdf")
    assert "/" not in name
    assert name.isprintable()


def test_a_note_is_one_short_line() -> None:
    assert checked_note(" blood \n test\u202e ") == "blood test"
    with pytest.raises(BadInputError, match="500 letters"):
        checked_note("x" * 501)


ONE = StoredFile(UUID(int=1), UUID(int=2), UUID(int=3), None, None, NOW, None, None, 5, "a.txt", "text/plain", "", "")


def test_a_file_can_be_taken_back_until_its_visit_begins_and_for_a_day_at_least() -> None:
    assert final_from(NOW, None) is None
    assert final_from(NOW, NOW + timedelta(days=3)) == NOW + timedelta(days=3)
    assert final_from(NOW, NOW - timedelta(days=3)) == NOW + BACK_WITHIN
    require_changeable(ONE, NOW + timedelta(days=900))
    bound = replace(ONE, final_at=NOW)
    require_changeable(bound, NOW - timedelta(microseconds=1))
    with pytest.raises(ConflictError, match="must keep"):
        require_changeable(bound, NOW)


def test_nobody_fills_the_store() -> None:
    require_room(9, 9, most_bytes=10, most_files=10)
    for used, files in ((10, 1), (1, 10)):
        with pytest.raises(ConflictError, match="no more room"):
            require_room(used, files, most_bytes=10, most_files=10)
