"""Oneself, strangers, rooms with others, what has no words, and what is remembered."""

from uuid import UUID

from sqlalchemy import text

from core.ids import id_of
from tests.integration.appservice.conversation.chat import Chat, private_room
from tests.integration.appservice.conversation.test_booking_talks import NEAR, book
from tests.integration.booking.clinic import ANNA, BEN, CLARA, OSEI, PAUL

GROUP = "!group:localhost"


async def test_who_invites_the_bot_is_told_how_to_begin(chat: Chat) -> None:
    welcome = await chat.say(ANNA, "", kind="joined")
    assert welcome.startswith("Hello Anna! I book medical appointments")


async def test_help_is_short_and_shows_what_this_person_can_do(chat: Chat) -> None:
    mine = await chat.say(ANNA, "help")
    assert len(mine.splitlines()) <= 8
    assert "cancel" in mine
    assert not any(word in mine for word in ("prescribe", "add doctor", "add centre", "bookings"))
    assert "prescribe" in await chat.say(OSEI, "help", name="Dr Osei")
    assert "add doctor" in await chat.say(CLARA, "help", name="Clara")
    assert "add centre" in await chat.say(PAUL, "help", name="Paul")


async def test_help_explains_a_line_or_a_word(chat: Chat) -> None:
    assert "cancel CODE [series]: cancel a visit" in await chat.say(ANNA, "help visits")
    assert (await chat.say(ANNA, "help remind me")).startswith("• remind me 24h and 1h before")
    assert "To book, say what you need" in await chat.say(ANNA, "help prescribe")


async def test_name_zone_language_and_reminders_are_set_in_words(chat: Chat) -> None:
    assert "Clinics see you as Ada Lovelace" in await chat.say(ANNA, "my name is Ada Lovelace")
    assert "Europe/London; there it is Mon 30 Nov, 09:00" in await chat.say(ANNA, "timezone London")
    assert "Asia/Tokyo" in await chat.say(ANNA, "timezone Asia/Tokyo")
    assert "2 hours" in await chat.say(ANNA, "remind me 2h before")
    assert "Deutsch" in await chat.say(ANNA, "language German")
    person = await chat.person(ANNA)
    assert (person.name, person.timezone, person.reminder_minutes) == ("Ada Lovelace", "Asia/Tokyo", (120,))


async def test_a_stranger_learns_nothing_of_others_visits(chat: Chat) -> None:
    code = await book(chat)
    for words in ("cancel {}", "move {}", "reason {}", "reason {} mine now", "appointments {}", "prescription {}"):
        real = await chat.say(BEN, words.format(code), name="Ben")
        invented = await chat.say(BEN, words.format("ZZ9ZZ9"), name="Ben")
        assert real == invented
        assert "Osei" not in real


async def test_the_words_of_staff_mean_nothing_to_others(chat: Chat) -> None:
    code = await book(chat)
    nothing = await chat.say(BEN, "blargh", name="Ben")
    for words in (
        f"arrived {code}",
        f"prescribe {code}",
        "bookings",
        "add admin @ben:localhost to Berlin Heart Centre",
    ):
        answer = await chat.say(BEN, words, name="Ben")
        assert code not in answer
        assert "Anna" not in answer
        assert "runs" not in answer
    assert await chat.say(BEN, f"arrived {code}", name="Ben") == nothing
    assert not (await chat.person(BEN)).administers


async def test_a_conversation_that_was_just_started_knows_what_was_asked(chat: Chat) -> None:
    """Each message of these tests is heard by a new Conversation; what is kept is sealed."""
    await chat.say(ANNA, NEAR)
    async with chat.database.transaction() as tx:
        sealed = (await tx.conn.execute(text("SELECT sealed FROM dialogue"))).scalar_one()
    assert b"cardiologist" not in bytes(sealed)
    assert "Dr Ama Osei, in person" in await chat.say(ANNA, "1")


async def test_among_others_only_the_exclamation_mark_is_heard_and_the_answer_is_private(chat: Chat) -> None:
    assert await chat.say(ANNA, NEAR, room=GROUP) == ""
    assert await chat.say(ANNA, "help", room=GROUP) == ""
    await chat.say(ANNA, f"!{NEAR}", room=GROUP)
    rooms = {each.room: each.text for each in chat.last}
    assert rooms[GROUP] == "I have answered that in our private chat."
    assert "Dr Ama Osei" in rooms[private_room(ANNA)]
    assert "Dr Ama Osei, in person" in await chat.say(ANNA, "1")


async def test_a_refusal_among_others_names_nothing(chat: Chat) -> None:
    code = await book(chat)
    real = await chat.say(BEN, f"!cancel {code}", room=GROUP, name="Ben")
    assert real == await chat.say(BEN, "!cancel ZZ9ZZ9", room=GROUP, name="Ben")


async def test_what_has_no_readable_words_gets_a_sentence(chat: Chat) -> None:
    assert "I can read words" in await chat.say(ANNA, "", kind="other")
    assert "could not read your last message" in await chat.say(ANNA, "", kind="undecryptable")
    assert "only talk encrypted" in await chat.say(ANNA, "", kind="plaintext")
    assert chat.last[0].fields["public"] is True


async def test_what_can_be_answered_is_shown_as_people_like_it(chat: Chat) -> None:
    assert "numbers" in await chat.say(ANNA, "buttons")
    await chat.say(ANNA, "cardiologist near Berlin tomorrow under 60")
    assert chat.last[0].fields["choices"] == 2
    assert chat.last[0].fields["poll"] is None
    assert "poll" in await chat.say(ANNA, "buttons polls")
    await chat.say(ANNA, "cardiologist near Berlin tomorrow under 60")
    offers = chat.last[0]
    assert offers.fields["choices"] == 0
    assert offers.fields["poll"]["1"].startswith("Dr Ama Osei, Cardiology, in person")
    assert "1. 09:00" in await chat.tap(ANNA, "1", offers)
    await chat.say(ANNA, "1")
    code = (await chat.say(ANNA, "appointments")).split("visit ")[1][:6]
    await chat.say(ANNA, f"cancel {code}")
    question = chat.last[0]
    assert question.fields["poll"] == {"yes": "Yes", "no": "No"}
    assert "Cancelled." in await chat.tap(ANNA, "yes", question)
    assert "no buttons" in await chat.say(ANNA, "buttons none")
    await chat.say(ANNA, "cardiologist near Berlin tomorrow under 60")
    assert chat.last[0].fields["choices"] == 0
    assert chat.last[0].fields["poll"] is None
    assert "Write it like" in await chat.say(ANNA, "buttons blue")


async def test_a_refusal_among_others_is_said_in_private(chat: Chat) -> None:
    """Its sentence may hold names, as that of a doctor whom one asks for."""
    await chat.say(ANNA, "!renew 1", room=GROUP)
    rooms = {each.room: each.text for each in chat.last}
    assert rooms[GROUP] == "I have answered that in our private chat."
    assert rooms[private_room(ANNA)] == "There are no prescriptions for you."


async def test_only_what_says_nothing_of_anybody_may_be_heard_by_others(chat: Chat) -> None:
    await chat.say(ANNA, "hello")
    assert not chat.last[0].fields["shared"]
    await chat.say(ANNA, "!appointments", room=GROUP)
    assert {each.room: each.fields["shared"] for each in chat.last} == {GROUP: True, private_room(ANNA): False}


async def test_a_poll_is_closed_once_it_is_answered_by_whatever_way(chat: Chat) -> None:
    async def closed() -> list[UUID]:
        async with chat.database.transaction() as tx:
            found = await tx.conn.execute(text("SELECT id FROM outbox WHERE kind = 'matrix.end_poll' ORDER BY seq"))
            return [*found.scalars()]

    await chat.say(ANNA, "buttons polls")
    await chat.say(ANNA, NEAR)
    offers = chat.last[0]
    assert await closed() == []
    await chat.tap(ANNA, "1", offers)
    times = chat.last[0]
    await chat.say(ANNA, "1")
    assert await closed() == [id_of(f"end poll:{each.key}") for each in (offers, times)]


async def test_an_answer_that_is_changed_after_it_has_done_its_work_does_no_other(chat: Chat) -> None:
    await chat.say(ANNA, NEAR)
    await chat.say(ANNA, "1")
    chosen = chat.said
    assert "what it did stands" in await chat.say(ANNA, "2", edits=chosen)
    async with chat.database.transaction() as tx:
        assert (await tx.conn.execute(text("SELECT count(*) FROM appointment"))).scalar_one() == 0


async def test_a_slip_of_the_finger_is_corrected_by_editing_the_message(chat: Chat) -> None:
    await chat.say(ANNA, NEAR)
    await chat.say(ANNA, "99")
    assert "Answer with a number to book it" in await chat.say(ANNA, "1", edits=chat.said)
    await chat.say(ANNA, "cardiologst near Berlin")
    assert "Dr Ama Osei" in await chat.say(ANNA, "cardiologist near Berlin", edits=chat.said)


async def test_what_is_said_in_a_thread_is_answered_there(chat: Chat) -> None:
    await chat.say(ANNA, NEAR, thread="$root")
    assert [(each.fields["thread"], each.fields["answers"]) for each in chat.last] == [("$root", chat.said)]
    await chat.say(ANNA, NEAR)
    assert chat.last[0].fields["thread"] is None
    await chat.say(ANNA, "", kind="undecryptable", thread="$root")
    assert chat.last[0].fields["thread"] == "$root"
