"""Canonical JSON: one value, one form."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.canonical import canonical


def test_names_are_ordered_as_rfc_8785_orders_them() -> None:
    # The RFC's own example (section 3.2.3): by UTF-16 code units, so that the emoji stands before the Hebrew ligature.
    names = {"€": 1, "\r": 2, "\ufb33": 3, "1": 4, "😀": 5, "\x80": 6, "ö": 7}
    assert list(json.loads(canonical(names))) == ["\r", "1", "\x80", "ö", "€", "😀", "\ufb33"]


def test_no_space_no_escape_that_is_not_needed() -> None:
    assert (
        canonical({"b": [1, True, None], "a": 'é"\\\n\x0f/'})
        == '{"a":"é\\"\\\\\\n\\u000f/","b":[1,true,null]}'.encode()
    )


@pytest.mark.parametrize("value", [1.5, {"a": [2.0]}, 2**53, -(2**53)])
def test_what_has_no_single_form_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"^a number in canonical JSON is an integer below 2\*\*53$"):
        canonical(value)  # type: ignore[arg-type]


_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(_values)
def test_what_is_written_reads_back(value: object) -> None:
    written = canonical(value)  # type: ignore[arg-type]
    assert json.loads(written) == value
    assert canonical(json.loads(written)) == written
