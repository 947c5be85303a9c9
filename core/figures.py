"""The figures for Prometheus of running the service. Their labels are words of ours: never a person or a room."""

from functools import cache

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)

rows = Counter(
    "careconnect_lane_rows", "Rows of inbox and outbox by how their handling ended", ["table", "kind", "end"]
)
row_seconds = Histogram(
    "careconnect_lane_row_seconds",
    "From when a row was written to when its work was committed",
    ["table", "kind"],
    buckets=_SECONDS,
)


@cache
def of_done(table: str, kind: str) -> tuple[Counter, Histogram]:
    """What counts the rows of a kind that were done, and what times them: found once, not for each row."""
    return rows.labels(table, kind, "done"), row_seconds.labels(table, kind)


open_rows = Gauge("careconnect_lane_rows_open", "Rows of inbox and outbox that are not done", ["table", "state"])
oldest_row = Gauge(
    "careconnect_lane_oldest_seconds", "For how long the row that has waited longest has been due", ["table"]
)
database_up = Gauge("careconnect_database_up", "Whether the database answered when this was asked for")
connections = Gauge("careconnect_database_connections", "Connections of the pool that are in use")
leading = Gauge("careconnect_leading", "Whether this process has the device of this bot", ["bot"])
took_lead = Counter("careconnect_took_lead", "How often this process has begun to lead", ["bot"])
homeserver_seconds = Histogram(
    "careconnect_homeserver_request_seconds",
    "Requests to the homeserver, but for long polls, by how they ended: done, refused, or away",
    ["outcome"],
    buckets=_SECONDS,
)
synced_at = Gauge("careconnect_last_sync_timestamp_seconds", "When keys were last asked for with success", ["bot"])
fetched_events = Counter("careconnect_events_fetched", "Events that no transaction had brought in time")
unreadable_events = Counter(
    "careconnect_events_unreadable", "Events whose key did not come, of which a person was told"
)
