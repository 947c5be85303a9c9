"""What Prometheus and Grafana are given asks for figures that there are, in words that Prometheus understands."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families

import appservice.process  # noqa: F401  (every figure of the service is declared)
from appservice.watching import routes
from core import figures
from core.database import Database
from demo.child import free_port
from demo.postgres import Postgres

_DEPLOY = Path(__file__).parents[3] / "deploy"
_PROMETHEUS_OWN = {"up"}
"""Figures that Prometheus makes itself."""
Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def client(database: Database) -> AsyncIterator[Client]:
    application = web.Application()
    application.add_routes(routes(database))
    async with TestClient(TestServer(application)) as asking:
        yield asking


def alerts() -> list[dict[str, Any]]:
    rules = yaml.safe_load((_DEPLOY / "prometheus" / "alerts.yml").read_text())
    return [rule for group in rules["groups"] for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    return dict(json.loads((_DEPLOY / "grafana" / "careconnect.json").read_text()))


def expressions() -> Iterator[str]:
    for rule in alerts():
        yield rule["expr"]
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            yield target["expr"]


def names_in(expression: Any) -> set[str]:
    """The figures that a parsed expression asks for."""
    found: set[str] = set()
    name = getattr(expression, "name", None)
    if type(expression).__name__ == "VectorSelector" and name:
        found.add(name)
    for part in ("lhs", "rhs", "expr", "vector_selector", "param"):
        inner = getattr(expression, part, None)
        if inner is not None:
            found |= names_in(inner)
    for argument in getattr(expression, "args", None) or []:
        found |= names_in(argument)
    return found


async def test_every_figure_that_is_asked_for_is_there(client: Client) -> None:
    answer = await client.get("/metrics")
    given = set()
    for family in text_string_to_metric_families(await answer.text()):
        suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}.get(family.type, ("",))
        given |= {family.name + suffix for suffix in suffixes}
    asked: set[str] = set()
    for expression in expressions():
        names = names_in(promql_parser.parse(expression))
        assert names, expression
        asked |= names
    assert asked - given - _PROMETHEUS_OWN == set()
    declared = {figure._name for figure in vars(figures).values() if isinstance(figure, MetricWrapperBase)}
    assert {name for name in declared if not any(one.startswith(name) for one in asked)} == set()


def test_what_is_no_promql_is_seen() -> None:
    with pytest.raises(ValueError, match="unclosed"):
        promql_parser.parse("sum by (le (rate(x[5m]))")


def test_every_alert_says_how_bad_it_is_and_is_explained() -> None:
    explained = (_DEPLOY.parent / "docs" / "operations.md").read_text()
    names = [rule["alert"] for rule in alerts()]
    assert len(set(names)) == len(names)
    for rule in alerts():
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"].endswith(".")
        assert f"`{rule['alert']}`" in explained, rule["alert"]


def test_the_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard()["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


async def test_figures_hold_nothing_personal(client: Client) -> None:
    """Labels are words of ours: bots, tables, kinds of work, how a thing ended."""
    answer = await client.get("/metrics")
    labels = {
        name
        for family in text_string_to_metric_families(await answer.text())
        if family.name.startswith("careconnect")
        for sample in family.samples
        for name in sample.labels
    }
    assert labels <= {"table", "kind", "end", "state", "bot", "outcome", "le"}


async def test_it_is_ready_when_the_database_has_its_schema(client: Client, database: Database) -> None:
    async def ready() -> tuple[int, str]:
        answer = await client.get("/health/ready")
        return answer.status, await answer.text()

    async def schema(revision: str) -> None:
        async with database.transaction() as tx:
            await tx.conn.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")

    assert await ready() == (200, "ready\n")
    await schema("0001_core")
    status, why = await ready()
    assert status == 503
    assert "careconnect migrate" in why
    await schema("9999_of_the_next_version")  # an upgrade is under way: the old version serves on
    assert await ready() == (200, "ready\n")


async def test_it_lives_and_gives_figures_without_a_database(postgres: Postgres) -> None:
    nowhere = Database(f"postgresql://nobody@127.0.0.1:{free_port()}/none", pool=4)
    application = web.Application()
    application.add_routes(routes(nowhere))
    async with TestClient(TestServer(application)) as client:
        assert (await client.get("/health/live")).status == 200
        assert (await client.get("/health/ready")).status == 503
        answer = await client.get("/metrics")
        assert answer.status == 200
        assert "careconnect_database_up 0.0" in await answer.text()
    await nowhere.close()
