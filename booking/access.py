"""Who may do what in booking: decided here, by the person's role and relation, before anything is read.

A refusal does not tell whether the thing exists.
"""

from uuid import UUID

from booking.people.service import Person
from core.errors import RefusedError


def may_administer(person: Person, centre_id: UUID) -> bool:
    """Admins of the centre. A platform admin sets centres up, but does not look into them."""
    return centre_id in person.administers


def may_edit_centre(person: Person, centre_id: UUID) -> bool:
    """Its admins, and platform admins, who set it up."""
    return person.platform_admin or may_administer(person, centre_id)


def may_hold_records(person: Person) -> bool:
    """Those who run a centre, of patients who had a visit there, and platform admins: see booking.holds."""
    return person.platform_admin or bool(person.administers)


def may_set_hours(person: Person, practitioner_id: UUID, centre_id: UUID) -> bool:
    """The practitioner, and those who run the centre or set it up."""
    return person.practitioner_id == practitioner_id or may_edit_centre(person, centre_id)


def may_book_for(person: Person, patient_id: UUID) -> bool:
    """For oneself and for the family that one is guardian of."""
    return patient_id == person.patient.id or any(patient_id == member.id for member in person.family)


def may_see_visit(person: Person, *, patient_id: UUID, practitioner_id: UUID, centre_id: UUID) -> bool:
    """The patient, their guardians, the practitioner, the centre's admins."""
    return may_book_for(person, patient_id) or may_run_visit(
        person, practitioner_id=practitioner_id, centre_id=centre_id
    )


def may_run_visit(person: Person, *, practitioner_id: UUID, centre_id: UUID) -> bool:
    """Say that the patient came, did not come, or that it is done."""
    return person.practitioner_id == practitioner_id or may_administer(person, centre_id)


def may_see_money(person: Person, *, patient_id: UUID, booked_by: UUID, centre_id: UUID) -> bool:
    """What was paid is between the payer, the patient's side and the centre; doctors need not know."""
    return person.id == booked_by or may_book_for(person, patient_id) or may_administer(person, centre_id)


def require(allowed: bool) -> None:  # noqa: FBT001  (require(may_...(...)) reads as it is meant)
    """Raise RefusedError unless `allowed`."""
    if not allowed:
        raise RefusedError
