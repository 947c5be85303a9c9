"""What is wrong with a field is said with the field's name in the person's language."""

import pytest

from booking.directory.rules import checked_text, within
from core.errors import BadInputError
from core.languages import speaking


@pytest.mark.parametrize(
    ("language", "range_", "missing"),
    [
        ("en", "The size of a group is from 1 to 100 patients.", "The street is missing."),
        ("de", "Größe einer Gruppe: von 1 bis 100 Patienten.", "Es fehlt: Straße."),
    ],
)
def test_fields_are_named_in_the_persons_language(language: str, range_: str, missing: str) -> None:
    with speaking(language):
        with pytest.raises(BadInputError) as refused:
            within(0, 1, 100, "size of a group", "patients")
        assert str(refused.value) == range_
        with pytest.raises(BadInputError) as refused:
            checked_text(" ", "street")
        assert str(refused.value) == missing
