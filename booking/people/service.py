"""What a person can do about themselves and their family."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.types import Text, Uuid

from booking.context import Context
from booking.lookup.model import patient_lookup
from booking.people.model import BORN, NAME, guardian, patient, person
from booking.people.quiet import Quiet
from booking.people.rules import (
    OF_AGE,
    Buttons,
    checked_birthday,
    checked_language,
    checked_name,
    checked_reminders,
    name_of_account,
)
from core.database import Tx
from core.errors import RefusedError
from core.ids import id_of, new_id
from core.statements import Statement
from core.timezones import zone

FORGOTTEN = "forgotten:"
"""What stands in the place of a forgotten person's Matrix id, before their own id."""


@dataclass(frozen=True, slots=True)
class Patient:
    """Somebody who is treated."""

    id: UUID
    name: str | None
    born: date | None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who talks to the service, and all that follows from who they are."""

    id: UUID
    mxid: str
    timezone: str
    timezone_chosen: bool
    language: str
    reminder_minutes: tuple[int, ...]
    patient: Patient
    family: tuple[Patient, ...]
    """Whom they may book for besides themselves."""
    practitioner_id: UUID | None
    administers: frozenset[UUID]
    """Centres."""
    platform_admin: bool
    quiet: Quiet | None = None
    """When nothing is told that can wait."""
    buttons: Buttons = Buttons.NUMBERS
    verified: bool = True
    """Of a doctor: whether a platform admin has looked who they are."""
    of_age: int = OF_AGE
    """From which birthday on they read the records of a child of theirs no more."""
    language_chosen: bool = False

    @property
    def name(self) -> str | None:
        return self.patient.name

    @property
    def forgotten(self) -> bool:
        """Whether this is nobody any more: there is nobody to tell anything."""
        return self.mxid.startswith(FORGOTTEN)


async def person_of(tx: Tx, ctx: Context, mxid: str, *, display_name: str | None = None) -> Person:
    """Find the person behind a Matrix id; make them at first sight, with their account's name as their name."""
    known = await _person(tx, ctx, _BY_MXID, mxid)
    if known is None:
        known = await person_by_id(tx, ctx, await _register(tx, mxid))
    if known.name is None and (name := name_of_account(display_name)):
        await _write_name(tx, ctx, known.patient.id, name, given=False)
        return await person_by_id(tx, ctx, known.id)
    return known


async def _register(tx: Tx, mxid: str) -> UUID:
    """Make a person, and their record as a patient; of two first messages at once, the second finds the first's.

    Ids follow from the Matrix id, but for those who were forgotten: they are somebody new.
    """
    for person_id, patient_id in ((id_of(f"person:{mxid}"), id_of(f"patient:{mxid}")), (new_id(), new_id())):
        made = insert(person).values(id=person_id, mxid=mxid, created_at=tx.now).on_conflict_do_nothing()
        await tx.conn.execute(made)
        found = (await tx.conn.execute(select(person.c.id).where(person.c.mxid == mxid))).scalar_one_or_none()
        if found is not None:
            own = patient_id if found == person_id else new_id()
            record = insert(patient).values(id=own, person_id=found, created_at=tx.now).on_conflict_do_nothing()
            await tx.conn.execute(record)
            return UUID(str(found))
    raise RefusedError


async def language_of(tx: Tx, ctx: Context, mxid: str) -> str:
    """Return the tag of the language that somebody has chosen, or of the one in which strangers are answered."""
    chosen = (await tx.conn.execute(select(person.c.language).where(person.c.mxid == mxid))).scalar_one_or_none()
    return chosen or ctx.settings.booking.language


_PERSON = """
    SELECT p.id, p.mxid, p.buttons, p.timezone, p.language, p.reminder_minutes, p.quiet_starts, p.quiet_ends,
        d.id AS practitioner_id, coalesce(d.verified, true) AS verified,
        ARRAY(SELECT centre_id FROM centre_admin a WHERE a.person_id = p.id) AS administers,
        treated.id AS patient_id, treated.name, treated.born, treated.own
    FROM person p
    CROSS JOIN LATERAL (
        SELECT id, name, born, true AS own FROM patient WHERE person_id = p.id
        UNION ALL
        SELECT t.id, t.name, t.born, false FROM guardian g JOIN patient t ON t.id = g.patient_id
        WHERE g.person_id = p.id
    ) AS treated
    LEFT JOIN practitioner d ON d.person_id = p.id
"""
_BY_ID = Statement(text(f"{_PERSON} WHERE p.id = :who").bindparams(bindparam("who", type_=Uuid)))
_BY_MXID = Statement(text(f"{_PERSON} WHERE p.mxid = :who").bindparams(bindparam("who", type_=Text)))


async def person_by_id(tx: Tx, ctx: Context, person_id: UUID) -> Person:
    """Raises RefusedError for an unknown id."""
    found = await _person(tx, ctx, _BY_ID, person_id)
    if found is None:
        raise RefusedError
    return found


async def _person(tx: Tx, ctx: Context, how: Statement, who: UUID | str) -> Person | None:
    """With all whom they may book for, a row each. The key of their own is looked up with those of the patients."""
    rows = await tx.run(how, {"who": who})
    row = next((each for each in rows if each.own), None)
    if row is None:
        return None
    await ctx.vault.look_up(tx, [row.id, *(each.patient_id for each in rows)])
    patients = await _opened(tx, ctx, [(each.patient_id, each.name, each.born) for each in rows])
    defaults = ctx.settings.booking
    return Person(
        id=row.id,
        mxid=row.mxid,
        timezone=row.timezone or defaults.timezone,
        timezone_chosen=row.timezone is not None,
        language=row.language or defaults.language,
        language_chosen=row.language is not None,
        reminder_minutes=tuple(defaults.reminder_minutes if row.reminder_minutes is None else row.reminder_minutes),
        quiet=None if row.quiet_starts is None else Quiet(row.quiet_starts, row.quiet_ends),
        patient=patients[row.patient_id],
        family=tuple(patients[each] for each in sorted(each.patient_id for each in rows if not each.own)),
        practitioner_id=row.practitioner_id,
        administers=frozenset(row.administers),
        buttons=Buttons(row.buttons),
        verified=row.verified,
        of_age=defaults.of_age,
        platform_admin=row.mxid in ctx.settings.matrix.platform_admins,
    )


async def _patients(tx: Tx, ctx: Context, ids: list[UUID]) -> dict[UUID, Patient]:
    found = await tx.conn.execute(select(patient.c.id, patient.c.name, patient.c.born).where(patient.c.id.in_(ids)))
    return await _opened(tx, ctx, [(row.id, row.name, row.born) for row in found])


async def _opened(tx: Tx, ctx: Context, rows: Sequence[tuple[UUID, bytes | None, bytes | None]]) -> dict[UUID, Patient]:
    sealed = [
        (patient_id, column.place(patient_id), value)
        for patient_id, name, born in rows
        for column, value in ((NAME, name), (BORN, born))
        if value is not None
    ]
    opened = await ctx.vault.open_each(tx, sealed)
    said = {
        (patient_id, place.column): plain.decode()
        for (patient_id, place, _), plain in zip(sealed, opened, strict=True)
        if plain is not None
    }
    ids = [patient_id for patient_id, _, _ in rows]
    births = {each: date.fromisoformat(said[each, "born"]) for each in ids if (each, "born") in said}
    return {each: Patient(each, said.get((each, "name")), births.get(each)) for each in ids}


async def _write_name(tx: Tx, ctx: Context, patient_id: UUID, name: str, *, given: bool) -> None:
    """The name, and nothing of the one before in the centres' index, which is filled anew."""
    sealed = await ctx.vault.seal(tx, patient_id, NAME.place(patient_id), name.encode())
    await tx.conn.execute(update(patient).where(patient.c.id == patient_id).values(name=sealed, name_given=given))
    await tx.conn.execute(delete(patient_lookup).where(patient_lookup.c.patient_id == patient_id))


async def set_name(tx: Tx, ctx: Context, actor: Person, name: str) -> Person:
    """Say how the clinics should call you. Raises BadInputError."""
    await _write_name(tx, ctx, actor.patient.id, checked_name(name), given=True)
    return await person_by_id(tx, ctx, actor.id)


async def set_timezone(tx: Tx, ctx: Context, actor: Person, name: str) -> Person:
    """Choose the zone in which times are shown and understood. Raises BadInputError."""
    await tx.conn.execute(update(person).where(person.c.id == actor.id).values(timezone=zone(name).key))
    return await person_by_id(tx, ctx, actor.id)


async def set_language(tx: Tx, ctx: Context, actor: Person, language: str) -> Person:
    """Choose a language by its code or name. Raises BadInputError."""
    await tx.conn.execute(update(person).where(person.c.id == actor.id).values(language=checked_language(language)))
    return await person_by_id(tx, ctx, actor.id)


async def set_reminders(tx: Tx, ctx: Context, actor: Person, minutes: list[int]) -> Person:
    """Choose how long before a visit to be reminded; none for an empty list. Raises BadInputError."""
    chosen = checked_reminders(minutes)
    await tx.conn.execute(update(person).where(person.c.id == actor.id).values(reminder_minutes=chosen))
    return await person_by_id(tx, ctx, actor.id)


async def set_quiet(tx: Tx, ctx: Context, actor: Person, quiet: Quiet | None) -> Person:
    """Choose the hours in which nothing is told that can wait; None for none. They hold in the zone shown now."""
    values: dict[str, Any] = {"quiet_starts": None, "quiet_ends": None}
    if quiet:
        values = {"quiet_starts": quiet.starts, "quiet_ends": quiet.ends, "timezone": actor.timezone}
    await tx.conn.execute(update(person).where(person.c.id == actor.id).values(**values))
    return await person_by_id(tx, ctx, actor.id)


async def set_buttons(tx: Tx, ctx: Context, actor: Person, buttons: Buttons) -> Person:
    """Choose how one is shown what one can answer."""
    await tx.conn.execute(update(person).where(person.c.id == actor.id).values(buttons=buttons))
    return await person_by_id(tx, ctx, actor.id)


async def add_family_member(tx: Tx, ctx: Context, actor: Person, name: str, born: date | None) -> Patient:
    """Add somebody without an account whom you are guardian of. Raises BadInputError."""
    name = checked_name(name)
    born = checked_birthday(
        born, [member.name for member in actor.family], name, tx.now.astimezone(zone(actor.timezone)).date()
    )
    patient_id = new_id()
    sealed_name = await ctx.vault.seal(tx, patient_id, NAME.place(patient_id), name.encode())
    sealed_born = (
        await ctx.vault.seal(tx, patient_id, BORN.place(patient_id), born.isoformat().encode()) if born else None
    )
    await tx.conn.execute(
        insert(patient).values(id=patient_id, name=sealed_name, name_given=True, born=sealed_born, created_at=tx.now)
    )
    await tx.conn.execute(insert(guardian).values(person_id=actor.id, patient_id=patient_id, since=tx.now))
    return Patient(patient_id, name, born)


async def patient_name(tx: Tx, ctx: Context, patient_id: UUID) -> str:
    """Return a patient's name, or "A patient" when there is none (any more). Who may know it the caller has decided."""
    known = await _patients(tx, ctx, [patient_id])
    return (known[patient_id].name if patient_id in known else None) or "A patient"


async def patients_by_id(tx: Tx, ctx: Context, ids: Sequence[UUID]) -> list[Patient]:
    """Return patients by their ids, in that order. Who may know them the caller has decided."""
    known = await _patients(tx, ctx, [*ids])
    return [known[each] for each in ids]


_MXIDS = Statement(
    select(person.c.id, person.c.mxid).where(person.c.id == func.any(bindparam("people", type_=ARRAY(Uuid()))))
)


async def mxids_of(tx: Tx, people: Sequence[UUID]) -> dict[UUID, str]:
    """Return the Matrix ids of people."""
    return {row.id: row.mxid for row in await tx.run(_MXIDS, {"people": people})}


async def patient_names(tx: Tx, ctx: Context, patient_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the names of patients, as `patient_name` does, of those that have one."""
    known = await _patients(tx, ctx, sorted(patient_ids))
    return {patient_id: each.name for patient_id, each in known.items() if each.name}


async def guardians_of(tx: Tx, patient_id: UUID) -> list[UUID]:
    """Return the ids of the persons who speak for a patient: the patient, and guardians."""
    found = await tx.conn.execute(
        select(patient.c.person_id)
        .where(patient.c.id == patient_id, patient.c.person_id.is_not(None))
        .union(select(guardian.c.person_id).where(guardian.c.patient_id == patient_id))
    )
    return sorted(row[0] for row in found)


async def speaker_for(tx: Tx, patient_id: UUID, before: UUID) -> UUID:
    """Return who is dealt with for a patient: who was before, unless they speak for them no more."""
    side = await guardians_of(tx, patient_id)
    return before if before in side or not side else side[0]


async def person_id_of(tx: Tx, mxid: str) -> UUID:
    """Return the id of the person behind a Matrix id who may not have written yet: made, so that they can be named."""
    return await _register(tx, mxid)
