"""News of prescriptions and documents, for those whom they concern: ids alone wait in the outbox."""

import json
from uuid import UUID

from appservice.conversation.session import Session
from booking.people.service import guardians_of
from core.outbox import enqueue
from records.documents.rules import Document
from records.prescriptions.rules import Prescription


async def tell_patient(session: Session, notice: str, one: Prescription, **more: str) -> None:
    """Have the patient's side told of a prescription of theirs."""
    for person in await guardians_of(session.tx, one.patient_id):
        await tell(session, notice, one, person, **more)


async def tell_of_document(session: Session, notice: str, one: Document) -> None:
    """Have the patient's side told of a note or a sick note."""
    for person in await guardians_of(session.tx, one.patient_id):
        told = {
            "notice": notice,
            "person": str(person),
            "appointment": str(one.appointment_id),
            "document": str(one.id),
        }
        await enqueue(
            session.tx,
            kind="notice",
            lane=f"person:{person}",
            key=f"notice:{notice}:{one.id}:{one.version}:{person}",
            payload=json.dumps(told).encode(),
        )


async def tell(session: Session, notice: str, one: Prescription, person: UUID, **more: str) -> None:
    """Have a person told of a prescription, by that notice; `more` goes with it."""
    told = {
        "notice": notice,
        "person": str(person),
        "appointment": str(one.appointment_id),
        "prescription": str(one.id),
        **more,
    }
    await enqueue(
        session.tx,
        kind="notice",
        lane=f"person:{person}",
        key=f"notice:{notice}:{one.id}:{more.get('renewal', one.version)}:{person}",
        payload=json.dumps(told).encode(),
    )
