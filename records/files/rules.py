"""What is taken, how it is named, and until when its sender may take it back. Pure."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from core.errors import BadInputError, ConflictError
from records.files.kinds import FileKind

BACK_WITHIN = timedelta(days=1)
"""How long a file can be taken back even when the visit that it was filed with has begun: for a slip of the finger."""
_LONGEST_NAME, _LONGEST_NOTE = 100, 500
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as it is kept, without its content."""

    id: UUID
    patient_id: UUID
    """Whose record it is in."""
    sender_id: UUID
    """The person who sent it."""
    appointment_id: UUID | None
    """The visit that it belongs to."""
    practitioner_id: UUID | None
    """With whom that visit is."""
    sent_at: datetime
    """UTC, as the next two."""
    filed_at: datetime | None
    """Since when others than its sender may see it; None: nobody has said yet what it is."""
    final_at: datetime | None
    """From when on it stays; None: its sender can always take it back."""
    size: int
    """Bytes."""
    name: str
    mimetype: str
    sha256: str
    """Of its content, in hexadecimal digits."""
    note: str
    """What it is, in its sender's words."""


def final_from(sent_at: datetime, visit_start: datetime | None) -> datetime | None:
    """From when on a file stays: when the visit that it was sent for begins, it is what the doctor worked with.

    What a doctor has documented stays readable (in Germany BGB section 630f); what belongs to no visit does not bind.
    """
    return None if visit_start is None else max(visit_start, sent_at + BACK_WITHIN)


def require_changeable(one: StoredFile, now: datetime) -> None:
    """Raises ConflictError once the file is part of the record."""
    if one.final_at is not None and one.final_at <= now:
        raise ConflictError(
            "This file belongs to a visit that has begun: it is part of the record that the centre must keep."
        )


def require_room(used: int, files: int, *, most_bytes: int, most_files: int) -> None:
    """Raises ConflictError when somebody has sent so much that no more is taken."""
    if used >= most_bytes or files >= most_files:
        raise ConflictError(
            "There is no more room for your files. Delete some that are not needed: “files” lists them."
        )


def too_large(largest: int) -> BadInputError:
    """The sentence for a file of more than so many bytes."""
    return BadInputError(
        "That file is too large: I take up to {most} MB. I have kept nothing of it.", most=largest >> 20
    )


def not_taken() -> BadInputError:
    """The sentence for a kind of file that is not taken."""
    return BadInputError(
        "I can't take that kind of file. I take pictures, PDFs, sound and video recordings, DICOM and plain text."
    )


def checked_name(name: str, kind: FileKind) -> str:
    """A name that shows what it is and hides nothing: no folders, no signs that are not seen, the kind's own ending."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    seen = "".join(sign for sign in last if unicodedata.category(sign) not in _UNSEEN)
    clean = " ".join(seen.split()).strip(". ") or "file"
    stem, dot, ending = clean.rpartition(".")
    if not dot or ending.lower() not in kind.endings:
        stem, ending = clean, kind.endings[0]
    return f"{stem[: _LONGEST_NAME - len(ending) - 1].rstrip('. ')}.{ending}"


def checked_note(text: str) -> str:
    """What a file is, in a line. Raises BadInputError for a line too long."""
    clean = " ".join(unicodedata.normalize("NFC", text).split())
    clean = "".join(sign for sign in clean if unicodedata.category(sign) not in _UNSEEN)
    if len(clean) > _LONGEST_NOTE:
        raise BadInputError("Say in {most} letters at most what it is.", most=_LONGEST_NOTE)
    return clean
