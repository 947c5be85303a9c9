"""The door through which the homeserver speaks to us: the application service API, version 1.

Specification: https://spec.matrix.org/v1.16/application-service-api/
"""

import json
from collections.abc import Awaitable, Callable

from aiohttp import web
from sqlalchemy import select, update

from appservice.matrix.api import Json
from appservice.matrix.bots import invited
from appservice.matrix.filtering import EVENT, MEMBER, kept, well_formed
from appservice.matrix.people import People
from appservice.outgoing import lane_of
from core.database import Database, Tx
from core.ids import id_of, same
from core.inbox import Came, inbox, keeping, receive_all, receive_at_once
from core.settings import MatrixSettings

# Of consultation rooms nothing is kept but who came and went.
_KEEP = keeping(
    unless=f"came.kind <> '{MEMBER}'"
    " AND EXISTS (SELECT FROM consultation_room c WHERE c.room_id = substr(came.lane, 6))"
)
_Handler = Callable[[web.Request], Awaitable[web.Response]]


def routes(database: Database, matrix: MatrixSettings, people: People) -> list[web.RouteDef]:
    """The homeserver's requests. Each is refused without the hs_token."""
    token = matrix.hs_token.get_secret_value()

    def guarded(handler: _Handler) -> _Handler:
        async def guard(request: web.Request) -> web.Response:
            scheme, _, given = request.headers.get("Authorization", "").partition(" ")
            if scheme != "Bearer" or not given:
                return _refuse(401, "M_MISSING_TOKEN")
            # An empty token is no token: it would let everybody in.
            if not token or not same(given, token):
                return _refuse(403, "M_FORBIDDEN")
            return await handler(request)

        return guard

    async def transaction(request: web.Request) -> web.Response:
        try:
            events = (await request.json())["events"]
        except (ValueError, KeyError, TypeError):
            return _refuse(400, "M_NOT_JSON")
        await _keep_at_once(database, matrix, events)  # answered only once it is on disk: else it comes again
        return web.json_response({})

    async def user(request: web.Request) -> web.Response:
        """Whether a user of ours exists. Ours are made at start; none is made on being asked."""
        known = request.match_info["user_id"] in (*matrix.bot_ids, matrix.keeper_id)
        return web.json_response({}) if known else _refuse(404, "M_NOT_FOUND")

    async def alias(_request: web.Request) -> web.Response:
        """Whether a room has this alias: our aliases live for a moment, and nobody is let in by them."""
        return _refuse(404, "M_NOT_FOUND")

    async def ping(_request: web.Request) -> web.Response:
        return web.json_response({})

    async def contact(request: web.Request) -> web.Response:
        """Whether one user lets another write to them, or invite them, first: for the homeserver's module."""
        user, by = request.query.get("user", ""), request.query.get("by", "")
        if not user or not by:
            return _refuse(400, "M_MISSING_PARAM")
        async with database.transaction() as tx:
            return web.json_response({"allowed": await people.may_contact(tx, user, by)})

    base = "/_matrix/app/v1"
    return [
        web.put(base + "/transactions/{txn_id}", guarded(transaction)),
        web.get(base + "/users/{user_id}", guarded(user)),
        web.get(base + "/rooms/{alias}", guarded(alias)),
        web.post(base + "/ping", guarded(ping)),
        web.get("/_careconnect/v1/contact", guarded(contact)),
    ]


async def keep(tx: Tx, matrix: MatrixSettings, events: list[Json]) -> set[str]:
    """Put into the inbox what is of use; what comes again changes nothing. Returns the ids of what was new."""
    useful = _useful(matrix, events)
    for kind, what in useful:
        if _invites(kind, what):
            await invited(tx, matrix, str(what["state_key"]), what["room_id"])
    new = await receive_all(tx, _came(useful), _KEEP)
    for event in filter(_takes_back, events):
        await _taken_back(tx, event)
    return new


async def _keep_at_once(database: Database, matrix: MatrixSettings, events: list[Json]) -> None:
    """As `keep` does. What people say is one statement, and what we said ourselves none."""
    useful = _useful(matrix, events)
    if not any(_invites(*use) for use in useful) and not any(map(_takes_back, events)):
        await receive_at_once(database, _came(useful), _KEEP)
        return
    async with database.transaction() as tx:
        await keep(tx, matrix, events)


_Use = tuple[str, Json]


def _useful(matrix: MatrixSettings, events: list[Json]) -> list[_Use]:
    ours = (*matrix.bot_ids, matrix.keeper_id)
    return [use for event in events if (use := kept(event, ours))]


def _invites(kind: str, what: Json) -> bool:
    return kind == MEMBER and what["content"]["membership"] == "invite"


def _came(useful: list[_Use]) -> list[Came]:
    return [Came(kind, what["event_id"], lane_of(what["room_id"]), json.dumps(what).encode()) for kind, what in useful]


def _takes_back(event: Json) -> bool:
    return isinstance(event, dict) and event.get("type") == "m.room.redaction" and well_formed(event)


async def _taken_back(tx: Tx, event: Json) -> None:
    """A person has removed a message of theirs: if it is still waiting (for its key, or for its turn), it is not heard.

    What was heard already has done its work; its words are in no table.
    """
    content = event.get("content")
    redacted = event.get("redacts") or (content.get("redacts") if isinstance(content, dict) else None)
    waits = inbox.c.id == id_of(f"{EVENT}:{redacted}"), inbox.c.state.in_(["waiting", "blocked"])
    found = await tx.conn.execute(select(inbox.c.id, inbox.c.payload).where(*waits).with_for_update(skip_locked=True))
    row = found.one_or_none()
    if row and json.loads(row.payload).get("sender") == event["sender"]:
        gone = {"state": "done", "result": "taken back", "payload": b"", "waits_for": None, "done_at": tx.now}
        await tx.conn.execute(update(inbox).where(inbox.c.id == row.id).values(**gone))


def _refuse(status: int, code: str) -> web.Response:
    return web.json_response({"errcode": code}, status=status)
