"""A message to who reads from the right runs so, whatever letters it begins with."""

import pytest

from appservice.matrix.direction import from_the_right
from appservice.matrix.markdown import message

MARK = "\u200f"


@pytest.mark.parametrize(
    ("markdown", "body", "marked"),
    [
        ("Dr Osei جاهز", f"{MARK}Dr Osei جاهز", True),
        ("1. **Dr Osei**، 60 €\n2. Dr Weber، القلب", f"{MARK}1. Dr Osei، 60 €\n{MARK}2. Dr Weber، القلب", True),
        ("الأطباء:\n\n1. Dr Osei، القلب", f"الأطباء:\n\n{MARK}1. Dr Osei، القلب", False),
        ("**K7QM3F**\n\nموعدك", f"{MARK}K7QM3F\n\nموعدك", True),
        ("موعدك مع Dr Osei", "موعدك مع Dr Osei", False),
        ("| Dr Osei | الطبيب |\n|---|---|\n| 09:00 | غدًا |", f"{MARK}Dr Osei | الطبيب\n09:00 | غدًا", True),
        ("https://a.example/b", "https://a.example/b", False),
        ("12:30", "12:30", False),
    ],
)
def test_each_line_and_the_whole_run_from_the_right(markdown: str, body: str, marked: bool) -> None:
    before = message(markdown)
    after = from_the_right(before)
    assert after["body"] == body
    html = before.get("formatted_body")
    assert after.get("formatted_body") == (html and f"{MARK if marked else ''}{html}")
