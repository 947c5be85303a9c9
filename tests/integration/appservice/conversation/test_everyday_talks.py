"""What a hurried patient writes: wishes with a "not" in them, half sentences, and questions in their own words."""

import re

import pytest
from pydantic import SecretStr

from appservice.conversation import dialogue
from appservice.conversation.dialogue import Question
from tests.integration.appservice.conversation.chat import Chat
from tests.integration.booking.clinic import ANNA, CLARA
from tests.integration.booking.town import Town


async def test_what_is_not_wanted_is_not_offered(chat: Chat) -> None:
    assert "Next: Mon 30 Nov" in await chat.say(ANNA, "heart doctor")
    said = await chat.say(ANNA, "not today, not on tuesdays")
    assert "Next: Wed 2 Dec" in said
    assert "Nothing fits" not in said
    said = await chat.say(ANNA, "no video")
    assert "Osei" in said
    assert "Weber" not in said
    assert "Next: Wed 2 Dec" in await chat.say(ANNA, "heart doctor except monday and tuesday")
    assert "Next: Thu 3 Dec" in await chat.say(ANNA, "dr osei thursday or friday")
    said = await chat.say(ANNA, "book dr osei not tomorrow at 9:30")
    assert "1. Dr Ama Osei" in said
    assert "Tue 1 Dec" not in said


async def test_what_is_left_out_of_a_wish_is_told(chat: Chat) -> None:
    said = await chat.say(ANNA, "dr osei tomorrow and dr weber on friday")
    assert said.startswith("I could not take this into account: “and dr weber on friday”.\n\n1. Dr Ama Osei")
    said = await chat.say(ANNA, "book dr.osei tomorrow 9:30 and dr.weber friday 10:00")
    assert "I could not take this into account" in said
    assert not await chat.notices()
    await chat.say(ANNA, "Sprache Deutsch")
    assert "für den Rest" in await chat.say(ANNA, "Kardiologe nach der Arbeit")
    assert "berücksichtigen" not in await chat.say(ANNA, "Kardiologe in Berlin")


async def test_an_hour_alone_is_one_of_the_day_that_is_shown(chat: Chat) -> None:
    await chat.say(ANNA, "dr osei tomorrow")
    await chat.say(ANNA, "1")
    said = await chat.say(ANNA, "is there something after 4?")
    assert "Tue 1 Dec\n\n1. 16:00" in said
    assert "Wed 2 Dec" in await chat.say(ANNA, "not that day, not on tuesday")


async def test_book_it_takes_the_one_that_is_there_and_asks_which_of_several(chat: Chat) -> None:
    await chat.say(ANNA, "heart doctor")
    assert await chat.say(ANNA, "book it") == "Which one? Answer with a number from 1 to 2."
    await chat.say(ANNA, "dr osei tomorrow")
    assert "1. 09:00" in await chat.say(ANNA, "yes")
    assert await chat.say(ANNA, "I'll take it") == "Which one? Answer with a number from 1 to 10."
    await chat.say(ANNA, "2")
    assert "Tue 1 Dec, 09:30" in (await chat.notices())[ANNA][0].text


async def test_the_times_that_are_shown_can_be_for_a_child_after_all(chat: Chat) -> None:
    await chat.say(ANNA, "add family Mia 2018-05-04")
    await chat.say(ANNA, "dr osei tomorrow")
    assert "(for Mia)" not in await chat.say(ANNA, "1")
    said = await chat.say(ANNA, "actually for my daughter")
    assert "€48.00 (for Mia)" in said
    assert "Tue 1 Dec" in said
    await chat.say(ANNA, "1")
    assert "for Mia" in (await chat.notices())[ANNA][0].text


@pytest.mark.parametrize("text", ["osei", "doctor osei", "Doctor Osei tomorrow", "docteur osei"])
async def test_a_name_is_enough_also_while_something_else_is_looked_for(chat: Chat, text: str) -> None:
    await chat.say(ANNA, "skin doctor")
    said = await chat.say(ANNA, text)
    assert "1. Dr Ama Osei" in said
    assert "tomorrow" not in text or "Next: Tue 1 Dec" in said


async def test_questions_in_ones_own_words(chat: Chat) -> None:
    assert await chat.say(ANNA, "thank you!") == "You are welcome."
    assert await chat.say(ANNA, "what did the doctor prescribe?") == "There are no prescriptions for you."
    assert await chat.say(ANNA, "I will be late") == "You have no visit to come."
    await chat.say(ANNA, "book dr osei tomorrow 9:30")
    visit = (await chat.notices())[ANNA][0].text.split("Visit ")[1][:6]
    assert visit in await chat.say(ANNA, "Where is my appointment?")
    assert f"ask {visit}" in await chat.say(ANNA, "I'm late")
    assert "Cancel this visit?" in await chat.say(ANNA, "I can't come")
    assert "Answer yes or no" in await chat.say(ANNA, "book it")
    assert "Nothing has changed" in await chat.say(ANNA, "no wait")
    await chat.say(ANNA, "dr osei")
    assert "Next: Tue 1 Dec" in await chat.say(ANNA, "I can't come on mondays")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Emergency!", "call 112 now"),
        ("this is an emergency", "call 112 now"),
        ("Notfall", "Rufen Sie jetzt 112 an"),
        ("urgence", "appelez le 112 maintenant"),
        ("quiero morir", "llame ahora al 112"),
        ("kecemasan", "telefon 112 sekarang"),
        ("طوارئ", "اتصل بالرقم 112 الآن"),
    ],
)
async def test_a_cry_for_help_gets_the_hint_in_its_own_language(chat: Chat, text: str, told: str) -> None:
    assert told in await chat.say(ANNA, text)


async def test_a_cry_for_help_is_answered_in_the_language_that_was_chosen(chat: Chat) -> None:
    await chat.say(ANNA, "language German")
    assert "Rufen Sie jetzt 112 an" in await chat.say(ANNA, "quiero morir")


async def test_an_everyday_question_is_no_misspelt_command(chat: Chat, town: Town) -> None:
    assert "Did you mean" not in await chat.say(ANNA, "what is this")
    assert "Did you mean appointments" in await chat.say(ANNA, "apointments")


async def test_how_a_visit_is_paid_is_told_by_the_rule_of_the_one_on_show(chat: Chat) -> None:
    assert "Each centre decides" in await chat.say(ANNA, "can I pay later?")
    assert "no visits" in await chat.say(ANNA, "how much does it cost?")
    await chat.say(ANNA, "heart doctor")
    costs = await chat.say(ANNA, "how much does it cost?")
    assert "Dr Ama Osei: €48.00" in costs
    assert "Dr Jonas Weber: €35.00" in costs
    await chat.say(ANNA, "dr osei")
    assert "Dr Ama Osei is paid at the desk" in await chat.say(ANNA, "can I pay later?")
    await chat.say(ANNA, "1")
    assert "Dr Ama Osei is paid at the desk" in await chat.say(ANNA, "do I have to pay now?")
    await chat.say(ANNA, "2")  # the list is still there
    assert "10:30" in (await chat.notices())[ANNA][0].text
    assert "pay at the desk" in await chat.say(ANNA, "how do I pay?")
    visit = (await chat.say(ANNA, "appointments")).split("visit ")[1][:6]
    await chat.say(ANNA, f"cancel {visit}")
    await chat.say(ANNA, "yes")
    await chat.say(CLARA, 'edit service dr.osei "A visit" in advance')
    chat.ctx.settings.stripe.secret_key = SecretStr("sk_test")
    chat.ctx.settings.stripe.webhook_secret = SecretStr("whsec_test")
    await chat.say(ANNA, "dr osei")
    assert "is paid when you book" in await chat.say(ANNA, "can I pay later?")
    await chat.say(CLARA, 'edit service dr.osei "A visit" free')
    await chat.say(ANNA, "dr osei")
    assert "is free" in await chat.say(ANNA, "can I pay later?")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("Sprache Deutsch", "Kann ich später zahlen?"),
        ("langue français", "Est-ce que je peux payer plus tard ?"),
        ("idioma español", "¿Puedo pagar más tarde?"),
        ("bahasa Melayu", "Boleh saya bayar kemudian?"),
        ("اللغة العربية", "هل يمكنني الدفع لاحقا؟"),
    ],
)
async def test_paying_later_is_asked_for_in_each_language(chat: Chat, language: str, said: str) -> None:
    await chat.say(ANNA, language)
    await chat.say(ANNA, "dr osei")
    with_desk = await chat.say(ANNA, said)
    assert "Dr Ama Osei" in with_desk
    assert "10:" not in with_desk
    assert "English" not in with_desk


@pytest.mark.parametrize(
    ("language", "cheaper", "day", "doctor"),
    [
        ("language English", "something cheaper", "next week tuesday", "a doctor"),
        ("Sprache Deutsch", "günstiger bitte", "nächste Woche Dienstag", "der Doktor"),
        ("langue français", "moins cher", "mardi de la semaine prochaine", "le médecin"),
        ("idioma español", "más barato", "el martes de la semana que viene", "el médico"),
        ("bahasa Melayu", "lebih murah", "minggu depan hari Selasa", "doktor"),
        ("اللغة العربية", "أرخص", "الثلاثاء من الأسبوع القادم", "الطبيب"),
    ],
)
async def test_a_list_is_changed_in_each_language(
    chat: Chat, language: str, cheaper: str, day: str, doctor: str
) -> None:
    await chat.say(ANNA, language)
    asked = await chat.say(ANNA, doctor)
    assert await chat.say(ANNA, "i need a doctor") == asked  # which kind
    await chat.say(ANNA, "heart")
    await chat.say(ANNA, "2")
    first = await chat.say(ANNA, cheaper)
    assert first.index("Weber") < first.index("Osei")
    said = await chat.say(ANNA, day)
    assert " 8" in said
    assert "09:00" in said
    assert await chat.say(ANNA, doctor) == said


@pytest.mark.parametrize(
    ("language", "move", "cost", "cancel", "no", "about"),
    [
        ("language English", "I want to move my appointment to Thursday", "How much is it?", "I need to cancel", "no",
         "What can you do?"),
        ("Sprache Deutsch", "Kann ich den Termin verschieben auf Donnerstag", "Was kostet das?", "Ich muss absagen",
         "nein", "Was kann ich hier machen?"),
        ("langue français", "Je voudrais changer mon rendez-vous à jeudi", "C'est combien ?", "je dois annuler", "non",
         "Que puis-je faire ici ?"),
        ("idioma español", "Quiero cambiar mi cita al jueves", "¿Cuánto cuesta?", "Tengo que cancelar", "no",
         "¿Qué puedo hacer aquí?"),
        ("bahasa Melayu", "Saya mahu tukar temu janji ke Khamis", "Berapa harganya?", "Saya mahu batalkan temu janji",
         "tidak", "Apa yang boleh saya buat?"),
        ("اللغة العربية", "أريد تأجيل الموعد إلى الخميس", "كم السعر؟", "أريد إلغاء موعدي", "لا",
         "ماذا يمكنني أن أفعل هنا؟"),
    ],
    ids=["en", "de", "fr", "es", "ms", "ar"],
)  # fmt: skip
async def test_a_first_visit_is_run_in_whole_sentences(
    chat: Chat, language: str, move: str, cost: str, cancel: str, no: str, about: str
) -> None:
    await chat.say(ANNA, language)
    await chat.say(ANNA, "book dr osei tomorrow 9:30")
    assert "48" in await chat.say(ANNA, cost)
    times = await chat.say(ANNA, move)
    assert re.search(r"\b3\b", times.splitlines()[2])  # Thursday, 3 December
    await chat.say(ANNA, "2")
    asked = await chat.say(ANNA, cancel)
    assert "Dr Ama Osei" in asked
    assert asked != times
    await chat.say(ANNA, no)
    helped = await chat.say(ANNA, about)
    assert helped == await chat.say(ANNA, "help")


async def test_what_a_newer_version_has_written_besides_keeps_nobody_from_answering(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It led before, and this one has taken over from it."""
    write = dialogue._write

    def written(question: Question) -> dict[str, object]:
        return {**write(question), "of a newer version": True}

    with monkeypatch.context() as newer:
        newer.setattr(dialogue, "_write", written)
        await chat.say(ANNA, "dr osei tomorrow")
    assert "1. 09:00" in await chat.say(ANNA, "1")


async def test_who_wants_to_talk_to_a_human_is_told_how(chat: Chat) -> None:
    said = await chat.say(ANNA, "can I talk to a human?")
    assert said.startswith("I am a program, and nobody reads along here. In an emergency, call 112.")
    assert "Choose a doctor and ask again" in said
    await chat.say(CLARA, "centre phone +49 30 1234567")
    await chat.say(ANNA, "dr osei tomorrow")
    assert "• Berlin Heart Centre: +49 30 1234567" in await chat.say(ANNA, "call me")
    assert "1. 09:00" in await chat.say(ANNA, "1")  # the list is still there
    await chat.say(ANNA, "1")
    await chat.notices()
    said = await chat.say(ANNA, "phone number")
    assert said.count("+49 30 1234567") == 1
    assert re.search(r"write ask \w{6} and your question", said)
    assert "+49 30 1234567" in await chat.say(ANNA, "kann ich mit jemandem sprechen?")
