"""Doctors' public keys, for anybody who checks a signature. Whose a key is, it does not say."""

import json
from uuid import UUID

from aiohttp import web

from core.database import Database
from records.signing.jws import jwk_of
from records.signing.service import public_keys


def routes(database: Database) -> list[web.RouteDef]:
    """GET /signing-keys/{id}: a key that is or was in force, as JWK (RFC 7517), under the `kid` of a signature."""

    async def key(request: web.Request) -> web.Response:
        try:
            key_id = UUID(request.match_info["id"])
        except ValueError:
            raise web.HTTPNotFound from None
        async with database.transaction() as tx:
            found = (await public_keys(tx, {key_id})).get(key_id)
        if found is None:
            raise web.HTTPNotFound
        return web.Response(
            text=json.dumps(jwk_of(found.id, found.public)),
            content_type="application/jwk+json",
            headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
        )

    return [web.get("/signing-keys/{id}", key)]
