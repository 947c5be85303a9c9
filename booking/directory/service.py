"""Setting up centres, practitioners and services. Looking them up is in booking.directory.reading."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypedDict, Unpack
from uuid import UUID

from babel.numbers import get_territory_currencies
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from booking.access import may_edit_centre, may_set_hours, require
from booking.context import Context
from booking.directory import model, reading
from booking.directory.model import Centre, Mode, Patients, Payment, Practitioner, Service, StaffNotices
from booking.directory.names import trigrams
from booking.directory.places import find_place
from booking.directory.resources import book_along
from booking.directory.rules import (
    checked_centre,
    checked_coordinates,
    checked_currency,
    checked_gender,
    checked_languages,
    checked_service,
    checked_specialty,
    checked_text,
    practitioner_slug,
    slug_of,
)
from booking.people.rules import checked_mxid
from booking.people.service import Person, person_id_of
from booking.staff import claiming
from booking.staff.room import staff_changed
from core.database import Tx
from core.errors import BadInputError, ConflictError
from core.ids import new_id
from core.money import Money
from core.timezones import zone


async def create_centre(
    tx: Tx,
    ctx: Context,
    actor: Person,
    *,
    name: str,
    city: str,
    street: str,
    phone: str = "",
    currency: str | None = None,
    coordinates: tuple[float, float] | None = None,
    centre_id: UUID | None = None,
) -> Centre:
    """Register a medical centre; its zone, and where it is unless that is given, come from the city.

    For platform admins. Raises RefusedError, BadInputError, ConflictError.
    """
    require(actor.platform_admin)
    place = find_place(city)
    if place is None:
        raise BadInputError("I don't know that city. Write the nearest bigger one.")
    name = checked_text(name, "centre's name")
    found = await tx.conn.execute(select(model.centre.c.slug, model.centre.c.name))
    known = {row.slug: row.name for row in found}
    if name.casefold() in {each.casefold() for each in known.values()}:
        raise ConflictError("There is a centre of that name already.")
    latitude, longitude = checked_coordinates(*(coordinates or (place.latitude, place.longitude)))
    made = Centre(
        id=centre_id or new_id(),
        slug=slug_of(name, [*known]),
        name=name,
        street=checked_text(street, "street"),
        city=place.name,
        country=place.country,
        latitude=latitude,
        longitude=longitude,
        timezone=zone(place.timezone).key,
        currency=checked_currency(currency or get_territory_currencies(place.country)[-1]),
        cancel_hours=24,
        late_refund_percent=0,
        phone=" ".join(phone.split())[:40],
    )
    await tx.conn.execute(insert(model.centre).values(**_columns(made), created_at=tx.now))
    return made


class CentreChanges(TypedDict, total=False):
    """What of a centre can be changed: its rules, and how it is reached."""

    cancel_hours: int
    late_refund_percent: int
    phone: str
    reminder_minutes: tuple[int, ...] | None
    daily_list_at: int | None
    no_show_percent: int
    no_show_limit: int | None
    captures: bool
    offer_minutes: int
    carries_fee: bool
    records_days: int
    staff_notices: StaffNotices
    question_hours: int | None
    room_opens_minutes: int | None
    room_closes_days: int
    room_kept_days: int
    reply_hours: int | None
    accessible: bool
    insurances: tuple[str, ...]


async def edit_centre(tx: Tx, ctx: Context, actor: Person, centre_id: UUID, **changes: Unpack[CentreChanges]) -> Centre:
    """Change a centre's rules; visits that are booked keep those they were booked under, where they are about money.

    For its admins and platform admins. Raises RefusedError, BadInputError.
    """
    require(may_edit_centre(actor, centre_id))
    edited = checked_centre(replace(await reading.centre(tx, centre_id), **changes))
    values = {name: value for name, value in _columns(edited).items() if name in changes}
    if values:
        await tx.conn.execute(update(model.centre).where(model.centre.c.id == centre_id).values(**values))
    return edited


async def add_centre_admin(tx: Tx, ctx: Context, actor: Person, centre_id: UUID, mxid: str) -> UUID:
    """Let somebody run a centre; returns their person id. For its admins and platform admins."""
    require(may_edit_centre(actor, centre_id))
    admin = await person_id_of(tx, checked_mxid(mxid))
    await become_admin(tx, centre_id, admin)
    return admin


async def become_admin(tx: Tx, centre_id: UUID, person_id: UUID) -> None:
    """Let a person run a centre. Who may say so the caller has decided."""
    await tx.conn.execute(
        insert(model.centre_admin).values(centre_id=centre_id, person_id=person_id).on_conflict_do_nothing()
    )
    await staff_changed(tx, centre_id)


async def add_practitioner(
    tx: Tx,
    ctx: Context,
    actor: Person,
    centre_id: UUID,
    *,
    name: str,
    specialties: Sequence[str],
    languages: Sequence[str],
    gender: str = "",
    mxid: str | None = None,
    practitioner_id: UUID | None = None,
) -> Practitioner:
    """Add a doctor to a centre, with their Matrix account if they have one yet. For its admins and platform admins.

    Whom a platform admin adds is verified; the others wait until one has looked (booking.staff.verifying).
    """
    require(may_edit_centre(actor, centre_id))
    taken = (await tx.conn.execute(select(model.practitioner.c.slug))).scalars().all()
    name = checked_text(name, "doctor's name")
    made = Practitioner(
        id=practitioner_id or new_id(),
        slug=practitioner_slug(name, taken),
        name=name,
        gender=checked_gender(gender),
        languages=tuple(checked_languages(languages)),
        specialties=tuple(dict.fromkeys(checked_specialty(each) for each in specialties)),
        person_id=None,
        verified=actor.platform_admin,
    )
    if not made.specialties:
        raise BadInputError("The doctor's specialty is missing.")
    await tx.conn.execute(insert(model.practitioner).values(**_columns(made), created_at=tx.now))
    await tx.conn.execute(insert(model.practitioner_role).values(practitioner_id=made.id, centre_id=centre_id))
    return await link_practitioner(tx, ctx, actor, made.id, mxid) if mxid else made


async def add_role(tx: Tx, ctx: Context, actor: Person, practitioner_id: UUID, centre_id: UUID) -> Practitioner:
    """Let a doctor who works elsewhere also work at a centre. For platform admins, and admins of it and of theirs.

    An admin of the new centre alone may not: time off is everywhere, and they could set it. Raises RefusedError.
    """
    at = await reading.centres_of(tx, practitioner_id)
    both = may_edit_centre(actor, centre_id) and any(may_edit_centre(actor, each.id) for each in at)
    require(both)
    await reading.centre(tx, centre_id)
    await tx.conn.execute(
        insert(model.practitioner_role)
        .values(practitioner_id=practitioner_id, centre_id=centre_id)
        .on_conflict_do_nothing()
    )
    await staff_changed(tx, centre_id)
    return await reading.practitioner(tx, practitioner_id)


async def link_practitioner(tx: Tx, ctx: Context, actor: Person, practitioner_id: UUID, mxid: str) -> Practitioner:
    """Say which Matrix account a doctor has. For admins of a centre of theirs.

    Of a verified doctor a platform admin has to say so, too: until then the returned one has no account, and the claim
    waits (booking.staff.claiming). Raises ConflictError if the doctor or the account is linked already: who could link
    them anew could read, as that doctor, what patients of other centres told them.
    """
    at = await reading.centres_of(tx, practitioner_id)
    require(any(may_edit_centre(actor, each.id) for each in at))
    person_id = await person_id_of(tx, checked_mxid(mxid))
    return await become_practitioner(tx, ctx, practitioner_id, person_id, by=actor)


async def become_practitioner(
    tx: Tx, ctx: Context, practitioner_id: UUID, person_id: UUID, *, by: Person
) -> Practitioner:
    """Say which person a doctor is, on the word of `by`, who may: see link_practitioner. Raises ConflictError."""
    known = await reading.practitioner(tx, practitioner_id)
    if await claiming.linked_to_another(tx, person_id, practitioner_id):
        raise ConflictError("That account belongs to another doctor already.")
    if known.person_id not in {None, person_id}:
        raise ConflictError("{doctor} has another account already.", doctor=known.name)
    if known.person_id is None and not by.platform_admin and await claiming.needs_word(tx, known):
        await claiming.claim(tx, ctx, known, person_id, by.id)
        return known
    table = model.practitioner
    await tx.conn.execute(
        update(table).where(table.c.id == practitioner_id, table.c.person_id.is_(None)).values(person_id=person_id)
    )
    linked = await reading.practitioner(tx, practitioner_id)
    if linked.person_id != person_id:
        raise ConflictError("{doctor} has another account already.", doctor=linked.name)
    await staff_changed(tx, *(each.id for each in await reading.centres_of(tx, practitioner_id)))
    return linked


async def confirm_account(tx: Tx, ctx: Context, actor: Person, practitioner_id: UUID) -> Practitioner:
    """Say that the account that waits is the doctor's: they are linked, and told. For platform admins.

    Raises RefusedError, ConflictError.
    """
    _claim, person_id = await claiming.take_claim(tx, actor, practitioner_id, answer="account confirmed")
    return await become_practitioner(tx, ctx, practitioner_id, person_id, by=actor)


async def list_practitioner(
    tx: Tx, ctx: Context, actor: Person, practitioner_id: UUID, *, listed: bool
) -> Practitioner:
    """Have a doctor found by everybody, or only by those who were with them before. For the doctor and their admins.

    Raises RefusedError.
    """
    at = await reading.centres_of(tx, practitioner_id)
    require(any(may_set_hours(actor, practitioner_id, each.id) for each in at))
    await tx.conn.execute(
        update(model.practitioner).where(model.practitioner.c.id == practitioner_id).values(listed=listed)
    )
    return await reading.practitioner(tx, practitioner_id)


async def add_service(
    tx: Tx,
    ctx: Context,
    actor: Person,
    *,
    practitioner_id: UUID,
    centre_id: UUID,
    name: str,
    minutes: int,
    price: Money,
    mode: Mode,
    specialty: str | None = None,
    payment: Payment = Payment.PREPAY,
    buffer_before: int = 0,
    buffer_after: int = 0,
    grid_minutes: int | None = None,
    min_notice_minutes: int = 60,
    window_days: int = 60,
    capacity: int = 1,
    approval: bool = False,
    patients: Patients = Patients.ALL,
    resources: Sequence[UUID] = (),
    service_id: UUID | None = None,
) -> Service:
    """Add what a doctor offers at a centre; its grid is its length unless given. For the centre's and platform admins.

    `resources`: the rooms and devices that it is booked with. Raises RefusedError, BadInputError.
    """
    require(may_edit_centre(actor, centre_id))
    doctor = await reading.practitioner(tx, practitioner_id)
    at = {each.id: each for each in await reading.centres_of(tx, practitioner_id)}
    if centre_id not in at:
        raise BadInputError("{doctor} does not work at that centre.", doctor=doctor.name)
    made = checked_service(
        Service(
            id=service_id or new_id(),
            practitioner_id=practitioner_id,
            centre_id=centre_id,
            name=name,
            specialty=checked_specialty(specialty) if specialty else doctor.specialties[0],
            minutes=minutes,
            buffer_before=buffer_before,
            buffer_after=buffer_after,
            grid_minutes=grid_minutes or minutes,
            min_notice_minutes=min_notice_minutes,
            window_days=window_days,
            mode=mode,
            price=price,
            payment=payment,
            active=True,
            capacity=capacity,
            approval=approval,
            patients=patients,
        ),
        at[centre_id].currency,
    )
    await tx.conn.execute(insert(model.service).values(**_service_columns(made), created_at=tx.now))
    if resources:
        await book_along(tx, made.id, centre_id, resources)
    return made


class ServiceChanges(TypedDict, total=False):
    """What of a service can be changed. Whose it is and where stays: another doctor's is another service."""

    name: str
    specialty: str
    minutes: int
    buffer_before: int
    buffer_after: int
    grid_minutes: int
    min_notice_minutes: int
    window_days: int
    mode: Mode
    price: Money
    payment: Payment
    active: bool
    capacity: int
    approval: bool
    patients: Patients
    reasons: tuple[str, ...]


async def edit_service(
    tx: Tx,
    ctx: Context,
    actor: Person,
    service_id: UUID,
    *,
    resources: Sequence[UUID] | None = None,
    **changes: Unpack[ServiceChanges],
) -> Service:
    """Change a service. Visits that are booked keep their price and length. For the centre's and platform admins.

    A grid that is the length follows it. `resources`: the rooms and devices that it is booked with from now on. Raises
    RefusedError, BadInputError.
    """
    known = await reading.service(tx, service_id)
    require(may_edit_centre(actor, known.centre_id))
    if "specialty" in changes:
        changes["specialty"] = checked_specialty(changes["specialty"])
    if "minutes" in changes and known.grid_minutes == known.minutes:
        changes.setdefault("grid_minutes", changes["minutes"])
    at = await reading.centre(tx, known.centre_id)
    edited = checked_service(replace(known, **changes), at.currency)
    await tx.conn.execute(
        update(model.service).where(model.service.c.id == service_id).values(**_service_columns(edited))
    )
    if resources is not None:
        await book_along(tx, service_id, known.centre_id, resources)
    return edited


def _columns(thing: Centre | Practitioner) -> dict[str, Any]:
    values = {name: getattr(thing, name) for name in thing.__dataclass_fields__}
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    return plain | {"trigrams": trigrams(thing.name)}


def _service_columns(thing: Service) -> dict[str, Any]:
    values = {name: getattr(thing, name) for name in thing.__dataclass_fields__ if name != "price"}
    return {
        **values,
        "mode": thing.mode.value,
        "payment": thing.payment.value,
        "patients": thing.patients.value,
        "reasons": list(thing.reasons),
        "price_amount": thing.price.amount,
        "price_currency": thing.price.currency,
    }
