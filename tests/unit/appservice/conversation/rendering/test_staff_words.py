"""What waits too long, in words: in the form that the number has in each language."""

import pytest

from appservice.conversation.rendering.staff import waiting
from core.languages import speaking


@pytest.mark.parametrize(
    ("language", "hours", "said"),
    [
        ("en", 1, "since 1 hour:"),
        ("en", 4, "since 4 hours:"),
        ("de", 1, "seit 1 Stunde:"),
        ("de", 4, "seit 4 Stunden:"),
        ("ar", 2, "منذ ساعتين:"),
        ("ar", 4, "منذ 4 ساعات:"),
        ("ar", 24, "منذ 24 ساعة:"),
    ],
)
def test_hours_have_the_form_of_their_number(language: str, hours: int, said: str) -> None:
    with speaking(language):
        for what in ("question", "renewal"):
            assert said in waiting(what, "Dr Ama Osei", "Q7QM3F", hours)


def test_nothing_is_said_of_what_it_is_about() -> None:
    told = waiting("file", "Dr Ama Osei", "K7QM3F", 1)
    assert (
        told == "**Not looked at** 1 hour after it came, or before the visit: a file for **K7QM3F** with Dr Ama Osei."
    )
