"""The echo service on a real Synapse, and people with encrypted clients."""

from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

import pytest

from appservice.matrix.service import MatrixService
from core.settings import Settings
from demo.client import Person
from demo.homeserver import Homeserver
from tests.integration.appservice.matrix.echo import Echo, serving

NewPerson = Callable[..., Awaitable[Person]]


@pytest.fixture
async def echo(settings: Settings) -> AsyncIterator[Echo]:
    async with serving(settings) as (_, running):
        yield running


@pytest.fixture
async def running(settings: Settings) -> AsyncIterator[tuple[MatrixService, Echo]]:
    async with serving(settings) as both:
        yield both


@pytest.fixture
async def new_person(homeserver: Homeserver) -> AsyncIterator[NewPerson]:
    """Make somebody: `await new_person("anna")`, on another server with `on=`."""
    people: list[Person] = []

    async def make(name: str, *, on: Homeserver = homeserver) -> Person:
        person = await Person.registered(on.url, f"{name}-{uuid4().hex[:6]}", "pw")
        people.append(person)
        return person

    yield make
    for person in people:
        await person.close()
