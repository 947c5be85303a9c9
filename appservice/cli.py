"""The command line: `careconnect serve`, and what an operator needs around it.

Each command imports what it alone needs, so that the service does not carry the memory of the others.
"""
# ruff: noqa: PLC0415

import asyncio
import base64
import secrets
import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr, ValidationError

from appservice.auditing.commands import audit_commands
from appservice.identity_cli import app as identity
from appservice.registration import registration as registration_file
from core.errors import UserError
from core.settings import Settings

app = typer.Typer(
    help="Medical appointments and consultations through chat. Settings come from careconnect.toml (or the file that"
    " CARECONNECT_CONFIG names) and from the environment.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a plain traceback is what a log can hold
)

app.add_typer(identity, name="identity")

_COLOURS = {"ok": "green", "warning": "yellow", "wrong": "red"}


def settings() -> Settings:
    """Read the configuration, or end with what is wrong in it; values are not shown, they may be secrets."""
    try:
        return Settings()
    except ValidationError as invalid:
        for error in invalid.errors(include_input=False, include_url=False):
            place = ".".join(str(part) for part in error["loc"])
            typer.echo(f"The configuration is wrong at {place}: {error['msg']}.", err=True)
    except (UserError, ValueError) as invalid:  # an unknown zone; a file that is not TOML
        typer.echo(f"The configuration is wrong: {invalid}", err=True)
    raise typer.Exit(2)


@app.command()
def serve() -> None:
    """Run the service until it is stopped (SIGTERM or Ctrl-C)."""
    import uvloop

    from appservice.process import serve as run

    uvloop.run(run(settings()))  # asyncio's own loop takes half as much processor time again for the same


@app.command()
def check() -> None:
    """Look at database, homeserver, tokens, keys, Stripe and clocks; say what is wrong and what to do about it."""
    if asyncio.run(_check(settings())):
        raise typer.Exit(1)


async def _check(settings: Settings) -> bool:
    """Print each finding; return whether one is wrong."""
    from appservice.check import Level
    from appservice.check import check as findings

    levels = set()
    async for finding in findings(settings):
        levels.add(finding.level)
        mark = typer.style(f"{finding.level:<7}", fg=_COLOURS[finding.level])
        typer.echo(f"{mark}  {finding.about}: {finding.sentence}")
        if finding.remedy:
            typer.echo(f"         -> {finding.remedy}")
    return Level.WRONG in levels


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema. Safe to run twice, or from two machines at once."""
    import migrations

    wanted = settings()
    migrations.upgrade(wanted.database.url.get_secret_value())
    if keys_url := wanted.records.keys_url.get_secret_value():
        from records.keys.apart import prepare

        asyncio.run(prepare(keys_url))


@app.command()
def move_keys() -> None:
    """Move the patients' keys to the database that records.keys_url names. Stop the service first."""
    from records.keys.apart import move

    wanted = settings()
    keys_url = wanted.records.keys_url.get_secret_value()
    if not keys_url:
        typer.echo("records.keys_url is not set: say there which database the keys are to have.", err=True)
        raise typer.Exit(2)
    typer.echo(f"Moved: {asyncio.run(move(wanted.database.url.get_secret_value(), keys_url))} keys.")


@app.command()
def registration(
    *,
    url: Annotated[str | None, typer.Option(help="Where the homeserver reaches careConnect.")] = None,
    new_tokens: Annotated[
        bool, typer.Option("--new-tokens", help="Make new tokens; what to put into the configuration goes to stderr.")
    ] = False,
) -> None:
    """Print the registration file that the homeserver needs, for this configuration."""
    known = settings()
    matrix = known.matrix
    if new_tokens:
        made = {name: secrets.token_urlsafe(32) for name in ("as_token", "hs_token")}
        matrix = matrix.model_copy(update={name: SecretStr(token) for name, token in made.items()})
        typer.echo("\n".join(["[matrix]", *(f'{name} = "{token}"' for name, token in made.items())]), err=True)
    elif not matrix.as_token.get_secret_value() or not matrix.hs_token.get_secret_value():
        typer.echo("There are no tokens in the configuration. Use --new-tokens to make them.", err=True)
        raise typer.Exit(1)
    typer.echo(registration_file(matrix, url or f"http://{known.http.host}:{known.http.port}"), nl=False)


@app.command()
def new_key() -> None:
    """Print a new random key of 32 bytes in base64: for records.key or matrix.store_key."""
    typer.echo(base64.b64encode(secrets.token_bytes(32)).decode())


@app.command()
def medicines(files: list[Path]) -> None:
    """Read lists of medicines that you own (ATC, RxNorm, dm+d) and print the one list that records.medicines names."""
    from records.prescriptions.importing import merged, read_list, written

    lists = []
    for file in files:
        try:
            lists.append(read_list(file.read_text("utf-8")))
        except (OSError, UnicodeDecodeError):
            typer.echo(f"{file} cannot be read as text.", err=True)
            raise typer.Exit(1) from None
        except UserError as unknown:
            typer.echo(f"{file}: {unknown}", err=True)
            raise typer.Exit(1) from None
        typer.echo(f"{file}: {len(lists[-1])} medicines", err=True)
    typer.echo(written(merged(lists)), nl=False)


@app.command()
def rotate(
    level: Annotated[
        str, typer.Argument(help="master: the key that wraps all others; subjects: the patients' keys; data: the rest.")
    ],
    *,
    of: Annotated[str | None, typer.Option(help="Matrix id of the one person whose keys to exchange.")] = None,
    batch: Annotated[int, typer.Option(help="Keys or values in one transaction.", min=1, max=10_000)] = 1000,
) -> None:
    """Exchange keys while the service runs; interrupted, it goes on where it was when it is called again."""
    from appservice.rotating import rotate as run
    from records.keys.provider import ProviderAwayError
    from records.rotation.service import Level, Rotation
    from records.sealing import SealBrokenError

    def tell(now: Rotation) -> None:
        waits = ", waiting for older transactions to end" if now.waiting else ""
        typer.echo(f"\r{now.done} of {now.total}{waits}".ljust(70), nl=False)

    if level not in set(Level) or (of is not None and level == Level.MASTER):
        typer.echo("Say what to rotate: master, subjects or data; --of goes with the last two.", err=True)
        raise typer.Exit(2)
    try:
        done = asyncio.run(run(settings(), Level(level), of, tell, batch=batch))
    except (UserError, ValueError) as problem:
        sentence = (
            "The key provider does not answer, or refuses." if isinstance(problem, ProviderAwayError) else str(problem)
        )
        typer.echo(f"\n{sentence} What is done stays done; call this again to go on.", err=True)
        raise typer.Exit(1) from None
    except SealBrokenError:
        typer.echo("\nSomething does not open with the keys that there are: is an earlier one missing in", err=True)
        typer.echo("the settings? No key was removed; what is done stays done.", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"\nDone: {done.total} keys and values.")


@app.command()
def new_deployment(
    folder: Path,
    *,
    server_name: Annotated[str, typer.Option(help="The homeserver's name, a domain of yours; it can never change.")],
    admin: Annotated[list[str], typer.Option(help="Matrix id of one who may set up centres; may be repeated.")],
    email: Annotated[str | None, typer.Option(help="Where the certificate authority writes to.")] = None,
) -> None:
    """Write the names and secrets that docker-compose.yml needs into a new folder."""
    from appservice.deployment import DeploymentExistsError
    from appservice.deployment import new_deployment as write

    try:
        write(folder, server_name=server_name, admins=admin, email=email or f"admin@{server_name}")
    except DeploymentExistsError as exists:
        typer.echo(str(exists), err=True)
        raise typer.Exit(1) from None
    typer.echo(f"Written. Keep a copy of {folder} apart from the database's backups. Then:")
    typer.echo(f"docker compose --env-file {folder}/.env up -d")


@app.command()
def rotate_tokens(folder: Path) -> None:
    """Replace the tokens between homeserver and careConnect, when somebody else may know them; no message is lost."""
    from appservice.deployment import NoTokensError
    from appservice.deployment import rotate_tokens as rotate

    try:
        rotate(folder)
    except NoTokensError as none:
        typer.echo(str(none), err=True)
        raise typer.Exit(1) from None
    typer.echo(
        "Written. Restart the homeserver, which reads its registrations at its start, then careConnect. Until both"
    )
    typer.echo("have started they refuse each other, and what people write waits at the homeserver.")


app.add_typer(audit_commands(settings), name="audit")


def main() -> None:
    app(prog_name=Path(sys.argv[0]).name)
