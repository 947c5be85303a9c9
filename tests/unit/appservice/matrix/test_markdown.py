"""What the bot writes reads well with and without HTML."""

import pytest

from appservice.matrix.markdown import escape, message, plain


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("Hello **there**, _you_", "Hello there, you"),
        ("1. one\n2. two", "1. one\n2. two"),
        ("3. three\n4. four", "3. three\n4. four"),
        ("- one\n  - two", "• one\n  • two"),
        ("1. Dr A\n   near you\n2. Dr B", "1. Dr A\n   near you\n2. Dr B"),
        ("[map](https://a.example/b)", "map (https://a.example/b)"),
        ("<https://a.example/b>", "https://a.example/b"),
        ("| a | b |\n|---|---|\n| 1 | **2** |", "a | b\n1 | 2"),
        ("one\ntwo\n\nthree", "one\ntwo\n\nthree"),
        ("> said", "> said"),
        ("`!help`", "!help"),
        ("# Title\ntext", "Title\n\ntext"),
        ("<b>x</b>", "<b>x</b>"),
    ],
)
def test_words_read_as_well_without_html(markdown: str, words: str) -> None:
    assert plain(markdown) == words


def test_html_is_left_out_where_it_says_no_more() -> None:
    assert message('Tom & Jerry\'s "x"') == {"msgtype": "m.text", "body": 'Tom & Jerry\'s "x"'}


def test_html_of_others_is_shown_as_text() -> None:
    assert "<img" not in message("**a** <img src=x onerror=y>")["formatted_body"]


@pytest.mark.parametrize("name", ["a*b*c", "1. x", "<b>", "[x](y)", "_x_ # ~ `", "- x", "a\\b", "> q"])
def test_names_are_shown_as_they_are(name: str) -> None:
    assert plain(f"Hello {escape(name)}!") == f"Hello {name}!"


def test_a_notice_is_marked() -> None:
    assert message("x", notice=True)["msgtype"] == "m.notice"
