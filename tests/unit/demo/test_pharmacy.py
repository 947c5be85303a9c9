"""The pharmacy of the tour reads a paper whatever its bytes are."""

import zlib
from itertools import count

from demo.pharmacy import read_pdf


def test_a_stream_that_ends_as_a_line_does_is_read() -> None:
    spoken = "/ActualText <" + "Access".encode("utf-16").hex() + ">"
    streams = (zlib.compress(f"{spoken} {number}".encode()) for number in count())
    for end in (b"\r", b"\n"):
        stream = next(each for each in streams if each.endswith(end))
        assert read_pdf(b"<<>>\nstream\n" + stream + b"\nendstream\n") == "Access"
