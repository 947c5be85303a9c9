"""The role that docs/audit.md gives the service: what it says there is what PostgreSQL refuses."""

import re
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.database import Database
from core.ids import new_id
from records.audit.checkpoint import HeadKey
from records.audit.heads import sign_head
from records.audit.rules import Action, Why
from records.audit.service import note

DOCS = Path(__file__).parents[4] / "docs" / "audit.md"


def grants(role: str) -> list[str]:
    """The statements of the document, for a role of this test's own."""
    written = re.search(r"```sql\n(CREATE ROLE.*?)```", DOCS.read_text(), re.DOTALL)
    assert written
    told = written[1].replace("careconnect_service", role).replace("LOGIN PASSWORD '...'", "NOLOGIN")
    return [each.strip() for each in told.split(";") if each.strip()]


async def done_as(database: Database, role: str, deed: str) -> None:
    async with database.transaction() as tx:
        await tx.conn.execute(text(f"SET LOCAL ROLE {role}"))
        await tx.conn.execute(text(deed))


async def test_the_services_role_works_and_can_change_nothing(database: Database) -> None:
    role = f"service_{uuid4().hex}"
    async with database.transaction() as tx:
        for statement in grants(role):
            await tx.conn.execute(text(statement))
    try:
        async with database.transaction() as tx:
            await tx.conn.execute(text(f"SET LOCAL ROLE {role}"))
            await note(tx, actor=None, action=Action.READ, subject=new_id(), table="prescription", why=Why.DELIVERY)
            assert (await sign_head(tx, HeadKey("care.test/audit", bytes(32)))).checkpoint.size == 1
        for deed in (
            "UPDATE audit_event SET why = 'own'",
            "DELETE FROM audit_leaf",
            "UPDATE audit_node SET hash = ''",
            "DELETE FROM audit_head",
            "UPDATE audit_waiting SET leaf = ''",
            "DELETE FROM emergency_access",
            "TRUNCATE audit_event",
            "ALTER TABLE audit_event DISABLE TRIGGER ALL",
            "DROP TRIGGER audit_event_is_only_added_to ON audit_event",
            "SET LOCAL session_replication_role = replica",
            "DROP TABLE audit_leaf",
        ):
            with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
                await done_as(database, role, deed)
    finally:
        async with database.transaction() as tx:
            await tx.conn.execute(text(f"DROP OWNED BY {role}"))
            await tx.conn.execute(text(f"DROP ROLE {role}"))
