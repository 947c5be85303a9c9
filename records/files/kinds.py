"""What a file is, by its first bytes: never by what its sender calls it. Pure.

Signatures: https://www.iana.org/assignments/media-types, https://mimesniff.spec.whatwg.org/#matching-a-mime-type-pattern
and, for DICOM, PS3.10 section 7.1.
"""

import unicodedata
from dataclasses import dataclass

HEAD = 4096
"""How many of the first bytes are looked at."""


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file that is taken."""

    mimetype: str
    endings: tuple[str, ...]
    """How names of it end; the first is put behind a name that ends otherwise."""


_STARTS = (
    (b"\x89PNG\r\n\x1a\n", FileKind("image/png", ("png",))),
    (b"\xff\xd8\xff", FileKind("image/jpeg", ("jpg", "jpeg"))),
    (b"GIF87a", FileKind("image/gif", ("gif",))),
    (b"GIF89a", FileKind("image/gif", ("gif",))),
    (b"II*\x00", FileKind("image/tiff", ("tif", "tiff"))),
    (b"MM\x00*", FileKind("image/tiff", ("tif", "tiff"))),
    (b"%PDF-", FileKind("application/pdf", ("pdf",))),
    (b"ID3", FileKind("audio/mpeg", ("mp3",))),
    (b"\xff\xfb", FileKind("audio/mpeg", ("mp3",))),
    (b"\xff\xf3", FileKind("audio/mpeg", ("mp3",))),
    (b"\xff\xf2", FileKind("audio/mpeg", ("mp3",))),
    (b"\xff\xf1", FileKind("audio/aac", ("aac",))),
    (b"\xff\xf9", FileKind("audio/aac", ("aac",))),
    (b"OggS", FileKind("audio/ogg", ("ogg", "oga", "opus"))),
    (b"fLaC", FileKind("audio/flac", ("flac",))),
    (b"#!AMR", FileKind("audio/amr", ("amr",))),
)
_RIFF = {
    b"WEBP": FileKind("image/webp", ("webp",)),
    b"WAVE": FileKind("audio/wav", ("wav",)),
}
_BRANDS = {
    b"heic": FileKind("image/heic", ("heic", "heif")),
    b"heix": FileKind("image/heic", ("heic", "heif")),
    b"mif1": FileKind("image/heif", ("heif", "heic")),
    b"avif": FileKind("image/avif", ("avif",)),
    b"M4A ": FileKind("audio/mp4", ("m4a", "mp4")),
    b"qt  ": FileKind("video/quicktime", ("mov",)),
}
_MP4 = FileKind("video/mp4", ("mp4", "m4v"))
_WEBM = FileKind("video/webm", ("webm",))
_DICOM = FileKind("application/dicom", ("dcm",))
_TEXT = FileKind("text/plain", ("txt",))
_LAYOUT = frozenset("\t\n\r\f")


def kind_of(head: bytes) -> FileKind | None:
    """Return the kind of a file that begins so, or None for what is not taken (programs, archives, web pages)."""
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":  # ISO base media: https://www.iso.org/standard/83102.html, 4.3
        return _BRANDS.get(head[8:12], _MP4)
    if head.startswith(b"\x1a\x45\xdf\xa3") and b"webm" in head[:64]:
        return _WEBM
    if head[128:132] == b"DICM":
        return _DICOM
    return _TEXT if _is_text(head) else None


def _is_text(head: bytes) -> bool:
    """Whether it is plain text in UTF-8: letters, and neither a page nor a program."""
    if head.lstrip()[:1] == b"<" or head.startswith(b"#!"):
        return False
    try:
        text = head.decode("utf-8-sig")
    except UnicodeDecodeError as cut:
        if len(head) < HEAD or cut.reason != "unexpected end of data":  # only a letter cut in two is forgiven
            return False
        text = head[: cut.start].decode("utf-8-sig")
    return bool(text) and all(sign in _LAYOUT or unicodedata.category(sign) != "Cc" for sign in text)
