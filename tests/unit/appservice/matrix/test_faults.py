"""A fault of ours is admitted after some tries; what is away is waited for."""

from uuid import UUID

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from appservice.matrix.inbound import _TRIES, _admitting_faults
from core.clock import SystemClock
from core.lanes import HopelessError, Row


def _row(faults: int, attempts: int = 0) -> Row:
    return Row(UUID(int=1), "room:!a", "matrix", b"", SystemClock().now(), attempts, faults)


async def _raises(error: Exception) -> None:
    raise error


@pytest.mark.parametrize("fault", [ValueError(), DBAPIError(None, None, asyncpg.DataError()), asyncpg.DataError()])
async def test_a_message_that_we_cannot_bear_does_not_end_the_talk(fault: Exception) -> None:
    """SQLAlchemy raises a bare DBAPIError for a number or a letter that PostgreSQL does not take."""
    with pytest.raises(type(fault)):
        await _admitting_faults(_row(0), _raises(fault))
    with pytest.raises(HopelessError):
        await _admitting_faults(_row(_TRIES - 1), _raises(fault))


async def test_what_was_only_put_off_is_tried_as_often_as_all_else() -> None:
    with pytest.raises(ValueError, match="a fault"):
        await _admitting_faults(_row(_TRIES - 2, attempts=100), _raises(ValueError("a fault")))


async def test_a_database_that_is_away_is_waited_for() -> None:
    away = DBAPIError(None, None, asyncpg.ConnectionDoesNotExistError())
    with pytest.raises(DBAPIError):
        await _admitting_faults(_row(100), _raises(away))
