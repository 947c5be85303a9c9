"""The states of a prescription: every pair of them is either a legal move or refused."""

import pytest

from core.errors import ConflictError
from records.prescriptions.rules import Status, may_move, require_move

S = Status
LEGAL = {
    (S.DRAFT, S.ACTIVE),
    (S.DRAFT, S.CANCELLED),
    (S.DRAFT, S.ENTERED_IN_ERROR),
    (S.ACTIVE, S.ON_HOLD),
    (S.ACTIVE, S.CANCELLED),
    (S.ACTIVE, S.COMPLETED),
    (S.ACTIVE, S.STOPPED),
    (S.ACTIVE, S.ENTERED_IN_ERROR),
    (S.ON_HOLD, S.ACTIVE),
    (S.ON_HOLD, S.CANCELLED),
    (S.ON_HOLD, S.STOPPED),
    (S.ON_HOLD, S.ENTERED_IN_ERROR),
    (S.CANCELLED, S.ENTERED_IN_ERROR),
    (S.COMPLETED, S.ENTERED_IN_ERROR),
    (S.STOPPED, S.ENTERED_IN_ERROR),
    (S.UNKNOWN, S.ACTIVE),
    (S.UNKNOWN, S.ON_HOLD),
    (S.UNKNOWN, S.CANCELLED),
    (S.UNKNOWN, S.COMPLETED),
    (S.UNKNOWN, S.STOPPED),
    (S.UNKNOWN, S.ENTERED_IN_ERROR),
}


@pytest.mark.parametrize("one", Status)
@pytest.mark.parametrize("to", Status)
def test_each_pair_of_states(one: Status, to: Status) -> None:
    assert may_move(one, to) == ((one, to) in LEGAL)
    if (one, to) in LEGAL:
        require_move(one, to)
    else:
        with pytest.raises(ConflictError, match=one.value):
            require_move(one, to)
