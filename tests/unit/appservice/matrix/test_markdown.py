"""What the bot writes reads well with and without HTML."""

import html
import re

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
        ("<div>\n**x**\n</div>", "<div>\n**x**\n</div>"),
    ],
)
def test_words_read_as_well_without_html(markdown: str, words: str) -> None:
    assert plain(markdown) == words


@pytest.mark.parametrize(
    "markdown",
    [
        "Which?\n\n1. **Dr A**, 60 €\n   near you\n2. Dr B\n\nAnswer with a number.",
        "**Rules**\n\n| rule | now |\n|---|---|\n| fee | 20 € |\n| notice | 24 h |\n\nTo change one, write it.",
        "**Tue 1 Dec**\n\n1\\. 09:00 Anna\n2\\. 09:30 Ben\n\n> I am at a congress.",
    ],
)
def test_what_is_read_aloud_comes_in_the_order_of_the_words(markdown: str) -> None:
    """A screen reader goes through the HTML from its beginning: nothing stands elsewhere than in the words."""
    content = message(markdown)
    shown = re.sub(r"</?strong>", "", html.unescape(content["formatted_body"]))
    aloud = re.sub(r"<[^>]+>", " ", shown).split()
    words = [each for each in content["body"].split() if not re.fullmatch(r"\d\.|[|>•]", each)]
    assert [each for each in aloud if not re.fullmatch(r"\d\.", each)] == words
    assert content["formatted_body"].count("<th>") == (2 if "|" in markdown else 0)  # columns have names


def test_html_is_left_out_where_it_says_no_more() -> None:
    assert message('Tom & Jerry\'s "x"') == {"msgtype": "m.text", "body": 'Tom & Jerry\'s "x"'}


def test_html_of_others_is_shown_as_text() -> None:
    assert "<img" not in message("**a** <img src=x onerror=y>")["formatted_body"]


@pytest.mark.parametrize("name", ["a*b*c", "1. x", "<b>", "[x](y)", "_x_ # ~ `", "- x", "a\\b", "> q"])
def test_names_are_shown_as_they_are(name: str) -> None:
    assert plain(f"Hello {escape(name)}!") == f"Hello {name}!"


@pytest.mark.parametrize("deep", [">" * 2000 + " x", "*" * 2000 + "x" + "*" * 2000])
def test_what_is_nested_deeper_than_clients_show_is_said_as_it_was_written(deep: str) -> None:
    assert message(deep) == {"msgtype": "m.text", "body": deep}
    assert plain(">" * 50 + " x") == "> " * 50 + "x"


def test_a_notice_is_marked() -> None:
    assert message("x", notice=True)["msgtype"] == "m.notice"


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("one\n**two**", "<p>one<br />\n<strong>two</strong></p>"),
        ("1. one\n2. two", "<ol>\n<li>one</li>\n<li>two</li>\n</ol>"),
        ("3. three\n4. four", '<ol start="3">\n<li>three</li>\n<li>four</li>\n</ol>'),
        ("- one\n  - two", "<ul>\n<li>one<ul>\n<li>two</li>\n</ul>\n</li>\n</ul>"),
        (
            "| a |\n|---|\n| **2** |",
            "<table>\n<thead>\n<tr>\n<th>a</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td><strong>2</strong></td>\n</tr>\n</tbody>\n</table>",
        ),
        ("> *said*", "<blockquote>\n<p><em>said</em></p>\n</blockquote>"),
        ("~~gone~~ `a<b`", "<p><del>gone</del> <code>a&lt;b</code></p>"),
        ("```\na < b\n```", "<pre><code>a &lt; b\n</code></pre>"),
        ("## Title\n---", "<h2>Title</h2>\n<hr />"),
        ('[map](https://a.example/?b=1&c="2")', '<p><a href="https://a.example/?b=1&amp;c=&quot;2&quot;">map</a></p>'),
    ],
)
def test_html_shows_what_the_words_cannot(markdown: str, shown: str) -> None:
    assert message(markdown)["formatted_body"] == shown


@pytest.mark.parametrize(
    "markdown",
    ["[map](javascript:alert)", "[map](data:text/html,x)", "[map](//a.example)", "![map](https://a.example/x)"],
)
def test_a_link_leads_to_a_page_and_pictures_of_others_are_not_fetched(markdown: str) -> None:
    assert message(markdown) == {"msgtype": "m.text", "body": "map"}
