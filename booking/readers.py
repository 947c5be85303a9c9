"""What ties a person to patients, loaded for records.access: family, visits, consents, emergencies."""

from datetime import date
from uuid import UUID

from sqlalchemy import select

from booking.appointments.reading import patients_of
from booking.people.model import guardian
from booking.people.rules import guardian_of_grown_up
from booking.people.service import Person
from core.database import Tx
from core.timezones import zone
from records.access import Reader
from records.consents.emergencies import open_emergencies
from records.consents.service import given_to
from records.prescriptions.renewing import renewals_waiting


async def reader_of(tx: Tx, person: Person) -> Reader:
    """Return a person as the records know them at this moment."""
    doctor = person.practitioner_id if person.verified else None
    wards = await _wards(tx, person)
    treats: frozenset[UUID] = frozenset()
    sees: frozenset[UUID] = frozenset()
    if doctor:
        treats, sees = await patients_of(tx, doctor)
        # A patient who asks for a renewal turns to the doctor again.
        treats |= await renewals_waiting(tx, doctor)
    return Reader(
        person_id=person.id,
        own=wards | {person.patient.id},
        treats=treats,
        practitioner_id=doctor,
        wards=wards,
        sees=sees,
        consents=frozenset((each.patient_id, each.kind) for each in await given_to(tx, person.id)),
        emergencies=frozenset(await open_emergencies(tx, person.id)) if doctor else frozenset(),
    )


async def _wards(tx: Tx, person: Person) -> frozenset[UUID]:
    """Whom they speak for before the records; they may book for others of their family all the same."""
    if not person.family:
        return frozenset()
    found = await tx.conn.execute(
        select(guardian.c.patient_id, guardian.c.since).where(guardian.c.person_id == person.id)
    )
    since: dict[UUID, date] = {row.patient_id: row.since.date() for row in found}
    today = tx.now.astimezone(zone(person.timezone)).date()
    return frozenset(
        member.id
        for member in person.family
        if member.id in since and not guardian_of_grown_up(member.born, since[member.id], today, person.of_age)
    )
