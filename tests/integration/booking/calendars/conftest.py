"""Fixtures of the calendars' tests."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from booking.calendars.feeds.routes import install
from tests.integration.booking.calendars.subscriber import Subscriber
from tests.integration.booking.clinic import Clinic


@pytest.fixture
async def calendars(clinic: Clinic) -> AsyncIterator[Subscriber]:
    app = web.Application()
    server = install(app, clinic.database, clinic.ctx)
    async with TestClient(TestServer(app)) as http:
        yield Subscriber(clinic, http, server)
