"""Fixtures of booking's tests."""

import pytest

from core.database import Database
from tests.integration.booking.clinic import Clinic, context


@pytest.fixture
async def clinic(database: Database) -> Clinic:
    """A clinic that takes no payments in advance, for want of a key of Stripe's."""
    return await Clinic(database, context()).open()
