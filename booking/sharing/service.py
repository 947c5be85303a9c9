"""Share records and stop it, open them in an emergency: done, written down and told in one transaction."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID

from sqlalchemy import select

from booking.access import require
from booking.appointments.model import appointment
from booking.context import Context
from booking.directory.reading import centre_admins, centres_of
from booking.people.model import guardian, patient, person
from booking.people.rules import speaks_until
from booking.people.service import Person, guardians_of, person_id_of
from booking.readers import reader_of
from booking.sharing.news import tell
from core.database import Tx
from core.errors import BadInputError
from core.ids import normal_code
from core.timezones import zone
from records.access import Kind
from records.consents import service as consents
from records.consents.emergencies import open_emergency
from records.consents.rules import Consent, Emergency


@dataclass(frozen=True, slots=True)
class Shared:
    """What is open to one person of one patient's records."""

    patient_id: UUID
    given_to: UUID
    consents: tuple[Consent, ...]

    @property
    def kinds(self) -> tuple[Kind, ...]:
        return tuple(each.kind for each in self.consents)


async def shared_until(tx: Tx, actor: Person, patient_id: UUID, until: datetime | None) -> datetime | None:
    """Return until when something can be shared in a patient's name: of a child at most until it comes of age.

    From then on the child decides, and nobody else can stop it meanwhile. `until`: what is wished; aware.
    """
    member = next((each for each in actor.family if each.id == patient_id), None)
    if member is None:
        return until
    found = await tx.conn.execute(
        select(guardian.c.since).where(guardian.c.person_id == actor.id, guardian.c.patient_id == patient_id)
    )
    since = found.scalar_one_or_none()
    place = zone(actor.timezone)
    if since is None:
        return until
    day = speaks_until(member.born, since.date(), tx.now.astimezone(place).date(), actor.of_age)
    if day is None:
        return until
    of_age = datetime.combine(day, time(), place)
    return of_age if until is None or until > of_age else until


async def end_guardians_consents(tx: Tx, patient_id: UUID, given_by: Collection[UUID]) -> list[Shared]:
    """End what those who spoke for a patient have opened; whom it was open to is told. The caller has decided it."""
    ended = _grouped(await consents.lapse(tx, patient_id, given_by))
    for each in ended:
        about = {"patient": str(patient_id), "to": str(each.given_to), "kinds": [kind.value for kind in each.kinds]}
        await tell(tx, [each.given_to], "stopped", each.consents[0].id, until="", **about)
    return ended


async def shared_at(tx: Tx, patient_id: UUID, moment: datetime, *, but: UUID) -> list[Shared]:
    """What others than `but` had opened at a moment: for who has taken the records over (booking.handover)."""
    return _grouped(await consents.open_at(tx, patient_id, moment, but=but))


async def share(
    tx: Tx,
    ctx: Context,
    actor: Person,
    patient_id: UUID,
    mxid: str,
    kinds: Collection[Kind],
    until: datetime | None,
) -> Shared:
    """Open kinds of a patient's records to whoever has that Matrix id; they are told, and who else speaks for them.

    `until`: aware; None until it is stopped; of a child never longer than until it comes of age.
    Raises RefusedError, BadInputError.
    """
    reader = await reader_of(tx, actor)
    until = await shared_until(tx, actor, patient_id, until)
    side = await guardians_of(tx, patient_id)
    given_to = await person_id_of(tx, mxid)
    made = await consents.give_consent(tx, reader, patient_id, given_to=given_to, kinds=kinds, until=until, side=side)
    await _told(tx, "shared", actor, side, made)
    return Shared(patient_id, given_to, tuple(made))


async def stop_sharing(
    tx: Tx, ctx: Context, actor: Person, patient_id: UUID, given_to: UUID, kinds: Collection[Kind] | None = None
) -> Shared:
    """Close what is open to a person, or some of it; they are told. Raises RefusedError, ConflictError."""
    reader = await reader_of(tx, actor)
    ended = await consents.withdraw_consent(tx, reader, patient_id, given_to, kinds)
    await _told(tx, "stopped", actor, await guardians_of(tx, patient_id), ended)
    return Shared(patient_id, given_to, tuple(ended))


async def shared_by(tx: Tx, ctx: Context, actor: Person) -> list[Shared]:
    """What is open of one's own records, and of those one speaks for."""
    reader = await reader_of(tx, actor)
    found = [each for mine in sorted(reader.own) for each in await consents.consents_of(tx, reader, mine)]
    return _grouped(found)


async def shared_with(tx: Tx, ctx: Context, actor: Person) -> list[Shared]:
    """What is open to oneself."""
    return _grouped(await consents.given_to(tx, actor.id))


async def open_in_emergency(tx: Tx, ctx: Context, actor: Person, patient_id: UUID, reason: str) -> Emergency:
    """Open a patient's records to a doctor for some hours. Told at once to the patient's side, and to those who run
    the centres at which the doctor works: to these without the reason, and without the patient's name.

    Raises RefusedError, BadInputError, ConflictError, ErasedError.
    """
    made = await open_emergency(tx, ctx.vault, await reader_of(tx, actor), patient_id, reason)
    side = set(await guardians_of(tx, patient_id))
    clinic: set[UUID] = set()
    for centre in await centres_of(tx, made.practitioner_id):
        clinic |= set(await centre_admins(tx, centre.id))
    await tell(tx, sorted(side), "emergency", made.id, emergency=str(made.id))
    await tell(
        tx,
        sorted(clinic - side),
        "emergency at clinic",
        made.id,
        practitioner=str(made.practitioner_id),
        at=made.opened_at.isoformat(),
        until=made.until.isoformat(),
    )
    return made


async def patient_in_emergency(tx: Tx, actor: Person, which: str) -> UUID:
    """Find a patient by the code of a visit of theirs or by their Matrix id. For doctors who are verified.

    Raises RefusedError, BadInputError (there is none: a doctor in an emergency has to know).
    """
    require(actor.practitioner_id is not None and actor.verified)
    if which.startswith("@"):
        wanted = select(patient.c.id).join(person, person.c.id == patient.c.person_id).where(person.c.mxid == which)
    else:
        wanted = select(appointment.c.patient_id).where(appointment.c.code == normal_code(which))
    found: UUID | None = (await tx.conn.execute(wanted)).scalar_one_or_none()
    if found is None:
        raise BadInputError("I know no patient by that. Write a visit's code, or the patient's Matrix id.")
    return found


async def _told(tx: Tx, news: str, actor: Person, side: Sequence[UUID], changed: Sequence[Consent]) -> None:
    first = changed[0]
    until = first.until.isoformat() if first.until else ""
    kinds = [each.kind.value for each in changed]
    about = {"patient": str(first.patient_id), "to": str(first.given_to), "kinds": kinds, "until": until}
    others = {first.given_to, *side} - {actor.id}
    await tell(tx, sorted(others), news, first.id, **about)


def _grouped(found: Sequence[Consent]) -> list[Shared]:
    pairs = dict.fromkeys((each.patient_id, each.given_to) for each in found)
    return [
        Shared(patient_id, given_to, tuple(each for each in found if (each.patient_id, each.given_to) == pair))
        for pair in pairs
        for patient_id, given_to in [pair]
    ]
