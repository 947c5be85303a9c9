"""What docker-compose.yml needs and the repository cannot hold: one deployment's names and secrets, made once."""

import base64
import json
import re
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

# Signs who looked at what; see docs/audit.md. Publish the public key (`careconnect audit key`), and let heads_file lie
# where the database's administrator cannot write.
[audit]
key = {audit_key}
heads_file = "/var/lib/careconnect/audit-heads"

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


class NoTokensError(Exception):
    """The folder has no configuration and registration with the same tokens; nothing was changed."""


def rotate_tokens(folder: Path) -> None:
    """Put new tokens into careconnect.toml and registration.yaml of a deployment, each file replaced as a whole.

    Should it be ended between the two, it can be run again: what counts is what stands in the configuration.
    Raises NoTokensError.
    """
    configuration, registered = folder / "careconnect.toml", folder / "registration.yaml"
    try:
        texts = {file: file.read_text("utf-8") for file in (configuration, registered)}
    except OSError as missing:
        raise NoTokensError(f"{folder} has to hold careconnect.toml and registration.yaml.") from missing
    for name in ("as_token", "hs_token"):
        new = json.dumps(secrets.token_urlsafe(32))
        for file, between in ((configuration, " = "), (registered, ": ")):
            texts[file], times = re.subn(rf"(?m)^{name}{between}.*$", f"{name}{between}{new}", texts[file])
            if times != 1:
                raise NoTokensError(f"{file} has no line with {name}.")
    for file, text in texts.items():
        written = file.with_suffix(".new")
        written.touch(mode=file.stat().st_mode & 0o777)
        written.write_text(text, "utf-8")
        written.replace(file)


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
        "audit_key": base64.b64encode(secrets.token_bytes(32)).decode(),
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
