"""Dispensing on the real database: one pharmacy at a time, once or as often as repeats allow, in parts, recoverable."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from core.clock import SystemClock
from core.database import Database, Tx
from core.errors import BadInputError, ConflictError, RefusedError, UserError
from core.ids import new_id
from records.audit.model import audit_event
from records.erasure import forget
from records.pharmacy import service
from records.pharmacy.rules import Standing
from records.pharmacy.secrets import new_typed_secret
from records.pharmacy.service import Paper
from records.prescriptions import store as prescriptions
from records.prescriptions.rules import Draft, Prescription, Status
from records.prescriptions.service import change_prescription, prescription, prescriptions_of, versions_of
from records.sealing import ErasedError, Vault
from records.signing.signature import ForgedError
from tests.integration.records.ward import (
    ANNA,
    DRAFT,
    HERSELF,
    OSEI,
    new_vault,
    prescribed,
    signer_of,
    withdrawn,
)


class Clock(SystemClock):
    """The machine's, and what the test puts it ahead by."""

    ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


class Counter:
    """A pharmacy with its secret."""

    def __init__(self, database: Database, vault: Vault, made: Prescription, access: str) -> None:
        self._database = database
        self._vault = vault
        self._code = made.code
        self._access = access
        self.claim = new_typed_secret()

    async def accept(self) -> Paper:
        async with self._database.transaction() as tx:
            return await service.accept(tx, self._vault, self._code, self._access, self.claim)

    async def dispense(self, amount: str = "", *, which: UUID | None = None, product: str = "") -> Paper:
        async with self._database.transaction() as tx:
            return await service.dispense(
                tx, self._vault, self._code, self.claim, which or new_id(), amount=amount, product=product, pharmacy=""
            )

    async def hand_back(self) -> Paper:
        async with self._database.transaction() as tx:
            return await service.hand_back(tx, self._vault, self._code, self.claim)

    async def claimed(self) -> tuple[Paper, bool]:
        async with self._database.transaction() as tx:
            return await service.claimed(tx, self._vault, self._code, self.claim)


class Shop:
    """The real store, a prescription in it, and as many pharmacies as one needs."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.vault = new_vault()
        self.clock = Clock()
        database.clock = self.clock

    async def prescribe(self, draft: Draft = DRAFT) -> None:
        async with self.database.transaction() as tx:
            self.made = await prescribed(tx, self.vault, draft)
            self.access = await service.access_secret(tx, self.vault, self.made)

    def counter(self) -> Counter:
        return Counter(self.database, self.vault, self.made, self.access)

    async def check(self) -> Standing:
        async with self.database.transaction() as tx:
            return await service.check(tx, self.vault, self.made.code)

    async def status(self) -> Status:
        async with self.database.transaction() as tx:
            return (await prescription(tx, self.vault, HERSELF, self.made.id)).status


@pytest.fixture
async def shop(database: Database) -> Shop:
    shop = Shop(database)
    await shop.prescribe()
    return shop


async def test_it_is_taken_on_given_out_and_used_up(shop: Shop) -> None:
    assert await shop.check() is Standing.READY
    pharmacy = shop.counter()
    paper = await pharmacy.accept()
    assert (paper.prescription.draft, paper.supply.left, paper.standing) == (DRAFT, 20, Standing.TAKEN)
    assert await shop.check() is Standing.TAKEN
    done = await pharmacy.dispense(product="Ibuflam 400")
    assert (done.standing, done.supply.left, done.prescription.status) == (Standing.USED_UP, 0, Status.COMPLETED)
    assert [(each.amount, each.product) for each in done.supply.given] == [(20, "Ibuflam 400")]
    assert await shop.check() is Standing.USED_UP
    assert await shop.status() is Status.COMPLETED
    for late in (shop.counter().accept(), pharmacy.accept(), pharmacy.dispense()):
        with pytest.raises(ConflictError):
            await late


async def test_of_64_that_take_it_on_at_once_one_does(shop: Shop) -> None:
    async def attempt(pharmacy: Counter) -> Counter | None:
        try:
            await pharmacy.accept()
        except ConflictError:
            return None
        return pharmacy

    ends = await asyncio.gather(*(attempt(shop.counter()) for _ in range(64)))
    winners = [each for each in ends if each]
    assert len(winners) == 1
    assert (await winners[0].dispense()).standing is Standing.USED_UP


async def test_of_64_that_give_out_the_last_at_once_one_does(shop: Shop) -> None:
    pharmacy = shop.counter()
    await pharmacy.accept()

    async def attempt() -> bool:
        try:
            await pharmacy.dispense("20")
        except ConflictError:
            return False
        return True

    assert sum(await asyncio.gather(*(attempt() for _ in range(64)))) == 1
    paper, held = await pharmacy.claimed()
    assert (len(paper.supply.given), held) == (1, False)


async def test_a_lost_answer_to_taking_it_on_is_got_by_asking_again(shop: Shop) -> None:
    pharmacy = shop.counter()
    first = await pharmacy.accept()
    assert await pharmacy.accept() == first
    assert (await pharmacy.claimed())[1]
    with pytest.raises(ConflictError, match="Another pharmacy"):
        await shop.counter().accept()


async def test_a_lost_answer_to_giving_out_is_got_by_asking_again_and_nothing_is_given_twice(shop: Shop) -> None:
    pharmacy, which = shop.counter(), new_id()
    await pharmacy.accept()
    ends = await asyncio.gather(*(pharmacy.dispense("5", which=which) for _ in range(8)))
    assert {each.supply.left for each in ends} == {15}
    await pharmacy.dispense("15", which=(last := new_id()))
    again = await pharmacy.dispense("15", which=last)
    assert (again.standing, len(again.supply.given)) == (Standing.USED_UP, 2)


async def test_it_is_given_in_parts_and_never_more_than_there_is(shop: Shop) -> None:
    pharmacy = shop.counter()
    await pharmacy.accept()
    assert (await pharmacy.dispense("8")).supply.left == 12
    for too_much in ("13", "0", "x"):
        with pytest.raises(BadInputError):
            await pharmacy.dispense(too_much)
    assert await shop.status() is Status.ACTIVE
    assert (await pharmacy.dispense()).standing is Standing.USED_UP


async def test_what_is_left_of_a_part_can_be_got_elsewhere_once_it_is_handed_back(shop: Shop) -> None:
    first, second = shop.counter(), shop.counter()
    await first.accept()
    await first.dispense("8")
    await first.hand_back()
    await first.hand_back()
    with pytest.raises(ConflictError):
        await first.dispense("1")
    with pytest.raises(ConflictError, match="used already"):
        await first.accept()
    assert (await second.accept()).supply.left == 12
    assert (await second.dispense()).standing is Standing.USED_UP
    assert not (await first.claimed())[1]


@pytest.mark.parametrize("what", ["accept", "dispense", "hand_back"])
async def test_whatever_changes_something_waits_for_who_holds_the_prescription(shop: Shop, what: str) -> None:
    pharmacy = shop.counter()
    if what != "accept":
        await pharmacy.accept()
    async with shop.database.transaction() as holder:
        await prescriptions.lock(holder, shop.made.id)
        coming = asyncio.create_task(getattr(pharmacy, what)())
        while not await waits_for(shop.database, holder):
            assert not coming.done()
            await asyncio.sleep(0.01)
    await coming  # let go with the commit


@pytest.mark.parametrize("whose", ["another's", "its own"])
async def test_who_takes_on_what_is_being_taken_on_is_answered_by_how_that_ends(shop: Shop, whose: str) -> None:
    """Not by what was true as they asked: that one would fail at the index over open claims, with no sentence."""
    first = shop.counter()
    second = shop.counter() if whose == "another's" else first
    async with shop.database.transaction() as holder:
        paper = await service.accept(holder, shop.vault, shop.made.code, shop.access, first.claim)
        coming = asyncio.create_task(second.accept())
        while not await waits_for(shop.database, holder):
            assert not coming.done()
            await asyncio.sleep(0.01)
    if whose == "its own":
        assert await coming == paper
    else:
        with pytest.raises(ConflictError):
            await coming


async def waits_for(database: Database, holder: Tx) -> bool:
    """Whether somebody waits for what this transaction holds."""
    async with database.transaction() as tx:
        query = "SELECT count(*) FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))"
        return bool(await tx.driver.fetchval(query, holder.driver.get_server_pid()))


async def test_repeats_are_given_one_after_the_other_each_taken_on_anew(shop: Shop) -> None:
    await shop.prescribe(replace(DRAFT, repeats=2))
    for left in (2, 1, 0):
        pharmacy = shop.counter()
        assert (await pharmacy.accept()).supply.left == 20
        done = await pharmacy.dispense()
        assert done.standing is (Standing.READY if left else Standing.USED_UP)
        with pytest.raises(ConflictError):
            await pharmacy.dispense()
    with pytest.raises(ConflictError):
        await shop.counter().accept()


async def test_what_a_pharmacy_forgot_another_can_take_on_after_three_days(shop: Shop) -> None:
    first, second = shop.counter(), shop.counter()
    await first.accept()
    shop.clock.ahead = timedelta(days=2, hours=23)
    with pytest.raises(ConflictError):
        await second.accept()
    await first.dispense("5")
    shop.clock.ahead = timedelta(days=5)
    with pytest.raises(ConflictError):
        await second.accept()
    shop.clock.ahead = timedelta(days=6)
    assert (await second.accept()).supply.left == 15
    with pytest.raises(ConflictError):
        await first.dispense("1")


async def test_a_pharmacy_that_was_late_and_not_replaced_still_gives_it(shop: Shop) -> None:
    pharmacy = shop.counter()
    await pharmacy.accept()
    shop.clock.ahead = timedelta(days=4)
    assert (await pharmacy.dispense()).standing is Standing.USED_UP


async def test_nothing_is_given_after_its_time(shop: Shop) -> None:
    pharmacy = shop.counter()
    await pharmacy.accept()
    shop.clock.ahead = timedelta(days=90)
    assert await shop.check() is Standing.EXPIRED
    for late in (pharmacy.dispense(), shop.counter().accept()):
        with pytest.raises(ConflictError, match="no longer valid"):
            await late


async def test_nothing_is_given_on_what_the_doctor_ended_or_put_on_hold(shop: Shop) -> None:
    pharmacy = shop.counter()
    await pharmacy.accept()
    async with shop.database.transaction() as tx:
        signer = await signer_of(tx, shop.vault)
        await change_prescription(tx, shop.vault, OSEI, signer, shop.made.id, Status.ON_HOLD, "fever first")
    assert await shop.check() is Standing.ON_HOLD
    with pytest.raises(ConflictError, match="on hold"):
        await pharmacy.dispense("1")
    async with shop.database.transaction() as tx:
        signer = await signer_of(tx, shop.vault)
        await change_prescription(tx, shop.vault, OSEI, signer, shop.made.id, Status.ACTIVE, "fever gone")
    await pharmacy.dispense("1")
    async with shop.database.transaction() as tx:
        ended = await withdrawn(tx, shop.vault, shop.made.id, "no longer needed")
    assert ended.status is Status.STOPPED  # something of it was given
    assert await shop.check() is Standing.ENDED
    with pytest.raises(ConflictError, match="withdrawn"):
        await pharmacy.dispense("1")


async def test_without_the_right_secret_nothing_is_seen_or_done(shop: Shop) -> None:
    pharmacy = shop.counter()
    await pharmacy.accept()
    other = shop.access
    await shop.prescribe()
    wrong = [new_typed_secret(), "", "x", other, pharmacy.claim]
    async with shop.database.transaction() as tx:
        for secret in wrong:
            with pytest.raises(RefusedError):
                await service.show(tx, shop.vault, shop.made.code, secret)
            with pytest.raises(RefusedError):
                await service.accept(tx, shop.vault, shop.made.code, secret, new_typed_secret())
            with pytest.raises(RefusedError):
                await service.claimed(tx, shop.vault, shop.made.code, secret)
            with pytest.raises(RefusedError):
                await service.hand_back(tx, shop.vault, shop.made.code, secret)
            with pytest.raises(RefusedError):
                await service.dispense(
                    tx, shop.vault, shop.made.code, secret, new_id(), amount="", product="", pharmacy=""
                )
        with pytest.raises(RefusedError):
            await service.check(tx, shop.vault, "000000")
        with pytest.raises(RefusedError):
            await service.accept(tx, shop.vault, shop.made.code, shop.access, "1234")
    assert await shop.check() is Standing.READY


async def test_the_paper_has_the_same_secret_each_time_and_it_is_not_stored_in_clear(shop: Shop) -> None:
    pharmacy = shop.counter()
    await pharmacy.accept()
    await pharmacy.dispense("7", product="Zyqxwort")
    async with shop.database.transaction() as tx:
        assert await service.access_secret(tx, shop.vault, shop.made) == shop.access
        for table in ("pharmacy_access", "pharmacy_claim", "pharmacy_dispense"):
            rows = await tx.conn.execute(text(f"SELECT row_to_json(t)::text FROM {table} t"))
            for row in rows.scalars():
                for word in (shop.access, pharmacy.claim, "Zyqxwort"):
                    for spelt in (word, word.replace("-", "")):
                        assert spelt not in row
                        assert spelt.encode().hex() not in row


async def test_what_was_tampered_with_is_not_genuine_and_not_given(shop: Shop) -> None:
    async with shop.database.transaction() as tx:
        await tx.conn.execute(text("SET LOCAL session_replication_role = replica"))
        await tx.conn.execute(
            text("UPDATE prescription_version SET signature = set_byte(signature, 0, get_byte(signature, 0) # 1)")
        )
    for deed in (shop.check(), shop.counter().accept()):
        with pytest.raises(ForgedError):
            await deed


async def test_a_withdrawn_one_cannot_be_turned_back(shop: Shop) -> None:
    async with shop.database.transaction() as tx:
        await withdrawn(tx, shop.vault, shop.made.id, "wrong")
    async with shop.database.transaction() as tx:
        await tx.conn.execute(text("UPDATE prescription SET version = 1, status = 'active'"))
    for deed in (shop.check(), shop.counter().accept()):
        with pytest.raises(ForgedError):
            await deed


async def test_a_used_up_one_reads_as_what_the_doctor_signed_and_can_only_be_a_mistake(shop: Shop) -> None:
    pharmacy = shop.counter()
    await pharmacy.accept()
    await pharmacy.dispense()
    async with shop.database.transaction() as tx:
        listed = await prescriptions_of(tx, shop.vault, HERSELF, ANNA)
        assert [(one.version, one.status, one.draft, one.signed_by) for one in listed] == [
            (2, Status.COMPLETED, DRAFT, shop.made.signed_by)
        ]
        assert [one.status for one in await versions_of(tx, shop.vault, HERSELF, ANNA)] == [
            Status.ACTIVE,
            Status.COMPLETED,
        ]
    async with shop.database.transaction() as tx:
        with pytest.raises(ConflictError):
            await withdrawn(tx, shop.vault, shop.made.id, "late")
        signer = await signer_of(tx, shop.vault)
        to = Status.ENTERED_IN_ERROR
        mistake = await change_prescription(tx, shop.vault, OSEI, signer, shop.made.id, to, "another patient")
        assert (mistake.version, mistake.status) == (3, to)
    assert await shop.status() is Status.ENTERED_IN_ERROR


async def test_what_was_given_is_only_added_to(shop: Shop) -> None:
    pharmacy = shop.counter()
    await pharmacy.accept()
    await pharmacy.dispense("1")
    for deed in ("UPDATE pharmacy_dispense SET fill = 2", "DELETE FROM pharmacy_dispense"):
        with pytest.raises(DBAPIError, match="is only added to"):
            async with shop.database.transaction() as tx:
                await tx.conn.execute(text(deed))


async def test_what_pharmacies_see_and_do_is_noted_and_the_public_check_is_no_reading(shop: Shop) -> None:
    async def noted() -> list[tuple[str, str, str]]:
        async with shop.database.transaction() as tx:
            found = await tx.conn.execute(
                select(audit_event).where(audit_event.c.why == "pharmacy").order_by(audit_event.c.at, audit_event.c.id)
            )
            rows = found.all()
        assert {(row.actor, row.subject) for row in rows} <= {(None, ANNA)}
        return [(row.action, row.table_name, "") for row in rows]

    await shop.check()
    assert await noted() == []
    async with shop.database.transaction() as tx:
        await service.show(tx, shop.vault, shop.made.code, shop.access)
    pharmacy = shop.counter()
    await pharmacy.accept()
    await pharmacy.dispense()
    assert [each[:2] for each in await noted()] == [
        ("read", "prescription"),
        ("write", "pharmacy_claim"),
        ("write", "pharmacy_dispense"),
        ("write", "prescription"),
    ]


async def test_errors_speak_and_name_nothing(shop: Shop) -> None:
    with pytest.raises(UserError) as told:
        async with shop.database.transaction() as tx:
            await service.show(tx, shop.vault, shop.made.code, "x")
    for word in (DRAFT.medication, "Anna", "Osei", shop.access):
        assert word not in str(told.value)


async def test_of_an_erased_patient_nothing_is_confirmed_or_given(shop: Shop) -> None:
    pharmacy = shop.counter()
    await pharmacy.accept()
    async with shop.database.transaction() as tx:
        await forget(tx, shop.vault, ANNA, actor=HERSELF.person_id)
    for deed in (shop.check(), pharmacy.claimed(), pharmacy.dispense(), shop.counter().accept()):
        with pytest.raises(ErasedError):
            await deed
