"""Registration tokens, made on the homeserver by Synapse's admin API, so that whoever is invited can have an account.

https://element-hq.github.io/synapse/latest/usage/administration/admin_api/registration_tokens.html
"""

import json
from datetime import datetime

import aiohttp

from appservice.matrix.api import AwayError, MatrixError, read_answer
from core.settings import MatrixSettings


class RegistrationTokens:
    """The homeserver's list of tokens, seen with the token of one of its admins."""

    def __init__(self, session: aiohttp.ClientSession, matrix: MatrixSettings) -> None:
        self._session = session
        self._url = f"{matrix.homeserver_url.rstrip('/')}/_synapse/admin/v1/registration_tokens/new"
        self._admin = matrix.admin_token.get_secret_value()

    async def make(self, token: str, expires: datetime) -> None:
        """Make a token that is good for one account until `expires` (aware); that it is there already is fine.

        Raises AwayError, MatrixError.
        """
        body = {"token": token, "uses_allowed": 1, "expiry_time": int(expires.timestamp() * 1000)}
        try:
            async with self._session.post(
                self._url,
                data=json.dumps(body),
                headers={"Authorization": f"Bearer {self._admin}", "Content-Type": "application/json"},
                timeout=aiohttp.ClientTimeout(total=60),
            ) as answer:
                read_answer(answer.status, await answer.read())
        except (aiohttp.ClientError, TimeoutError, OSError) as away:
            raise AwayError(type(away).__name__) from away
        except MatrixError as refused:
            if refused.status != 400 or "already exists" not in str(refused.body.get("error", "")).lower():
                raise
