"""What scripts find in the words of the bot."""

import pytest

from demo.spoken import time_in


@pytest.mark.parametrize(
    ("times", "number"),
    [
        ("Thu 26 Nov\n\n1. 09:00\n2. 09:05\n3. 09:10\n\nAnswer with a number to book it.", 2),
        ("Thu 26 Nov\n\n1. 23:55\n\nAnswer with a number to book it.", 1),
    ],
)
def test_the_second_time_of_a_list_is_chosen_if_it_has_two(times: str, number: int) -> None:
    assert time_in(times) == number
