"""How long a search takes in a country, and in one of a tenth of its size, in the same run.

`python -m benchmarks.search [ROUNDS]`: makes 10,000 doctors in 2,000 centres with 1,000,000 appointments to come (and
1,000 in 200 with 100,000) in an embedded PostgreSQL, and prints p50 and p95 of several wishes, what the keeping of
bounds takes, and what a search would take without them.
"""

import asyncio
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import select

from benchmarks.ground import database_url, p50, p95, waits
from booking.directory.model import Mode, practitioner
from booking.directory.names import trigrams
from booking.directory.places import Place
from booking.directory.specialties import SPECIALTIES
from booking.search.bounds import refresh
from booking.search.model import Wish
from booking.search.service import search
from core.database import Database, libpq_url
from core.money import Money

_DOCTORS, _A_CENTRE, _EACH, _DAYS = 10_000, 5, 100, 60
_Row = tuple[UUID, int, Any, UUID]
_FIRST = "Ama Jonas Lena Ben Skye Kofi Ada Max Noor Tom Ines Paul Mira Jan Lea Omar Rosa Finn Yuki Emil".split()
_LETTERS = ("b d f g h k l m n r s t v w z".split(), "a e i o u ei au".split(), "l n r s t ck".split())
_SIXTY = Money("EUR", 60_00)
_CENTRE: dict[str, Any] = {
    "street": "Street 1",
    "country": "DE",
    "timezone": "Europe/Berlin",
    "currency": "EUR",
    "cancel_hours": 24,
    "late_refund_percent": 50,
    "phone": "",
    "region": "",
    "closed_on_holidays": False,
    "accessible": False,
    "insurances": [],
    "no_show_percent": 0,
    "captures": False,
    "carries_fee": False,
    "offer_minutes": 30,
    "daily_list_at": 420,
    "records_days": 90,
    "staff_notices": "private",
    "room_closes_days": 7,
    "room_kept_days": 182,
}
_SERVICE: dict[str, Any] = {
    "name": "A visit",
    "minutes": 30,
    "buffer_before": 0,
    "buffer_after": 0,
    "grid_minutes": 30,
    "min_notice_minutes": 60,
    "window_days": 60,
    "price_currency": "EUR",
    "payment": "desk",
    "active": True,
    "capacity": 1,
    "approval": False,
    "patients": "all",
    "reasons": [],
}


def _name(random_: random.Random) -> str:
    surname = "".join(random_.choice(each) for each in (*_LETTERS[:2], *_LETTERS)).title()
    return f"Dr {random_.choice(_FIRST)} {surname}"


async def fill(url: str, doctors: int) -> None:
    """Half an hour in person and online of each doctor, mon-fri 8-12 and 13-17, and visits on the grid at random."""
    random_ = random.Random(1)
    places = _towns(random_, doctors // _A_CENTRE)
    now = datetime.now(UTC)
    connection = await asyncpg.connect(libpq_url(url))
    centres = [
        {
            **_CENTRE,
            "id": UUID(int=n + 1),
            "slug": f"c{n}",
            "name": name,
            "city": town,
            "latitude": latitude,
            "longitude": longitude,
            "created_at": now,
            "trigrams": trigrams(name),
        }
        for n, (town, latitude, longitude) in enumerate(places)
        for name in [f"{_name(random_)[3:]} Clinic"]
    ]
    await _insert(connection, "centre", centres)
    specialties = [*SPECIALTIES]
    people = [(UUID(int=n + 1 << 32), f"d{n}", _name(random_)) for n in range(doctors)]
    doctor_rows = [
        {
            "id": id_,
            "slug": slug,
            "name": name,
            "gender": ("female", "male")[n % 2],
            "languages": ["de", "en"][: n % 2 + 1],
            "specialties": [specialties[n % 20]],
            "created_at": now,
            "trigrams": trigrams(name),
            "verified": True,
            "listed": True,
        }
        for n, (id_, slug, name) in enumerate(people)
    ]
    await _insert(connection, "practitioner", doctor_rows)
    services = [
        {
            **_SERVICE,
            "id": UUID(int=(n + 1 << 64) + m),
            "practitioner_id": doctor[0],
            "centre_id": UUID(int=n // _A_CENTRE + 1),
            "specialty": specialties[n % 20],
            "mode": mode,
            "price_amount": random_.randrange(20, 120) * 100,
            "created_at": now,
        }
        for n, doctor in enumerate(people)
        for m, mode in enumerate(("in-person", "online"))
    ]
    await _insert(connection, "service", services)
    hours = [
        (UUID(int=(n << 8) + m + 1), doctor[0], UUID(int=n // _A_CENTRE + 1), m // 2, *((480, 720), (780, 1020))[m % 2])
        for n, doctor in enumerate(people)
        for m in range(10)
    ]
    await connection.executemany(
        "INSERT INTO weekly_hours (id, practitioner_id, centre_id, weekday, starts, ends, valid_from)"
        " VALUES ($1, $2, $3, $4, $5, $6, DATE '2020-01-01')",
        hours,
    )
    await connection.copy_records_to_table(
        "occupancy",
        records=_visits(random_, [each[0] for each in people], now.date()),
        columns=["resource_id", "seat", "busy", "appointment_id"],
    )
    await connection.execute("DELETE FROM freed")
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


async def _insert(connection: asyncpg.Connection, table: str, rows: Sequence[dict[str, Any]]) -> None:
    names = [*rows[0]]
    places = ", ".join(f"${n + 1}" for n in range(len(names)))
    into = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})"
    await connection.executemany(into, [[*row.values()] for row in rows])


def _towns(random_: random.Random, count: int) -> list[tuple[str, float, float]]:
    """Where centres are: one in twenty-five around Berlin, the others over the country."""
    spread = [("Berlin", 52.52 + random_.uniform(-0.15, 0.15), 13.4 + random_.uniform(-0.25, 0.25))] * 1
    for n in range(1, count):
        town = (
            ("Berlin", 52.52, 13.4)
            if n % 25 == 0
            else ("Town", random_.uniform(47.5, 54.5), random_.uniform(6.5, 14.5))
        )
        spread.append((town[0], town[1] + random_.uniform(-0.15, 0.15), town[2] + random_.uniform(-0.25, 0.25)))
    return spread


def _visits(random_: random.Random, people: list[UUID], today: date) -> Iterator[_Row]:
    days = [today + timedelta(days=n) for n in range(_DAYS)]
    days = [day for day in days if day.weekday() < 5]
    slots = [(day, minutes) for day in days for minutes in [*range(420, 660, 30), *range(720, 960, 30)]]
    n = 0
    for person in people:
        for day, minutes in random_.sample(slots, _EACH):
            n += 1
            start = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minutes)
            yield person, 0, asyncpg.Range(start, start + timedelta(minutes=30)), UUID(int=n)


def _wishes(random_: random.Random, names: Sequence[str]) -> dict[str, Callable[[], Wish]]:
    some = lambda: random_.choice([*SPECIALTIES])  # noqa: E731
    berlin = Place("Berlin", "DE", 52.52, 13.4, "Europe/Berlin")

    def tomorrow() -> datetime:
        return datetime.now(UTC).replace(hour=0, minute=0) + timedelta(days=1)

    return {
        "specialty, 25 km, price": lambda: Wish(specialty=some(), place=berlin, max_price=_SIXTY),
        "the same, nearest": lambda: Wish(specialty=some(), place=berlin, max_price=_SIXTY, sort="nearest"),
        "the same, tomorrow": lambda: Wish(specialty=some(), place=berlin, max_price=_SIXTY, earliest=tomorrow()),
        "online, soonest": lambda: Wish(specialty=some(), mode=Mode.ONLINE),
        "online, cheapest": lambda: Wish(specialty=some(), mode=Mode.ONLINE, sort="cheapest"),
        "online, in a week": lambda: Wish(specialty=some(), mode=Mode.ONLINE, earliest=tomorrow() + timedelta(days=6)),
        "online, in a month": lambda: Wish(
            specialty=some(), mode=Mode.ONLINE, earliest=tomorrow() + timedelta(days=29)
        ),
        "name": lambda: Wish(name=random_.choice(names)),
        "name with an error": lambda: Wish(name=random_.choice(names)[:-1] + "x"),
    }


async def _refreshed(database: Database) -> int:
    async with database.transaction() as tx:
        return await refresh(tx)


async def measure(url: str, doctors: int, rounds: int) -> dict[str, tuple[float, float]]:
    """Fill an empty database, and return p50 and p95 of each wish, in milliseconds."""
    await fill(url, doctors)
    database = Database(url)
    async with database.transaction() as tx:
        names = (await tx.conn.execute(select(practitioner.c.name).order_by(practitioner.c.id))).scalars().all()
    took: dict[str, tuple[float, float]] = {}

    async def once(wish: Callable[[], Wish]) -> None:
        async with database.transaction() as tx:
            await search(tx, wish())

    async def all_of(suffix: str, count: int) -> None:
        for name, wish in _wishes(random.Random(2), names).items():
            await waits(3, lambda wish=wish: once(wish))
            times = await waits(count, lambda wish=wish: once(wish))
            took[name + suffix] = p50(times), p95(times)

    await all_of(", no bounds", 20)
    began = time.perf_counter()
    while await _refreshed(database):
        pass
    took["all bounds computed"] = ((time.perf_counter() - began) * 1000,) * 2
    await all_of("", rounds)
    await database.close()
    return took


def main(rounds: int) -> None:
    results = []
    for doctors in (_DOCTORS // 10, _DOCTORS):
        with database_url() as url:
            results.append(asyncio.run(measure(url, doctors, rounds)))
    print(f"{'wish':<40}{'1/10: p50':>12}{'p95':>8}{'1/1: p50':>12}{'p95':>8}{'growth':>8}")
    for name in results[1]:
        (small, slow), (large, slower) = results[0][name], results[1][name]
        print(f"{name:<40}{small:>12.1f}{slow:>8.1f}{large:>12.1f}{slower:>8.1f}{large / small:>8.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
