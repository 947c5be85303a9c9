"""A room opens, closes and is erased when its centre's rules say so: each once, whoever looks, killed or not."""

import asyncio
import json
from datetime import timedelta
from uuid import UUID

import aiohttp
import pytest
from sqlalchemy import insert

from appservice.matrix.api import Api, AwayError
from appservice.matrix.closing import Closing
from appservice.matrix.model import consultation_room
from appservice.matrix.registry import Registry
from booking.appointments.model import Appointment
from booking.consultations.due import close_due, erase_due, open_due
from booking.consultations.model import Role
from booking.consultations.service import bring_in, consultation
from booking.directory.service import edit_centre
from booking.people.service import person_of
from core.errors import BadInputError, ConflictError, RefusedError
from core.lanes import LaterError, Row
from core.settings import MatrixSettings
from demo.child import free_port
from records.erasure import lift_hold, place_hold
from tests.integration.booking.clinic import ANNA, BEN, CLARA, DAY, HOUR, MINUTE, OSEI, Clinic

INES = "@ines:elsewhere.example"


async def rule(clinic: Clinic, **changes: int | None) -> None:
    async with clinic.tx() as tx:
        clara = await person_of(tx, clinic.ctx, CLARA)
        await edit_centre(tx, clinic.ctx, clara, clinic.centre.id, **changes)  # type: ignore[arg-type]


async def look(clinic: Clinic) -> tuple[int, int, int]:
    """What a replica does every few seconds; returns how many rooms were opened, closed, erased."""
    async with clinic.tx() as tx:
        return await open_due(tx), await close_due(tx), await erase_due(tx)


async def rooms(clinic: Clinic, kind: str) -> list[UUID]:
    return [UUID(what["appointment"]) for what in await clinic.outbox(kind)]


async def held_visit(clinic: Clinic) -> Appointment:
    visit = await clinic.book()
    clinic.clock.move_to(visit.start - HOUR)
    await look(clinic)
    return visit


async def test_it_opens_the_set_time_before_the_visit_once(clinic: Clinic) -> None:
    await rule(clinic, room_opens_minutes=120)
    visit = await clinic.book()
    for moment, opened in ((visit.start - 3 * HOUR, 0), (visit.start - 2 * HOUR, 1), (visit.start - HOUR, 0)):
        clinic.clock.move_to(moment)
        assert (await look(clinic))[0] == opened
    assert await rooms(clinic, "room.open") == [visit.id]


async def test_it_opens_at_once_where_questions_may_be_asked_before(clinic: Clinic) -> None:
    await rule(clinic, room_opens_minutes=None)
    visit = await clinic.book()
    assert await rooms(clinic, "room.open") == [visit.id]
    clinic.clock.move_to(visit.start - HOUR)
    await look(clinic)
    assert await rooms(clinic, "room.open") == [visit.id]


async def test_it_opens_at_once_for_who_books_late(clinic: Clinic) -> None:
    visit = await clinic.book(start=(await clinic.times(after=HOUR))[0])
    assert await rooms(clinic, "room.open") == [visit.id]


async def test_a_visit_that_moved_away_is_not_opened_for_its_old_time(clinic: Clinic) -> None:
    await rule(clinic, room_opens_minutes=60)
    visit = await clinic.book()
    clinic.clock.move_to(visit.start - 2 * HOUR)
    later = (await clinic.times(after=2 * DAY))[0]
    moved = await clinic.reschedule(ANNA, visit, later)
    clinic.clock.move_to(visit.start - MINUTE)
    assert (await look(clinic))[0] == 0
    clinic.clock.move_to(moved.start - HOUR)
    assert (await look(clinic))[0] == 1


async def test_a_visit_that_was_called_off_has_none_and_what_was_open_closes(clinic: Clinic) -> None:
    early, late = await clinic.book(), await clinic.book(BEN)
    await clinic.cancel(ANNA, early)
    clinic.clock.move_to(late.start - HOUR)
    assert (await look(clinic))[0] == 1
    await clinic.cancel(BEN, late)
    assert await rooms(clinic, "room.open") == [late.id]
    assert await rooms(clinic, "room.close") == [early.id, late.id]
    clinic.clock.move_to(late.end + 8 * DAY)
    assert await look(clinic) == (0, 0, 0)


async def test_it_closes_after_the_centres_time_and_is_erased_by_the_retention_rule(clinic: Clinic) -> None:
    await rule(clinic, room_closes_days=3, room_kept_days=30)
    visit = await held_visit(clinic)
    seen = []
    for after in (3 * DAY - MINUTE, 3 * DAY, 3 * DAY + MINUTE, 33 * DAY - MINUTE, 33 * DAY + MINUTE, 34 * DAY):
        clinic.clock.move_to(visit.end + after)
        seen.append((await look(clinic))[1:])
    assert seen == [(0, 0), (1, 0), (0, 0), (0, 0), (0, 1), (0, 0)]
    assert [await rooms(clinic, kind) for kind in ("room.close", "room.erase")] == [[visit.id]] * 2


async def test_a_legal_hold_keeps_it_until_it_is_lifted(clinic: Clinic) -> None:
    visit = await held_visit(clinic)
    clara = await clinic.person(CLARA)
    async with clinic.tx() as tx:
        hold = await place_hold(tx, clinic.ctx.vault, visit.patient_id, actor=clara.id, reason="Az. 12 C 34/26")
    clinic.clock.move_to(visit.end + 8 * DAY)
    assert (await look(clinic))[1:] == (1, 0)
    clinic.clock.move_to(visit.end + 1000 * DAY)
    assert (await look(clinic))[2] == 0
    async with clinic.tx() as tx:
        await lift_hold(tx, clinic.ctx.vault, hold.id, actor=clara.id, reason="over")
    assert (await look(clinic))[2] == 1


async def test_killed_before_the_commit_it_is_found_again(clinic: Clinic) -> None:
    visit = await clinic.book()
    clinic.clock.move_to(visit.start - HOUR)

    async def killed() -> None:
        async with clinic.tx() as tx:
            assert await open_due(tx) == 1
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await killed()
    assert await rooms(clinic, "room.open") == []
    assert (await look(clinic))[0] == 1


async def test_two_who_look_at_the_same_time_ask_once(clinic: Clinic) -> None:
    visit = await clinic.book()
    clinic.clock.move_to(visit.start - HOUR)
    assert sum(opened for opened, _, _ in await asyncio.gather(look(clinic), look(clinic))) == 1
    clinic.clock.move_to(visit.end + 8 * DAY)
    assert sum(closed for _, closed, _ in await asyncio.gather(look(clinic), look(clinic))) == 1
    assert len(await rooms(clinic, "room.close")) == 1


async def test_somebody_is_brought_in_by_either_side_and_both_hear_of_it(clinic: Clinic) -> None:
    visit = await held_visit(clinic)
    for mxid, guest, told in ((ANNA, INES, {OSEI}), (OSEI, "@ola:elsewhere.example", {ANNA})):
        actor = await clinic.person(mxid)
        async with clinic.tx() as tx:
            made = await bring_in(tx, clinic.ctx, actor, visit.id, guest, Role.INTERPRETER)
        rows = [row for row in await clinic.outbox("notice") if row["notice"] == "brought_in" and row["mxid"] == guest]
        assert {row["person"] for row in rows} == {str((await clinic.person(who)).id) for who in told}
        assert {"appointment": str(visit.id), "person": str(made.person_id)} in await clinic.outbox("room.admit")
    async with clinic.tx() as tx:
        seen = await consultation(tx, clinic.ctx, await person_of(tx, clinic.ctx, ANNA), visit.id)
    assert [guest.mxid for guest in seen.guests] == [INES, "@ola:elsewhere.example"]
    assert seen.closes_at == visit.end + timedelta(days=7)


async def test_who_may_not_bring_in_learns_nothing(clinic: Clinic) -> None:
    visit = await held_visit(clinic)
    for mxid in (BEN, CLARA):
        actor = await clinic.person(mxid)
        with pytest.raises(RefusedError):
            async with clinic.tx() as tx:
                await bring_in(tx, clinic.ctx, actor, visit.id, INES, Role.FAMILY)
    async with clinic.tx() as tx:
        with pytest.raises(RefusedError):
            await consultation(tx, clinic.ctx, await person_of(tx, clinic.ctx, BEN), visit.id)


@pytest.mark.parametrize(
    ("guest", "error"),
    [
        ("ines", BadInputError),
        ("@in es:x", BadInputError),
        (MatrixSettings().bot_id, BadInputError),
        (MatrixSettings().keeper_id, BadInputError),
        (OSEI, ConflictError),
        (ANNA, ConflictError),
    ],
)
async def test_who_cannot_be_brought_in_is_told_apart(clinic: Clinic, guest: str, error: type[Exception]) -> None:
    visit = await held_visit(clinic)
    anna = await clinic.person(ANNA)
    with pytest.raises(error):
        async with clinic.tx() as tx:
            await bring_in(tx, clinic.ctx, anna, visit.id, guest, Role.FAMILY)


async def test_nobody_is_brought_in_twice_nor_when_it_is_over(clinic: Clinic) -> None:
    visit = await held_visit(clinic)
    anna = await clinic.person(ANNA)
    async with clinic.tx() as tx:
        await bring_in(tx, clinic.ctx, anna, visit.id, INES, Role.FAMILY)
    for guest, sentence in ((INES, "already"), (BEN, "over")):
        async with clinic.tx() as tx:
            with pytest.raises(ConflictError, match=sentence):
                await bring_in(tx, clinic.ctx, anna, visit.id, guest, Role.FAMILY)
        clinic.clock.move_to(visit.end + 7 * DAY)


async def test_a_hold_that_comes_after_erasing_was_asked_for_keeps_the_room_all_the_same(clinic: Clinic) -> None:
    """The homeserver may be away for days between the two; what it has erased nobody brings back."""
    await rule(clinic, room_closes_days=0, room_kept_days=1)
    visit = await held_visit(clinic)
    for days in (1, 3):
        clinic.clock.move_to(visit.end + days * DAY)
        await look(clinic)
    assert await rooms(clinic, "room.erase") == [visit.id]
    async with clinic.tx() as tx:
        clara = await person_of(tx, clinic.ctx, CLARA)
        hold = await place_hold(tx, clinic.ctx.vault, visit.patient_id, actor=clara.id, reason="Az. 12 C 34/26")
        room = {"appointment_id": visit.id, "room_id": "!visit:localhost", "opened_at": tx.now}
        await tx.conn.execute(insert(consultation_room).values(**room))
    what = json.dumps({"appointment": str(visit.id)}).encode()
    row = Row(visit.id, f"visit:{visit.id}", "room.erase", what, clinic.now, 0)
    nowhere = MatrixSettings(homeserver_url=f"http://127.0.0.1:{free_port()}")
    async with aiohttp.ClientSession() as http:
        keeper = Api(http, nowhere).acting(nowhere.keeper_id)
        closing = Closing(Registry(clinic.ctx), keeper, nowhere)
        with pytest.raises(LaterError, match="a legal hold stands"):
            async with clinic.tx() as tx:
                await closing.erase(tx, row)
        async with clinic.tx() as tx:
            await lift_hold(tx, clinic.ctx.vault, hold.id, actor=clara.id, reason="over")
        with pytest.raises(AwayError):  # it is asked then
            async with clinic.tx() as tx:
                await closing.erase(tx, row)
