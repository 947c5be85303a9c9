"""Being away and reachable, and questions between visits."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import insert, text

from appservice.matrix.model import staff_room, staff_room_member
from booking.directory.model import StaffNotices
from booking.directory.reading import centres_named
from booking.directory.service import edit_centre
from booking.questions.waiting import tell_of_waiting
from tests.integration.appservice.conversation.chat import Chat
from tests.integration.appservice.conversation.test_booking_talks import book
from tests.integration.booking.clinic import ANNA, BEN, CLARA, OSEI, PAUL
from tests.integration.booking.town import Town, at

WORDS = "May I eat before the ECG?"


@pytest.fixture
async def visit(chat: Chat) -> str:
    """The code of Anna's visit with Dr Osei tomorrow at 9:00."""
    return await book(chat)


async def test_a_question_is_answered_by_replying_to_it(chat: Chat, visit: str) -> None:
    said = await chat.say(ANNA, f"ask {visit} {WORDS}")
    assert "Asked: Dr Ama Osei. The answer comes here." in said
    (asked,) = (await chat.notices())[OSEI]
    assert asked.text.startswith("Question from Anna, Mon 30 Nov, 10:00:\n\n> May I eat before the ECG?")
    assert "Answered: Anna has your words now." in await chat.reply(OSEI, "Yes, *please* do.\n- tea\n- toast", asked)
    (answer,) = (await chat.notices())[ANNA]
    assert answer.text.startswith("Dr Ama Osei answers:\n\nYes, *please* do.\n- tea\n- toast")
    assert "> May I eat" in answer.text
    assert "answered already" in await chat.reply(OSEI, "Again", asked)


async def test_a_question_is_answered_by_its_code_or_number(chat: Chat, visit: str) -> None:
    await chat.say(ANNA, f"ask dr.osei {WORDS}")
    code = re.search(r"Question (\w{6})", chat.last[0].text)
    assert code
    assert f"1. {code[1]} Anna, Mon 30 Nov, 10:00: {WORDS}" in await chat.say(OSEI, "questions")
    assert f"1. {code[1]} Dr Ama Osei" in await chat.say(ANNA, "questions")
    assert "Answered" in await chat.say(OSEI, "answer 1 Yes.")
    assert "No question waits" in await chat.say(OSEI, "questions")
    await chat.say(ANNA, f"ask dr.osei {WORDS}")
    code = re.search(r"Question (\w{6})", chat.last[0].text)
    assert code
    assert "Answered" in await chat.say(OSEI, f"answer {code[1]} No.\nNever “that”.")
    assert "No.\nNever “that”." in (await chat.notices())[ANNA][-1].text


@pytest.mark.parametrize(
    ("language", "ask", "answer"),
    [
        ("language English", "Question:", "answer"),
        ("Sprache Deutsch", "Frage", "antworten"),
        ("langue français", "demander", "Répondre"),
        ("idioma español", "Pregunta", "responder"),
        ("bahasa Melayu", "tanya", "Jawab"),
        ("اللغة العربية", "اسأل", "أجب"),
    ],
)
async def test_words_stay_as_they_were_written_in_each_language(
    chat: Chat, visit: str, language: str, ask: str, answer: str
) -> None:
    for mxid in (ANNA, OSEI):
        await chat.say(mxid, language)
    await chat.notices()
    await chat.say(ANNA, f"{ask} {visit} May I eat\n- “bread”\n- eggs?")
    (asked,) = (await chat.notices())[OSEI]
    assert "May I eat\n> - “bread”\n> - eggs?" in asked.text
    code = re.search(r"\b(?=[A-Z]*[0-9])[0-9A-Z]{6}\b", asked.text)
    assert code
    await chat.say(OSEI, f"{answer} {code[0]} No.\nNever “that”.")
    assert "No.\nNever “that”." in (await chat.notices())[ANNA][-1].text


async def test_what_a_doctor_says_otherwise_is_no_answer(chat: Chat, visit: str) -> None:
    await chat.say(ANNA, f"ask {visit} {WORDS}")
    await chat.notices()
    await chat.say(OSEI, "today tomorrow")
    await chat.say(OSEI, "this is for nobody")
    assert ANNA not in await chat.notices()


async def test_only_patients_of_a_doctor_ask_and_only_that_doctor_answers(chat: Chat, visit: str) -> None:
    assert "You can ask a doctor with whom you have" in await chat.say(BEN, f"ask dr.osei {WORDS}")
    assert "You may not do that" in await chat.say(BEN, f"ask {visit} {WORDS}")
    await chat.say(ANNA, f"ask {visit} {WORDS}")
    code = re.search(r"Question (\w{6})", chat.last[0].text)
    assert code
    assert "Answered" not in await chat.say(CLARA, f"answer {code[1]} I say so")
    assert "Answered" not in await chat.say(ANNA, f"answer {code[1]} I say so")
    assert WORDS not in await chat.say(CLARA, "questions")


async def test_bad_questions_are_answered(chat: Chat, visit: str) -> None:
    assert "Whom?" in await chat.say(ANNA, "ask something")
    assert "Write your words" in await chat.say(ANNA, f"ask {visit}")
    assert "2000 letters" in await chat.say(ANNA, f"ask {visit} {'a' * 2001}")
    for n in range(5):
        assert "Asked" in await chat.say(ANNA, f"ask {visit} question {n}")
    assert "wait for an answer already" in await chat.say(ANNA, f"ask {visit} one more")


async def test_words_of_questions_are_sealed(chat: Chat, visit: str) -> None:
    await chat.say(ANNA, f"ask {visit} {WORDS}")
    await chat.say(OSEI, "absent until Friday: my own words")
    async with chat.database.transaction() as tx:
        for table in ("question", "absence", "outbox", "dialogue"):
            found = await tx.conn.execute(text(f"SELECT {table}::text FROM {table}"))
            for row in found.scalars():
                assert WORDS.encode().hex() not in row
                assert b"my own words".hex() not in row
                assert "ECG" not in row


async def test_who_writes_to_a_doctor_who_is_away_hears_when_and_who_instead(
    chat: Chat, town: Town, visit: str
) -> None:
    said = await chat.say(OSEI, "absent until Friday, instead dr.weber: I am at a congress.")
    assert "From Mon 30 Nov, 10:00 on, who writes is answered:" in said
    answer = (
        "Dr Ama Osei is away until Sat 5 Dec, 00:00. Meanwhile Dr Jonas Weber is there for you; to book, write"
        " “dr.weber”.\n\n> I am at a congress."
    )
    assert answer in said
    assert answer in await chat.say(ANNA, f"ask {visit} {WORDS}")
    assert answer in await chat.say(ANNA, f"reason {visit} a cough")
    assert answer in await chat.say(ANNA, "reachable dr.osei")
    assert answer in await chat.say(OSEI, "absent")
    assert "is back" in await chat.say(OSEI, "absent off")
    assert "is away" not in await chat.say(ANNA, f"ask {visit} and now?")
    town.clock.time = at(2, 9)
    assert "is not away" in await chat.say(OSEI, "absent")


async def test_a_centre_is_away_for_all_its_doctors_and_an_admin_says_it(chat: Chat, visit: str) -> None:
    assert "Berlin Heart Centre is away until" in await chat.say(
        CLARA, "absent centre 30.11. - 1.12.: We are moving house.", name="Clara"
    )
    assert "> We are moving house." in await chat.say(ANNA, f"ask {visit} {WORDS}")
    assert "Dr Ama Osei is away until Thu 3 Dec" in await chat.say(CLARA, "absent dr.osei until wednesday")
    assert "You may not do that" in await chat.say(CLARA, "absent dr.maier until wednesday")


async def test_time_off_is_an_absence(chat: Chat, visit: str) -> None:
    await chat.say(CLARA, "time off dr.osei 30.11. - 30.11.")
    assert "Dr Ama Osei is away until Tue 1 Dec, 00:00" in await chat.say(ANNA, f"ask {visit} {WORDS}")


async def test_bad_absences_are_answered(chat: Chat) -> None:
    assert "Until when?" in await chat.say(OSEI, "absent instead dr.weber")
    assert "I know no doctor" in await chat.say(OSEI, "absent until Friday instead dr.nobody")
    assert "Nobody stands in for themselves" in await chat.say(OSEI, "absent until Friday instead dr.osei")
    assert "was not away" in await chat.say(OSEI, "absent off")
    assert "500 letters" in await chat.say(OSEI, f"absent until Friday: {'a' * 501}")


async def test_a_doctor_is_asked_within_their_hours(chat: Chat, town: Town, visit: str) -> None:
    assert "answers questions Mon-Fri 12:00-13:00 (Europe/Berlin)" in await chat.say(OSEI, "reachable mon-fri 12-13")
    said = await chat.say(ANNA, f"ask {visit} {WORDS}")
    assert "Dr Ama Osei answers questions Mon-Fri 12:00-13:00; next from Mon 30 Nov, 12:00 on." in said
    async with chat.database.transaction() as tx:
        due = await tx.conn.execute(text("SELECT due_at FROM outbox WHERE kind = 'question.news'"))
        assert due.scalar_one() == at(30, 11, month=11)
    town.clock.time = at(30, 11, month=11)
    assert "next from" not in await chat.say(ANNA, f"ask {visit} and now?")
    assert "names no hours" in await chat.say(OSEI, "reachable off")
    assert "You may not do that" in await chat.say(ANNA, "reachable dr.osei mon 9-10")
    assert "Write the name, like Dr Osei" in await chat.say(ANNA, "reachable")
    assert "names no hours" in await chat.say(ANNA, "reachable Dr Osei")


async def test_help_tells_patients_and_doctors_of_reachable_hours_in_words_for_them(chat: Chat) -> None:
    lines = (await chat.say(ANNA, "help")).splitlines()
    assert [line.partition(":")[0] for line in lines if "reachable" in line] == ["• Visits"]
    assert not any("Doctor:" in line for line in lines)
    assert "when a doctor answers" in await chat.say(ANNA, "help reachable")
    lines = (await chat.say(OSEI, "help")).splitlines()
    assert [line.partition(":")[0] for line in lines if "reachable" in line] == ["• Doctor"]
    assert "in which you answer questions" in await chat.say(OSEI, "help reachable")


async def test_a_doctor_who_lets_nobody_write_is_not_asked(chat: Chat, visit: str) -> None:
    assert "Nobody may write to you" in await chat.say(OSEI, "contacts block all")
    assert "takes no questions here" in await chat.say(ANNA, f"ask {visit} {WORDS}")
    assert f"But for: {ANNA}." in await chat.say(OSEI, f"contacts allow {ANNA}")
    assert "Asked" in await chat.say(ANNA, f"ask {visit} {WORDS}")
    assert "Everybody may write to you" in await chat.say(OSEI, "contacts allow all")
    assert "But not: patients." in await chat.say(OSEI, "contacts block patients")
    assert "takes no questions here" in await chat.say(ANNA, f"ask {visit} {WORDS}")
    assert "Everybody may write to you and invite you first." in await chat.say(OSEI, "contacts remove patients")
    assert "Whom?" in await chat.say(OSEI, "contacts block nobody")


async def test_what_waits_too_long_is_told_to_the_staff_once_and_says_nothing_of_it(
    chat: Chat, town: Town, visit: str
) -> None:
    assert "after 2 hours" in await chat.say(CLARA, "unanswered after 2 h")
    await chat.say(ANNA, f"ask {visit} {WORDS}")
    await chat.notices()
    async with chat.database.transaction() as tx:
        assert await tell_of_waiting(tx) == 0
    town.clock.time += timedelta(hours=2)
    async with chat.database.transaction() as tx:
        assert await tell_of_waiting(tx) == 1
        assert await tell_of_waiting(tx) == 0
    (news,) = (await chat.notices())[CLARA]
    assert news.text.startswith("Waits for an answer since 2 hours: a question to Dr Ama Osei,")
    assert "Anna" not in news.text
    assert "never" in await chat.say(CLARA, "unanswered never")


async def test_the_staff_room_hears_of_it_in_place_of_those_who_are_there(chat: Chat, town: Town, visit: str) -> None:
    async with chat.database.transaction() as tx:
        (centre,) = await centres_named(tx, "Berlin Heart Centre")
        await edit_centre(tx, chat.ctx, await town.paul(), centre.id, staff_notices=StaffNotices.ROOM)
        await tx.conn.execute(insert(staff_room).values(centre_id=centre.id, room_id="!staff:x", opened_at=tx.now))
        await tx.conn.execute(insert(staff_room_member).values(room_id="!staff:x", mxid=CLARA))
    await chat.say(ANNA, f"ask {visit} {WORDS}")
    town.clock.time += timedelta(hours=4)
    async with chat.database.transaction() as tx:
        await tell_of_waiting(tx)
    told = await chat.notices()
    assert "Waits for an answer" in told["!staff:x"][0].text
    assert CLARA not in told


async def test_an_answer_in_time_leaves_nothing_to_tell(chat: Chat, town: Town, visit: str) -> None:
    await chat.say(ANNA, f"ask {visit} {WORDS}")
    await chat.say(OSEI, "answer 1 Yes.")
    town.clock.time += timedelta(hours=9)
    async with chat.database.transaction() as tx:
        assert await tell_of_waiting(tx) == 0


async def test_a_number_means_the_question_that_it_meant_in_the_list(chat: Chat, visit: str) -> None:
    """Three wait; the first is answered; the second is still the second."""
    for number in ("one", "two", "three"):
        await chat.say(ANNA, f"ask {visit} Question number {number}?")
    assert "Which one?" in await chat.say(OSEI, "answer 1 never shown")
    await chat.say(OSEI, "questions")
    await chat.say(OSEI, "answer 1 To the first.")
    await chat.say(OSEI, "answer 2 To the second.")
    told = [each.text for each in (await chat.notices())[ANNA]]
    assert ["To the first." in told[0], "number one?" in told[0]] == [True, True]
    assert ["To the second." in told[1], "number two?" in told[1]] == [True, True]
    assert "answered already" in await chat.say(OSEI, "answer 1 Again.")
    assert "number three?" in await chat.say(OSEI, "3")


async def test_a_doctor_who_is_not_verified_any_more_reads_no_questions(chat: Chat, town: Town, visit: str) -> None:
    await chat.say(ANNA, f"ask {visit} {WORDS}")
    await chat.say(PAUL, "unverify dr.osei")
    assert WORDS not in "".join(each.text for each in (await chat.notices()).get(OSEI, []))
    assert "No question waits" in await chat.say(OSEI, "questions")


async def test_questions_stand_in_the_audit(chat: Chat, visit: str) -> None:
    await chat.say(ANNA, f"ask {visit} {WORDS}")
    await chat.notices()
    await chat.say(OSEI, "questions")
    await chat.say(OSEI, "answer 1 Yes.")
    looked = await chat.say(ANNA, "who looked")
    assert "Dr Ama Osei read questions to doctors" in looked
    assert "Dr Ama Osei wrote questions to doctors" in looked
