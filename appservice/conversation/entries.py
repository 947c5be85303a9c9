"""The calendar entry of a visit, for those whom it concerns: patient's side and doctor, not who runs the centre."""

from uuid import UUID

from appservice.conversation.session import Session
from appservice.outgoing import File
from booking.appointments.model import Appointment


def visit_file(visit: Appointment, person_id: UUID, *, series: bool = False) -> File:
    """A visit, or all of its series, as it concerns a person, made when it is sent."""
    kind = "series" if series else "visit"
    return File(kind, visit.id, f"Visit {visit.code}.ics", "text/calendar", about=str(person_id))


async def send_entry(session: Session, visit: Appointment, *, series: bool = False) -> None:
    """Send what somebody changed themselves, so that they can put it into their calendar too."""
    person = session.person
    own = visit.patient_id in {person.patient.id, *(member.id for member in person.family)}
    if own or visit.practitioner.id == person.practitioner_id:
        await session.send(visit_file(visit, person.id, series=series))
