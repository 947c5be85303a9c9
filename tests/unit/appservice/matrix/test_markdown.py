"""What the bot writes reads well with and without HTML."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appservice.matrix import plain_markdown
from appservice.matrix.markdown import escape, message, plain, whole


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


_PIECES = (
    *("a", "Dr", " ", " ", "\n", "\n\n", "\n   ", "**", "**", "*", "1. ", "10. ", "- ", ".", "-", "–", "“", "é", "\\"),
    *(
        "&",
        "&lt;",
        "<",
        '"',
        "'",
        "#",
        ">",
        "_",
        "`",
        "[x](y)",
        "|",
        "|-|",
        "~~",
        "=",
        "\u00a0",
        "مرحبا",
        "☎",
        "+",
        "1)",
    ),
)


@given(st.lists(st.sampled_from(_PIECES), max_size=14).map("".join))
def test_what_is_read_line_by_line_is_what_the_whole_grammar_reads(markdown: str) -> None:
    known = plain_markdown.read(markdown)
    assert known is None or known == whole(markdown)


@given(st.lists(st.text(max_size=12).map(escape), min_size=1, max_size=4))
def test_names_in_lists_and_in_bold_are_read_alike(names: list[str]) -> None:
    rows = (f"{n}. **{name}**, {name}\n   and so on" for n, name in enumerate(names, 1))
    said = "**Head** and more:\n\n" + "\n".join(rows)
    known = plain_markdown.read(said)
    assert known is None or known == whole(said)


_OFFERS = """\
1. **Dr Ama Osei**, Cardiology, online, **€48.00**
   Berlin Heart Centre, Berlin (8 km); speaks English
   Next: Mon 23 Nov 19:05
2. **Dr Müller\\-Lüdenscheidt**, x

Answer with a number to see the times."""


@pytest.mark.parametrize("said", [_OFFERS, "**Mon 23 Nov**\n\n1. 19:05\n2. 19:10", "- one\n- **two**"])
def test_lists_that_we_make_are_read_line_by_line(said: str) -> None:
    assert plain_markdown.read(said) == whole(said)
