"""Who is who, by the tables of booking: the only door from the Matrix floor to there."""

from uuid import UUID

from appservice.matrix.people import Staff, Visit
from booking.appointments.service import Status, appointment
from booking.consultations.service import guests_of
from booking.context import Context
from booking.directory.reading import centre, centre_admins, practitioner_person, staff_accounts
from booking.people.service import guardians_of, language_of, mxids_of, person_of
from booking.reach.contacts import may_contact
from booking.staff.room import staff_of
from core.database import Tx
from records.erasure import is_held
from records.sealing import Vault

_STANDING = frozenset({Status.BOOKED, Status.ARRIVED, Status.FULFILLED})


class Registry:
    """Answers as people.People."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    @property
    def vault(self) -> Vault:
        return self._ctx.vault

    async def person_of(self, tx: Tx, mxid: str, display_name: str | None = None) -> UUID:
        """Return the id of the person with this account; one who is new is made."""
        return (await person_of(tx, self._ctx, mxid, display_name=display_name)).id

    async def language(self, tx: Tx, mxid: str) -> str:
        """Return the tag of the language in which to speak to the person with this account."""
        return await language_of(tx, self._ctx, mxid)

    async def account(self, tx: Tx, person_id: UUID) -> str | None:
        """Return a person's Matrix id, or None if there is no such person."""
        return (await mxids_of(tx, [person_id])).get(person_id)

    async def staff(self, tx: Tx, centre_id: UUID) -> Staff:
        """Return the centre and those who work there."""
        return Staff((await centre(tx, centre_id)).name, await staff_of(tx, centre_id))

    async def may_contact(self, tx: Tx, mxid: str, by: str) -> bool:
        """Whether somebody lets another write to them, or invite them, first."""
        return await may_contact(tx, mxid, by)

    async def visit(self, tx: Tx, appointment_id: UUID) -> Visit:
        """Return the visit and the accounts of all who belong to it."""
        found = await appointment(tx, appointment_id)
        doctor = await practitioner_person(tx, found.practitioner.id)
        admins = await centre_admins(tx, found.centre.id)
        patients = await guardians_of(tx, found.patient_id)
        mxids = await mxids_of(tx, [*patients, *([doctor] if doctor else [])])
        return Visit(
            found.code,
            found.status in _STANDING,
            {person: mxids[person] for person in patients},
            {doctor: mxids[doctor]} if doctor else {},
            {guest.person_id: guest.mxid for guest in await guests_of(tx, appointment_id)},
            sorted({*admins, *([doctor] if doctor else [])}),
        )

    async def all_staff(self, tx: Tx) -> set[str]:
        """Return the accounts of all doctors and of those who run centres or the platform."""
        return await staff_accounts(tx) | set(self._ctx.settings.matrix.platform_admins)

    async def may_be_erased(self, tx: Tx, appointment_id: UUID) -> bool:
        """Whether no legal hold keeps a visit's room; none is placed until the transaction ends."""
        return not await is_held(tx, (await appointment(tx, appointment_id)).patient_id)
