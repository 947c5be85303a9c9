"""Puts the demo's directory into a database, through the services that centres' admins use."""

from uuid import UUID

from sqlalchemy import Table, select

from booking.context import Context
from booking.directory import model, reading
from booking.directory.model import Centre
from booking.directory.service import (
    add_centre_admin,
    add_practitioner,
    add_service,
    create_centre,
    edit_centre,
)
from booking.people.service import Person, person_of
from booking.schedules.hours import parse_hours
from booking.schedules.service import set_hours
from core.database import Database, Tx
from core.ids import id_of
from core.money import Money, exponent
from demo.accounts import Accounts
from demo.directory import CentreEntry, DoctorEntry, ServiceEntry, centres


async def seed(database: Database, ctx: Context, accounts: Accounts) -> None:
    """Add what is missing of the directory, all or nothing; what is there stays as people have changed it.

    `accounts`: the platform admin, who must be one by the settings, acts; the doctor and the clinic admin become what
    the files say. Ids follow from names, so that they are the same in every database.
    """
    async with database.transaction() as tx:
        admin = await person_of(tx, ctx, accounts.platform_admin.mxid, display_name=accounts.platform_admin.name)
        for entry in centres():
            await _centre(tx, ctx, admin, accounts, entry)


async def _centre(tx: Tx, ctx: Context, admin: Person, accounts: Accounts, entry: CentreEntry) -> None:
    centre_id = id_of(f"demo:centre:{entry.name}")
    if not await _is_there(tx, model.centre, centre_id):
        await create_centre(
            tx,
            ctx,
            admin,
            centre_id=centre_id,
            name=entry.name,
            city=entry.place,
            street=entry.street,
            coordinates=(entry.latitude, entry.longitude),
            phone=entry.phone,
        )
        await edit_centre(
            tx,
            ctx,
            admin,
            centre_id,
            cancel_hours=entry.cancel_hours,
            late_refund_percent=entry.late_refund_percent,
            room_opens_minutes=None,  # so that it is there to be tried as soon as a visit is booked
        )
        if entry.administered_by_clinic_admin:
            await add_centre_admin(tx, ctx, admin, centre_id, accounts.clinic_admin.mxid)
    centre = await reading.centre(tx, centre_id)
    for doctor in entry.doctors:
        await _doctor(tx, ctx, admin, accounts, centre, doctor)


async def _doctor(tx: Tx, ctx: Context, admin: Person, accounts: Accounts, centre: Centre, entry: DoctorEntry) -> None:
    doctor_id = id_of(f"demo:doctor:{entry.name}")
    if not await _is_there(tx, model.practitioner, doctor_id):
        await add_practitioner(
            tx,
            ctx,
            admin,
            centre.id,
            practitioner_id=doctor_id,
            name=entry.name,
            gender=entry.gender,
            languages=entry.languages,
            specialties=[entry.specialty],
            mxid=accounts.doctor.mxid if entry.account == "doctor" else None,
        )
        week = parse_hours("; ".join(entry.hours), tx.now.date())
        await set_hours(tx, ctx, admin, doctor_id, centre.id, week.spans)
    for service in entry.services:
        await _service(tx, ctx, admin, centre, doctor_id, service)


async def _service(tx: Tx, ctx: Context, admin: Person, centre: Centre, doctor_id: UUID, entry: ServiceEntry) -> None:
    service_id = id_of(f"demo:service:{doctor_id}:{entry.name}")
    if await _is_there(tx, model.service, service_id):
        return
    await add_service(
        tx,
        ctx,
        admin,
        service_id=service_id,
        practitioner_id=doctor_id,
        centre_id=centre.id,
        name=entry.name,
        mode=entry.mode,
        minutes=entry.minutes,
        price=Money(centre.currency, int(entry.price.scaleb(exponent(centre.currency)))),
        payment=entry.payment,
        buffer_after=entry.after,
        grid_minutes=entry.grid,
        min_notice_minutes=entry.notice,
    )


async def _is_there(tx: Tx, table: Table, row_id: UUID) -> bool:
    found = await tx.conn.execute(select(table.c.id).where(table.c.id == row_id))
    return found.first() is not None
