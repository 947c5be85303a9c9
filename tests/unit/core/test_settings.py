"""Settings come from one file and the environment, which wins; what is wrong is said at the start."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from core.errors import UserError
from core.settings import Settings


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "careconnect.toml"
    monkeypatch.setenv("CARECONNECT_CONFIG", str(path))
    return path


def test_the_environment_wins_over_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text(
        '[matrix]\nserver_name = "from.file"\nbot = "helper"\n[http]\npublic_url = "https://care.example/"\n'
    )
    monkeypatch.setenv("CARECONNECT_MATRIX__SERVER_NAME", "from.environment")
    settings = Settings()
    assert settings.matrix.bot_id == "@helper:from.environment"
    assert settings.http.public_url == "https://care.example"


def test_secrets_are_not_shown_when_settings_are_printed(file: Path) -> None:
    file.write_text('[matrix]\nas_token = "MARKER"\n[stripe]\nsecret_key = "MARKER"\n')
    assert "MARKER" not in repr(Settings())


@pytest.mark.parametrize(
    "text",
    ["unknown = 1", "[booking]\nhold_minutes = 5", '[booking]\ntimezone = "Mars/Olympus"', "[http]\nport = 99999"],
)
def test_what_cannot_be_is_refused_at_the_start(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises((ValidationError, UserError)):
        Settings()


def test_without_a_key_there_is_no_stripe(file: Path) -> None:
    assert not Settings().stripe.enabled
