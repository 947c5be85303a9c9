"""Each part of the benchmarks of booking runs, with next to nothing to do: a benchmark that broke says nothing.

The storm of no_double_booking has a test of its own beside this one.
"""

from datetime import timedelta

import pytest
from sqlalchemy import text

from benchmarks import bare, booking, no_double_booking, search
from benchmarks.ground import Ground, context, give_page, midnight, paid_page
from booking.appointments import service as appointments
from booking.payments import service as payments
from core.database import Database

_SMALL = booking.Size(
    clients=2, bookings=32, people=16, rounds=1, appointments=(1, 20), looks=20, to_come=20, changes=2, reminders=20
)
_WRITTEN = (
    "occupancy", "appointment", "appointment_move", "payment", "ledger_entry", "outbox", "calendar_change", "freed",
)  # fmt: skip


async def test_every_figure_of_booking_is_printed(database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    await booking.main(database_url, _SMALL)
    said = capsys.readouterr().out
    assert "bookings a second, 2 clients: hold + confirm" in said
    assert "ratio" in said
    assert "booked at once (paid at the desk)" in said
    assert "processor time of hold + confirm: Python " in said
    assert said.count("a month of free times of a doctor") == 2
    assert "20 visits to come" in said
    assert "reminders due at once: 20 handed to the outbox" in said


async def test_bare_sql_writes_the_rows_that_the_services_write(database_url: str) -> None:
    """Otherwise the two would not be comparable: as when a column or a trigger came that bare SQL knew nothing of."""
    database = Database(database_url, pool=4)
    ground = Ground(database, context())
    at = await ground.centre("Comparing Centre")
    doctor = await ground.doctor(at, "Doctor Same")
    service = await ground.service(doctor, at)
    person = await ground.person("@client:localhost")
    await ground.person("@doctor.same:localhost")

    async def rows() -> dict[str, int]:
        async with database.transaction() as tx:
            return {
                name: (await tx.conn.execute(text(f"SELECT count(*) FROM {name}"))).scalar_one() for name in _WRITTEN
            }

    before = await rows()
    sql = await bare.Bare.connect(database_url, [service], [person], 1)
    await sql.hold_and_pay(0, midnight(2))
    await sql.close()
    between = await rows()
    async with database.transaction() as tx:
        visit = await appointments.book(
            tx,
            ground.ctx,
            person,
            service_id=service.id,
            start=midnight(2) + timedelta(hours=1),
            patient_id=person.patient.id,
        )
        await give_page(tx, visit)
    async with database.transaction() as tx:
        await payments.settle(tx, paid_page(visit))
    after = await rows()
    by_bare = {name: between[name] - before[name] for name in _WRITTEN}
    assert by_bare == {name: after[name] - between[name] for name in _WRITTEN}
    assert by_bare["occupancy"] == 2
    assert by_bare["outbox"] > 4
    await database.close()


async def test_every_wish_of_the_search_is_measured(database_url: str) -> None:
    took = await search.measure(database_url, 40, 2)
    assert {"specialty, 25 km, price", "name with an error", "online, cheapest, no bounds"} <= took.keys()
    assert all(p50 > 0 for p50, _ in took.values())


async def test_the_storm_prints_what_it_found(database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    await no_double_booking.main(database_url, 40)
    said = capsys.readouterr().out
    assert "40 attempts, 32 clients" in said
    assert "0 double bookings, 0 deadlocks" in said
