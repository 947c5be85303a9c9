"""A legal hold stops erasure until it is lifted; who placed and lifted it, and why, stays known."""

import asyncio
import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.database import Database
from core.errors import BadInputError, RefusedError
from core.ids import new_id
from records.audit.model import audit_event
from records.erasure import HeldError, erasure_of, final_at, forget, holds_on, lift_hold, place_hold
from records.erasure.model import legal_hold
from records.sealing import ErasedError, Place
from tests.integration.records.ward import ANNA, BEN, new_vault

ADMIN, JUDGE = new_id(), new_id()
PLACE = Place("t", "c", new_id())


async def test_a_hold_stops_erasure_until_it_is_lifted(database: Database) -> None:
    vault = new_vault()
    async with database.transaction() as tx:
        sealed = await vault.seal(tx, ANNA, PLACE, b"hers")
        hold = await place_hold(tx, vault, ANNA, actor=ADMIN, reason=" Court of Berlin,  12 C 34/26 ")
        with pytest.raises(HeldError, match="legal hold"):
            await forget(tx, vault, ANNA, actor=ANNA)
    async with database.transaction() as tx:
        assert await vault.open(tx, ANNA, PLACE, sealed) == b"hers"
        assert await erasure_of(tx, ANNA) is None
        await forget(tx, vault, BEN, actor=BEN)  # a hold is on one alone
        await lift_hold(tx, vault, hold.id, actor=JUDGE, reason="the case is closed")
        (known,) = await holds_on(tx, vault, ANNA)
        assert (known.placed_by, known.reason) == (ADMIN, "Court of Berlin, 12 C 34/26")
        assert (known.lifted_by, known.lifted_at, known.lift_reason) == (JUDGE, tx.now, "the case is closed")
        noted = await tx.conn.execute(
            select(audit_event.c.actor, audit_event.c.row_id).where(audit_event.c.table_name == legal_hold.name)
        )
        assert [tuple(row) for row in noted] == [(ADMIN, hold.id), (JUDGE, hold.id)]
        await forget(tx, vault, ANNA, actor=ANNA)
        with pytest.raises(ErasedError):
            await vault.open(tx, ANNA, PLACE, sealed)
        with pytest.raises(ErasedError):
            await holds_on(tx, vault, ANNA)


async def test_while_any_of_several_holds_stands_nothing_is_erased(database: Database) -> None:
    vault = new_vault()
    async with database.transaction() as tx:
        first = await place_hold(tx, vault, ANNA, actor=ADMIN, reason="one")
        await place_hold(tx, vault, ANNA, actor=ADMIN, reason="two")
        await lift_hold(tx, vault, first.id, actor=ADMIN, reason="over")
        with pytest.raises(HeldError):
            await forget(tx, vault, ANNA, actor=ANNA)
        with pytest.raises(RefusedError):
            await lift_hold(tx, vault, first.id, actor=ADMIN, reason="again")
        with pytest.raises(RefusedError):
            await lift_hold(tx, vault, new_id(), actor=ADMIN, reason="none")


async def test_a_hold_needs_a_reason_and_comes_too_late_after_erasure(database: Database) -> None:
    vault = new_vault()
    async with database.transaction() as tx:
        why, long = "Write why, too: who demands it, and under which number.", "A reason has 500 letters at most."
        for reason, said in (("", why), ("  ", why), ("x" * 501, long)):
            with pytest.raises(BadInputError, match=f"^{re.escape(said)}$"):
                await place_hold(tx, vault, ANNA, actor=ADMIN, reason=reason)
        assert (await place_hold(tx, vault, BEN, actor=ADMIN, reason="x" * 500)).reason == "x" * 500
        await forget(tx, vault, ANNA, actor=ANNA)
        with pytest.raises(ErasedError):
            await place_hold(tx, vault, ANNA, actor=ADMIN, reason="too late")


async def test_of_a_hold_and_an_erasure_at_once_one_wins_and_the_other_is_told(database: Database) -> None:
    vault = new_vault()
    for _ in range(10):
        subject = new_id()
        async with database.transaction() as tx:
            await vault.seal(tx, subject, PLACE, b"x")

        async def hold(subject=subject) -> None:
            async with database.transaction() as tx:
                await place_hold(tx, vault, subject, actor=ADMIN, reason="now")

        async def erase(subject=subject) -> None:
            async with database.transaction() as tx:
                await forget(tx, vault, subject, actor=subject)

        ended = await asyncio.gather(hold(), erase(), return_exceptions=True)
        assert [type(each) for each in ended] in ([type(None), HeldError], [ErasedError, type(None)])


async def test_the_date_from_which_it_is_final_is_known_before_and_does_not_move(database: Database) -> None:
    vault = new_vault()
    async with database.transaction() as tx:
        told = final_at(tx.now, vault)
        assert told == tx.now + timedelta(days=31)
        first = await forget(tx, vault, ANNA, actor=ANNA)
        assert (first.at, first.final_at) == (tx.now, told)
    async with database.transaction() as tx:
        assert await forget(tx, vault, ANNA, actor=ANNA) == first
