"""What people say about their health is nowhere to be read but in their clients."""

import secrets
from base64 import b64encode
from uuid import uuid4

import aiohttp
import psycopg

from demo.authenticator import Authenticator
from demo.client import Heard, Person
from demo.run import Demo
from demo.spoken import address_in, choice_of, code_in, time_in
from demo.stripe.payer import pay
from tests.e2e.traces import found, left_by

SECONDS = 90.0


def marker() -> str:
    """A word that nobody has said before, of letters alone: it passes for a name."""
    return "Qx" + "".join(secrets.choice("bcdfghjklmnpqrstvwz") for _ in range(14))


async def test_what_lies_openly_in_databases_and_files_is_found(demo: Demo) -> None:
    hidden = {name: marker() for name in "text bytes base64 utf16 backwards log media".split()}
    rows = [
        ("a " + hidden["text"], b""),
        ("", f"a {hidden['bytes']}".encode()),
        ("", b64encode(f"of {hidden['base64']}!".encode())),
        (b64encode(f"an {hidden['utf16']}".encode("utf-16")).decode(), b""),
        ("", hidden["backwards"][::-1].encode("utf-16-be")),
    ]
    media = demo.folder / "synapse" / "media" / "planted"
    media.parent.mkdir(exist_ok=True)
    with psycopg.connect(demo.postgres.url("careconnect"), autocommit=True) as careconnect:
        careconnect.execute("CREATE TABLE planted (said text, kept bytea)")
        try:
            careconnect.cursor().executemany("INSERT INTO planted VALUES (%s, %s)", rows)
            media.write_bytes(hidden["media"].upper().encode())
            with (demo.logs / "planted.log").open("w") as log:
                log.write(f"met {hidden['log'].lower()}\n")
            places = left_by(demo)
            assert [*hidden.values()] == [one.split()[0] for one in found(hidden.values(), places)]
            assert found([marker()], places) == []
        finally:
            careconnect.execute("DROP TABLE planted")
            media.unlink()
            (demo.logs / "planted.log").unlink()


async def test_what_is_said_in_clear_is_found_in_the_homeservers_database(demo: Demo) -> None:
    async with await Person.registered(demo.homeserver.url, f"plain-{uuid4().hex[:6]}", "pw") as person:
        room = (await person.client.room_create()).room_id
        said = marker()
        await person.send_raw(room, "m.room.message", {"msgtype": "m.text", "body": f"so {said}"})
        assert f"{said} in dump of synapse" in found([said], left_by(demo))


async def test_no_word_about_health_and_no_name_is_left_anywhere(demo: Demo) -> None:
    symptom, drug, name, child, chat = words = [marker() for _ in range(5)]
    account = demo.accounts.doctor
    async with (
        await Person.logged_in(demo.homeserver.url, account.localpart, account.password) as doctor,
        await Person.logged_in(demo.homeserver.url, "clara", demo.accounts.clinic_admin.password) as admin,
        await Person.registered(demo.homeserver.url, f"visitor-{uuid4().hex[:6]}", "pw") as patient,
    ):
        room, surgery, office = [await each.direct_room(demo.bot_id) for each in (patient, doctor, admin)]
        await patient.hears(room=room)
        await patient.ask(room, f"name {name} Lind", name)
        await patient.ask(room, f"add family {child} 2018-05-04", child)
        authenticator = await Authenticator.set_up(doctor, surgery)
        codes = [await book(demo, patient, room, whom) for whom in ("", f" for {child}")]
        for code in codes:
            await patient.ask(room, f"reason {code} {symptom} at night", "Thank you")
            visit = await meet(patient, doctor, code)
            await doctor.say(visit, f"Good day! Is it {chat}?")
            await patient.hears(chat, room=visit, seconds=SECONDS)
            await patient.say(visit, f"Yes, {chat} it is.")
            await doctor.hears(f"Yes, {chat}", room=visit, seconds=SECONDS)
            await doctor.ask(surgery, f"reason {code}", symptom)
            await doctor.ask(surgery, f"arrived {code}", code)
            line = f"{drug}omycin 5 mg tablets, 1 tablet daily for 5 days, 5 tablets"
            await doctor.ask(surgery, f"prescribe {code} {line}", drug)
            since = len(patient.heard)
            await doctor.ask(surgery, await authenticator.code(), "igned")
            await patient.hears(drug, room=room, since=since, seconds=SECONDS)
            pdf = await patient.hears(lambda heard: heard.body.endswith(".pdf"), since=since, seconds=SECONDS)
            assert (await patient.download(pdf)).startswith(b"%PDF")
        await patient.ask(room, "history", drug)

        rooms = ((patient, room, "mine"), (doctor, surgery, "doctor"), (admin, office, "centre"))
        feeds = {f"feed of {who.mxid}": await feed(who, own, which) for who, own, which in rooms}

    places = left_by(demo) | feeds
    assert all(code.encode() in content for code in codes for content in feeds.values())
    assert b"checkout/sessions" in places["requests to Stripe"]
    for part in ("logs/careconnect.log", "logs/synapse.log", "stripe/stripe.log", "synapse/media/"):
        assert any(part in place for place in places), part
    assert found(words, places) == []


async def book(demo: Demo, patient: Person, room: str, whom: str) -> str:
    """Book and pay the first time of the demo's doctor; return the visit's code."""
    doctor = demo.accounts.doctor.name
    offers = await patient.ask(room, f"cardiologist{whom} near Berlin online under 60", doctor)
    times = await patient.ask(room, str(choice_of(offers.body, doctor)), "1. ")

    def address(heard: Heard) -> str | None:
        return address_in(f"{heard.body} {heard.html}", f":{demo.ports.stripe}/")

    card = await patient.ask(room, str(time_in(times.body)), lambda heard: address(heard) is not None, SECONDS)
    await pay(str(address(card)))
    done = await patient.hears(
        lambda heard: heard.replaces == card.event and "Confirmed" in heard.body, seconds=SECONDS
    )
    return str(code_in(done.body))


async def meet(patient: Person, doctor: Person, code: str) -> str:
    """Let both into the consultation room; return its id."""
    for person in (patient, doctor):
        room = await person.invitation(named=f"Visit {code}", seconds=SECONDS)
        await person.join(room)
    for person, other in ((patient, doctor), (doctor, patient)):
        await person.appears(room, other.mxid)
    return room


async def feed(person: Person, room: str, which: str) -> bytes:
    """Ask for the address of a calendar, and fetch it."""
    answer = await person.ask(room, f"calendar {which}", "/feeds/")
    async with aiohttp.ClientSession() as http, http.get(str(address_in(answer.body, "/feeds/"))) as calendar:
        return await calendar.read()
