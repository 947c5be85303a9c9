"""Which invitations that /sync shows are taken up, and when."""

from appservice.matrix.catching_up import Patience


def test_an_invitation_is_left_to_a_transaction_for_one_look() -> None:
    patience = Patience()
    assert (patience.ripe({"a"}), patience.settle({"a"})) == (set(), False)
    assert (patience.ripe({"a", "b"}), patience.settle({"a", "b"})) == ({"a"}, False)
    assert (patience.ripe({"b"}), patience.settle({"b"})) == ({"b"}, True)
    assert (patience.ripe({"b"}), patience.settle({"b"})) == (set(), False), "invited once more, elsewhere in time"


def test_one_that_a_transaction_brought_meanwhile_is_not_taken_up() -> None:
    patience = Patience()
    assert (patience.ripe({"a"}), patience.settle({"a"})) == (set(), False)
    assert (patience.ripe(set()), patience.settle(set())) == (set(), True)


def test_invitations_without_end_hold_nothing_up_for_long_and_none_is_lost() -> None:
    patience, invited, taken = Patience(), set[str](), set[str]()
    for look in range(100):
        invited = invited | {str(look)}
        taken |= patience.ripe(invited)
        if patience.settle(invited):
            break
    assert look < 10
    assert taken == invited
