"""What docker-compose.yml needs and the repository cannot hold: one deployment's names and secrets, made once."""

import base64
import json
import secrets
from collections.abc import Sequence
from pathlib import Path

from pydantic import SecretStr

from appservice.registration import registration
from core.settings import MatrixSettings

_CONFIGURATION = """\
# careConnect's configuration. Every setting is explained in core/settings.py.
# Keep a copy of this file apart from the database's backups: without its keys nothing in them can be read.

[http]
host = "0.0.0.0"
port = 8100
public_url = {public_url}

[database]
url = {database_url}

[matrix]
homeserver_url = "http://synapse:8008"
server_name = {server_name}
as_token = {as_token}
hs_token = {hs_token}
store_key = {store_key}
platform_admins = {admins}

[records]
key = {records_key}

# Without a secret key, centres take payment at the desk. The endpoint for webhooks is {webhook}.
[stripe]
secret_key = ""
webhook_secret = ""
"""


class DeploymentExistsError(Exception):
    """There is one in that folder; its secrets are never written over."""


def new_deployment(folder: Path, *, server_name: str, admins: Sequence[str], email: str) -> None:
    """Write a new deployment's files into a new folder that only its owner can enter.

    The files themselves are readable: the containers see them as users of their own. Raises DeploymentExistsError.
    """
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise DeploymentExistsError(f"{folder} exists. Remove it, or name another folder.") from None
    for name, text in _files(server_name, admins, email).items():
        (folder / name).write_text(text)


def _files(server_name: str, admins: Sequence[str], email: str) -> dict[str, str]:
    tokens = {name: secrets.token_urlsafe(32) for name in ("as_token", "hs_token")}
    passwords = {name: secrets.token_urlsafe(24) for name in ("postgres", "synapse", "careconnect")}
    public_url = f"https://{server_name}"
    values = {
        **tokens,
        "public_url": public_url,
        "database_url": f"postgresql://careconnect:{passwords['careconnect']}@postgres/careconnect",
        "server_name": server_name,
        "store_key": secrets.token_urlsafe(32),
        "admins": list(admins),
        "records_key": base64.b64encode(secrets.token_bytes(32)).decode(),
    }
    quoted = {name: json.dumps(value) for name, value in values.items()}  # a JSON string or list is TOML too
    matrix = MatrixSettings(
        server_name=server_name,
        **{name: SecretStr(token) for name, token in tokens.items()},  # type: ignore[arg-type]
    )
    return {
        ".env": f"SERVER_NAME={server_name}\nOPERATOR_EMAIL={email}\n",
        "careconnect.toml": _CONFIGURATION.format(**quoted, webhook=f"{public_url}/stripe/webhook"),
        "registration.yaml": registration(matrix, "http://careconnect:8100"),
        "synapse.yaml": _synapse(server_name, passwords["synapse"]),
        **{f"{name}_password": password for name, password in passwords.items()},
    }


def _synapse(server_name: str, password: str) -> str:
    """The second file of Synapse's configuration, after synapse/homeserver.yaml."""
    values = {
        "server_name": server_name,
        "public_baseurl": f"https://{server_name}/",
        "macaroon_secret_key": secrets.token_urlsafe(32),
        "form_secret": secrets.token_urlsafe(32),
        "registration_shared_secret": secrets.token_urlsafe(32),
        "database": {
            "name": "psycopg2",
            "args": {
                "host": "postgres",
                "user": "synapse",
                "password": password,
                "dbname": "synapse",
                "cp_min": 5,
                "cp_max": 10,
            },
        },
    }
    lines = [f"{name}: {json.dumps(value)}" for name, value in values.items()]
    return "# What is this deployment's own; the rest is in synapse/homeserver.yaml.\n" + "\n".join(lines) + "\n"
