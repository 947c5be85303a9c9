"""Asking and answering, each time written into the audit: what is asked and answered is health content.

Who may: those who speak for the patient before the records, whoever asked, and the doctor who is asked, while verified.
"""

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, select, update
from sqlalchemy.dialects.postgresql import insert

from booking.access import require
from booking.appointments.model import appointment, starts
from booking.appointments.rules import STANDING, Status
from booking.context import Context
from booking.directory.model import Practitioner
from booking.people.model import person
from booking.people.quiet import quiet_now
from booking.people.service import Person, guardians_of
from booking.questions.model import ANSWER, TEXT, Question, question
from booking.reach.contacts import may_contact
from booking.reach.service import Reach, reach_of
from booking.readers import reader_of
from core.database import Tx
from core.errors import BadInputError, ConflictError, RefusedError
from core.ids import new_code, new_id, normal_code
from core.outbox import Work, put
from records.access import Reader
from records.audit.rules import Action, Why
from records.audit.service import note
from records.sealing import ErasedError

NEWS = "question.news"
"""Kind of work: tell a person of a question."""
_LONGEST = 2000
_OPEN_AT_ONCE = 5
"""Questions of a patient that one doctor has not answered."""


async def ask(
    tx: Tx, ctx: Context, actor: Person, *, patient_id: UUID, practitioner_id: UUID, text: str
) -> tuple[Question, Reach]:
    """Ask a doctor with whom the patient has, or had, a visit; who is told when they can be reached.

    Returns the question, and how the doctor can be reached. For the patient's side. Raises RefusedError,
    BadInputError, ConflictError.
    """
    reader = await reader_of(tx, actor)
    require(patient_id in reader.own)
    text = _checked(text)
    centre_id = await _where_treated(tx, patient_id, practitioner_id)
    if centre_id is None:
        raise RefusedError(
            "You can ask a doctor with whom you have, or had, a visit. To see another one, book a visit."
        )
    reach = await reach_of(tx, ctx, practitioner_id, centre_id)
    if reach.doctor.person_id is None:
        raise ConflictError("{doctor} cannot be reached here. Please call the centre.", doctor=reach.doctor.name)
    doctor_mxid = await _mxid(tx, reach.doctor.person_id)
    if not await may_contact(tx, doctor_mxid, actor.mxid):
        raise ConflictError("{doctor} takes no questions here. Please book a visit.", doctor=reach.doctor.name)
    await _check_count(tx, patient_id, practitioner_id)
    made = new_id()
    sealed = await ctx.vault.seal(tx, patient_id, TEXT.place(made), text.encode())
    # Who is away does not see it: the staff is to hear of it all the same.
    due = tx.now if reach.absence else reach.answers_from
    code = await _insert(
        tx,
        id=made,
        patient_id=patient_id,
        practitioner_id=practitioner_id,
        centre_id=centre_id,
        asked_by=actor.id,
        asked_at=tx.now,
        due_at=due,
        sealed=sealed,
    )
    await _note(tx, reader, Action.WRITE, patient_id, made)
    await _tell(tx, made, "asked", [reach.doctor.person_id], reach)
    return Question(made, code, patient_id, practitioner_id, centre_id, actor.id, tx.now, text, None, None), reach


async def _insert(tx: Tx, **values: Any) -> str:
    while True:
        code = new_code()
        made = await tx.conn.execute(
            insert(question).values(code=code, **values).on_conflict_do_nothing(index_elements=[question.c.code])
        )
        if made.rowcount:
            return code


async def answer(tx: Tx, ctx: Context, actor: Person, question_id: UUID, text: str) -> Question:
    """Answer a question; the patient's side is told. For the doctor who was asked, once.

    Raises RefusedError, BadInputError, ConflictError.
    """
    reader = await reader_of(tx, actor)
    found = await _one(tx, ctx, reader, question.c.id == question_id, lock=True)
    require(found.practitioner_id == reader.practitioner_id)
    if found.answered_at:
        raise ConflictError("That question is answered already.")
    text = _checked(text)
    sealed = await ctx.vault.seal(tx, found.patient_id, ANSWER.place(found.id), text.encode())
    await tx.conn.execute(
        update(question)
        .where(question.c.id == found.id)
        .values(answered_at=tx.now, answered_by=actor.id, answer=sealed)
    )
    await _note(tx, reader, Action.WRITE, found.patient_id, found.id)
    side = {found.asked_by, *await guardians_of(tx, found.patient_id)}
    await _tell(tx, found.id, "answered", sorted(side))
    return replace(found, answered_at=tx.now, answer=text)


async def hand_on(tx: Tx, question_id: UUID, to: Practitioner) -> None:
    """Have a question that is not answered go to another doctor, who is told. Who may say so the caller has decided."""
    assert to.person_id
    await tx.conn.execute(
        update(question).where(question.c.id == question_id).values(practitioner_id=to.id, due_at=tx.now)
    )
    await _tell(tx, question_id, "asked", [to.person_id])


async def by_code(tx: Tx, ctx: Context, actor: Person, code: str) -> Question:
    """Return a question by its code, for the two sides. Raises RefusedError for another's and for none alike."""
    return await _one(tx, ctx, await reader_of(tx, actor), question.c.code == normal_code(code))


async def by_id(tx: Tx, ctx: Context, actor: Person, question_id: UUID) -> Question:
    """The same by its id."""
    return await _one(tx, ctx, await reader_of(tx, actor), question.c.id == question_id)


async def questions_of(tx: Tx, ctx: Context, actor: Person) -> list[Question]:
    """Return what is open: what a doctor was asked, and what oneself and one's family have asked; oldest first."""
    reader = await reader_of(tx, actor)
    found = await tx.conn.execute(
        select(question).where(_theirs(reader), question.c.answered_at.is_(None)).order_by(question.c.asked_at)
    )
    rows = found.all()
    for row in rows:
        await _note(tx, reader, Action.READ, row.patient_id, row.id)
    return [await _opened(tx, ctx, row) for row in rows]


async def question_to_tell(tx: Tx, ctx: Context, question_id: UUID) -> Question:
    """Return a question without asking who looks: for handlers. Raises RefusedError for an unknown id."""
    row = (await tx.conn.execute(select(question).where(question.c.id == question_id))).one_or_none()
    if row is None:
        raise RefusedError
    name = question.name
    await note(tx, actor=None, action=Action.READ, subject=row.patient_id, table=name, row=row.id, why=Why.DELIVERY)
    return await _opened(tx, ctx, row)


async def may_hear(tx: Tx, person: Person, found: Question) -> bool:
    """Whether a question, or its answer, is still this person's to be told."""
    reader = await reader_of(tx, person)
    asked = found.practitioner_id == reader.practitioner_id
    return asked or found.patient_id in reader.own or found.asked_by == person.id


def _theirs(reader: Reader) -> ColumnElement[bool]:
    """The questions that somebody may read: of those whom they speak for, their own words, what they were asked."""
    mine = question.c.patient_id.in_(reader.own) | (question.c.asked_by == reader.person_id)
    return mine | (question.c.practitioner_id == reader.practitioner_id) if reader.practitioner_id else mine


async def _one(tx: Tx, ctx: Context, reader: Reader, wanted: ColumnElement[bool], *, lock: bool = False) -> Question:
    statement = select(question).where(wanted, _theirs(reader))
    row = (await tx.conn.execute(statement.with_for_update() if lock else statement)).one_or_none()
    if row is None:
        raise RefusedError
    await _note(tx, reader, Action.READ, row.patient_id, row.id)
    return await _opened(tx, ctx, row)


async def _note(tx: Tx, reader: Reader, action: Action, patient_id: UUID, row: UUID) -> None:
    side = Why.GUARDIAN if patient_id in reader.wards else Why.OWN
    why = side if patient_id in reader.own or reader.practitioner_id is None else Why.CARE
    await note(tx, actor=reader.person_id, action=action, subject=patient_id, table=question.name, row=row, why=why)


async def _opened(tx: Tx, ctx: Context, row: Row[Any]) -> Question:
    words = []
    for kept, sealed in ((TEXT, row.sealed), (ANSWER, row.answer)):
        try:
            plain = await ctx.vault.open(tx, row.patient_id, kept.place(row.id), sealed) if sealed else None
        except ErasedError:
            plain = None
        words.append(plain.decode() if plain else None)
    return Question(
        row.id,
        row.code,
        row.patient_id,
        row.practitioner_id,
        row.centre_id,
        row.asked_by,
        row.asked_at,
        words[0] or "",
        row.answered_at,
        words[1],
    )


async def _where_treated(tx: Tx, patient_id: UUID, practitioner_id: UUID) -> UUID | None:
    """Return the centre of the newest visit of a patient with a practitioner that was not called off."""
    found = await tx.conn.execute(
        select(appointment.c.centre_id)
        .where(
            appointment.c.patient_id == patient_id,
            appointment.c.practitioner_id == practitioner_id,
            appointment.c.status.in_(STANDING | {Status.FULFILLED}),
        )
        .order_by(starts.desc())
        .limit(1)
    )
    return found.scalar_one_or_none()


async def _check_count(tx: Tx, patient_id: UUID, practitioner_id: UUID) -> None:
    counted = select(func.count()).where(
        question.c.patient_id == patient_id,
        question.c.practitioner_id == practitioner_id,
        question.c.answered_at.is_(None),
    )
    if (await tx.conn.execute(counted)).scalar_one() >= _OPEN_AT_ONCE:
        raise ConflictError(
            "{count} questions of yours wait for an answer already. If it cannot wait, please call the centre.",
            count=_OPEN_AT_ONCE,
        )


async def _mxid(tx: Tx, person_id: UUID) -> str:
    return str((await tx.conn.execute(select(person.c.mxid).where(person.c.id == person_id))).scalar_one())


async def _tell(tx: Tx, question_id: UUID, what: str, people: list[UUID], reach: Reach | None = None) -> None:
    """Tell the doctor once they can be reached, the patient's side at once: they wait for it."""
    works = []
    quiet = await quiet_now(tx, people) if reach else {}
    for each in people:
        due = None
        if reach:
            due = max(reach.answers_from, quiet.get(each, tx.now))
        payload = json.dumps({"what": what, "question": str(question_id), "person": str(each)}).encode()
        lane = f"quiet:{each}" if due and due > tx.now else f"person:{each}"
        works.append(Work(NEWS, lane, f"{NEWS}:{what}:{question_id}:{each}", payload, due))
    await put(tx, works)


def _checked(text: str) -> str:
    text = text.strip()
    if not text:
        raise BadInputError("Write your words behind it, please.")
    if len(text) > _LONGEST:
        raise BadInputError("Say it in {most} letters or less, please.", most=_LONGEST)
    return text
