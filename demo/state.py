"""What the demo keeps from its first start on: its secrets and its people's passwords; and what it writes from them."""

import base64
import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import SecretStr

from appservice.registration import registration
from core.settings import (
    AuditSettings,
    DatabaseSettings,
    Http,
    MatrixSettings,
    RecordsSettings,
    Settings,
    StripeSettings,
)
from demo.accounts import Account, Accounts, new_accounts
from demo.ports import Ports

SERVER_NAME = "localhost"


@dataclass(frozen=True, slots=True)
class State:
    """Made once, kept in state.json, which only its owner may read."""

    as_token: str
    hs_token: str
    store_key: str
    records_key: str
    stripe_key: str
    webhook_secret: str
    accounts: Accounts
    folder: str
    audit_key: str = ""


def state_in(folder: Path) -> State:
    """Return the folder's state; make it the first time."""
    file = folder / "state.json"
    if file.exists():
        kept = json.loads(file.read_text())
        accounts = Accounts(**{role: Account(**account) for role, account in kept.pop("accounts").items()})
        return State(**{**kept, "folder": str(folder)}, accounts=accounts)
    made = State(
        as_token=secrets.token_urlsafe(32),
        hs_token=secrets.token_urlsafe(32),
        store_key=secrets.token_urlsafe(32),
        records_key=base64.b64encode(secrets.token_bytes(32)).decode(),
        stripe_key=f"sk_test_{secrets.token_hex(16)}",
        webhook_secret=f"whsec_{secrets.token_hex(24)}",
        accounts=new_accounts(SERVER_NAME),
        folder=str(folder),
        audit_key=base64.b64encode(secrets.token_bytes(32)).decode(),
    )
    file.touch(mode=0o600)
    file.write_text(json.dumps(asdict(made), indent=1))
    return made


def settings_from(state: State, ports: Ports, database_url: str) -> Settings:
    """Return the configuration of the demo's careConnect."""
    return Settings(
        http=Http(port=ports.careconnect, public_url=f"http://localhost:{ports.careconnect}"),
        database=DatabaseSettings(url=SecretStr(database_url)),
        matrix=MatrixSettings(
            homeserver_url=f"http://127.0.0.1:{ports.homeserver}",
            server_name=SERVER_NAME,
            as_token=SecretStr(state.as_token),
            hs_token=SecretStr(state.hs_token),
            store_key=SecretStr(state.store_key),
            platform_admins=[state.accounts.platform_admin.mxid],
        ),
        records=RecordsSettings(key=SecretStr(state.records_key)),
        audit=AuditSettings(key=SecretStr(state.audit_key), heads_file=Path(state.folder) / "audit-heads"),
        stripe=StripeSettings(
            secret_key=SecretStr(state.stripe_key),
            webhook_secret=SecretStr(state.webhook_secret),
            api_base=f"http://127.0.0.1:{ports.stripe}",
        ),
    )


def write_configuration(folder: Path, settings: Settings) -> tuple[Path, Path]:
    """Write careconnect.toml and the registration, as an operator would; return their places."""
    configuration, registered = folder / "careconnect.toml", folder / "registration.yaml"
    for file, text in (
        (configuration, _toml(settings)),
        (registered, registration(settings.matrix, f"http://127.0.0.1:{settings.http.port}")),
    ):
        file.touch(mode=0o600)
        file.write_text(text)
    return configuration, registered


def _toml(settings: Settings) -> str:
    """The sections and values that differ from the defaults."""
    lines = ["# Written by the demo at each start."]
    for section, values in settings.model_dump(exclude_defaults=True).items():
        lines += ["", f"[{section}]"]
        for name, value in values.items():
            plain = value.get_secret_value() if hasattr(value, "get_secret_value") else value
            lines.append(
                f"{name} = {json.dumps(plain, default=str)}"
            )  # a JSON string, number or list of them is TOML too
    return "\n".join(lines) + "\n"
