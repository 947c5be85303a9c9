"""The morning's list as a message: written when it goes out, from what is booked then."""

import json
from collections.abc import Awaitable, Callable
from datetime import date
from uuid import UUID

from appservice.conversation.commands.doctors import visits_listed
from appservice.conversation.rendering.values import day as shown
from appservice.matrix.markdown import escape
from appservice.outgoing import Reply, post
from booking.appointments.lists import centre_day, practitioner_day
from booking.context import Context
from booking.directory.reading import centre
from booking.people.service import Person, person_by_id
from core.database import Tx
from core.lanes import Row
from core.languages import _, speak
from core.timezones import zone

DirectRoom = Callable[[Tx, UUID, str], Awaitable[str]]


class DailyLists:
    """Handler of the outbox kind "daily"."""

    def __init__(self, ctx: Context, *, direct_room: DirectRoom) -> None:
        self._ctx = ctx
        self._direct_room = direct_room

    async def deliver(self, tx: Tx, row: Row) -> str | None:
        """Say whom the day brings, to somebody who runs a centre or works there; nothing if it brings nobody."""
        what = json.loads(row.payload)
        person = await person_by_id(tx, self._ctx, UUID(what["person"]))
        speak(person.language)
        when = date.fromisoformat(what["day"])
        parts = [await self._of_centre(tx, person, UUID(each), when) for each in what["centres"]]
        said = "\n\n".join(part for part in [await self._own(tx, person, when), *parts] if part)
        if not said:
            return "nobody comes"
        room = await self._direct_room(tx, person.id, person.mxid)
        reply = Reply(_("**Good morning!** {shown}\n\n{said}", shown=shown(when), said=said))
        await post(tx, self._ctx.vault, subject=person.id, room_id=room, key=f"daily:{row.id}", reply=reply)
        return None

    async def _own(self, tx: Tx, person: Person, when: date) -> str:
        if person.practitioner_id is None:
            return ""
        found = await practitioner_day(tx, self._ctx, person, when)
        listed = await visits_listed(tx, self._ctx, zone(person.timezone), found)
        return _("Your visits:\n\n{listed}", listed=listed) if found else ""

    async def _of_centre(self, tx: Tx, person: Person, centre_id: UUID, when: date) -> str:
        if centre_id not in person.administers:
            return ""
        at = await centre(tx, centre_id)
        found = await centre_day(tx, self._ctx, person, centre_id, when)
        listed = await visits_listed(tx, self._ctx, zone(at.timezone), found, doctors=True)
        return f"{escape(at.name)}:\n\n{listed}" if found else ""
