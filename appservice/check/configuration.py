"""What can be seen in the configuration alone: keys, tokens, administrators, addresses."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from appservice.auditing.heads import trusted_keys
from appservice.check.finding import Finding, ok, warning, wrong
from core.ids import same
from core.settings import MatrixSettings, Settings
from records.sealing import Vault

_SHORTEST_SECRET = 32
_MXID = re.compile(r"@[^:\s]+:\S+")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def on_loopback(url: str) -> bool:
    """Whether the address is this machine's own, where plain HTTP harms nobody."""
    return urlsplit(url).hostname in _LOOPBACK


def check_configuration(settings: Settings) -> Iterator[Finding]:
    yield _tokens(settings.matrix)
    yield from _keys(settings)
    yield _audit(settings)
    yield _administrators(settings.matrix)
    yield _public_url(settings.http.public_url)


def _tokens(matrix: MatrixSettings) -> Finding:
    as_token, hs_token = matrix.as_token.get_secret_value(), matrix.hs_token.get_secret_value()
    remedy = "`careconnect registration --new-tokens` makes a pair; put it into the configuration and the registration."
    if not as_token or not hs_token:
        return wrong("tokens", "as_token or hs_token of [matrix] is not set.", remedy)
    if min(len(as_token), len(hs_token)) < _SHORTEST_SECRET:
        return wrong("tokens", f"A token is shorter than {_SHORTEST_SECRET} letters and could be guessed.", remedy)
    if same(as_token, hs_token):
        return wrong("tokens", "as_token and hs_token are the same.", remedy)
    return ok("tokens", "Both are set, long and different.")


def _keys(settings: Settings) -> Iterator[Finding]:
    try:
        Vault.from_settings(settings.records)
    except (ValueError, OSError) as problem:
        remedy = "`careconnect new-key` makes one. Keep a copy apart from the database."
        if settings.records.provider != "key":
            remedy = "Correct [records]; docs/records.md says what each provider needs."
        yield wrong("records key", str(problem), remedy)
    else:
        if settings.records.provider == "key":
            yield ok("records key", "32 bytes. Keep a copy apart from the database: without it no record can be read.")
    if len(settings.matrix.store_key.get_secret_value()) < _SHORTEST_SECRET:
        yield wrong(
            "store key",
            f"store_key of [matrix] is not set or shorter than {_SHORTEST_SECRET} letters.",
            "`careconnect new-key` makes one. It must never change: the bot's encryption keys are sealed with it.",
        )
    else:
        yield ok("store key", "Set, and long enough.")


def _audit(settings: Settings) -> Finding:
    try:
        keys = trusted_keys(settings)
    except ValueError as problem:
        return wrong("audit", str(problem), "`careconnect new-key` makes a key for [audit].")
    if not keys:
        return warning(
            "audit",
            "Its heads are not signed: who can write to the database can forge who looked at what.",
            "Set key of [audit]; `careconnect new-key` makes one. Then publish what `careconnect audit key` prints.",
        )
    if not settings.audit.heads_file and not settings.audit.room:
        return warning(
            "audit",
            "Its signed heads are kept in the database alone.",
            "Set heads_file or room of [audit], where the database's administrator cannot write.",
        )
    return ok("audit", "Its heads are signed, and kept outside the database, too.")


def _administrators(matrix: MatrixSettings) -> Finding:
    malformed = [name for name in matrix.platform_admins if not _MXID.fullmatch(name)]
    if malformed:
        return wrong(
            "administrators",
            f"{len(malformed)} of platform_admins cannot be a Matrix id.",
            f"Write them like @name:{matrix.server_name}.",
        )
    if not matrix.platform_admins:
        return warning(
            "administrators",
            "There is no platform administrator, so nobody can set up a centre.",
            "Name one or more in platform_admins of [matrix].",
        )
    return ok("administrators", f"{len(matrix.platform_admins)} in the configuration.")


def _public_url(url: str) -> Finding:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return wrong(
            "public address", "public_url of [http] is not a web address.", "Write it like https://care.example."
        )
    if parts.scheme == "http" and not on_loopback(url):
        return wrong(
            "public address",
            "public_url is plain http: pay pages and calendar feeds would travel unencrypted.",
            "Put a proxy with TLS in front (docker-compose.yml has one) and write https.",
        )
    return ok("public address", url)
