"""A list is answered by number, by place, by a word; a question by yes and no in many languages and signs."""

import pytest

from appservice.conversation.understanding.answers import Pick, chosen, read_pick, read_word, several
from core.errors import BadInputError


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2", 2), ("2.", 2), ("2)", 2), ("#2", 2), ("no 2", 2), ("number two", 2), ("two", 2), ("2nd", 2),
        ("second", 2), ("the second one", 2), ("the second one, please", 2), ("option 3", 3), ("book 1", 1),
        ("I'll take the first one", 1), ("2️⃣", 2), ("٣", 3), ("last", -1), ("the last one", -1), ("10", 10),
        ("die zweite", 2), ("la première", 1), ("premiere", 1), ("el segundo", 2), ("ketiga", 3), ("الثانية", 2),
        ("الأخير", -1), ("la dernière", -1), ("último", -1),
        ("zwei", 2), ("le 2", None), ("a", None), ("hello", None), ("12345", None), ("", None),
        ("2 days", None), ("1 and 2", None), ("-1", None), ("²", 2),
    ],
)  # fmt: skip
def test_a_whole_text_may_be_a_place_in_a_list(text: str, number: int | None) -> None:
    assert read_pick(text) == (None if number is None else Pick(number))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("yes", "yes"), ("Yes!", "yes"), ("y", "yes"), ("yep", "yes"), ("ok", "yes"), ("Yes please", "yes"),
        ("ja", "yes"), ("oui", "yes"), ("نعم", "yes"), ("👍", "yes"), ("👍🏽", "yes"), ("👍️", "yes"), ("✅", "yes"),
        ("no", "no"), ("No, thanks", "no"), ("nein", "no"), ("never mind", "no"), ("👎", "no"), ("❌", "no"),
        ("more", "more"), ("show more", "more"), ("others", "more"), ("earlier", "earlier"), ("later", "later"),
        ("another day", "another day"), ("next day", "another day"), ("other days", "another day"),
        ("back", "back"), ("stop", "stop"), ("Stop.", "stop"), ("sign", "sign"), ("sign it", "sign"),
        ("yes but tomorrow", None), ("nothing", None), ("", None), ("cancel", None),
    ],
)  # fmt: skip
def test_a_whole_text_may_be_a_fixed_answer(text: str, word: str | None) -> None:
    assert read_word(text) == word


def test_more_than_one_place_of_a_list_is_noticed() -> None:
    assert all(several(text, 3) for text in ("1 2", "1, 2", "1 and 3", "1,2", "1 und 2", "٢ و ٣"))
    assert not any(several(text, 3) for text in ("1", "1, 9", "12", "9 12", "1.2.", "1 every 2 weeks", "", "and"))


def test_a_place_is_looked_up_in_the_list() -> None:
    assert chosen(Pick(1), 3) == 0
    assert chosen(Pick(-1), 3) == 2


@pytest.mark.parametrize(
    ("number", "count", "sentence"),
    [
        (4, 3, "There are 3 choices. Answer with a number from 1 to 3."),
        (0, 3, "There are 3 choices. Answer with a number from 1 to 3."),
        (2, 1, "There is only one choice. Answer 1 to take it."),
    ],
)
def test_a_place_that_is_not_there_gets_a_sentence(number: int, count: int, sentence: str) -> None:
    with pytest.raises(BadInputError) as refused:
        chosen(Pick(number), count)
    assert str(refused.value) == sentence
