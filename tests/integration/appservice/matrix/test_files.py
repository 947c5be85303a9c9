"""Files that people send in an encrypted room, through a real Synapse, into the records and back."""

import os
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from appservice.matrix import fetching
from core.database import Database
from core.lanes import HopelessError
from core.settings import Settings
from demo.child import Child
from demo.client import Heard, Person
from tests.integration.appservice.matrix.conftest import NewPerson
from tests.integration.appservice.matrix.echo import Echo, serving
from tests.integration.appservice.matrix.test_crashes import configuration, died, processes, starting

__all__ = ["configuration", "processes"]

PNG = b"\x89PNG\r\n\x1a\n"


def is_file(message: Heard) -> bool:
    return message.source.source["content"].get("msgtype") in {"m.file", "m.image", "m.audio", "m.video"}


async def room_of(person: Person, settings: Settings) -> str:
    room = await person.direct_room(settings.matrix.bot_id)
    await person.ask(room, "hello", "you said hello")
    return room


@pytest.mark.parametrize(
    ("name", "mimetype", "head", "size", "comes"),
    [
        ("rash.png", "image/png", PNG, 12 << 20, "m.image"),
        ("letter.pdf", "application/pdf", b"%PDF-1.7\n", 70_000, "m.file"),
        ("voice.ogg", "audio/ogg", b"OggS", 4, "m.audio"),
    ],
)
async def test_a_file_is_kept_and_comes_back_whole(
    echo: Echo, settings: Settings, new_person: NewPerson, name: str, mimetype: str, head: bytes, size: int, comes: str
) -> None:
    anna = await new_person("anna")
    room = await room_of(anna, settings)
    data = head + os.urandom(size - len(head))
    await anna.send_file(room, data, name, mimetype, caption="since Monday")
    await anna.hears(f"kept {name} of {size} bytes, since Monday", room=room)
    back = await anna.hears(is_file, room=room)
    assert back.encrypted
    assert back.source.source["content"]["msgtype"] == comes
    assert await anna.download(back) == data


async def test_nothing_of_it_lies_in_clear(
    echo: Echo, settings: Settings, new_person: NewPerson, database: Database
) -> None:
    anna = await new_person("anna")
    room = await room_of(anna, settings)
    data = PNG + b"a marker that nobody has said before" * 3
    await anna.send_file(room, data, "QxFilename.png", "image/png", caption="QxCaption")
    await anna.hears("kept", room=room)
    with psycopg.connect(database.url) as connection:
        for table, column in (
            ("file", "sealed"),
            ("file_piece", "sealed"),
            ("inbox", "payload"),
            ("outbox", "payload"),
        ):
            rows = connection.execute(f"SELECT t::text, encode({column}, 'escape') FROM {table} t").fetchall()
            assert rows
            said = " ".join(str(value) for row in rows for value in row)
            for word in ("a marker that", "QxFilename", "QxCaption"):
                assert word not in said
                assert word.encode().hex() not in said


async def test_what_was_changed_on_the_homeserver_is_not_kept(
    echo: Echo, settings: Settings, new_person: NewPerson
) -> None:
    anna = await new_person("anna")
    room = await room_of(anna, settings)
    for data, wrong in (
        (PNG + bytes(900_000), {"hashes": {"sha256": "A" * 43}}),
        (PNG, {"url": "mxc://localhost/nothingthere"}),
        (PNG, {"v": "v1"}),
    ):
        since = len(anna.heard)
        await anna.send_file(room, data, "x.png", "image/png", **wrong)
        await anna.hears("did not come whole", room=room, since=since)
    assert "kept" not in " ".join(anna.shown(room))


async def test_what_cannot_be_taken_gets_a_sentence(echo: Echo, settings: Settings, new_person: NewPerson) -> None:
    anna = await new_person("anna")
    room = await room_of(anna, settings)
    await anna.send_file(room, b"MZ" + bytes(5000), "game.exe", "application/pdf")
    await anna.hears("I can't take that kind of file", room=room)
    await anna.send_file(room, PNG + bytes(31 << 20), "huge.png", "image/png")
    await anna.hears("too large: I take up to 30 MB", room=room)


async def test_a_server_that_hands_nothing_out_is_waited_for_and_then_told_of(
    echo: Echo, settings: Settings, new_person: NewPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "_TRIES", 2)
    anna = await new_person("anna")
    room = await room_of(anna, settings)
    await anna.send_file(room, PNG, "x.png", "image/png", url="mxc://127.0.0.1:1/abc")
    await anna.hears(
        lambda heard: "can't get at that file" in heard.body or "did not come whole" in heard.body, room=room
    )


async def test_a_file_without_encryption_of_its_own_is_not_taken(
    echo: Echo, settings: Settings, new_person: NewPerson
) -> None:
    anna = await new_person("anna")
    room = await room_of(anna, settings)
    await anna.send(room, "m.room.message", {"msgtype": "m.image", "body": "x.png", "url": "mxc://localhost/abc"})
    await anna.hears("that was other", room=room)


async def test_killed_before_its_commit_the_service_keeps_a_file_once_and_whole(
    configuration: Path, tmp_path: Path, processes: list[Child], settings: Settings, new_person: NewPerson
) -> None:
    start = starting(configuration, tmp_path, processes)
    marker = tmp_path / "died"
    start("taken", str(marker))
    anna = await new_person("anna")
    room = await room_of(anna, settings)
    data = PNG + os.urandom(3 << 20)
    await anna.send_file(room, data, "x.png", "image/png")
    await died(processes[0])
    assert marker.exists()
    with psycopg.connect(settings.database.url.get_secret_value()) as connection:
        assert connection.execute("SELECT count(*) FROM file").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM file_piece").fetchone() == (0,)
    start("taken", str(marker))
    back = await anna.hears(is_file, room=room)
    assert await anna.download(back) == data
    await anna.ask(room, "after", "you said after")
    assert len([said for said in anna.shown(room) if said.startswith("kept")]) == 1


async def test_who_asked_for_a_file_that_cannot_be_made_is_told_and_stays_in_the_talk(
    settings: Settings, new_person: NewPerson, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no fault of the room's: what is said next comes there."""

    async def fails(*_: object) -> bytes:
        raise HopelessError("it took too long to make")

    monkeypatch.setattr(Echo, "file", fails)
    async with serving(settings):
        anna = await new_person("anna")
        room = await room_of(anna, settings)
        await anna.ask(room, "file", "echo.txt could not be made")
        await anna.ask(room, "and now", "you said and now")
    async with database.transaction() as tx:
        known = await tx.conn.execute(text("SELECT room_id FROM direct_room"))
        assert known.scalars().all() == [room]
