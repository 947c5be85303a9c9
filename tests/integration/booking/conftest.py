"""Fixtures of booking's tests."""

import pytest

from core.database import Database
from tests.integration.booking.clinic import Clinic, context
from tests.integration.booking.town import Town


@pytest.fixture
async def clinic(database: Database) -> Clinic:
    """A clinic that takes no payments in advance, for want of a key of Stripe's."""
    return await Clinic(database, context()).open()


@pytest.fixture
def town(database: Database) -> Town:
    """A directory that the test fills."""
    return Town(database, context())
