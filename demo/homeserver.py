"""A real Synapse on loopback, for the demo and the tests.

Its configuration is synapse/homeserver.yaml, as in production; what differs stands here, in the second file.
"""

import hashlib
import hmac
import json
import secrets
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from sqlalchemy.engine import make_url

from demo.certificates import Certificates
from demo.child import Child, free_port

_TEMPLATES = Path(__file__).parents[1] / "synapse"
_NO_LIMIT = {"per_second": 10_000, "burst_count": 10_000}
# Demo and tests are many people behind one address, in a hurry.
_RATE_LIMITS: dict[str, Any] = {
    **dict.fromkeys(
        "rc_message rc_registration rc_admin_redaction rc_room_creation rc_joins_per_room rc_delayed_event_mgmt"
        " rc_key_requests rc_3pid_validation rc_registration_token_validity rc_reports rc_media_create".split(),
        _NO_LIMIT,
    ),
    "rc_login": dict.fromkeys(("address", "account", "failed_attempts"), _NO_LIMIT),
    "rc_joins": dict.fromkeys(("local", "remote"), _NO_LIMIT),
    "rc_invites": dict.fromkeys(("per_room", "per_user", "per_issuer"), _NO_LIMIT),
    "rc_presence": {"per_user": _NO_LIMIT},
}


class HomeserverError(Exception):
    """Synapse refused what was asked: its error code and sentence."""


class Homeserver:
    """A homeserver whose data stays in `folder`.

    `database` is a PostgreSQL address in libpq's form; without one SQLite is used. With `certificates` it federates:
    its name is then localhost:PORT of a TLS listener, so that another such server finds it. `policy` changes what
    synapse/homeserver.yaml sets for the module; None leaves the module out, as on a server of somebody else's.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        server_name: str = "localhost",
        database: str | None = None,
        registrations: Sequence[Path] = (),
        certificates: Certificates | None = None,
        tls_port: int | None = None,
        log: Path | None = None,
        policy: Mapping[str, Any] | None = MappingProxyType({}),
        settings: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self.folder = folder.absolute()
        self.port = port or free_port()
        self.url = f"http://localhost:{self.port}"
        self._database = database
        self._registrations = registrations
        self._certificates = certificates
        self._policy = policy
        self._settings = settings
        self._tls_port = (tls_port or free_port()) if certificates else None
        self.server_name = f"localhost:{self._tls_port}" if certificates else server_name
        files = [_TEMPLATES / "homeserver.yaml", self.folder / "homeserver.json"]
        command = [sys.executable, "-m", "synapse.app.homeserver", *(f"--config-path={file}" for file in files)]
        self.environment = {"PYTHONPATH": str(_TEMPLATES)}
        """Where the policy module is."""
        log = log or self.folder / "synapse.log"
        self.child = Child("Synapse", command, log, env=self.environment, folder=self.folder)

    def start(self) -> None:
        """Write the configuration, start, and return when it answers. Raises ChildError."""
        self.write()
        self.child.start()
        self.wait()

    def wait(self) -> None:
        """Return when it answers. Raises ChildError."""
        self.child.wait_for(f"http://127.0.0.1:{self.port}/health")

    def stop(self) -> None:
        self.child.stop()

    def write(self) -> None:
        """Write the second configuration file and, the first time, the secrets."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "homeserver.json").write_text(json.dumps(self._overrides(), indent=1))  # JSON is YAML

    def _overrides(self) -> dict[str, Any]:
        resources = [{"names": ["client", "federation", "openid"]}]
        loopback = {"type": "http", "bind_addresses": ["127.0.0.1"], "resources": resources}
        listeners = [{**loopback, "port": self.port, "tls": False}]
        values: dict[str, Any] = {
            "server_name": self.server_name,
            "public_baseurl": f"{self.url}/",
            "pid_file": f"{self.folder}/homeserver.pid",
            "signing_key_path": f"{self.folder}/signing.key",
            "media_store_path": f"{self.folder}/media",
            "log_config": f"{_TEMPLATES}/log.yaml",
            "listeners": listeners,
            "database": self._database_section(),
            "app_service_config_files": [str(file.absolute()) for file in self._registrations],
            "macaroon_secret_key": self._secret("macaroon"),
            "form_secret": self._secret("form"),
            "registration_shared_secret": self._secret("registration"),
            # Whoever tries the demo registers as a patient would, but without an e-mail to verify.
            "enable_registration": True,
            "enable_registration_without_verification": True,
            "bcrypt_rounds": 4,
            **_RATE_LIMITS,
            "modules": self._modules(),
        }
        if self._certificates:
            listeners.append({**loopback, "port": self._tls_port, "tls": True})
            values |= {
                "tls_certificate_path": str(self._certificates.certificate),
                "tls_private_key_path": str(self._certificates.key),
                "federation_custom_ca_list": [str(self._certificates.authority)],
                "ip_range_blacklist": [],  # the other server is on loopback too
            }
        return {**values, **self._settings}

    def _modules(self) -> list[dict[str, Any]]:
        if self._policy is None:
            return []
        configured: list[dict[str, Any]] = yaml.safe_load((_TEMPLATES / "homeserver.yaml").read_text())["modules"]
        return [{**module, "config": {**module["config"], **self._policy}} for module in configured]

    def _database_section(self) -> dict[str, Any]:
        if self._database is None:
            return {"name": "sqlite3", "args": {"database": f"{self.folder}/homeserver.db"}}
        url = make_url(self._database)
        place = {"user": url.username, "dbname": url.database, "host": url.host or url.query["host"]}
        extra = {"password": url.password} if url.password else {}
        return {"name": "psycopg2", "args": {**place, **extra, "cp_min": 3, "cp_max": 10}}

    def _secret(self, name: str) -> str:
        file = self.folder / f"{name}.secret"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(secrets.token_urlsafe(32))
        return file.read_text()

    def register(self, localpart: str, password: str, *, display_name: str | None = None, admin: bool = False) -> str:
        """Make an account by the shared secret; return its id. One that is there already stays as it is.

        Raises HomeserverError.
        """
        path = "/_synapse/admin/v1/register"
        nonce = self._request("GET", path)["nonce"]
        message = b"\0".join(
            [nonce.encode(), localpart.encode(), password.encode(), b"admin" if admin else b"notadmin"]
        )
        mac = hmac.new(self._secret("registration").encode(), message, hashlib.sha1).hexdigest()
        body = {"nonce": nonce, "username": localpart, "password": password, "admin": admin, "mac": mac}
        try:
            self._request("POST", path, body | {"displayname": display_name or localpart})
        except HomeserverError as refused:
            if "M_USER_IN_USE" not in str(refused):
                raise
        return f"@{localpart}:{self.server_name}"

    def _request(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  (our own, on loopback)
                return dict(json.load(answer))
        except urllib.error.HTTPError as refused:
            problem = json.load(refused)
            raise HomeserverError(f"{problem.get('errcode')}: {problem.get('error')}") from None
