"""People of other homeservers are first-class: they talk with the bot, and consult."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from appservice.matrix.people import Visit
from appservice.registration import registration
from core.database import Database
from core.settings import DatabaseSettings, Settings
from demo.certificates import Certificates
from demo.child import free_port
from demo.homeserver import Homeserver
from tests.conftest import HomeserverFactory
from tests.integration.appservice.matrix.conftest import NewPerson
from tests.integration.appservice.matrix.echo import Echo, serving
from tests.integration.appservice.matrix.test_consultation_rooms import open_room, until


@pytest.fixture
async def here(
    service: Settings, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory, database_url: str
) -> AsyncIterator[tuple[Homeserver, Settings]]:
    """A federating homeserver with the service registered."""
    folder = tmp_path_factory.mktemp("here")
    homeserver = Homeserver(folder, registrations=[folder / "registration.yaml"], certificates=certificates)
    port = free_port()
    matrix = service.matrix.model_copy(update={"homeserver_url": homeserver.url, "server_name": homeserver.server_name})
    (folder / "registration.yaml").write_text(registration(matrix, f"http://127.0.0.1:{port}"))
    homeserver.start()
    http = service.http.model_copy(update={"port": port})
    update = {"matrix": matrix, "http": http, "database": DatabaseSettings(url=database_url)}  # type: ignore[arg-type]
    yield homeserver, service.model_copy(update=update)
    homeserver.stop()


async def test_somebody_of_another_homeserver_talks_with_the_bot_and_consults(
    here: tuple[Homeserver, Settings],
    start_homeserver: HomeserverFactory,
    certificates: Certificates,
    new_person: NewPerson,
    database: Database,
) -> None:
    homeserver, settings = here
    elsewhere = start_homeserver(certificates=certificates)
    async with serving(settings) as (service, echo):
        bela = await new_person("bela", on=elsewhere)
        room = await bela.direct_room(settings.matrix.bot_id)
        answer = await bela.ask(room, "hello", "you said hello")
        assert answer.encrypted
        file = await bela.ask(room, "file", "echo.txt")
        assert (await bela.download(file)).startswith(b"the file of")
        assert echo.heard[-1].direct

        doctor = await new_person("doctor", on=homeserver)
        await consult(echo, database, doctor, bela)

        anna = await new_person("anna", on=elsewhere)
        async with database.transaction() as tx:
            made = await service.rooms.direct_room(tx, echo.people.id_of(anna.mxid), anna.mxid)
        await anna.join(await anna.invitation())
        await anna.ask(made, "found you", "you said found you")


async def consult(echo: Echo, database: Database, doctor, patient) -> None:
    appointment = uuid4()
    name = echo.people.id_of
    echo.people.visits[appointment] = Visit(
        "7F3K2A", True, {name(patient.mxid): patient.mxid}, {name(doctor.mxid): doctor.mxid}
    )
    await open_room(database, appointment)
    invited = await patient.invitation(named="Visit 7F3K2A")
    await doctor.join(await doctor.invitation(named="Visit 7F3K2A"))
    # The patient is elsewhere and may take long: the keeper does not stay for that.
    await until(database, "SELECT keeper_left_at IS NOT NULL FROM consultation_room", [True])
    await patient.join(invited)
    for person, other in ((patient, doctor), (doctor, patient)):
        await person.appears(invited, other.mxid)
    async with asyncio.timeout(30):
        while True:  # device lists travel between servers on their own
            await patient.say(invited, "my secret rash")
            if doctor.heard and doctor.heard[-1].body == "my secret rash":
                break
            await asyncio.sleep(0.5)
    await doctor.say(invited, "show me")
    await patient.hears("show me", room=invited)
