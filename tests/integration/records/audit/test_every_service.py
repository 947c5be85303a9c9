"""Every service that opens or changes records leaves an entry: by walking all of them, and by calling some."""

import ast
from collections.abc import Awaitable, Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from core.database import Database, Tx
from core.ids import new_id
from records.access import Kind, Reader
from records.audit.looks import looks_at
from records.consents.emergencies import emergency_to_tell, open_emergencies, open_emergency
from records.consents.service import consents_of, give_consent, given_to, withdraw_consent
from records.history import Matter, history_of
from records.prescriptions.allergies import allergies_of, state_allergies
from records.prescriptions.service import prescription, prescription_to_send, prescriptions_of
from records.sealing import Vault
from tests.integration.records.ward import ANNA, HERSELF, OSEI, STRANGER, new_vault, prescribed

ROOT = Path(__file__).parents[4]
FILES = [
    *(ROOT / "records").rglob("*.py"),
    *(ROOT / "booking" / "sharing").glob("*.py"),
    ROOT / "booking" / "appointments" / "reasons.py",
    ROOT / "booking" / "referrals" / "service.py",
    ROOT / "booking" / "questions" / "service.py",
]
ROOMS_WITHOUT_DECISIONS = ("records.rotation", "records.erasure", "records.export.held")
"""Seals anew what stays sealed; destroys keys (erasure.forget notes it); rows of an export that is noted as a whole."""
LEAVES_NONE = {
    "booking.referrals.service.book": "a visit, not a record; booking's history has it",
    "booking.referrals.service.by_id": "without the note: to whom, and until when",
    "booking.referrals.service.check_unused": "without the note",
    "booking.referrals.service.open_referrals": "without the note",
    "booking.referrals.service.written": "without the note",
    "booking.sharing.service.shared_with": "what is open to oneself: kinds and dates, nothing of the records",
    "records.documents.service.versions_to_export": "part of an export, which export.service notes",
    "records.files.service.not_filed": "files that the reader sent a moment ago and has not said whose they are",
    "records.pharmacy.service.access_secret": "part of a copy, which prescription_to_send notes",
    "records.pharmacy.service.check": "whether a prescription is genuine, and nothing of it",
    "records.prescriptions.favourites.add_favourite": "a doctor's own habits; no patient's",
    "records.prescriptions.favourites.habits_of": "a doctor's own habits; no patient's",
    "records.prescriptions.favourites.remember": "a doctor's own habits; no patient's",
    "records.prescriptions.favourites.remove_favourite": "a doctor's own habits; no patient's",
    "records.signing.service.begin_signing": "a doctor's own key, of no use before it is confirmed",
    "records.signing.service.key_of": "a doctor's own key, its public part",
    "records.signing.service.signing_picture": "a doctor's own key, before it is confirmed",
    "records.signing.service.unlock_signing": "a doctor's own key; what it signs is noted",
}
"""Services that take a transaction and the vault or a reader, and need no entry: why not."""

Name = tuple[str, str]


@cache
def functions() -> dict[Name, ast.AsyncFunctionDef | ast.FunctionDef]:
    return {
        (module, node.name): node
        for module, tree in modules().items()
        for node in tree.body
        if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef)
    }


@cache
def modules() -> dict[str, ast.Module]:
    return {
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): ast.parse(file.read_text())
        for file in FILES
    }


@cache
def imported(module: str) -> dict[str, Name]:
    return {
        alias.asname or alias.name: (node.module, alias.name)
        for node in ast.walk(modules()[module])
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def calls(name: Name) -> Iterator[Name]:
    names = imported(name[0])
    for node in ast.walk(functions()[name]):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield names.get(node.func.id, (name[0], node.func.id))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of = node.func.value
            if isinstance(of, ast.Name) and of.id in names:
                yield ".".join(names[of.id]), node.func.attr


def notes(name: Name, on_the_way: frozenset[Name] = frozenset()) -> bool:
    """Whether a function leads to an entry of the audit, in its own code or in what it calls."""
    if name == ("records.audit.service", "note_all"):
        return True
    if name in on_the_way or name not in functions():
        return False
    return any(notes(each, on_the_way | {name}) for each in calls(name))


def services() -> list[str]:
    """Public functions that take a transaction and may open or change records. Stores decide and note nothing."""
    found = []
    for (module, name), node in functions().items():
        arguments = {each.arg for each in (*node.args.args, *node.args.kwonlyargs)}
        opens = arguments & {"vault", "reader"} or (module.startswith("booking") and "ctx" in arguments)
        public = isinstance(node, ast.AsyncFunctionDef) and not name.startswith("_")
        if public and "tx" in arguments and opens and not module.endswith(".store"):
            found.append(f"{module}.{name}")
    return [each for each in found if not each.startswith(ROOMS_WITHOUT_DECISIONS)]


def test_every_service_leads_to_an_entry_or_says_why_not() -> None:
    silent = {each for each in services() if not notes(tuple(each.rsplit(".", 1)))}  # type: ignore[arg-type]
    assert silent - LEAVES_NONE.keys() == set(), "note what is read or written (records.audit.service), or say why not"
    assert LEAVES_NONE.keys() - silent == set(), "these leave one now"
    assert len(services()) > 50


def test_the_walk_would_find_one_that_leaves_none() -> None:
    assert not notes(("records.consents.service", "given_to"))
    assert notes(("records.history", "history_of"))  # by way of three others


async def entries(tx: Tx) -> list[tuple[str, str, str, object]]:
    found = await tx.conn.execute(
        text("SELECT action, table_name, why, actor FROM audit_event WHERE subject = :anna ORDER BY at, id"),
        {"anna": ANNA},
    )
    return [tuple(row) for row in found]  # type: ignore[misc]


Call = Callable[[Tx, Vault, Any], Awaitable[Any]]
AT_HOME = Reader(HERSELF.person_id, own=frozenset({ANNA}), treats=frozenset(), practitioner_id=None)
GUARDIAN = Reader(new_id(), own=frozenset({ANNA}), treats=frozenset(), practitioner_id=None, wards=frozenset({ANNA}))
FRIEND = Reader(
    new_id(), frozenset(), frozenset(), None, consents=frozenset({(ANNA, Kind.PRESCRIPTION), (ANNA, Kind.ALLERGIES)})
)
RESCUER = Reader(new_id(), frozenset(), frozenset(), new_id(), emergencies=frozenset({ANNA}))
CALLS: list[tuple[str, Call, tuple[str, str, str], Reader | None]] = [
    ("a doctor reads", lambda tx, v, rx: prescription(tx, v, OSEI, rx.id), ("read", "prescription", "care"), OSEI),
    ("they read all", lambda tx, v, rx: prescriptions_of(tx, v, OSEI, ANNA), ("read", "prescription", "care"), OSEI),
    (
        "a guardian",
        lambda tx, v, rx: history_of(tx, v, GUARDIAN, ANNA, limit=9, matters=[Matter.PRESCRIPTION]),
        ("read", "prescription", "guardian"),
        GUARDIAN,
    ),
    ("a friend", lambda tx, v, rx: prescription(tx, v, FRIEND, rx.id), ("read", "prescription", "consent"), FRIEND),
    ("a friend asks", lambda tx, v, rx: allergies_of(tx, v, FRIEND, ANNA), ("read", "allergy_list", "consent"), FRIEND),
    ("a rescuer", lambda tx, v, rx: allergies_of(tx, v, RESCUER, ANNA), ("read", "allergy_list", "emergency"), RESCUER),
    (
        "a rescuer writes",
        lambda tx, v, rx: state_allergies(tx, v, RESCUER, ANNA, ["latex"]),
        ("write", "allergy_list", "emergency"),
        RESCUER,
    ),
    ("it is sent", lambda tx, v, rx: prescription_to_send(tx, v, rx.id), ("read", "prescription", "delivery"), None),
    (
        "the patient shares",
        lambda tx, v, rx: give_consent(
            tx, AT_HOME, ANNA, given_to=FRIEND.person_id, kinds=[Kind.NOTE], until=None, side=[AT_HOME.person_id]
        ),
        ("write", "consent", "own"),
        AT_HOME,
    ),
    ("they look what is shared", lambda tx, v, rx: consents_of(tx, AT_HOME, ANNA), ("read", "consent", "own"), AT_HOME),
    (
        "they look who looked",
        lambda tx, v, rx: looks_at(tx, AT_HOME, [ANNA], zone="Europe/Berlin", before=tx.now, skip=0, most=5),
        ("read", "audit_event", "own"),
        AT_HOME,
    ),
    (
        "an emergency",
        lambda tx, v, rx: open_emergency(tx, v, OSEI, ANNA, "found unconscious"),
        ("write", "emergency_access", "emergency"),
        OSEI,
    ),
]


async def test_what_is_called_leaves_its_entry_with_who_and_why(database: Database) -> None:
    vault = new_vault()
    async with database.transaction() as tx:
        rx = await prescribed(tx, vault)
    for what, call, expected, reader in CALLS:
        async with database.transaction() as tx:
            before = await entries(tx)
            await call(tx, vault, rx)
            [left] = (await entries(tx))[len(before) :]
            assert left == (*expected, reader.person_id if reader else None), what


async def test_a_refusal_is_no_access_and_leaves_nothing(database: Database) -> None:
    from core.errors import RefusedError

    vault = new_vault()
    async with database.transaction() as tx:
        rx = await prescribed(tx, vault)
        before = await entries(tx)
        for call in (
            lambda: prescription(tx, vault, STRANGER, rx.id),
            lambda: allergies_of(tx, vault, STRANGER, ANNA),
            lambda: history_of(tx, vault, STRANGER, ANNA, limit=9),
            lambda: consents_of(tx, OSEI, ANNA),
            lambda: open_emergency(tx, vault, HERSELF, ANNA, "found unconscious"),
            lambda: looks_at(tx, OSEI, [ANNA], zone="UTC", before=tx.now, skip=0, most=5),
        ):
            with pytest.raises(RefusedError):
                await call()
        assert await entries(tx) == before


async def test_a_consent_and_an_emergency_are_kept_as_they_were(database: Database) -> None:
    vault, friend = new_vault(), FRIEND.person_id
    async with database.transaction() as tx:
        how: Any = {"given_to": friend, "until": None, "side": [AT_HOME.person_id]}
        await give_consent(tx, AT_HOME, ANNA, kinds=[Kind.NOTE, Kind.ALLERGIES], **how)
        await give_consent(tx, AT_HOME, ANNA, kinds=[Kind.NOTE], **how)  # again: in the place of the first
        assert [each.kind for each in await given_to(tx, friend)] == [Kind.ALLERGIES, Kind.NOTE]
        [ended] = await withdraw_consent(tx, AT_HOME, ANNA, friend, [Kind.NOTE])
        assert (ended.kind, ended.withdrawn_at) == (Kind.NOTE, tx.now)
        assert [each.kind for each in await given_to(tx, friend)] == [Kind.ALLERGIES]
        assert (await tx.conn.execute(text("SELECT count(*) FROM consent"))).scalar_one() == 3
        made = await open_emergency(tx, vault, OSEI, ANNA, " found  unconscious ")
        assert await open_emergencies(tx, OSEI.person_id) == {ANNA: made.id}
        assert await open_emergencies(tx, HERSELF.person_id) == {}
        told = await emergency_to_tell(tx, vault, made.id)
        assert (told.reason, told.until, told.practitioner_id) == (
            "found unconscious",
            made.until,
            made.practitioner_id,
        )
        stored = (await tx.conn.execute(text("SELECT reason FROM emergency_access"))).scalar_one()
        assert b"unconscious" not in stored
