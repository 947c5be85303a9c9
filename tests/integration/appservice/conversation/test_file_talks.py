"""Files in talks: kept, asked about in one message, listed, sent back, taken back."""

from datetime import timedelta

from booking.questions.waiting import tell_of_waiting
from tests.integration.appservice.conversation.chat import Chat
from tests.integration.appservice.conversation.test_booking_talks import book, visits
from tests.integration.booking.clinic import ANNA, BEN, CLARA, OSEI
from tests.integration.booking.town import Town, at

PDF = b"%PDF-1.7\n" + bytes(3000)
OGG = b"OggS" + bytes(3000)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(2_000_000)


async def test_a_patient_sends_a_file_for_the_next_visit_with_a_number(chat: Chat, town: Town) -> None:
    code = await book(chat)
    asked = await chat.send_file(ANNA, PDF, "ekg.pdf")
    assert "ekg.pdf (3 KB), sealed; until you answer, only you can see it" in asked
    assert "1. Tue 1 Dec, 09:00 with Dr Ama Osei\n2. To no visit" in asked
    said = await chat.say(ANNA, "1 the ECG of last year")
    assert f"Filed with visit {code}" in said
    assert "You and the doctors who treat you can see it" in said
    assert f"Anna has sent a file for visit {code}" in (await chat.notices())[OSEI][-1].text
    assert "1. the ECG of last year, ekg.pdf, 3 KB, 30 Nov 2026" in await chat.say(ANNA, "files")
    await chat.say(ANNA, "1")
    assert chat.last[-1].fields["mimetype"] == "application/pdf"
    assert await chat.file(chat.last[-1]) == PDF
    town.clock.time = at(1, 9)
    assert "the ECG of last year" in await chat.say(OSEI, f"files {code}")
    await chat.say(OSEI, "1")
    assert await chat.file(chat.last[-1]) == PDF
    assert "may not do that" in await chat.say(BEN, f"files {code}", name="Ben")


async def test_files_that_come_together_are_asked_about_once(chat: Chat) -> None:
    await chat.send_file(ANNA, PNG, "one.png")
    asked = await chat.send_file(ANNA, PDF, "two.pdf", caption="lab")
    assert "I have 2 files: one.png, two.pdf" in asked
    assert "Kept." in await chat.say(ANNA, "1")
    listed = await chat.say(ANNA, "files")
    assert "seen by you alone" not in listed
    assert "lab, two.pdf" in listed
    assert "1.9 MB" in listed
    assert "There is only one choice" not in await chat.say(ANNA, "hello")


async def test_who_speaks_to_the_bot_is_asked_to_write(chat: Chat) -> None:
    """A voice message is taken as any recording; that nobody listens to it is said."""
    asked = await chat.send_file(ANNA, OGG, "Voice message.ogg")
    assert asked.startswith("I can't listen to recordings: if you wanted to tell me something, please write it.")
    assert "I have Voice message.ogg (3 KB), sealed" in asked
    assert "Deleted" in await chat.say(ANNA, "no")
    assert "listen" not in await chat.send_file(ANNA, PDF, "a.pdf")


async def test_words_alone_say_what_it_is_and_a_command_is_a_command(chat: Chat) -> None:
    await chat.send_file(ANNA, PDF, "a.pdf")
    assert "You have no visits to come" in await chat.say(ANNA, "appointments")
    await chat.send_file(ANNA, PDF, "b.pdf")
    await chat.say(ANNA, "blood test")
    assert "blood test, b.pdf" in await chat.say(ANNA, "files")
    await chat.send_file(ANNA, PDF, "c.pdf")
    assert "There is only one choice" in await chat.say(ANNA, "7 what")


async def test_what_was_sent_by_mistake_is_gone_with_a_no(chat: Chat) -> None:
    await chat.send_file(ANNA, PDF, "a.pdf")
    assert "Deleted" in await chat.say(ANNA, "no")
    assert "There are no files" in await chat.say(ANNA, "files")


async def test_left_for_later_it_is_the_senders_alone(chat: Chat, town: Town) -> None:
    code = await book(chat)
    await chat.send_file(ANNA, PDF, "a.pdf")
    assert "stays with you alone" in await chat.say(ANNA, "later")
    assert "a.pdf, 3 KB, 30 Nov 2026, seen by you alone" in await chat.say(ANNA, "files")
    town.clock.time = at(1, 9)
    assert "There are no files" in await chat.say(OSEI, f"files {code}")


async def test_a_file_is_taken_back_until_its_visit_begins(chat: Chat, town: Town) -> None:
    await book(chat)
    for name in ("a.pdf", "b.pdf"):
        await chat.send_file(ANNA, PDF, name)
        await chat.say(ANNA, "1")
        town.clock.time += timedelta(seconds=1)
    assert "Delete this file for good?\n\nb.pdf" in await chat.say(ANNA, "delete file 1")
    assert "Nothing has changed" in await chat.say(ANNA, "no")
    await chat.say(ANNA, "delete file 1")
    assert "Deleted" in await chat.say(ANNA, "yes")
    town.clock.time = at(2, 9)
    await chat.say(ANNA, "delete file 1")
    assert "the centre must keep" in await chat.say(ANNA, "yes")
    assert "a.pdf" in await chat.say(ANNA, "files")
    assert "Which one?" in await chat.say(ANNA, "delete file")


async def test_a_doctor_sends_a_patient_a_file(chat: Chat, town: Town) -> None:
    code = await book(chat)
    town.clock.time = at(1, 9)
    await chat.say(OSEI, f"arrived {code}")
    asked = await chat.send_file(OSEI, PNG, "xray.png", caption="X-ray")
    assert f"1. Anna, Tue 1 Dec, 09:00, visit {code}" in asked
    said = await chat.say(OSEI, "1")
    assert "Anna can see it, and the doctors who treat them. They are told." in said
    assert f"Dr Ama Osei has sent a file for visit {code}" in (await chat.notices())[ANNA][-1].text
    await chat.say(ANNA, "files")
    await chat.say(ANNA, "1")
    assert await chat.file(chat.last[-1]) == PNG
    await chat.say(ANNA, "files")
    assert "may not do that" in await chat.say(ANNA, "delete file 1")
    await chat.say(OSEI, f"delete file 1 {code}")
    assert "Deleted" in await chat.say(OSEI, "yes")
    assert "There are no files" in await chat.say(ANNA, "files")


async def test_a_file_for_a_child_is_in_the_childs_record(chat: Chat) -> None:
    await chat.say(ANNA, "add family Mia 2018-05-04")
    asked = await chat.send_file(ANNA, PDF, "a.pdf")
    assert "2. Keep it with the records of Mia" in asked
    assert "You and the doctors who treat Mia can see it" in await chat.say(ANNA, "2 vaccination")
    assert "vaccination, a.pdf, 3 KB, 30 Nov 2026 (for Mia)" in await chat.say(ANNA, "files")


async def test_what_cannot_be_taken_gets_a_sentence(chat: Chat) -> None:
    assert "I can't take that kind of file" in await chat.send_file(ANNA, b"MZ\0\0", "a.exe")
    assert "too large: I take up to 1024 MB" in await chat.send_file(ANNA, PDF, "a.pdf", size=2 << 30)
    assert "There are no files" in await chat.say(ANNA, "files")
    assert "not this" in await chat.say(ANNA, "", kind="other")


async def test_the_staff_is_told_of_a_file_that_nobody_looks_at(chat: Chat, town: Town) -> None:
    await chat.say(CLARA, "unanswered after 2 h", name="Clara")
    code = await book(chat)
    for name in ("a.pdf", "b.pdf"):
        await chat.send_file(ANNA, PDF, name)
        await chat.say(ANNA, "1 blood test")
    await chat.notices()
    start = (await visits(chat))[0].start
    town.clock.time = start - timedelta(hours=2, minutes=1)  # long after they came: the visit is not near yet
    async with chat.database.transaction() as tx:
        assert await tell_of_waiting(tx) == 0
    await chat.say(OSEI, f"files {code}")
    await chat.say(OSEI, "1")  # the newer one
    town.clock.time = start - timedelta(hours=2)
    async with chat.database.transaction() as tx:
        assert await tell_of_waiting(tx) == 1
        assert await tell_of_waiting(tx) == 0
    (told,) = (await chat.notices())[CLARA]
    assert told.text == f"Not looked at 2 hours after it came, or before the visit: a file for {code} with Dr Ama Osei."
    assert "Anna" not in told.text


async def test_a_file_that_was_looked_at_meanwhile_is_told_to_nobody(chat: Chat, town: Town) -> None:
    await chat.say(CLARA, "unanswered after 2 h", name="Clara")
    code = await book(chat)
    await chat.send_file(ANNA, PDF, "a.pdf")
    await chat.say(ANNA, "1")
    await chat.notices()
    town.clock.time = (await visits(chat))[0].start - timedelta(hours=1)
    async with chat.database.transaction() as tx:
        assert await tell_of_waiting(tx) == 1
    await chat.say(OSEI, f"files {code}")
    await chat.say(OSEI, "1")
    assert CLARA not in await chat.notices()
