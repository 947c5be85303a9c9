"""All that a deployment can set, typed, in one place: a TOML file and environment variables, which win.

CARECONNECT_CONFIG names the file (default: careconnect.toml where the process starts). A variable is named after its
place: CARECONNECT_MATRIX__AS_TOKEN is `as_token` in the section `[matrix]`.
"""

import os
from pathlib import Path
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from core.ids import dealt_to
from core.timezones import zone


class Http(BaseModel):
    """Where careConnect listens, and how the world reaches it."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8100
    public_url: str = "http://127.0.0.1:8100"
    """Address that people's browsers and calendars use; no slash at its end."""

    @field_validator("public_url")
    @classmethod
    def _no_slash(cls, value: str) -> str:
        return value.rstrip("/")


class DatabaseSettings(BaseModel):
    """PostgreSQL >= 15."""

    url: SecretStr = SecretStr("postgresql://careconnect@127.0.0.1/careconnect")
    """libpq's form of address: postgresql://user:password@host:port/name or ...?host=/socket/folder."""
    pool: Annotated[int, Field(ge=4, le=200)] = 24
    """Connections at most, a process."""


class MatrixSettings(BaseModel):
    """The homeserver and the application service's two identities on it."""

    homeserver_url: str = "http://127.0.0.1:8008"
    server_name: str = "localhost"
    service_id: str = "careconnect"
    """The registration's `id`."""
    as_token: SecretStr = SecretStr("")
    hs_token: SecretStr = SecretStr("")
    bot: str = "careconnect"
    """Localpart of the identity that talks."""
    shards: Annotated[int, Field(ge=1, le=99)] = 1
    """How many bots share the work: `bot`, then `bot`-2, `bot`-3 ... It may grow, and never shrink: docs/scaling.md."""
    keeper: str = "careconnect-keeper"
    """Localpart of the identity without a device that makes consultation rooms; the registration's sender_localpart."""
    display_name: str = "careConnect"
    store_key: SecretStr = SecretStr("")
    """What the bot's Olm account and sessions are encrypted with in the database."""
    admin_token: SecretStr = SecretStr("")
    """Access token of a server admin of the homeserver: for registration tokens. Without it none are made."""
    client_url: str = "https://app.element.io"
    """Where people register who are invited: a Matrix client; no slash at its end."""
    platform_admins: list[str] = []
    """Matrix ids of those who may set up centres."""
    video: Literal["none", "element-call", "jitsi"] = "none"
    """What new consultation rooms have for video, beside the clients' own calls."""
    video_address: str = ""
    """Where Element Call is (https://call.example), or Jitsi's domain (meet.example)."""
    federates_with: list[str] | None = None
    """Homeservers whose people are served, beside our own; None: all. Synapse's federation_domain_whitelist is the
    wall; by this list people are told."""
    strangers_per_second: Annotated[float, Field(gt=0)] = 2
    strangers_burst: Annotated[float, Field(ge=1)] = 30
    """How many messages of one person of another homeserver are read at once, and each second then. Synapse's
    rc_message limits our own people."""

    @model_validator(mode="after")
    def _video_has_an_address(self) -> Self:
        if self.video != "none" and not self.video_address:
            raise ValueError("video_address is missing: where the calls are held")
        return self

    def serves(self, mxid: str) -> bool:
        """Whether somebody of that Matrix id is served, by the homeserver that they are of."""
        server = mxid.partition(":")[2]
        return self.federates_with is None or server in (self.server_name, *self.federates_with)

    @property
    def bot_id(self) -> str:
        return f"@{self.bot}:{self.server_name}"

    @property
    def bots(self) -> tuple[str, ...]:
        """The localparts of all bots, the first without a number."""
        return (self.bot, *(f"{self.bot}-{number}" for number in range(2, self.shards + 1)))

    @property
    def bot_ids(self) -> tuple[str, ...]:
        return tuple(f"@{bot}:{self.server_name}" for bot in self.bots)

    def bot_for(self, key: UUID) -> str:
        """The id of the bot that a centre's page sends people to. Any bot serves anybody: it only spreads them."""
        return self.bot_ids[dealt_to(key, self.shards)]

    @property
    def keeper_id(self) -> str:
        return f"@{self.keeper}:{self.server_name}"


class TransitSettings(BaseModel):
    """A key in the transit engine of HashiCorp Vault (or OpenBao): derived, of type aes256-gcm96, not exportable.

    The token's policy needs `update` on encrypt/KEY, decrypt/KEY and rewrap/KEY, and `read` on keys/KEY.
    """

    url: str = ""
    """https://vault.example:8200"""
    token: SecretStr = SecretStr("")
    token_file: Path | None = None
    """Where Vault Agent keeps a token fresh; read anew each time."""
    mount: str = "transit"
    key: str = "careconnect"
    namespace: str = ""
    ca_file: Path | None = None
    """Certificate authority of Vault's, if it is not a public one."""


class KmsSettings(BaseModel):
    """A symmetric key in AWS KMS. Credentials are found as AWS's own tools find them. Needs the extra `aws`."""

    key_id: str = ""
    """Id, ARN or alias."""
    region: str = ""
    endpoint_url: str = ""
    """For a VPC endpoint."""


class RecordsSettings(BaseModel):
    """The key (KEK) that the patients' keys are wrapped with: where it is, and which others wrapped some before."""

    provider: Literal["key", "vault", "aws"] = "key"
    """What wraps from now on: the key below, HashiCorp Vault, or AWS KMS. The others, if set, still unwrap."""
    key: SecretStr = SecretStr("")
    """32 random bytes in base64; or leave it empty and name a file."""
    key_file: Path | None = None
    previous_keys: list[SecretStr] = []
    """Earlier values of `key`, until `careconnect rotate master` says that none is needed any more."""
    vault: TransitSettings = TransitSettings()
    aws: KmsSettings = KmsSettings()
    keys_url: SecretStr = SecretStr("")
    """A PostgreSQL database of its own for the patients' keys; empty: the schema `keys` of the main one."""
    key_backup_days: Annotated[int, Field(ge=0, le=365)] = 30
    """For how many days a backup of the keys is kept. Who erases their records is told that it is final after these."""
    medicines: Path | None = None
    """A list of medicines beside the small one that we have: what `careconnect medicines` wrote."""
    largest_file_mib: Annotated[int, Field(ge=1, le=16_384)] = 1024
    """The largest file that is taken from people. The homeserver has a limit of its own, which is usually lower."""
    files_mib_per_person: Annotated[int, Field(ge=1)] = 8192
    """How much of files a person may have sent in all."""


class AuditSettings(BaseModel):
    """Where it is kept how the audit stood, apart from the database; see docs/audit.md."""

    key: SecretStr = SecretStr("")
    """32 random bytes in base64 that the audit's heads are signed with; or leave it empty and name a file."""
    key_file: Path | None = None
    name: str = ""
    """The audit's name in its heads; it never changes. Empty: the homeserver's name and /audit."""
    old_keys: list[str] = []
    """Public keys that heads were signed with before, as `careconnect audit key` showed them."""
    heads_file: Path | None = None
    """A file that each head is added to. Keep it where the database's administrator cannot write."""
    room: str = ""
    """Id of a room that each head is said in; invite the bot to it."""
    minutes: Annotated[int, Field(ge=1, le=1440)] = 60
    """How often a head is signed."""


class StripeSettings(BaseModel):
    """Without a secret key, centres take payment at the desk only."""

    secret_key: SecretStr = SecretStr("")
    webhook_secret: SecretStr = SecretStr("")
    connect_webhook_secret: SecretStr = SecretStr("")
    """Of the second endpoint at Stripe, which has the same address and listens to centres' own accounts."""
    api_base: str = "https://api.stripe.com"
    fee_basis_points: int = Field(default=0, ge=0, le=10_000)
    """The platform's share of what is paid to a centre's own account, in hundredths of a percent."""

    @property
    def enabled(self) -> bool:
        return bool(self.secret_key.get_secret_value())


class BookingSettings(BaseModel):
    """Defaults that a centre or a person can change for themselves."""

    timezone: str = "Europe/Berlin"
    language: str = "en"
    hold_minutes: Annotated[int, Field(ge=31, le=1440)] = 31
    """How long a time is kept while paying; Stripe's Checkout lives 30 minutes at least."""
    reminder_minutes: list[Annotated[int, Field(ge=1, le=43200)]] = [24 * 60, 60]
    of_age: Annotated[int, Field(ge=12, le=25)] = 18
    """From which birthday on a parent reads a child's records no more, and the child takes them over: a matter of the
    country's law (16 in the Scottish NHS, 18 in most of Europe, 20 in Thailand), so no centre and no person changes it.
    """

    @field_validator("timezone")
    @classmethod
    def _known(cls, value: str) -> str:
        return zone(value).key


class ImportSettings(BaseModel):
    """Calendars that are fetched from where clinics and doctors keep them."""

    poll_minutes: Annotated[int, Field(ge=5, le=1440)] = 15
    """How often a calendar is looked at."""
    patience_minutes: Annotated[int, Field(ge=15, le=10080)] = 180
    """A doctor whose calendar could not be read for so long is not offered until it can."""
    allowed_hosts: list[str] = []
    """Hosts in private networks that calendars may be fetched from (a clinic's intranet): "host" or "host:port"."""
    link_minutes: Annotated[int, Field(ge=5, le=1440)] = 30
    """How long the page is open on which a doctor says how their CalDAV server is reached."""


class Settings(BaseSettings):
    """Everything. Build it once, in the composition; hand parts of it on."""

    model_config = SettingsConfigDict(env_prefix="CARECONNECT_", env_nested_delimiter="__", extra="forbid")

    http: Http = Http()
    database: DatabaseSettings = DatabaseSettings()
    matrix: MatrixSettings = MatrixSettings()
    records: RecordsSettings = RecordsSettings()
    audit: AuditSettings = AuditSettings()
    stripe: StripeSettings = StripeSettings()
    booking: BookingSettings = BookingSettings()
    imports: ImportSettings = ImportSettings()
    log_level: str = "INFO"

    @property
    def audit_name(self) -> str:
        return self.audit.name or f"{self.matrix.server_name}/audit"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = TomlConfigSettingsSource(settings_cls, Path(os.environ.get("CARECONNECT_CONFIG", "careconnect.toml")))
        return init_settings, env_settings, file
