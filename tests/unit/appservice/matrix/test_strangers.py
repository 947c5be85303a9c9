"""How much people of other homeservers may say: time is handed in."""

from appservice.matrix.strangers import Measure, Strangers, Verdict
from core.settings import MatrixSettings

MATRIX = MatrixSettings(server_name="here", strangers_per_second=1, strangers_burst=3)
EVE, BELA, ANNA = "@eve:far", "@bela:far", "@anna:here"


def test_a_burst_is_heard_then_so_much_a_second_and_the_rest_is_told_once() -> None:
    strangers = Strangers(MATRIX)
    heard = [strangers.hear(EVE, 0.0) for _ in range(6)]
    assert heard == [Verdict.HEAR] * 3 + [Verdict.TELL, Verdict.PASS_OVER, Verdict.PASS_OVER]
    assert strangers.seconds(EVE) == 1
    assert [strangers.hear(EVE, at) for at in (1.0, 1.1)] == [Verdict.HEAR, Verdict.PASS_OVER]
    assert [strangers.hear(EVE, 62.0) for _ in range(5)] == [Verdict.HEAR] * 3 + [Verdict.TELL, Verdict.PASS_OVER]


def test_one_who_floods_takes_nothing_from_others_of_their_homeserver() -> None:
    strangers = Strangers(MATRIX)
    for _ in range(1000):
        strangers.hear(EVE, 0.0)
    assert strangers.hear(BELA, 0.0) is Verdict.HEAR


def test_many_of_one_homeserver_are_held_together() -> None:
    strangers = Strangers(MATRIX)
    heard = [strangers.hear(f"@eve{n}:far", 0.0) for n in range(100)]
    assert heard.count(Verdict.HEAR) == 30
    assert strangers.hear("@ola:elsewhere", 0.0) is Verdict.HEAR


def test_our_own_people_are_the_homeservers_affair() -> None:
    strangers = Strangers(MATRIX)
    assert {strangers.hear(ANNA, 0.0) for _ in range(1000)} == {Verdict.HEAR}
    assert all(strangers.may_invite(ANNA, 0.0) for _ in range(1000))


def test_invitations_have_a_measure_of_their_own() -> None:
    strangers = Strangers(MATRIX)
    assert [strangers.may_invite(EVE, 0.0) for _ in range(11)] == [True] * 10 + [False]
    assert strangers.may_invite(EVE, 61.0)
    assert strangers.hear(EVE, 0.0) is Verdict.HEAR


def test_a_measure_never_holds_more_than_its_burst() -> None:
    measure = Measure.full(2.0, 5.0, 0.0)
    assert sum(measure.take(1_000_000.0) for _ in range(100)) == 5


def test_homeservers_are_served_by_the_list_or_all() -> None:
    assert Strangers(MATRIX).serves(EVE)
    listed = Strangers(MATRIX.model_copy(update={"federates_with": ["clinic.example"]}))
    assert [listed.serves(who) for who in (ANNA, "@ola:clinic.example", EVE)] == [True, True, False]
