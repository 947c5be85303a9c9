"""Who is who, by the tables of booking: the only door from the Matrix floor to there."""

from uuid import UUID

from appservice.matrix.people import Staff, Visit
from booking.appointments.service import Status, appointment
from booking.context import Context
from booking.directory.reading import centre, practitioner_person
from booking.people.service import guardians_of, person_by_id, person_of
from booking.reach.contacts import may_contact
from booking.staff.room import staff_of
from core.database import Tx
from records.sealing import Vault

_STANDING = frozenset({Status.BOOKED, Status.ARRIVED})


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

    async def staff(self, tx: Tx, centre_id: UUID) -> Staff:
        """Return the centre and those who work there."""
        return Staff((await centre(tx, centre_id)).name, await staff_of(tx, centre_id))

    async def may_contact(self, tx: Tx, mxid: str, by: str) -> bool:
        """Whether somebody lets another write to them, or invite them, first."""
        return await may_contact(tx, mxid, by)

    async def visit(self, tx: Tx, appointment_id: UUID) -> Visit:
        """Return the visit and the accounts of its two sides."""
        found = await appointment(tx, appointment_id)
        doctor = await practitioner_person(tx, found.practitioner.id)
        patients = await guardians_of(tx, found.patient_id)
        return Visit(
            found.code,
            found.status in _STANDING,
            {person: await self._mxid(tx, person) for person in patients},
            {doctor: await self._mxid(tx, doctor)} if doctor else {},
        )

    async def _mxid(self, tx: Tx, person_id: UUID) -> str:
        return (await person_by_id(tx, self._ctx, person_id)).mxid
