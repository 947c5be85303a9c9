"""People talk with the bot through a real Synapse, encrypted."""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from nio import AsyncClient, RoomKeyRequest, RoomPreset
from sqlalchemy import select, text, update

from appservice.matrix import inbound, outbound, polls
from appservice.matrix.api import Actor
from appservice.matrix.filtering import EVENT
from appservice.matrix.inbound import Inbound
from appservice.matrix.model import bot_message
from appservice.matrix.service import MatrixService
from appservice.matrix.strangers import Strangers
from appservice.outgoing import MESSAGE, REACTIONS, lane_of
from core.database import Database
from core.ids import id_of
from core.inbox import inbox
from core.outbox import enqueue, outbox
from core.settings import Settings
from demo.client import ENCRYPTION, PATIENCE, ClientError, Heard, Person
from demo.homeserver import Homeserver
from tests.integration.appservice.matrix.conftest import NewPerson
from tests.integration.appservice.matrix.echo import Echo, serving

LOST = {
    "algorithm": "m.megolm.v1.aes-sha2",
    "ciphertext": "AwgAEnACgAkLmt6qF84IK++J7UDH2Za1YVchHyprqTqsg",
    "session_id": "a session that nobody has",
}


async def test_an_encrypted_message_gets_an_encrypted_answer(
    echo: Echo, settings: Settings, new_person: NewPerson
) -> None:
    anna = await new_person("anna")
    room = await anna.direct_room(settings.matrix.bot_id)
    answer = await anna.ask(room, "hello", "you said hello")
    assert answer.encrypted
    assert answer.html == "<p>you said <strong>hello</strong></p>"
    assert [heard.kind for heard in echo.heard] == ["joined", "text"]
    assert all(heard.direct and heard.sender == anna.mxid for heard in echo.heard)
    assert not anna.unreadable


async def test_a_list_has_number_reactions_and_a_tap_says_which_list(
    echo: Echo, settings: Settings, new_person: NewPerson
) -> None:
    anna = await new_person("anna")
    room = await anna.direct_room(settings.matrix.bot_id)
    shown = await anna.ask(room, "list", "2. two")
    assert await anna.taps(shown.event, 2) == ["1️⃣", "2️⃣"]
    await anna.react(room, shown.event, "2️⃣")
    answer = await anna.hears("you tapped 2", room=room)
    assert "under answer:list:$" in answer.body


async def test_where_there_is_too_much_to_do_only_the_newest_list_gets_its_numbers(
    echo: Echo, settings: Settings, new_person: NewPerson, database: Database
) -> None:
    """And what is no number, like the taps of a list that is kept up to date, comes however late it is."""
    anna = await new_person("anna")
    room = await anna.direct_room(settings.matrix.bot_id)
    events = [(await anna.ask(room, f"hello {n}", f"hello {n}")).event for n in range(3)]
    emoji = [["1️⃣", "2️⃣"], ["✅"], ["1️⃣"]]
    async with database.transaction() as tx:
        for event, keys in zip(events, emoji, strict=True):
            payload = json.dumps({"room": room, "event": event, "emoji": keys}).encode()
            await enqueue(tx, kind=REACTIONS, lane=f"reactions:{room}", key=f"late {event}", payload=payload)
        await tx.conn.execute(update(outbox).values(created_at=tx.now - timedelta(seconds=3)))
    assert await anna.taps(events[2], 1) == ["1️⃣"]
    assert [(tap.event, tap.key) for tap in anna.tapped] == [(events[1], "✅"), (events[2], "1️⃣")]


async def test_a_tap_under_somebody_elses_message_is_passed_over(
    echo: Echo, settings: Settings, new_person: NewPerson
) -> None:
    anna = await new_person("anna")
    room = await anna.direct_room(settings.matrix.bot_id)
    mine = await anna.say(room, "hello")
    await anna.react(room, mine, "👍")
    await anna.ask(room, "more", "you said more")
    assert [heard.text for heard in echo.heard if heard.kind != "joined"] == ["hello", "more"]


async def test_an_answer_edits_an_earlier_one(echo: Echo, settings: Settings, new_person: NewPerson) -> None:
    anna = await new_person("anna")
    room = await anna.direct_room(settings.matrix.bot_id)
    first = await anna.ask(room, "hello", "you said hello")
    asked = next(heard for heard in echo.heard if heard.text == "hello").event_id
    edit = await anna.ask(room, f"edit answer:hello:{asked}", "edited")
    assert edit.replaces == first.event
    assert edit.encrypted
    assert "edited" in anna.shown(room)
    assert "you said hello" not in anna.shown(room)


async def test_an_edit_of_ones_own_message_is_heard_as_new_words(
    echo: Echo, settings: Settings, new_person: NewPerson
) -> None:
    anna = await new_person("anna")
    room = await anna.direct_room(settings.matrix.bot_id)
    said = await anna.say(room, "cardiologst")
    await anna.hears("you said cardiologst", room=room)
    await anna.edit(room, said, "cardiologist")
    await anna.hears("you said cardiologist", room=room)
    assert [heard.edits for heard in echo.heard if heard.kind == "text"] == [None, said]


async def test_what_is_said_in_a_thread_is_answered_there(
    echo: Echo, settings: Settings, new_person: NewPerson
) -> None:
    anna = await new_person("anna")
    room = await anna.direct_room(settings.matrix.bot_id)
    shown = await anna.ask(room, "list", "2. two")
    reply = {"event_id": shown.event}
    threaded = {"rel_type": "m.thread", "event_id": shown.event, "is_falling_back": True, "m.in_reply_to": reply}
    said = await anna.say(room, "hello", **{"m.relates_to": threaded})
    answer = await anna.hears("you said hello", room=room)
    assert answer.encrypted
    assert relation(answer) == threaded | {"m.in_reply_to": {"event_id": said}}
    assert echo.heard[-1].reacts_to is not None  # it is about the list that the thread goes out from
    assert echo.heard[-1].reacts_to.startswith("answer:list:")
    await anna.say(room, "bad", **{"m.relates_to": threaded})
    refused = await anna.hears("Say *good* instead.", room=room)
    assert relation(refused)["event_id"] == shown.event
    assert relation(await anna.ask(room, "more", "you said more")) == {}


def relation(heard: Heard) -> dict[str, Any]:
    return dict(heard.source.source["content"].get("m.relates_to", {}))


async def test_what_is_about_an_earlier_message_is_shown_as_a_reply_to_it(
    echo: Echo, settings: Settings, new_person: NewPerson
) -> None:
    anna = await new_person("anna")
    room = await anna.direct_room(settings.matrix.bot_id)
    shown = await anna.ask(room, "list", "2. two")
    await anna.say(room, "about", **{"m.relates_to": {"m.in_reply_to": {"event_id": shown.event}}})
    answer = await anna.hears("that one", room=room)
    assert relation(answer) == {"m.in_reply_to": {"event_id": shown.event}}


@pytest.mark.parametrize("seconds", [5, 0])
async def test_a_tap_under_what_is_seen_but_not_yet_written_down_is_heard(
    echo: Echo,
    settings: Settings,
    new_person: NewPerson,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    seconds: int,
) -> None:
    """As where a disk is slow, or after the process was killed between the two and another has taken over since."""
    monkeypatch.setattr(inbound, "_NOTED_WITHIN", timedelta(seconds=seconds))
    anna = await new_person("anna")
    room = await anna.direct_room(settings.matrix.bot_id)
    await anna.ask(room, "hello", "you said hello")
    await _all_written_down(database)
    async with database.transaction() as tx:
        await tx.conn.execute(text(f"LOCK TABLE {bot_message.fullname} IN SHARE MODE"))
        shown = await anna.ask(room, "list", "2. two")
        tap = await anna.react(room, shown.event, "2️⃣")
        async with asyncio.timeout(PATIENCE):
            while not await _attempts(database, tap):
                await asyncio.sleep(0.05)
    assert "under answer:list:$" in (await anna.hears("you tapped 2", room=room)).body


async def _all_written_down(database: Database) -> None:
    waiting = select(outbox.c.id).where(outbox.c.state == "waiting").limit(1)
    async with asyncio.timeout(PATIENCE):
        while True:
            async with database.transaction() as tx:
                if (await tx.conn.execute(waiting)).first() is None:
                    return
            await asyncio.sleep(0.05)


async def test_a_tap_under_what_was_edited_but_is_not_yet_written_down_means_the_edit(
    echo: Echo, settings: Settings, new_person: NewPerson, database: Database
) -> None:
    anna = await new_person("anna")
    room = await anna.direct_room(settings.matrix.bot_id)
    shown = await anna.ask(room, "list", "2. two")
    said = next(each for each in echo.heard if each.text == "list")
    await _all_written_down(database)  # else the edit waits for the list
    async with database.transaction() as tx:
        await tx.conn.execute(text(f"LOCK TABLE {bot_message.fullname} IN SHARE MODE"))
        await anna.ask(room, f"edit answer:list:{said.event_id}", "edited")
        tap = await anna.react(room, shown.event, "2️⃣")
        async with asyncio.timeout(PATIENCE):
            while not await _attempts(database, tap):
                await asyncio.sleep(0.05)
    assert "under answer:edit" in (await anna.hears("you tapped 2", room=room)).body


async def _attempts(database: Database, event_id: str) -> int:
    async with database.transaction() as tx:
        row = id_of(f"{EVENT}:{event_id}")
        return (await tx.conn.execute(select(inbox.c.attempts).where(inbox.c.id == row))).scalar() or 0


async def test_what_is_about_an_earlier_message_of_ones_own_is_heard_while_something_is_being_said(
    echo: Echo, settings: Settings, new_person: NewPerson, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = await new_person("anna")
    room = await anna.direct_room(settings.matrix.bot_id)
    said = await anna.say(room, "hello")
    await anna.hears("you said hello", room=room)
    monkeypatch.setattr(inbound, "_NOTED_WITHIN", timedelta(0))
    monkeypatch.setattr(inbound, "_LOOKS", 2)
    async with database.transaction() as tx:
        later = tx.now + timedelta(days=1)
        await enqueue(tx, kind=REACTIONS, lane=lane_of(room), key="held up", payload=b"{}", due_at=later)
        await tx.conn.execute(update(outbox).where(outbox.c.due_at == later).values(attempts=1))
    await anna.say(room, "again", **{"m.relates_to": {"m.in_reply_to": {"event_id": said}}})
    async with asyncio.timeout(PATIENCE):
        while "again" not in [heard.text for heard in echo.heard]:
            await asyncio.sleep(0.05)


async def test_a_poll_takes_no_vote_once_it_was_answered(echo: Echo, settings: Settings, new_person: NewPerson) -> None:
    anna = await new_person("anna")
    room = await anna.direct_room(settings.matrix.bot_id)
    shown = await anna.ask(room, "poll", "2. two")
    await anna.event_of_type(room, "org.matrix.msc3381.poll.start")
    await anna.say(room, "over", **{"m.relates_to": {"m.in_reply_to": {"event_id": shown.event}}})
    await anna.event_of_type(room, "org.matrix.msc3381.poll.end")
    await anna.say(room, "over", **{"m.relates_to": {"m.in_reply_to": {"event_id": shown.event}}})
    await anna.ask(room, "more", "you said more")
    assert [kind for _, _, kind in anna.others].count("org.matrix.msc3381.poll.end") == 1


async def test_a_message_that_is_removed_before_it_was_heard_is_not_heard(
    settings: Settings, new_person: NewPerson
) -> None:
    anna = await new_person("anna")
    async with serving(settings):
        room = await anna.direct_room(settings.matrix.bot_id)
        await anna.ask(room, "hello", "you said hello")
    # While nobody is there; the homeserver has the message in what it repeats, and takes its content away.
    gone = await anna.say(room, "better not")
    await anna.say(room, "but this")
    await anna.client.room_redact(room, gone)
    async with serving(settings):
        await anna.hears("you said but this", room=room)
        await anna.ask(room, "more", "you said more")
    assert "you said better not" not in anna.shown(room)


async def test_a_message_that_is_removed_while_it_waits_for_its_key_is_not_asked_for(
    echo: Echo, settings: Settings, new_person: NewPerson, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbound, "_LITTLE_PATIENCE", 3600.0)
    monkeypatch.setattr(inbound, "_PATIENCE", 3600.0)
    anna = await new_person("anna")
    room = await anna.direct_room(settings.matrix.bot_id)
    await anna.ask(room, "hello", "you said hello")
    lost = await anna.send_raw(room, "m.room.encrypted", LOST | {"device_id": anna.client.device_id})
    await becomes(database, lost, "blocked")
    await anna.client.room_redact(room, lost)
    await becomes(database, lost, "done")
    monkeypatch.setattr(inbound, "_PATIENCE", 0.0)
    await anna.send_raw(room, "m.room.encrypted", LOST | {"device_id": anna.client.device_id, "session_id": "another"})
    await anna.hears("that was undecryptable", room=room)  # for that one, which was not removed
    await anna.ask(room, "more", "you said more")
    assert anna.shown(room).count("that was undecryptable") == 1


async def test_what_was_removed_while_it_waited_for_its_key_is_not_woken_for_ever(
    running: tuple[MatrixService, Echo], settings: Settings, database: Database
) -> None:
    service, echo = running
    device = SimpleNamespace(views=None, created_at=datetime.now(UTC))
    ears = Inbound(echo.people, device, service.rooms, Strangers(settings.matrix), echo.hear)  # type: ignore[arg-type]
    long_ago = time.monotonic() - 7200
    ears._waiting = {id_of("removed"): ("session", long_ago), id_of("another"): ("just begun", time.monotonic())}
    await ears.wake_overdue(database)
    assert [*ears._waiting] == [id_of("another")]


async def becomes(database: Database, event_id: str, state: str) -> None:
    """Wait until an event that came is in that state."""
    wanted = select(inbox.c.state).where(inbox.c.id == id_of(f"{EVENT}:{event_id}"))
    async with asyncio.timeout(PATIENCE):
        while True:
            async with database.transaction() as tx:
                if (await tx.conn.execute(wanted)).scalar_one_or_none() == state:
                    return
            await asyncio.sleep(0.05)


async def test_a_sentence_of_the_conversations_is_the_answer_and_its_effects_are_undone(
    echo: Echo, settings: Settings, new_person: NewPerson
) -> None:
    anna = await new_person("anna")
    room = await anna.direct_room(settings.matrix.bot_id)
    await anna.ask(room, "bad", "Say *good* instead.")
    await anna.ask(room, "more", "you said more")
    assert "never seen" not in anna.shown(room)


async def test_a_fault_of_ours_is_tried_again_and_then_admitted(
    echo: Echo, settings: Settings, new_person: NewPerson
) -> None:
    anna = await new_person("anna")
    room = await anna.direct_room(settings.matrix.bot_id)
    await anna.ask(room, "fault", "Something went wrong on our side")
    assert echo.faults == 4
    await anna.ask(room, "more", "you said more")


async def test_what_is_said_besides_the_conversation_is_in_the_person_s_language(
    echo: Echo, settings: Settings, new_person: NewPerson
) -> None:
    anna = await new_person("anna")
    echo.people.languages[anna.mxid] = "de"
    room = await anna.direct_room(settings.matrix.bot_id)
    shown = await anna.ask(room, "poll", "2. two")
    poll = anna.contents[await anna.event_of_type(room, polls.START)]
    assert poll[polls.START]["question"]["org.matrix.msc1767.text"] == "Ihre Antwort"
    await anna.say(room, "over", **{"m.relates_to": {"m.in_reply_to": {"event_id": shown.event}}})
    ended = anna.contents[await anna.event_of_type(room, polls.END)]
    assert ended["org.matrix.msc1767.text"] == "Beantwortet."
    await anna.send_file(room, b"no picture", "x.png", "image/png", hashes={"sha256": "A" * 43})
    await anna.hears("Datei kam nicht vollständig an", room=room)
    await anna.ask(room, "fault", "Bei uns ist etwas schiefgegangen")


async def test_who_reads_from_the_right_gets_messages_that_run_so(
    echo: Echo, settings: Settings, new_person: NewPerson
) -> None:
    anna, ben = await new_person("anna"), await new_person("ben")
    echo.people.languages[anna.mxid] = "ar"
    for person, mark in ((anna, "\u200f"), (ben, "")):
        room = await person.direct_room(settings.matrix.bot_id)
        answer = await person.ask(room, "مرحبا", "مرحبا")
        assert answer.body == f"{mark}you said مرحبا"
        assert answer.html == f"{mark}<p>you said <strong>مرحبا</strong></p>"


async def test_a_file_arrives_encrypted_and_whole(echo: Echo, settings: Settings, new_person: NewPerson) -> None:
    anna = await new_person("anna")
    room = await anna.direct_room(settings.matrix.bot_id)
    file = await anna.ask(room, "file", "echo.txt")
    assert await anna.download(file) == await echo.file(None, echo.people.id_of(anna.mxid))  # type: ignore[arg-type]


async def test_words_sent_without_encryption_are_refused_by_our_homeserver(
    echo: Echo, settings: Settings, new_person: NewPerson
) -> None:
    anna = await new_person("anna")
    room = await anna.direct_room(settings.matrix.bot_id)
    with pytest.raises(ClientError, match="M_FORBIDDEN"):
        await anna.send_in_clear(room, "my secret rash")
    await anna.ask(room, "hello", "you said hello")
    assert "plaintext" not in [heard.kind for heard in echo.heard]


async def test_encryption_is_turned_on_where_the_bot_may(echo: Echo, settings: Settings, new_person: NewPerson) -> None:
    anna = await new_person("anna")
    everybody = {"users_default": 100}
    made = await anna.client.room_create(
        invite=[settings.matrix.bot_id], preset=RoomPreset.public_chat, power_level_override=everybody
    )
    answer = await anna.hears("that was joined", room=made.room_id)
    assert answer.encrypted


async def test_where_it_may_not_only_public_words_are_said(
    echo: Echo, settings: Settings, new_person: NewPerson
) -> None:
    anna = await new_person("anna")
    # The homeserver encrypts all rooms but public ones.
    made = await anna.client.room_create(invite=[settings.matrix.bot_id], preset=RoomPreset.public_chat)
    await anna.send_in_clear(made.room_id, "hello")
    answer = await anna.hears("that was plaintext", room=made.room_id)
    assert not answer.encrypted
    assert anna.shown(made.room_id) == ["that was plaintext"]


async def test_who_wants_to_verify_the_bot_where_nothing_is_encrypted_is_told_so_and_heard_on(
    echo: Echo, settings: Settings, new_person: NewPerson
) -> None:
    anna, bot = await new_person("anna"), settings.matrix.bot_id
    made = await anna.client.room_create(invite=[bot], preset=RoomPreset.public_chat)
    asked = {"msgtype": "m.key.verification.request", "body": "Verify me", "to": bot, "methods": ["m.sas.v1"]}
    await anna.send_raw(made.room_id, "m.room.message", {**asked, "from_device": anna.client.device_id})
    await anna.hears("that was plaintext", room=made.room_id)
    await anna.send_in_clear(made.room_id, "hello")
    async with asyncio.timeout(PATIENCE):
        while [heard.kind for heard in echo.heard].count("plaintext") < 2:
            await asyncio.sleep(0.05)


async def test_what_was_said_before_the_bot_came_is_answered(settings: Settings, new_person: NewPerson) -> None:
    anna = await new_person("anna")
    async with serving(settings):
        await anna.ask(await anna.direct_room(settings.matrix.bot_id), "hello", "you said hello")
    made = await anna.client.room_create(invite=[settings.matrix.bot_id], is_direct=True)
    await anna.appears(made.room_id, settings.matrix.bot_id, invited=True)
    await anna.say(made.room_id, "one")
    await anna.say(made.room_id, "two")
    async with serving(settings):
        await anna.hears("you said two", room=made.room_id)
    assert anna.shown(made.room_id) == ["that was joined", "you said one", "you said two"]


async def test_a_message_whose_key_never_comes_is_admitted_once(
    echo: Echo,
    settings: Settings,
    new_person: NewPerson,
    monkeypatch: pytest.MonkeyPatch,
    database: Database,
) -> None:
    anna = await new_person("anna")
    room = await anna.direct_room(settings.matrix.bot_id)
    await anna.ask(room, "hello", "you said hello")
    monkeypatch.setattr(inbound, "_PATIENCE", 1.0)  # from here on, as that key may have come late
    lost = LOST | {
        "sender_key": anna.client.olm.account.identity_keys["curve25519"],
        "device_id": anna.client.device_id,
    }
    asked_for: asyncio.Queue[str] = asyncio.Queue()
    takes = anna.client.olm.handle_to_device_event

    def seen(event: Any) -> Any:  # nio's callbacks are not told of what it does not have
        if isinstance(event, RoomKeyRequest):
            asked_for.put_nowait(event.session_id)
        return takes(event)

    monkeypatch.setattr(anna.client.olm, "handle_to_device_event", seen)
    for _ in range(2):
        await anna.send_raw(room, "m.room.encrypted", lost)
    await anna.ask(room, "more", "you said more")  # what comes after it does not wait
    await anna.hears("that was undecryptable", room=room)
    async with asyncio.timeout(PATIENCE):
        while await asked_for.get() != lost["session_id"]:  # by her client's own device
            pass  # a key of hers that came late may have been asked for before
    async with database.transaction() as tx:
        kinds = [row.kind for row in await tx.conn.execute(select(inbox.c.kind))]
    assert kinds.count("matrix.unreadable") == 1


async def test_a_key_that_the_homeserver_or_we_are_slow_with_is_waited_for(
    echo: Echo, settings: Settings, new_person: NewPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However little patience there is: nobody is told that a message can't be read whose key is on its way."""
    monkeypatch.setattr(inbound, "_LITTLE_PATIENCE", 0.2)
    anna = await new_person("anna")
    room = await anna.direct_room(settings.matrix.bot_id)
    ask, stirs, looks = Actor.get, asyncio.Event(), asyncio.Semaphore(0)
    stirs.set()

    async def slow(self: Actor, *path: str, **how: Any) -> Any:
        answer = await ask(self, *path, **how)
        if path == ("sync",) and '"rooms": []' in how["query"]["filter"]:
            looks.release()
        elif path == ("sync",) and "m.room.encrypted" not in how["query"]["filter"]:
            await stirs.wait()  # this answer has the key
        return answer

    monkeypatch.setattr(Actor, "get", slow)
    await anna.ask(room, "hello", "you said hello")  # the next answer will be a slow one
    stirs.clear()
    anna.client.invalidate_outbound_session(room)
    await anna.say(room, "again")
    async with asyncio.timeout(PATIENCE):
        for _ in range(2):
            await looks.acquire()
    stirs.set()
    await anna.hears("you said again", room=room)
    assert "that was undecryptable" not in anna.shown(room)


async def test_what_is_said_before_anybody_there_has_keys_waits_for_them(
    echo: Echo, homeserver: Homeserver, settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often the homeserver was away meanwhile."""
    monkeypatch.setattr(outbound, "_WAITS", (0.3,) * 1000)
    name = f"anna-{uuid4().hex[:6]}"
    homeserver.register(name, "pw")
    bare = AsyncClient(homeserver.url, name)
    await bare.login("pw")
    made = await bare.room_create(
        is_direct=True,
        invite=[settings.matrix.bot_id],
        preset=RoomPreset.trusted_private_chat,
        initial_state=[ENCRYPTION],
    )
    async with asyncio.timeout(PATIENCE):
        while not echo.heard:
            await asyncio.sleep(0.05)
        while not await _tried_after_an_outage(database, attempts=2000):
            await asyncio.sleep(0.05)
    await bare.close()
    anna = await Person.logged_in(homeserver.url, name, "pw")
    try:
        assert (await anna.hears("that was joined", room=made.room_id)).encrypted
    finally:
        await anna.close()


async def _tried_after_an_outage(database: Database, attempts: int) -> bool:
    """Whether the one message was tried once more, or sent, since so many attempts were written down for it."""
    async with database.transaction() as tx:
        of_message = outbox.c.kind == MESSAGE
        away = update(outbox).where(of_message, outbox.c.state == "waiting", outbox.c.attempts < attempts)
        await tx.conn.execute(away.values(attempts=attempts))
    async with database.transaction() as tx:
        again = select(outbox.c.id).where(of_message, (outbox.c.attempts > attempts) | (outbox.c.state == "done"))
        return (await tx.conn.execute(again)).first() is not None
