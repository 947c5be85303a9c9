"""`careconnect audit ...`: check the audit with the database, or what was published of it without."""
# ruff: noqa: PLC0415

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from core.settings import Settings
from records.audit.checkpoint import LogKey

_KEY = typer.Option("--key", help="Public key of the audit, from where you trust it; may be repeated.")
_HEADS = typer.Option("--heads", help="File with heads that were kept outside the database; may be repeated.")


def audit_commands(settings: Callable[[], Settings]) -> typer.Typer:
    """Return the commands. `settings` reads the configuration, for those that need it."""
    app = typer.Typer(help="Check who looked at what, and that nobody has changed it.", no_args_is_help=True)

    @app.command()
    def key() -> None:
        """Print the public key that the audit's heads are checked with."""
        from appservice.auditing.heads import head_key

        made = head_key(settings())
        if made is None:
            typer.echo("There is no key in [audit] of the configuration; `careconnect new-key` makes one.", err=True)
            raise typer.Exit(1)
        typer.echo(str(made.public))

    @app.command()
    def head() -> None:
        """Sign how the audit stands now, and print it. The running service brings it to the file and the room."""
        typer.echo(asyncio.run(_sign(settings())), nl=False)

    @app.command()
    def verify(
        *,
        heads: Annotated[list[Path] | None, _HEADS] = None,
        key: Annotated[list[str] | None, _KEY] = None,
    ) -> None:
        """Follow all entries in the database, and compare them with all heads, the file's and those given besides."""
        if not asyncio.run(_verify(settings(), heads or [], key or [])):
            raise typer.Exit(1)

    @app.command()
    def check(
        files: list[Path],
        *,
        key: Annotated[list[str] | None, _KEY] = None,
    ) -> None:
        """Check proofs and published heads with the public key alone; needs no configuration and no database."""
        if not _check(files, _keys(key or [])):
            raise typer.Exit(1)

    return app


async def _sign(settings: Settings) -> str:
    from appservice.auditing.heads import head_key, sign
    from booking.context import Context
    from core.database import Database
    from records.audit.heads import AuditBrokenError
    from records.sealing import Vault

    key = head_key(settings)
    if key is None:
        typer.echo("There is no key in [audit] of the configuration; `careconnect new-key` makes one.", err=True)
        raise typer.Exit(1)
    database = Database(settings.database.url.get_secret_value(), pool=4)
    try:
        async with database.transaction() as tx:
            return (await sign(tx, Context(Vault.from_settings(settings.records), settings), key)).signed
    except AuditBrokenError as broken:
        typer.echo(f"Not signed. {broken}", err=True)
        raise typer.Exit(1) from None
    finally:
        await database.close()


async def _verify(settings: Settings, files: list[Path], given: list[str]) -> bool:
    from appservice.auditing.heads import trusted_keys
    from core.database import Database
    from records.audit.published import heads_in
    from records.audit.verifying import verify

    keys = [*_keys(given), *trusted_keys(settings)]
    own = settings.audit.heads_file
    if own and own.exists():
        files = [own, *files]
    published = [each for file in files for each in heads_in(_read(file))]
    database = Database(settings.database.url.get_secret_value(), pool=4)
    try:
        async with database.transaction() as tx:
            found = await verify(tx, keys=keys, published=published)
    finally:
        await database.close()
    typer.echo(f"{found.entries} entries in order, {found.waiting} waiting; {found.heads} heads agree with them.")
    if not keys:
        typer.echo("There is no key in [audit] of the configuration, so that no head is signed and none was checked.")
    elif not published:
        typer.echo("No published heads were compared: who can write to the database could have forged all of it.")
    typer.echo(found.fault or "Nothing was changed.")
    return found.sound


def _check(files: list[Path], keys: list[LogKey]) -> bool:
    from records.audit.proving import Proof, ProofError
    from records.audit.published import fault_of, heads_in

    if not keys:
        typer.echo("Give the audit's public key: --key care.example/audit+…", err=True)
        raise typer.Exit(2)
    heads, sound = [], True
    for file in files:
        text = _read(file)
        try:
            proof = Proof.read(text)
        except ValueError:
            found = heads_in(text)
            typer.echo(f"{file}: {len(found)} heads")
            heads += found
            sound = sound and bool(found)
            continue
        try:
            checked = proof.check(keys)
        except ProofError as wrong:
            typer.echo(f"{file}: {wrong}")
            sound = False
            continue
        typer.echo(
            f"{file}: {len(proof.entries)} entries are in the audit of {checked.size} entries that was signed at"
            f" {checked.at.isoformat()}."
        )
        for each in proof.entries:
            typer.echo(f"  {each.entry.at.isoformat(timespec='seconds')}  {_line(each.entry)}")
        heads += heads_in(proof.signed)
    fault = fault_of(heads, keys)
    typer.echo(fault or (f"All {len(heads)} heads are signed and go on from each other." if sound else "Not in order."))
    return sound and fault is None


def _line(entry: object) -> str:
    from records.audit.rules import Entry

    assert isinstance(entry, Entry)
    who = f"person {entry.actor}" if entry.actor else "the service"
    return f"{who}: {entry.action} {entry.table} of {entry.subject} ({entry.why})"


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        typer.echo(f"{file} cannot be read as text.", err=True)
        raise typer.Exit(2) from None


def _keys(given: list[str]) -> list[LogKey]:
    try:
        return [LogKey.read(each) for each in given]
    except ValueError as malformed:
        typer.echo(str(malformed), err=True)
        raise typer.Exit(2) from None
