"""The tour: plays patient, doctor and clinic admin through clients of their own, shows what they say, checks each step.

It knows no more than people do: what is said in the rooms, the pay page, and the address of a calendar.
"""

import asyncio
import re
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import aiohttp
from icalendar import Calendar
from rich.console import Console
from rich.markup import escape

from demo.accounts import Account
from demo.authenticator import Authenticator
from demo.client import ClientError, Heard, Person
from demo.pharmacy import Pharmacy
from demo.run import Demo
from demo.spoken import address_in, choice_of, choices, code_in, time_in
from demo.stripe.payer import pay

_SHORT_OF_BREATH = 90.0
"""Seconds that anything may take."""


class StepError(Exception):
    """A step did not go as it should; the rest of the tour rests on it."""


async def tour(demo: Demo) -> int:
    """Play it all; return 0 if every step went well."""
    play = Tour(demo)
    began = time.monotonic()
    try:
        await play.run()
    except (StepError, ClientError, aiohttp.ClientError, TimeoutError) as failed:
        play.failed(str(failed) or type(failed).__name__)
    finally:
        await play.close()
    return play.verdict(time.monotonic() - began)


class Tour:
    """The roles, and what has been checked so far."""

    patient: Person
    doctor: Person
    admin: Person

    def __init__(self, demo: Demo) -> None:
        self._demo = demo
        self._console = Console(highlight=False, width=110)
        self._checked: list[tuple[bool, str]] = []
        self._people: dict[str, Person] = {}
        self._begins = datetime.now(UTC)
        self._time = self._code = ""
        self._paper = b""

    async def run(self) -> None:
        # Whoever logs in later cannot read what was said before: their device has no keys for it.
        self.doctor = await self._log_in("Doctor", self._demo.accounts.doctor)
        self.admin = await self._log_in("Clinic admin", self._demo.accounts.clinic_admin)
        for step in (
            self.patient_registers,
            self.patient_finds_a_cardiologist,
            self.patient_holds_and_pays,
            self.patient_gets_the_calendar_entry,
            self.patient_asks_to_be_reminded,
            self.patient_and_doctor_talk,
            self.admin_sees_the_booking_in_the_calendar,
            self.patient_is_reminded,
            self.doctor_prescribes,
            self.patient_reads_prescription_and_history,
            self.pharmacy_gives_it_out,
        ):
            title = step.__name__.replace("_", " ")
            self._console.rule(f"[bold]{title[0].upper()}{title[1:]}", align="left", style="dim")
            await step()

    # The steps

    async def patient_registers(self) -> None:
        name = f"visitor-{secrets.token_hex(3)}"
        self.patient = await Person.registered(self._demo.homeserver.url, name, secrets.token_urlsafe(12))
        self._people["Patient"] = self.patient
        self._room = await self.patient.direct_room(self._demo.bot_id)
        welcome = await self.patient.hears(room=self._room, seconds=_SHORT_OF_BREATH)
        self._show("careConnect", welcome.body)
        self.check("a new patient is welcomed, encrypted", welcome.encrypted)
        answer = await self.ask("Patient", self._room, "name Vera Lind", "Vera Lind")
        self.check("the patient says who they are", "Vera Lind" in answer.body)

    async def patient_finds_a_cardiologist(self) -> None:
        found = await self.ask("Patient", self._room, "cardiologist near Berlin online under 60")
        self.check("a numbered list of cardiologists comes", choices(found.body))
        own = choice_of(found.body, self._demo.accounts.doctor.name)
        self.check("the doctor of the demo is among them", own is not None)
        times = await self.ask("Patient", self._room, str(own))
        self.check("the day's times come, numbered", re.search(r"\d\d:\d\d", times.body))
        self._time = str(time_in(times.body))

    async def patient_holds_and_pays(self) -> None:
        self._show("Patient", self._time)
        since = len(self.patient.heard)
        await self.patient.say(self._room, self._time)
        card = await self.hears("Patient", self._has_pay_link, since=since)
        address = self._pay_link(card)
        self.check("the time is held, with a link to pay", "eld" in card.body and address is not None)
        assert address
        await pay(address)
        self._show("Patient", "(pays 4242 4242 4242 4242 on the page)")
        done = await self.hears("Patient", lambda heard: heard.replaces == card.event and "onfirmed" in heard.body)
        self.check("the same message turns into the confirmation", done.replaces == card.event)
        code = code_in(done.body)
        self.check("it names the visit", code)
        self._code = str(code)

    async def patient_gets_the_calendar_entry(self) -> None:
        file = await self.patient.hears(lambda heard: heard.body.endswith(".ics"), seconds=_SHORT_OF_BREATH)
        self._show("careConnect", f"[file] {file.body}")
        entry: Any = Calendar.from_ical(await self.patient.download(file)).walk("VEVENT")[0]
        self._begins = entry["DTSTART"].dt.astimezone(UTC)
        self.check("the calendar entry is of this visit", self._code in str(entry["SUMMARY"]))

    async def patient_asks_to_be_reminded(self) -> None:
        left = (self._begins - datetime.now(UTC)).total_seconds()
        minutes = int((left - 20) // 60)
        self.check("the visit lies ahead", minutes > 0)
        self._reminding_since = len(self.patient.heard)
        answer = await self.ask("Patient", self._room, f"remind me {minutes} minutes before", "remind")
        self.check("the patient chooses when to be reminded", "remind" in answer.body.lower())

    async def patient_and_doctor_talk(self) -> None:
        name = f"Visit {self._code}"
        rooms = {}
        for who, person in (("Patient", self.patient), ("Doctor", self.doctor)):
            rooms[who] = await person.invitation(named=name, seconds=_SHORT_OF_BREATH)
            await person.join(rooms[who])
        self.check("both are invited to one room that only names the visit", len(set(rooms.values())) == 1)
        room = rooms["Patient"]
        await self._say_to("Doctor", "Patient", room, "Good day! What brings you here?")
        await self._say_to("Patient", "Doctor", room, "My heart beats fast when I climb the stairs.")
        members = await self._members(room)
        self.check("nobody else is in the room any more", members == {self.patient.mxid, self.doctor.mxid})

    async def doctor_prescribes(self) -> None:
        room = await self._room_with_bot(self.doctor)
        told = await self.doctor.hears(f"{self._code}", room=room, seconds=_SHORT_OF_BREATH)
        self.check("the doctor was told of the booking, encrypted", told.encrypted)
        await self.ask("Doctor", room, f"arrived {self._code}")
        self._show("Doctor", "signing set up")
        authenticator = await Authenticator.set_up(self.doctor, room, seconds=_SHORT_OF_BREATH)
        self._show("careConnect", "[the picture for an authenticator, and:] You can sign now.")
        dose = "bisoprolol 2.5 mg tablet, 1 tablet once daily for 30 days, 30 tablets"
        preview = await self.ask("Doctor", room, f"prescribe {self._code} {dose}", "isoprolol")
        self.check("the doctor sees what is to be signed", "isoprolol" in preview.body)
        since = len(self.patient.heard)
        signed = await self.ask("Doctor", room, await authenticator.code(), "igned")
        self.check("the prescription is signed", "igned" in signed.body)
        told = await self.hears("Patient", lambda heard: "isoprolol" in heard.body, since=since)
        self.check("the patient has it at once, encrypted", told.encrypted)
        await self.ask("Doctor", room, f"done {self._code}")

    async def patient_reads_prescription_and_history(self) -> None:
        pdf = await self.patient.hears(lambda heard: heard.body.endswith(".pdf"), seconds=_SHORT_OF_BREATH)
        self._show("careConnect", f"[file] {pdf.body}")
        self._paper = await self.patient.download(pdf)
        self.check("the prescription comes as a PDF too", self._paper.startswith(b"%PDF"))
        listed = await self.ask("Patient", self._room, "prescriptions", "isoprolol")
        self.check("the prescription is listed", "isoprolol" in listed.body)
        history = await self.ask("Patient", self._room, "history", self._code)
        self.check("the history shows the visit and the prescription", self._code in history.body)

    async def pharmacy_gives_it_out(self) -> None:
        pharmacy = Pharmacy(self._paper)
        self._show("Pharmacy", "(opens the page behind the QR code)")
        said = await pharmacy.check()
        self.check("the page behind the QR code says that it is genuine", "is genuine" in said)
        self.check("and nothing of who it is for and of what", not re.search("isoprolol|Vera", said))
        self._show("Pharmacy", "(enters the access code, takes it on, gives it out)")
        self.check("with the code of the paper it says what was signed", "isoprolol" in await pharmacy.show())
        self.check("it is given out, once", "used up" in await pharmacy.give_out())
        listed = await self.ask("Patient", self._room, "prescriptions", "completed")
        self.check("the patient sees that it was", "completed" in listed.body)

    async def admin_sees_the_booking_in_the_calendar(self) -> None:
        room = await self._room_with_bot(self.admin)
        answer = await self.ask("Clinic admin", room, "calendar centre", "/feeds/")
        address = address_in(answer.body, "/feeds/")
        self.check("the clinic has the address of its calendar", address)
        async with aiohttp.ClientSession() as http, http.get(str(address)) as feed:
            events: list[Any] = Calendar.from_ical(await feed.read()).walk("VEVENT")
        mine = [event for event in events if self._code in str(event["SUMMARY"])]
        self.check("the calendar shows the booking at its time", [e["DTSTART"].dt for e in mine] == [self._begins])
        self.check("and nothing of who is treated for what", b"Vera" not in b"".join(e.to_ical() for e in events))

    async def patient_is_reminded(self) -> None:
        def reminder(heard: Heard) -> bool:
            return self._code in heard.body and "eminder" in heard.body and heard.replaces is None

        told = await self.hears("Patient", reminder, since=self._reminding_since + 1, seconds=200)
        self.check("the reminder comes when it was asked for", told.encrypted)

    # What the steps are made of

    def check(self, promise: str, kept: object) -> None:
        """Note whether a promise was kept; the tour ends at the first that was not."""
        self._checked.append((bool(kept), promise))
        if not kept:
            raise StepError(promise)

    def failed(self, why: str) -> None:
        if not self._checked or self._checked[-1] != (False, why):
            self._checked.append((False, why))

    def verdict(self, seconds: float) -> int:
        """Show all checks; return the exit code."""
        self._console.rule("[bold]Checked", align="left", style="dim")
        for kept, promise in self._checked:
            self._console.print(
                f"[green]kept  [/]  {escape(promise)}" if kept else f"[red]BROKEN[/]  {escape(promise)}"
            )
        broken = sum(not kept for kept, _ in self._checked)
        self._console.print(f"{len(self._checked) - broken} of {len(self._checked)} in {seconds:.0f} s.")
        return 1 if broken else 0

    async def close(self) -> None:
        for person in self._people.values():
            await person.close()

    async def ask(self, who: str, room: str, text: str, wanted: str = "") -> Heard:
        """Say something to the bot and show what it answers: the first message with the words that are wanted, as it
        tells of other things, too, when they happen."""
        self._show(who, text)
        answer = await self._people[who].ask(room, text, wanted, seconds=_SHORT_OF_BREATH)
        self._show("careConnect", answer.body)
        return answer

    async def hears(
        self, who: str, wanted: Callable[[Heard], bool], *, since: int = 0, seconds: float = _SHORT_OF_BREATH
    ) -> Heard:
        heard = await self._people[who].hears(wanted, since=since, seconds=seconds)
        self._show("careConnect", heard.body + (" (edited)" if heard.replaces else ""))
        return heard

    async def _say_to(self, who: str, whom: str, room: str, text: str) -> None:
        self._show(who, f"[in the consultation room] {text}")
        await self._people[who].say(room, text)
        heard = await self._people[whom].hears(text, room=room, seconds=_SHORT_OF_BREATH)
        self.check(f"the {whom.lower()} reads what the {who.lower()} wrote, encrypted", heard.encrypted)

    async def _log_in(self, who: str, account: Account) -> Person:
        person = await Person.logged_in(self._demo.homeserver.url, account.localpart, account.password)
        self._people[who] = person
        return person

    async def _room_with_bot(self, person: Person) -> str:
        """The room in which the bot has written to somebody, if it has; else a new one."""
        for room_id, room in person.client.rooms.items():
            if set(room.users) == {person.mxid, self._demo.bot_id} and room.encrypted:
                return str(room_id)
        for room_id, room in person.client.invited_rooms.items():
            if room.inviter == self._demo.bot_id:
                await person.join(str(room_id))
                return str(room_id)
        return await person.direct_room(self._demo.bot_id, seconds=_SHORT_OF_BREATH)

    async def _members(self, room: str) -> set[str]:
        """Who is in a room, once the one who made it has gone."""
        until = time.monotonic() + 60
        while True:
            answer: dict[str, Any] = await self.patient.call("GET", f"rooms/{room}/joined_members")
            members = set(answer["joined"])
            if len(members) <= 2 or time.monotonic() > until:
                return members
            await asyncio.sleep(0.3)

    def _pay_link(self, heard: Heard) -> str | None:
        return address_in(f"{heard.body} {heard.html}", f":{self._demo.ports.stripe}/")

    def _has_pay_link(self, heard: Heard) -> bool:
        return self._pay_link(heard) is not None

    def _show(self, who: str, text: str) -> None:
        style = "cyan" if who == "careConnect" else "bold"
        first, *rest = text.strip().splitlines() or [""]
        self._console.print(f"[{style}]{who:>13}[/]  {escape(first)}")
        for line in rest:
            self._console.print(f"{'':>13}  {escape(line)}")
