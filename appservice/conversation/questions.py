"""News of questions, and of what waits too long: written when they go out, from what is true then."""

import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from appservice.conversation.dialogue import Question as Asked
from appservice.conversation.dialogue import load, save
from appservice.conversation.rendering.staff import waiting
from appservice.conversation.rendering.values import moment
from appservice.matrix.markdown import escape
from appservice.matrix.staff_rooms import is_there
from appservice.outgoing import Reply, post
from booking.context import Context
from booking.directory.model import StaffNotices
from booking.directory.reading import centre, practitioner
from booking.people.service import Person, patient_name, person_by_id
from booking.questions.model import Question
from booking.questions.service import may_hear, question_to_tell
from booking.questions.waiting import still_waits
from core.database import Tx
from core.lanes import Row
from core.languages import _, speaking
from core.timezones import zone

DirectRoom = Callable[[Tx, UUID, str], Awaitable[str]]


class QuestionNews:
    """Handler of the outbox kinds booking.questions.service.NEWS and booking.questions.waiting.LONG."""

    def __init__(self, ctx: Context, *, direct_room: DirectRoom) -> None:
        self._ctx = ctx
        self._direct_room = direct_room

    async def deliver(self, tx: Tx, row: Row) -> str | None:
        """Tell the doctor of a question, or the patient's side of an answer."""
        what = json.loads(row.payload)
        found = await question_to_tell(tx, self._ctx, UUID(what["question"]))
        person = await person_by_id(tx, self._ctx, UUID(what["person"]))
        room = await self._direct_room(tx, person.id, person.mxid)
        key = f"question:{row.id}"
        with speaking(person.language):
            if not await may_hear(tx, person, found):
                return "not theirs any more"
            if what["what"] == "answered":
                said = await self._answered(tx, found, person)
            elif found.answered_at or found.practitioner_id != person.practitioner_id:
                return "not to be answered any more"
            else:
                said = await self._asked(tx, found, person)
                dialogue = await load(tx, self._ctx.vault, person.id, room)
                reply = {"do": "answer question", "question": str(found.id)}
                dialogue.aside(Asked(key, tx.now, reply=reply))
                await save(tx, self._ctx.vault, person.id, room, dialogue)
        await post(tx, self._ctx.vault, subject=person.id, room_id=room, key=key, reply=Reply(said))
        return None

    async def _asked(self, tx: Tx, found: Question, person: Person) -> str:
        who = await patient_name(tx, self._ctx, found.patient_id)
        head = _(
            "**Question** from **{patient}**, {when}:",
            patient=escape(who),
            when=moment(found.asked_at, zone(person.timezone)),
        )
        hint = _("Reply to this message, or write “answer {code}” and your words.", code=found.code)
        return f"{head}\n\n{_quoted(found.text)}\n\n{hint}"

    async def _answered(self, tx: Tx, found: Question, person: Person) -> str:
        doctor = (await practitioner(tx, found.practitioner_id)).name
        own = found.patient_id == person.patient.id
        head = _("**{doctor}** answers:", doctor=escape(doctor))
        if not own:
            who = await patient_name(tx, self._ctx, found.patient_id)
            head = _("**{doctor}** answers, for **{patient}**:", doctor=escape(doctor), patient=escape(who))
        return f"{head}\n\n{escape(found.answer or '')}\n\n" + _(
            "You asked: {words}", words=f"\n\n{_quoted(found.text)}"
        )

    async def long(self, tx: Tx, row: Row) -> str | None:
        """Tell an admin that something waits too long: nothing of what it is."""
        what: dict[str, Any] = json.loads(row.payload)
        at = await centre(tx, UUID(what["centre"]))
        person = await person_by_id(tx, self._ctx, UUID(what["person"]))
        if at.id not in person.administers or not await still_waits(tx, UUID(what["id"])):
            return "not true any more"
        if at.staff_notices is StaffNotices.ROOM and await is_there(tx, at.id, person.mxid):
            return "told in the staff room"
        doctor = await practitioner(tx, UUID(what["practitioner"]))
        room = await self._direct_room(tx, person.id, person.mxid)
        with speaking(person.language):
            said = waiting(what["what"], doctor.name, what["code"], at.question_hours)
        await post(tx, self._ctx.vault, subject=person.id, room_id=room, key=f"waiting:{row.id}", reply=Reply(said))
        return None


def _quoted(words: str) -> str:
    return "\n".join(f"> {escape(line)}" for line in words.splitlines())
