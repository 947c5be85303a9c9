"""`careconnect check` names what is wrong with a real deployment, what to do, and no secret."""

import base64
from typing import Any

import pytest
from pydantic import SecretStr

from appservice.check import Finding, Level, check
from core.database import Database
from core.inbox import receive
from core.settings import Settings
from core.shards import assign
from demo.child import free_port
from demo.postgres import Postgres

KEY = base64.b64encode(bytes(range(32))).decode()


async def findings(settings: Settings) -> dict[str, Finding]:
    """What is found, the worst of each subject."""
    found: dict[str, Finding] = {}
    order = list(Level)
    async for finding in check(settings):
        known = found.get(finding.about)
        if known is None or order.index(finding.level) > order.index(known.level):
            found[finding.about] = finding
    return found


def changed(settings: Settings, section: str, **values: Any) -> Settings:
    part = getattr(settings, section).model_copy(update=values)
    return settings.model_copy(update={section: part})


async def test_of_a_good_deployment_only_the_service_itself_is_missing(settings: Settings) -> None:
    good = changed(settings, "matrix", platform_admins=["@paul:localhost"])
    found = await findings(changed(good, "audit", key=SecretStr(KEY), room="!audit:localhost"))
    assert {about: finding.level for about, finding in found.items() if finding.level != "ok"} == {"ping": "wrong"}
    assert "cannot reach careConnect" in found["ping"].sentence
    assert "PostgreSQL" in found["database"].sentence


@pytest.mark.parametrize(
    ("section", "values", "about", "says"),
    [
        ("matrix", {"as_token": SecretStr("x" * 40)}, "registration", "does not know our as_token"),
        ("matrix", {"as_token": SecretStr("short")}, "tokens", "shorter than 32"),
        ("matrix", {"hs_token": SecretStr("")}, "tokens", "is not set"),
        ("matrix", {"server_name": "care.example"}, "server name", "calls itself localhost"),
        ("matrix", {"keeper": "somebody"}, "registration", "not the keeper"),
        ("matrix", {"bot": "somebody"}, "bot", "not in the service's namespace"),
        ("matrix", {"service_id": "other"}, "ping", "id is not other"),
        ("matrix", {"store_key": SecretStr("")}, "store key", "not set"),
        ("matrix", {"platform_admins": []}, "administrators", "nobody can set up a centre"),
        ("matrix", {"platform_admins": ["paul"]}, "administrators", "cannot be a Matrix id"),
        ("matrix", {"homeserver_url": f"http://127.0.0.1:{free_port()}"}, "homeserver", "does not answer"),
        ("database", {"url": SecretStr("postgresql://u:MARKER@127.0.0.1:1/x")}, "database", "nobody listens there"),
        ("database", {"url": SecretStr("postgresql://u:MARKER@nowhere.invalid/x")}, "database", "no machine of that"),
        ("database", {"url": SecretStr("postgresql://u:MARKER@127.0.0.1:port/x")}, "database", "cannot be read"),
        ("records", {"key": SecretStr("MARKER")}, "records key", ""),
        ("audit", {"key": SecretStr("")}, "audit", "are not signed"),
        ("audit", {"key": SecretStr("MARKER")}, "audit", ""),
        ("audit", {"key": SecretStr(KEY)}, "audit", "in the database alone"),
        ("audit", {"key": SecretStr(KEY), "old_keys": ["MARKER"]}, "audit", "no public key"),
        ("http", {"public_url": "http://care.example"}, "public address", "plain http"),
        ("stripe", {"secret_key": SecretStr("sk_live_MARKER")}, "Stripe webhook", "could be forged"),
        ("stripe", {"secret_key": SecretStr("sk_MARKER"), "api_base": "http://care.example"}, "Stripe", "unencrypted"),
        ("stripe", {"secret_key": SecretStr("sk_MARKER"), "api_base": "http://127.0.0.1:1"}, "Stripe", "be used"),
    ],
)
async def test_what_is_wrong_is_named(
    settings: Settings, section: str, values: dict[str, Any], about: str, says: str
) -> None:
    found = await findings(changed(settings, section, **values))
    assert about in found, list(found.values())[4:]
    assert found[about].level != Level.OK
    assert says in found[about].sentence
    assert found[about].remedy


async def test_a_database_of_another_version_is_to_be_migrated(settings: Settings, postgres: Postgres) -> None:
    postgres.create("checked")
    try:
        found = await findings(changed(settings, "database", url=SecretStr(postgres.url("checked"))))
    finally:
        postgres.drop("checked")
    assert found["schema"].level == Level.WRONG
    assert "careconnect migrate" in found["schema"].remedy


async def test_work_that_was_given_up_is_counted(settings: Settings, database: Database) -> None:
    async with database.transaction() as tx:
        await receive(tx, kind="matrix", event_id="$1", lane="room", payload=b"")
        await tx.conn.exec_driver_sql("UPDATE inbox SET state = 'failed'")
    found = await findings(settings)
    assert found["work"].level == Level.WARNING
    assert found["work"].sentence.startswith("1 pieces")


async def test_no_secret_is_printed(settings: Settings) -> None:
    marked = {
        "database": {"url": SecretStr("postgresql://u:MARKER@127.0.0.1:1/MARKER")},
        "matrix": {name: SecretStr("MARKER") for name in ("as_token", "hs_token", "store_key")},
        "records": {"key": SecretStr("MARKER")},
        "stripe": {
            "secret_key": SecretStr("MARKER"),
            "webhook_secret": SecretStr("MARKER"),
            "api_base": "http://[::1]:1",
        },
    }
    for section, values in marked.items():
        settings = changed(settings, section, **values)
    assert "MARKER" not in repr([finding async for finding in check(settings)])


async def test_bots_that_are_not_configured_any_more_are_missed(settings: Settings, database: Database) -> None:
    async with database.transaction() as tx:
        await assign(tx, ["room:!a"], 2)
    found = await findings(changed(settings, "matrix", shards=2))
    assert found["bots"].level == Level.WRONG
    assert "bot number 3" in found["bots"].sentence
    found = await findings(changed(settings, "matrix", shards=3))
    assert found["bots"].level != Level.WRONG
