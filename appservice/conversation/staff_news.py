"""What people are told about working somewhere: invited, accepted, verified; and the way in for who has no account."""

import json
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from appservice.conversation.buttons import asking
from appservice.conversation.dialogue import Question, load, save
from appservice.conversation.rendering import rotations
from appservice.conversation.rendering.notices import DISPUTE_ENDED
from appservice.conversation.rendering.values import dated_day, moment
from appservice.matrix.api import MatrixError
from appservice.matrix.markdown import escape
from appservice.matrix.registration_tokens import RegistrationTokens
from appservice.outgoing import File, Reply, post
from booking.appointments.reading import appointment
from booking.context import Context
from booking.directory.model import Practitioner
from booking.directory.reading import centre, practitioner
from booking.payments.model import OPEN_STAGES, Stage
from booking.people.service import Person, patient_name, person_by_id
from booking.rotations.service import rotation_to_tell
from booking.staff.inviting import code_of, invitation_to_tell
from booking.staff.model import Invitation, Role
from booking.staff.rules import registration_token
from core.database import Tx
from core.lanes import Row
from core.languages import _, ngettext, speaking
from core.money import Money
from core.timezones import zone

WAY_IN = "staff.way-in"
"""Kind of work: have a registration token made, and send the code, the token and the picture to who invited."""

DirectRoom = Callable[[Tx, UUID, str], Awaitable[str]]


class StaffNews:
    """Handler of the outbox kinds booking.staff.news.NEWS and WAY_IN."""

    def __init__(self, ctx: Context, *, direct_room: DirectRoom, tokens: RegistrationTokens) -> None:
        self._ctx = ctx
        self._direct_room = direct_room
        self._tokens = tokens

    async def deliver(self, tx: Tx, row: Row) -> str | None:
        """Tell one person."""
        what: dict[str, Any] = json.loads(row.payload)
        person = await person_by_id(tx, self._ctx, UUID(what["person"]))
        with speaking(person.language):
            if what["what"] == "handed over":
                return await self._handed_over(tx, row, person, what)
            if what["what"] == "invited":
                return await self._invited(tx, row, person, UUID(what["invitation"]))
            await self._post(tx, row, person, Reply(await self._said(tx, what, person)))
        return None

    async def _said(self, tx: Tx, what: dict[str, Any], person: Person) -> str:
        if what["what"] == "rotation":
            ended, place = await rotation_to_tell(tx, UUID(what["rotation"])), zone(person.timezone)
            return rotations.done(ended, place) if ended.finished_at else rotations.stopped(ended, place)
        if what["what"] in {"accepted", "declined"}:
            found, _open = await invitation_to_tell(tx, UUID(what["invitation"]))
            who = await person_by_id(tx, self._ctx, UUID(what["who"]))
            job = await self._job(tx, found)
            if what["what"] == "accepted":
                name = escape(who.name or who.mxid)
                return _("**{name}** ({mxid}) has accepted: {job}.", name=name, mxid=escape(who.mxid), job=job)
            # Who declines has nothing to do with who invited them, and is called what they were called by.
            return _("**{mxid}** has declined: {job}.", mxid=escape(who.mxid), job=job)
        if what["what"] == "disputed":
            return await self._disputed(tx, what, person)
        if what["what"] == "ledger differs":
            return ngettext(
                "The ledger of {day} and Stripe differ in {count} amount: {refs}. Look at it on Stripe's pages;"
                " “payments”"
                " of the centre shows what the ledger has.",
                "The ledger of {day} and Stripe differ in {count} amounts: {refs}. Look at them on Stripe's pages;"
                " “payments” of the centre shows what the ledger has.",
                int(what["count"]),
                day=dated_day(date.fromisoformat(what["day"])),
                refs=what["refs"],
            )
        if what["what"] == "admin left":
            who = await person_by_id(tx, self._ctx, UUID(what["who"]))
            at = escape((await centre(tx, UUID(what["centre"]))).name)
            return _(
                "**{name}** ({mxid}) does not run {centre} any more.",
                name=escape(who.name or who.mxid),
                mxid=escape(who.mxid),
                centre=at,
            )
        doctor = await practitioner(tx, UUID(what["practitioner"]))
        name = escape(doctor.name)
        if what["what"] == "hands over":
            to = await practitioner(tx, UUID(what["to"]))
            return _("**{doctor}**'s patients are handed over to **{to}**.", doctor=name, to=escape(to.name))
        if what["what"] == "doctor left":
            return _("**{doctor}** has left. Nobody can book there any more; what was written stays.", doctor=name)
        if what["what"] == "verified":
            return _("**{doctor}** is verified: can be booked, and can prescribe.", doctor=name)
        if what["what"] == "unverified":
            return _("**{doctor}** is not verified any more: cannot be booked, and cannot prescribe.", doctor=name)
        if what["what"].startswith("account"):
            return _account(what, doctor)
        return _(
            "**{doctor}** waits to be verified: “verify {slug}”. “unverified” lists all.", doctor=name, slug=doctor.slug
        )

    async def _disputed(self, tx: Tx, what: dict[str, Any], person: Person) -> str:
        """Told to platform admins, who answer disputes: which visit by its code, nothing of whose it is."""
        visit = await appointment(tx, UUID(what["appointment"]))
        stage = Stage(what["stage"])
        amount = Money(what["currency"], int(what["amount"])).show(person.language)
        of = _("visit **{code}** at {centre}", code=visit.code, centre=escape(visit.centre.name))
        if stage not in OPEN_STAGES:
            return _(DISPUTE_ENDED[stage], amount=amount, visit=of)
        due = what.get("due_by")
        until = _(" by {moment}", moment=moment(datetime.fromisoformat(due), zone(person.timezone))) if due else ""
        if stage is Stage.INQUIRY:
            return _(
                "**A bank asks** about {amount} for {visit}. Answer it on Stripe's pages{until}; the centre is told.",
                amount=amount,
                visit=of,
                until=until,
            )
        return _(
            "**Disputed**: a bank has taken {amount} for {visit} back. Answer it on Stripe's pages{until}; the"
            " centre is"
            " told. “disputes” lists what is open.",
            amount=amount,
            visit=of,
            until=until,
        )

    async def _invited(self, tx: Tx, row: Row, person: Person, invitation_id: UUID) -> str | None:
        """The one who is invited answers with a number or a word."""
        found, is_open = await invitation_to_tell(tx, invitation_id)
        if not is_open:
            return "answered already"
        by = await person_by_id(tx, self._ctx, found.invited_by)
        text = _(
            "**You are invited** by {name} ({mxid}): {job}.\n\n1. Accept\n2. Decline\n\nThe invitation is open until"
            " {until}.",
            name=escape(by.name or by.mxid),
            mxid=escape(by.mxid),
            job=await self._job(tx, found),
            until=moment(found.expires_at, zone(person.timezone)),
        )
        room = await self._direct_room(tx, person.id, person.mxid)
        key = f"staff:{row.id}"
        yes = {"do": "accept invitation", "invitation": str(found.id)}
        no = {"do": "decline invitation", "invitation": str(found.id)}
        dialogue = await load(tx, self._ctx.vault, person.id, room)
        choices = [yes, no]
        dialogue.aside(Question(key, tx.now, choices, {"yes": yes, "no": no}))
        await save(tx, self._ctx.vault, person.id, room, dialogue)
        await post(tx, self._ctx.vault, subject=person.id, room_id=room, key=key, reply=asking(person, text, choices))
        return None

    async def _handed_over(self, tx: Tx, row: Row, person: Person, what: dict[str, Any]) -> str | None:
        """A patient says whether the colleague may read the records; until then nothing of them is open."""
        patient = UUID(what["patient"])
        if patient not in {person.patient.id, *(each.id for each in person.family)}:
            return "speaks for them no more"
        before, after = await practitioner(tx, UUID(what["practitioner"])), await practitioner(tx, UUID(what["to"]))
        whose = ""
        if patient != person.patient.id:
            whose = " " + _("for **{patient}**", patient=escape(await patient_name(tx, self._ctx, patient)))
        text = _(
            "**{before}** hands patients over: **{after}** is there for you now{whose}. Your records stay closed to"
            " {after} until you come for a visit, or open them here.\n\n1. {after} may read them\n2. No",
            before=escape(before.name),
            after=escape(after.name),
            whose=whose,
        )
        room = await self._direct_room(tx, person.id, person.mxid)
        key = f"staff:{row.id}"
        yes = {"do": "open records", "to": str(after.id), "patient": str(patient)}
        choices = [yes, {"do": "keep closed"}]
        dialogue = await load(tx, self._ctx.vault, person.id, room)
        dialogue.aside(Question(key, tx.now, choices))
        await save(tx, self._ctx.vault, person.id, room, dialogue)
        await post(tx, self._ctx.vault, subject=person.id, room_id=room, key=key, reply=asking(person, text, choices))
        return None

    async def _job(self, tx: Tx, found: Invitation) -> str:
        if found.centre_id is None:
            return _("an account here")
        at = escape((await centre(tx, found.centre_id)).name)
        if found.role is Role.DOCTOR and found.practitioner_id:
            doctor = await practitioner(tx, found.practitioner_id)
            return _("to work at {centre} as {doctor}", centre=at, doctor=escape(doctor.name))
        return _("to run {centre}", centre=at)

    async def way_in(self, tx: Tx, row: Row) -> str | None:
        """Make the token, then say everything: the homeserver may have been away meanwhile."""
        what = json.loads(row.payload)
        found, is_open = await invitation_to_tell(tx, UUID(what["invitation"]))
        code = await code_of(tx, self._ctx, found.id)
        if not is_open or code is None:
            return "not open any more"
        person = await person_by_id(tx, self._ctx, found.invited_by)
        matrix = self._ctx.settings.matrix
        token = ""
        with speaking(person.language):
            if matrix.admin_token.get_secret_value():
                try:
                    await self._tokens.make(registration_token(code), found.expires_at)
                    token = "\n- " + _("Registration token: `{token}`", token=registration_token(code))
                except MatrixError:
                    token = "\n- " + _("The homeserver makes no registration token: please ask those who run it.")
            lines = _(
                "Hand this on to whom you invite ({job}); it is good once, until {until}:\n\n- Page with all steps:"
                " {page}\n- Homeserver: {server}{token}\n- Then, in a chat with {bot}: **join {code}**",
                job=await self._job(tx, found),
                until=moment(found.expires_at, zone(person.timezone)),
                page=f"{self._ctx.settings.http.public_url}/join/{code}",
                server=matrix.server_name,
                token=token,
                bot=matrix.bot_id,
                code=code,
            )
        await self._post(tx, row, person, Reply(lines))
        room = await self._direct_room(tx, person.id, person.mxid)
        file = File("join", found.id, "Invitation.png", "image/png")
        await post(tx, self._ctx.vault, subject=person.id, room_id=room, key=f"staff:{row.id}:file", reply=file)
        return None

    async def _post(self, tx: Tx, row: Row, person: Person, reply: Reply) -> None:
        room = await self._direct_room(tx, person.id, person.mxid)
        await post(tx, self._ctx.vault, subject=person.id, room_id=room, key=f"staff:{row.id}", reply=reply)


def _account(what: dict[str, Any], doctor: Practitioner) -> str:
    """What becomes of an account that was named for a verified doctor."""
    name, mxid = escape(doctor.name), escape(what.get("account", ""))
    if what["what"] == "account confirmed":
        return _("**{doctor}** is {mxid}: those who run this service have looked.", doctor=name, mxid=mxid)
    if what["what"] == "account refused":
        return _(
            "**{doctor}** is not {mxid}, say those who run this service. Nothing was linked.", doctor=name, mxid=mxid
        )
    return _(
        "An account was named for **{doctor}**, who is verified. Please look whether it is theirs: “verify {slug}”.",
        doctor=name,
        slug=doctor.slug,
    )
