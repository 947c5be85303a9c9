"""Invitations of other homeservers: a few at a time, and fewer of those that keep us waiting."""

from contextlib import ExitStack

import pytest

from appservice.matrix import turns
from appservice.matrix.turns import Turns
from core.lanes import LaterError


class Moment:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_few_are_followed_at_a_time_and_fewer_of_one_homeserver() -> None:
    theirs = Turns(Moment())
    with ExitStack() as followed:
        for server in ("a", "a", "b", "b", "c"):
            followed.enter_context(theirs.of(server, 0))
        with pytest.raises(LaterError, match="others are followed"):
            followed.enter_context(theirs.of("d", 0))
    with ExitStack() as followed:
        for _ in range(2):
            followed.enter_context(theirs.of("d", 0))
        with pytest.raises(LaterError, match="others are followed") as later:
            followed.enter_context(theirs.of("d", 4))
        followed.enter_context(theirs.of("e", 0))
    assert later.value.seconds == 2.0


def test_homeservers_that_keep_us_waiting_do_not_hold_the_turns_of_others() -> None:
    moment = Moment()
    theirs, hostile = Turns(moment), [f"hostile-{n}" for n in range(10)]
    held = 0.0
    hour = moment.now + 3600
    while moment.now < hour:
        with ExitStack() as followed:
            for server in hostile * turns._FROM_ONE_SERVER:
                try:
                    followed.enter_context(theirs.of(server, 0))
                except LaterError:
                    continue
                held += 60.0
            moment.now += 60.0
    assert held / 3600 < 2.0  # of five
    with theirs.of("honest", 0):
        pass


def test_who_is_slow_once_pays_nothing_and_who_often_is_pays_it_back_in_time() -> None:
    moment = Moment()
    theirs = Turns(moment)
    for took in (9.0, 9.0, 9.0, 60.0, 30.0):
        with theirs.of("slow", 0):
            moment.now += took
    with pytest.raises(LaterError, match="kept us waiting") as later, theirs.of("slow", 0):
        pass
    assert later.value.seconds is not None
    assert 0 < later.value.seconds <= turns._PAUSE
    moment.now += later.value.seconds + 0.001
    with theirs.of("slow", 0):
        pass
