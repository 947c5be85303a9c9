"""The command line, as an operator meets it."""

import base64
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from demo.postgres import Postgres

_CARECONNECT = Path(sys.executable).with_name("careconnect")


def careconnect(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **{f"CARECONNECT_{name}": value for name, value in variables.items()}}
    return subprocess.run([_CARECONNECT, *arguments], env=environment, capture_output=True, text=True, check=False)


def test_a_wrong_setting_is_named_and_its_value_is_not_shown() -> None:
    done = careconnect("check", HTTP__PORT="MARKER")
    assert done.returncode == 2
    assert "http.port" in done.stderr
    assert "MARKER" not in done.stdout + done.stderr


def test_a_configuration_that_is_not_toml_is_said_to_be_wrong(tmp_path: Path) -> None:
    file = tmp_path / "careconnect.toml"
    file.write_text("[matrix\n")
    done = careconnect("check", CONFIG=str(file))
    assert done.returncode == 2
    assert done.stderr.startswith("The configuration is wrong")


def test_the_registration_is_the_configurations() -> None:
    tokens = {"MATRIX__AS_TOKEN": "a" * 40, "MATRIX__HS_TOKEN": "h" * 40, "MATRIX__SERVER_NAME": "care.example"}
    printed = yaml.safe_load(careconnect("registration", "--url", "http://careconnect:8100", **tokens).stdout)
    assert (printed["as_token"], printed["hs_token"]) == ("a" * 40, "h" * 40)
    assert (printed["url"], printed["sender_localpart"]) == ("http://careconnect:8100", "careconnect-keeper")
    assert printed["rate_limited"] is False
    assert {space["exclusive"] for kind in ("users", "aliases") for space in printed["namespaces"][kind]} == {True}


def test_without_tokens_there_is_no_registration_until_they_are_made() -> None:
    refused = careconnect("registration")
    assert refused.returncode == 1
    assert "--new-tokens" in refused.stderr
    made = careconnect("registration", "--new-tokens")
    assert f'as_token = "{yaml.safe_load(made.stdout)["as_token"]}"' in made.stderr


def test_a_new_key_is_32_bytes_and_new() -> None:
    keys = {careconnect("new-key").stdout.strip() for _ in range(2)}
    assert [len(base64.b64decode(key)) for key in keys] == [32, 32]


def test_lists_of_medicines_become_the_one_that_the_setting_names(tmp_path: Path) -> None:
    for name, content in (("atc.csv", "N02BA15,Carbasalate calcium\n"), ("wrong.csv", "nothing\n")):
        (tmp_path / name).write_text(content)
    done = careconnect("medicines", str(tmp_path / "atc.csv"))
    assert (done.returncode, done.stdout) == (0, "Carbasalate calcium\tN02BA15\n")
    for refused in ("wrong.csv", "missing.csv"):
        done = careconnect("medicines", str(tmp_path / refused))
        assert (done.returncode, done.stdout) == (1, "")
        assert refused in done.stderr


@pytest.fixture
def empty(postgres: Postgres) -> Iterator[str]:
    postgres.create("cli")
    yield postgres.url("cli")
    postgres.drop("cli")


def test_migrating_twice_is_migrating_once(empty: str) -> None:
    for _ in range(2):
        done = careconnect("migrate", DATABASE__URL=empty)
        assert done.returncode == 0, done.stderr
