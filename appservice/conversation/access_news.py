"""What people are told of who reads whose records: written when it goes out, and at once."""

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from appservice.conversation.naming import grantee
from appservice.conversation.rendering import access as words
from appservice.conversation.rendering import growing_up
from appservice.conversation.rendering.values import moment
from appservice.matrix.markdown import escape
from appservice.outgoing import Reply, post
from booking.context import Context
from booking.directory.reading import practitioner
from booking.people.service import Person, patient_name, person_by_id
from core.database import Tx
from core.lanes import Row
from core.languages import _, speak
from core.timezones import zone
from records.access import Kind
from records.consents.emergencies import emergency_to_tell
from records.sealing import ErasedError

DirectRoom = Callable[[Tx, UUID, str], Awaitable[str]]


class AccessNews:
    """Handler of the outbox kind booking.sharing.news.NEWS."""

    def __init__(self, ctx: Context, *, direct_room: DirectRoom) -> None:
        self._ctx = ctx
        self._direct_room = direct_room

    async def deliver(self, tx: Tx, row: Row) -> str | None:
        """Say it to the person whom it concerns."""
        what = json.loads(row.payload)
        person = await person_by_id(tx, self._ctx, UUID(what["person"]))
        speak(person.language)
        try:
            said = await self._words(tx, what, person)
        except ErasedError:
            return "erased since"
        room = await self._direct_room(tx, person.id, person.mxid)
        await post(tx, self._ctx.vault, subject=person.id, room_id=room, key=f"access:{row.id}", reply=Reply(said))
        return None

    async def _words(self, tx: Tx, what: dict[str, Any], person: Person) -> str:
        match what["news"]:
            case "emergency":
                return await self._emergency(tx, what, person)
            case "emergency at clinic":
                doctor = escape((await practitioner(tx, UUID(what["practitioner"]))).name)
                return _(
                    "**Emergency access.** {doctor} opened a patient's records at {at}, until {until}. The patient has"
                    " been told, with the reason. Ask {doctor} what happened.",
                    doctor=doctor,
                    at=_moment(what["at"], person),
                    until=_moment(what["until"], person),
                )
            case "of age" | "taken over":
                return await self._growing_up(tx, what)
            case _:
                return await self._consent(tx, what, person)

    async def _emergency(self, tx: Tx, what: dict[str, Any], person: Person) -> str:
        made = await emergency_to_tell(tx, self._ctx.vault, UUID(what["emergency"]))
        return _(
            "**Emergency access.** {doctor} opened the records of {patient} at {at} and reads them until {until}. The"
            " reason that was given:\n\n> {reason}\n\n“who looked” shows what was read. If this is not right, write to"
            " the doctor's clinic.",
            doctor=escape((await practitioner(tx, made.practitioner_id)).name),
            patient=escape(await patient_name(tx, self._ctx, made.patient_id)),
            at=moment(made.opened_at, zone(person.timezone)),
            until=moment(made.until, zone(person.timezone)),
            reason=escape(made.reason),
        )

    async def _growing_up(self, tx: Tx, what: dict[str, Any]) -> str:
        name = await patient_name(tx, self._ctx, UUID(what["patient"]))
        if what["news"] == "of age":
            return growing_up.of_age(escape(name), escape(name.split()[0]))
        return growing_up.taken_over(escape(name), escape(what["account"]))

    async def _consent(self, tx: Tx, what: dict[str, Any], person: Person) -> str:
        to, shared = UUID(what["to"]), what["news"] == "shared"
        patient = escape(await patient_name(tx, self._ctx, UUID(what["patient"])))
        kinds = words.kinds(Kind(each) for each in what["kinds"])
        end = datetime.fromisoformat(what["until"]) if what["until"] else None
        until = words.until(end, zone(person.timezone))
        if to == person.id and shared:
            return _(
                "**{patient}** shares this with you: {what}, {until}. “shared with me” shows it.",
                patient=patient,
                what=kinds,
                until=until,
            )
        if to == person.id:
            return _("**{patient}** does not share this with you any more: {what}.", patient=patient, what=kinds)
        who = await grantee(tx, self._ctx, to)
        if shared:
            return _(
                "{who} may read this of **{patient}**: {what}, {until}.",
                who=who,
                patient=patient,
                what=kinds,
                until=until,
            )
        return _("{who} reads this of **{patient}** no more: {what}.", who=who, patient=patient, what=kinds)


def _moment(at: str, person: Person) -> str:
    return moment(datetime.fromisoformat(at), zone(person.timezone))
