"""Sentences of those who run a centre, as the commands that they are."""

from dataclasses import replace

import pytest

from appservice.conversation.commands import basics  # noqa: F401  (declares all)
from appservice.conversation.registry import find
from appservice.conversation.understanding.running import as_command
from tests.unit.appservice.conversation.test_commands import ANNA, CLARA, OSEI


@pytest.mark.parametrize(
    ("code", "said", "line"),
    [
        ("en", "we are closed on 24.12.", "closed days on 24.12."),
        ("en", "We’re closed tomorrow!", "closed days tomorrow"),
        ("en", "the practice is closed from 24.12. to 26.12.", "closed days from 24.12. to 26.12."),
        ("en", "please close the clinic on friday.", "closed days on friday"),
        ("en", "we're open again on 24.12.", "closed days open on 24.12."),
        ("en", "dr.osei is on holiday next week", "time off dr.osei next week"),
        ("en", "Dr. Ama Osei is away tomorrow", "time off dr Ama Osei tomorrow"),
        ("en", "doctor osei takes friday off", "time off dr osei friday"),
        ("en", "change hours of dr.osei to mon-fri 9-17", "hours dr.osei mon-fri 9-17"),
        ("en", "change Dr Osei's hours to mon-fri 9-17", "hours dr Osei mon-fri 9-17"),
        ("en", "hours of dr osei mon-fri 9-17", "hours dr osei mon-fri 9-17"),
        ("en", "dr.osei works mon-fri 9-17", "hours dr.osei mon-fri 9-17"),
        ("en", "set price of dr.osei to 70", "edit service dr.osei price 70"),
        ("en", "set the price of dr. osei to 70", "edit service dr osei price 70"),
        ("en", 'set the fee for "First visit" of Dr Osei to 72 €', 'edit service dr Osei "First visit" price €72'),
        ("de", "Wir haben am 24.12. geschlossen.", "closed days am 24.12."),
        ("en", "dr.osei costs 70", "edit service dr.osei price 70"),
        ("en", "price of dr.osei is now 70", "edit service dr.osei price 70"),
        ("en", "what are the hours of dr osei?", "hours dr osei"),
        ("en", "When does Dr. Osei work?", "hours dr Osei"),
        ("de", "Wann arbeitet Dr. Osei?", "hours dr Osei"),
        ("de", "Dr. Osei kommt morgen nicht", "time off dr Osei morgen"),
        ("de", "neue Sprechzeiten für dr.osei: Mo-Fr 8-12", "hours dr.osei Mo-Fr 8-12"),
        ("de", "Preis für dr.osei: 90", "edit service dr.osei price 90"),
        ("fr", "dr.osei ne travaille pas demain", "time off dr.osei demain"),
        ("es", "¿Cuándo trabaja dr.osei?", "hours dr.osei"),
        ("ms", "dr.osei tidak bekerja esok", "time off dr.osei esok"),
        ("ar", "متى يعمل dr.osei؟", "hours dr.osei"),
        ("de", "am Freitag haben wir zu", "closed days am Freitag"),
        ("de", "Frau Dr. Osei ist nächste Woche im Urlaub", "time off dr Osei nächste Woche"),
        ("de", "Ändere die Sprechzeiten von Dr. Osei auf Mo-Fr 9-17 Uhr", "hours dr Osei Mo-Fr 9-17 Uhr"),
        ("de", "Setze den Preis von dr.osei auf 70 Euro", "edit service dr.osei price 70 EUR"),
        ("fr", "nous sommes fermés le 24 décembre", "closed days le 24 décembre"),
        ("fr", "Le docteur Osei est en vacances la semaine prochaine", "time off dr Osei la semaine prochaine"),
        ("fr", "change les horaires du dr. Osei à lun-ven 9h-17h", "hours dr Osei lun-ven 9h-17h"),
        ("fr", "mets le prix de dr.osei à 70€", "edit service dr.osei price €70"),
        ("es", "estamos cerrados el 24 de diciembre", "closed days el 24 de diciembre"),
        ("es", "la doctora Osei está de vacaciones la próxima semana", "time off dr Osei la próxima semana"),
        ("es", "cambia el horario de dr.osei a lun-vie 9-17", "hours dr.osei lun-vie 9-17"),
        ("es", "pon el precio de dr.osei a 70", "edit service dr.osei price 70"),
        ("ms", "kami tutup pada 24 Dis", "closed days pada 24 Dis"),
        ("ms", "dr.osei bercuti minggu depan", "time off dr.osei minggu depan"),
        ("ms", "tukar waktu dr.osei kepada Isn-Jum 9-17", "hours dr.osei Isn-Jum 9-17"),
        ("ms", "tetapkan harga dr.osei kepada 70", "edit service dr.osei price 70"),
        ("ar", "نحن مغلقون يوم 24 ديسمبر", "closed days يوم 24 ديسمبر"),
        ("ar", "dr.osei في إجازة الأسبوع القادم", "time off dr.osei الأسبوع القادم"),
        ("ar", "غير ساعات dr.osei إلى الاثنين-الجمعة 9-17", "hours dr.osei الاثنين-الجمعة 9-17"),
        ("ar", "اجعل سعر dr.osei 70", "edit service dr.osei price 70"),
        ("en", "we are closed on fridays", "closed days every fri"),
        ("en", "We're closed on mondays and weekends.", "closed days every mon and sat and sun"),
        ("en", "freitags haben wir zu", "closed days every fri"),
        ("de", "wir haben jeden Mittwoch geschlossen", "closed days every wed"),
        ("fr", "nous sommes fermés tous les vendredis", "closed days every fri"),
        ("es", "estamos cerrados los viernes", "closed days every fri"),
        ("ms", "kami tutup setiap Jumaat", "closed days every fri"),
        ("ar", "نغلق كل يوم جمعة", "closed days every fri"),
        ("en", "we are closed on 24. and 25. December", "closed days on 24. and 25. December"),
        ("en", "wir haben am 24. und 25. Dezember geschlossen", "closed days on 24. and 25 dec"),
        ("ar", "نحن مغلقون يوم 24 و25 ديسمبر", "closed days يوم 24 و 25 ديسمبر"),
        ("en", "Dr Osei is ill", "time off dr Osei today"),
        ("en", "dr. osei called in sick!", "time off dr osei today"),
        ("en", "Dr Osei is sick today", "time off dr Osei today"),
        ("en", "Dr. Osei ist krank", "time off dr Osei today"),
        ("de", "Frau Dr. Osei fällt heute aus", "time off dr Osei today"),
        ("fr", "le docteur Osei est malade", "time off dr Osei today"),
        ("es", "la doctora Osei está enferma", "time off dr Osei today"),
        ("ms", "dr.osei sakit", "time off dr.osei today"),
        ("ar", "dr.osei مريضة", "time off dr.osei today"),
        ("en", "we close early tomorrow", "closing time tomorrow"),
        ("en", "we close at 3 pm tomorrow", "closing time 15:00 tomorrow"),
        ("en", "tomorrow we close at 3", "closing time 15:00 tomorrow"),
        ("en", "open until 8 pm on thursday", "closing time 20:00 on thursday"),
        ("en", "we're open until 8pm", "closing time 20:00"),
        ("de", "wir schließen morgen um 15 Uhr", "closing time 15:00 morgen"),
        ("de", "wir haben am Donnerstag bis 20 Uhr offen", "closing time 20:00 am Donnerstag"),
        ("fr", "demain nous fermons à 15h30", "closing time 15:30 demain"),
        ("es", "abrimos hasta las 20 el jueves", "closing time 20:00 el jueves"),
        ("ms", "kami tutup pukul 3 esok", "closing time 15:00 esok"),
        ("ar", "نغلق الساعة 15 غدا", "closing time 15:00 غدا"),
    ],
)  # fmt: skip
def test_a_sentence_is_the_command_of_who_runs_a_centre_and_of_nobody_else(code: str, said: str, line: str) -> None:
    assert as_command(said, code) == line
    assert as_command(line, code) is None
    found = find(said, replace(CLARA, language=code))
    assert found
    assert found[1] == line
    meant = find(line, replace(CLARA, language=code))
    assert meant
    assert meant[0].words
    patients = find(said, replace(ANNA, language=code))
    assert patients is None or patients[1] != line


@pytest.mark.parametrize(
    "said",
    [
        "is dr osei on holiday next week?",
        "are you closed on friday",
        "we are closed minded",
        "we are closed every month",
        "we are closed on fridays at lunch",
        "dr.osei is sick of waiting",
        "i am sick",
        "open until late",
        "we are open until 8 pm?",
        "dr.osei is off to london",
        "dr osei next week",
        "cardiologist in berlin, not on friday",
        "change K7QM3F to friday",
        "hours dr.osei",
        "set price of dr.osei",
        "closed days 24.12.",
    ],
)
def test_a_question_a_wish_and_half_a_sentence_are_none(said: str) -> None:
    assert as_command(said, "en") is None


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("I'm sick", "time off today"),
        ("i am on holiday next week", "time off next week"),
        ("cant come tmrw", "time off tmrw"),
        ("ich bin krank", "time off today"),
        ("je suis malade", "time off today"),
        ("estoy enferma", "time off today"),
        ("saya sakit", "time off today"),
        ("أنا مريض", "time off today"),
        ("block tomorrow 10-11", "time off tomorrow 10-11"),
        ("please block my calendar on friday", "time off on friday"),
        ("blockiere morgen", "time off morgen"),
        ("bloquear mañana", "time off mañana"),
        ("bloquer demain", "time off demain"),
        ("my hours", "hours"),
        ("what are my hours?", "hours"),
        ("meine Sprechzeiten", "hours"),
        ("mes horaires", "hours"),
        ("mi horario", "hours"),
        ("jadual saya", "hours"),
    ],
)
def test_a_doctor_says_of_themselves_what_others_say_of_nobody(said: str, line: str) -> None:
    assert as_command(said, "en", treats=True) == line
    assert as_command(said, "en") is None
    assert find(said, OSEI) == (find("we are closed on 24.12.", CLARA)[0], line)  # type: ignore[index]


@pytest.mark.parametrize(
    "piece", ["dr osei ", "dr.a.", "we are closed ", "open until 8 pm ", "24. and ", "fridays ", "a"]
)
def test_long_sentences_hold_nobody_up(piece: str) -> None:
    assert as_command(f"we are closed on {piece * 2000}", "en", treats=True) is None
    assert as_command(f"dr osei is {piece * 30}"[:249], "en", treats=True) is None
