"""What answers of the homeserver, and of what stands before it, mean."""

import pytest

from appservice.matrix.api import TOO_LARGE, AwayError, MatrixError, read_answer

PAGE = b"<html><h1>nginx</h1></html>"


@pytest.mark.parametrize("text", [PAGE, b"", b'{"errcode": "M_TOO_LARGE", "error": "event too large"}'])
def test_what_is_too_large_is_refused_whoever_says_so(text: bytes) -> None:
    with pytest.raises(MatrixError) as refused:
        read_answer(413, text)
    assert refused.value.code == TOO_LARGE


@pytest.mark.parametrize("status", [200, 400, 403, 404, 502, 504])
def test_any_other_page_says_that_the_homeserver_is_away(status: int) -> None:
    with pytest.raises(AwayError):
        read_answer(status, PAGE)
