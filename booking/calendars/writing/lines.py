"""Content lines: escaped, folded, ended as RFC 5545 section 3.1 has them; and moments in its three forms."""

from datetime import UTC, datetime

LONGEST = 75
"""Octets in a line, without its end."""
_NOWHERE = (*range(9), *range(10, 32), *range(127, 160), 0xFFFE, 0xFFFF)
"""Control characters, and what XML cannot have."""
_WRITTEN: dict[int, str | None] = {
    **dict.fromkeys(_NOWHERE),
    # Some readers take these for the end of a line.
    **dict.fromkeys((0x85, 0x2028, 0x2029), "\\n"),
    **{ord(plain): written for plain, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n"))},
}
_IN_QUOTES = dict.fromkeys((*_NOWHERE, 9, 0x2028, 0x2029, ord('"')))


def escaped(text: str) -> str:
    """Write a text as RFC 5545 section 3.3.11 has it; what it forbids is left out."""
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_WRITTEN)


def quoted(value: str) -> str:
    """Write the value of a parameter in quotes, which it cannot have within (RFC 5545 section 3.2)."""
    return f'"{value.translate(_IN_QUOTES)}"'


def folded(line: str) -> bytes:
    """Return a line with its end, broken so that no part has more than 75 octets and no character is torn apart."""
    octets = line.encode()
    if len(octets) <= LONGEST:
        return octets + b"\r\n"
    parts, room = [], LONGEST
    while len(octets) > room:
        end = room
        while octets[end] & 0xC0 == 0x80:  # within a character
            end -= 1
        parts.append(octets[:end])
        octets, room = octets[end:], LONGEST - 1  # the space that begins the next part counts
    return b"\r\n ".join([*parts, octets]) + b"\r\n"


def text_line(name: str, text: str) -> str:
    """Return a property of text, folded, with its end. Short lines, which are most, are looked at once."""
    line = f"{name}:{escaped(text)}"
    if len(line) <= LONGEST and line.isascii():
        return line + "\r\n"
    return folded(line).decode()


def utc_stamp(moment: datetime) -> str:
    """20261201T120000Z. Cut out of another form: strftime takes five times as long."""
    written = (moment if moment.tzinfo is UTC else moment.astimezone(UTC)).isoformat()
    return f"{written[:4]}{written[5:7]}{written[8:13]}{written[14:16]}{written[17:19]}Z"


def local_stamp(wall: datetime) -> str:
    """20261201T130000: the wall's clock, whatever zone it hangs in."""
    return f"{wall.year:04}{wall.month:02}{wall.day:02}T{wall.hour:02}{wall.minute:02}{wall.second:02}"


def offset_stamp(seconds: int) -> str:
    """+0530, -0330; with seconds where a zone has them."""
    sign, left = ("-", -seconds) if seconds < 0 else ("+", seconds)
    hours, minutes, rest = left // 3600, left // 60 % 60, left % 60
    return f"{sign}{hours:02}{minutes:02}{f'{rest:02}' if rest else ''}"
