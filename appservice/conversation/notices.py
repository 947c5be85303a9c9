"""What the service says on its own: a row of ids becomes words when it is sent, from what is true then."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from appservice.conversation.buttons import asking
from appservice.conversation.commands.records import pdf
from appservice.conversation.consulting import room_link
from appservice.conversation.dialogue import Choice, Question, load, save
from appservice.conversation.entries import visit_file
from appservice.conversation.rendering import documents, referrals, rooms
from appservice.conversation.rendering import notices as words
from appservice.conversation.rendering.lists import numbered, offers, state
from appservice.conversation.rendering.prescriptions import full, medicine
from appservice.conversation.rendering.values import moment, moment_of
from appservice.matrix.markdown import escape
from appservice.matrix.staff_rooms import is_there
from appservice.outgoing import File, Reply, post, was_said
from booking.access import may_run_visit
from booking.appointments.model import Appointment
from booking.appointments.notices import FOR_STAFF, Notice
from booking.appointments.reading import appointment, practitioners_seen, series_of
from booking.appointments.rules import Status
from booking.calendars.invitations import wants_files
from booking.consultations.model import Role
from booking.consultations.service import consultation_to_tell, guests_of
from booking.context import Context
from booking.day.rules import waits
from booking.directory.model import StaffNotices
from booking.directory.reading import practitioner
from booking.people.service import Person, patient_name, person_by_id
from booking.readers import reader_of
from booking.referrals.rules import wish_of
from booking.referrals.service import note_to_send, of_visit, referral_to_send
from booking.schedules.service import free_times
from booking.search.service import search
from core.database import Tx
from core.lanes import Row
from core.languages import _, speak
from core.timezones import zone
from records.access import Kind, may_read
from records.documents.service import document_to_send
from records.prescriptions.service import prescription_to_send

_OTHER_TIMES = 5
_OTHER_TIMES_WITHIN = timedelta(days=30)

_RECORDS = {
    "prescribed": Kind.PRESCRIPTION,
    "prescription_changed": Kind.PRESCRIPTION,
    "renewal": Kind.PRESCRIPTION,
    "not_renewed": Kind.PRESCRIPTION,
    "document": Kind.NOTE,
}
"""Notices that hold records: who is told has to have the right to read them when they are told."""

_EDITS = frozenset({Notice.STANDING, Notice.GONE})
"""What says nothing by itself: it edits what was said when the visit was booked."""

DirectRoom = Callable[[Tx, UUID, str], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class _Told:
    """One notice on its way to one person."""

    tx: Tx
    row: Row
    what: dict[str, Any]
    person: Person
    visit: Appointment
    room: str

    @property
    def ours(self) -> bool:
        """Whether the person is on the patient's side, not on the clinic's."""
        own = {self.person.patient.id, *(member.id for member in self.person.family)}
        return self.visit.patient_id in own or self.visit.booked_by == self.person.id

    @property
    def card(self) -> str:
        """The key of the message that shows the visit from hold to confirmation."""
        return f"card:{self.visit.id}:{self.person.id}"

    @property
    def confirmation(self) -> str:
        """The key of the message that says that the visit is booked, which says later how it stands."""
        return f"confirmed:{self.visit.id}:{self.person.id}"

    @property
    def list_of_series(self) -> str:
        """The key of the message that lists what was booked at once with this visit."""
        return f"series:{self.visit.series_id}:{self.visit.created_at.isoformat()}:{self.person.id}"


class Notices:
    """Handler of the outbox kind "notice"."""

    def __init__(self, ctx: Context, *, direct_room: DirectRoom) -> None:
        self._ctx = ctx
        self._direct_room = direct_room

    async def deliver(self, tx: Tx, row: Row) -> str | None:
        """Render and post, or leave it when it is not true any more."""
        what = json.loads(row.payload)
        visit = await appointment(tx, UUID(what["appointment"]))
        if _over(what, visit):
            return "not true any more"
        person = await person_by_id(tx, self._ctx, UUID(what["person"]))
        if person.forgotten:
            return "forgotten"
        speak(person.language)
        told = _Told(tx, row, what, person, visit, "")
        if await _still_theirs(told) == (what["notice"] == Notice.GONE):
            return "not theirs any more, or theirs still"
        if what["notice"] in _EDITS and not await _was_told(told):
            return "there is nothing to edit"
        if await _told_in_staff_room(told):
            return "told in the staff room"
        told = replace(told, room=await self._direct_room(tx, person.id, person.mxid))
        await getattr(self, f"_{what['notice']}", self._plain)(told)
        return None

    async def _plain(self, told: _Told) -> None:
        """A notice that is a sentence about the visit."""
        await self._post(told, f"notice:{told.row.id}", Reply(await self._text(told)))

    async def _changed(self, told: _Told) -> None:
        """The same, as a reply to the confirmation, which is edited besides: see `_standing`."""
        await self._post(told, f"notice:{told.row.id}", Reply(await self._text(told), about=told.confirmation))

    async def _standing(self, told: _Told) -> None:
        """No message holds a time or a doctor that is not true any more: the confirmation, the list of a series."""
        if await was_said(told.tx, told.confirmation):
            reply = Reply(await self._text(told), edits=told.confirmation, only_edit=True)
            await self._post(told, f"notice:{told.row.id}", reply)
        if told.visit.series_id is None or not await was_said(told.tx, told.list_of_series):
            return
        visits = await _booked_together(told)
        # Once for many that change at once: the list is the same after each of them.
        steps = sum(each.sequence for each in visits)
        key = f"{told.list_of_series}:{steps}:{max(each.updated_at for each in visits).isoformat()}"
        if told.what["notice"] == Notice.STANDING:
            text = await self._list_of_series(told, visits)
        elif any(each.practitioner.person_id == told.person.id for each in visits):
            return  # a part of the series is theirs still
        else:
            text = await self._text(told)
        await self._post(told, key, Reply(text, edits=told.list_of_series, only_edit=True))

    _gone = _standing

    async def _held(self, told: _Told) -> None:
        await self._post(told, told.card, Reply(await self._text(told)))

    async def _booked(self, told: _Told) -> None:
        """The card turns into the confirmation; who had none gets a message; the patient's side the calendar entry."""
        paid = told.visit.paid_by_card and told.visit.booked_by == told.person.id
        text = await self._text(told)
        if told.visit.practitioner.id == told.person.practitioner_id:
            text += await self._origin(told)
        await self._post(told, told.confirmation, Reply(text, edits=told.card if paid else None))
        await self._invite(told)

    async def _invite(self, told: _Told, *, series: bool = False) -> None:
        """The calendar entry, for the patient's side and for the doctor, but not for those who run the centre."""
        person, visit = told.person, told.visit
        doctor = visit.practitioner.id == person.practitioner_id
        if told.ours or (doctor and await wants_files(told.tx, person)):
            file = visit_file(visit, person.id, series=series)
            await self._post(told, f"notice:{told.row.id}:file", file)

    async def _origin(self, told: _Told) -> str:
        """For the doctor: by whom the patient was referred, and the note."""
        found = await of_visit(told.tx, self._ctx, told.person, told.visit.id)
        if found is None:
            return ""
        requester = await practitioner(told.tx, found[0].requester_id)
        return f"\n\n{referrals.origin(requester.name, found[0].urgent, found[1])}"

    async def _moved(self, told: _Told) -> None:
        await self._changed(told)
        await self._invite(told)

    _handed_over = _moved

    async def _cancelled(self, told: _Told) -> None:
        """What was in the calendars is taken out; what was only asked for never stood there."""
        await self._changed(told)
        if told.visit.sequence:
            await self._invite(told)

    _mistake = _cancelled

    async def _ready(self, told: _Told) -> None:
        """The doctor begins, or it is soon: with the way into the room of an online visit, for who belongs there."""
        belongs = told.ours or told.visit.practitioner.id == told.person.practitioner_id
        link = await room_link(told.tx, self._ctx, told.visit) if belongs else ""
        text = await self._text(told)
        await self._post(told, f"notice:{told.row.id}", Reply(f"{text} {link}" if link else text))

    _reminder = _ready

    async def _room(self, told: _Told) -> None:
        """With who handles it, and until when it is open."""
        room = await consultation_to_tell(told.tx, told.visit)
        guest = any(each.person_id == told.person.id for each in room.guests)
        said = rooms.invited(room, zone(told.person.timezone), ours=told.ours, guest=guest)
        await self._post(told, f"notice:{told.row.id}", Reply(said))

    async def _brought_in(self, told: _Told) -> None:
        said = rooms.brought_in(told.visit, told.what["mxid"], Role(told.what["role"]))
        await self._post(told, f"notice:{told.row.id}", Reply(said))

    async def _unreachable(self, told: _Told) -> None:
        said = rooms.unreachable(told.visit, zone(told.person.timezone), whose=await _whose(told))
        await self._post(told, f"notice:{told.row.id}", Reply(said))

    async def _uninvited(self, told: _Told) -> None:
        said = rooms.uninvited(told.visit, zone(told.person.timezone), whose=await _whose(told))
        await self._post(told, f"notice:{told.row.id}", Reply(said))

    async def _next(self, told: _Told) -> None:
        link = await room_link(told.tx, self._ctx, told.visit)
        expected = datetime.fromisoformat(told.what["expected"])
        said = rooms.next_in_line(told.visit, expected, zone(told.person.timezone), link)
        await self._post(told, f"notice:{told.row.id}", Reply(said))

    async def _expired(self, told: _Told) -> None:
        await self._post(told, f"notice:{told.row.id}", Reply(await self._text(told), edits=told.card))

    async def _proposed(self, told: _Told) -> None:
        """The clinic answers with a number, or with the visit's code; for all at once that was asked for together."""
        if "visits" in told.what:
            told = replace(told, what={**told.what, "dates": await self._dates(told, Status.PROPOSED)})
        if told.ours:
            await self._plain(told)
            return
        visit = str(told.visit.id)
        await self._ask(
            told, await self._text(told), [{"do": "approve", "visit": visit}, {"do": "decline", "visit": visit}]
        )

    async def _declined(self, told: _Told) -> None:
        """The patient chooses another time; in place of a series, other dates."""
        if "visits" in told.what:
            await self._plain(told)
            return
        visit = told.visit
        start = told.tx.now
        free = await free_times(told.tx, visit.service, start, start + _OTHER_TIMES_WITHIN, limit=_OTHER_TIMES)
        base = {"do": "book", "service": str(visit.service.id), "patient": str(visit.patient_id)}
        text = await self._text(told)
        if free:
            listed = numbered(moment(each, zone(told.person.timezone)) for each in free)
            text += _("\n\nOther times:\n\n{listed}\n\nAnswer with a number to ask for one of them.", listed=listed)
        await self._ask(told, text, [base | {"start": each.isoformat()} for each in free])

    _not_approved = _declined

    async def _offered(self, told: _Told) -> None:
        """Taken or left with a number or a word."""
        visit = str(told.visit.id)
        take, leave = {"do": "take up", "visit": visit}, {"do": "leave", "visit": visit}
        await self._ask(told, await self._text(told), [take, leave], {"yes": take, "no": leave})

    async def _referred(self, told: _Told) -> None:
        """With a list to book from; its words are those of a search."""
        tx, place = told.tx, zone(told.person.timezone)
        referral = await referral_to_send(tx, UUID(told.what["referral"]))
        performer = (await practitioner(tx, referral.performer_id)).name if referral.performer_id else None
        known = await practitioners_seen(tx, referral.patient_id)
        found = await search(tx, wish_of(referral, performer, told.visit.centre, told.person.timezone, known))
        reads = may_read(await reader_of(tx, told.person), Kind.REFERRAL, referral.patient_id)
        note = await note_to_send(tx, self._ctx, referral) if reads else None
        text = _(
            "{text} {target}. You can book with it until {until}; “referrals” shows it again.{note}",
            text=await self._text(told),
            target=referrals.target(referral, performer),
            until=referrals.until(referral, place),
            note=referrals.note(note),
        )
        kept = {"referral": str(referral.id), "patient": str(referral.patient_id)}
        search_on = {"do": "search", "wish": [referrals.wish(referral, performer, told.visit.centre)], **kept}
        spoken: dict[str, Choice] = {"wait": search_on | {"do": "wait for"}}
        if found.more:
            spoken["more"] = search_on | {"page": 1}
        listed = f"\n\n{offers(found, place, told.person.language, wait=True)}" if found.offers else ""
        choices = [
            {"do": "times", "service": str(each.service.id), "from": each.next_times[0].isoformat(), **kept}
            for each in found.offers
        ]
        await self._ask(told, text + listed, choices, spoken)

    async def _ask(
        self, told: _Told, text: str, choices: list[dict[str, str]], spoken: Mapping[str, Choice] | None = None
    ) -> None:
        """Say something that can be answered with a number, or with a word that is `spoken`."""
        key = f"notice:{told.row.id}"
        dialogue = await load(told.tx, self._ctx.vault, told.person.id, told.room)
        dialogue.aside(Question(key, told.tx.now, choices, spoken or {}))
        await save(told.tx, self._ctx.vault, told.person.id, told.room, dialogue)
        await self._post(told, key, asking(told.person, text, choices))

    async def _series(self, told: _Told) -> None:
        """All visits of a series in one message."""
        together = [each for each in await _booked_together(told) if each.status is told.visit.status]
        await self._post(told, told.list_of_series, Reply(await self._list_of_series(told, together)))
        await self._invite(told, series=True)

    async def _list_of_series(self, told: _Told, visits: Sequence[Appointment]) -> str:
        place = zone(told.person.timezone)
        rows = []
        for each in visits:
            row = _("{moment_of}, visit **{code}**", moment_of=moment_of(each, place), code=each.code)
            rows.append(row if each.status is Status.BOOKED else f"{row}: {state(each)}")
        head = await self._text(replace(told, what={**told.what, "notice": Notice.SERIES}))
        return f"{head}\n\n{numbered(rows)}"

    async def _dates(self, told: _Told, status: Status) -> str:
        """Those visits that were made together with this one, and stand as it does."""
        assert told.visit.series_id
        place = zone(told.person.timezone)
        return numbered(
            _("{moment_of}, visit **{code}**", moment_of=moment_of(each, place), code=each.code)
            for each in await series_of(told.tx, told.visit.series_id)
            if each.created_at == told.visit.created_at and each.status is status
        )

    async def _prescribed(self, told: _Told) -> None:
        written = await prescription_to_send(told.tx, self._ctx.vault, UUID(told.what["prescription"]))
        text = _(
            "{full}\n\nThe PDF follows; “prescriptions” lists all of yours.",
            full=full(written, zone(told.person.timezone)),
        )
        await self._post(told, f"notice:{told.row.id}", Reply(text))
        await self._post(told, f"notice:{told.row.id}:file", pdf(written, own=True))

    async def _prescription_changed(self, told: _Told) -> None:
        changed = await prescription_to_send(told.tx, self._ctx.vault, UUID(told.what["prescription"]))
        why = (
            _("\n\nThe doctor says: {status_reason}", status_reason=escape(changed.status_reason))
            if changed.status_reason
            else ""
        )
        text = _("**Changed by your doctor**: {full}{why}", full=full(changed, zone(told.person.timezone)), why=why)
        await self._post(told, f"notice:{told.row.id}", Reply(text))

    async def _renewal(self, told: _Told) -> None:
        """The doctor answers with a number; the signature comes after that."""
        prior = await prescription_to_send(told.tx, self._ctx.vault, UUID(told.what["prescription"]))
        text = _(
            "**To renew?** Your patient asks for this once more.\n\n{full}\n\n1. Renew\n2. Decline",
            full=full(prior, zone(told.person.timezone)),
        )
        renewal = told.what["renewal"]
        await self._ask(
            told, text, [{"do": "renew", "renewal": renewal}, {"do": "decline renewal", "renewal": renewal}]
        )

    async def _not_renewed(self, told: _Told) -> None:
        prior = await prescription_to_send(told.tx, self._ctx.vault, UUID(told.what["prescription"]))
        doctor = escape(prior.practitioner_name)
        said = _(
            "{doctor} does not renew **{code}**, {medicine}. Please book a visit to talk about it.",
            doctor=doctor,
            code=prior.code,
            medicine=medicine(prior.draft),
        )
        await self._post(told, f"notice:{told.row.id}", Reply(said))

    async def _document(self, told: _Told) -> None:
        """A sick note with its copy for the employer, or a note that the doctor shares."""
        one = await document_to_send(told.tx, self._ctx.vault, UUID(told.what["document"]))
        place = zone(told.person.timezone)
        await self._post(told, f"notice:{told.row.id}", Reply(documents.news(one, place)))
        for file in documents.papers(one, own=True):
            await self._post(told, f"notice:{told.row.id}:{file.kind}", file)

    async def _text(self, told: _Told) -> str:
        patient = await patient_name(told.tx, self._ctx, told.visit.patient_id)
        own = told.visit.patient_id == told.person.patient.id
        return words.text(
            told.what,
            told.visit,
            zone(told.person.timezone),
            language=told.person.language,
            ours=told.ours,
            patient="" if own else patient,
        )

    async def _post(self, told: _Told, key: str, reply: Reply | File) -> None:
        await post(told.tx, self._ctx.vault, subject=told.person.id, room_id=told.room, key=key, reply=reply)


async def _still_theirs(told: _Told) -> bool:
    """Whether the person may hear of it now: they may have left the centre, or speak for the patient no more."""
    person, visit = told.person, told.visit
    if kind := _RECORDS.get(told.what["notice"]):
        return may_read(await reader_of(told.tx, person), kind, visit.patient_id, author=visit.practitioner.id)
    if told.ours or may_run_visit(person, practitioner_id=visit.practitioner.id, centre_id=visit.centre.id):
        return True
    return any(each.person_id == person.id for each in await guests_of(told.tx, visit.id))


async def _whose(told: _Told) -> str:
    """Whose something is that the notice tells, of those in the visit's room."""
    return rooms.whose(told.visit, await guests_of(told.tx, told.visit.id), UUID(told.what["about"]))


async def _was_told(told: _Told) -> bool:
    """Whether the person has a message that says how the visit stood when it was booked."""
    if await was_said(told.tx, told.confirmation):
        return True
    return told.visit.series_id is not None and await was_said(told.tx, told.list_of_series)


async def _booked_together(told: _Told) -> list[Appointment]:
    """The visits of a series that were booked with this one, by start."""
    assert told.visit.series_id
    series = await series_of(told.tx, told.visit.series_id)
    return [each for each in series if each.created_at == told.visit.created_at]


async def _told_in_staff_room(told: _Told) -> bool:
    """Whether the centre's rule has its staff told in its room, and this person is there."""
    if told.ours or told.what["notice"] not in FOR_STAFF or told.visit.centre.staff_notices is not StaffNotices.ROOM:
        return False
    return await is_there(told.tx, told.visit.centre.id, told.person.mxid)


def _over(what: dict[str, Any], visit: Appointment) -> bool:
    """Whether a notice has been overtaken: the visit moved, is gone, or is paid by now."""
    match what["notice"]:
        case "reminder":
            return visit.status is not Status.BOOKED or visit.start != datetime.fromisoformat(what["start"])
        case "held" | "payment_delayed":
            return visit.status is not Status.PENDING
        case "proposed":
            return visit.status is not Status.PROPOSED
        case "offered":
            return visit.status is not Status.WAITLIST
        case "ready":
            return visit.status is not Status.ARRIVED
        case "next":
            return not waits(visit)
        case "late" | "in_time":
            return not waits(visit) or visit.start != datetime.fromisoformat(what["start"])
        case "room" | "uninvited":
            return visit.status not in {Status.BOOKED, Status.ARRIVED}
        case _:
            return False
