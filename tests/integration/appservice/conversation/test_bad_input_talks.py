"""Bad input of all kinds: each gets a clear sentence that says what to do, and nothing of it is half done."""

import pytest
from sqlalchemy import Table, func, select
from sqlalchemy.sql import text as sql

from booking.appointments.model import appointment, appointment_move
from booking.directory.model import centre, centre_admin, practitioner, practitioner_role, service
from booking.payments.model import ledger_entry, payment
from booking.people.model import guardian, patient
from booking.schedules.model import date_hours, time_off, weekly_hours
from booking.waiting.model import waiting
from tests.integration.appservice.conversation.chat import Chat
from tests.integration.appservice.conversation.test_booking_talks import book
from tests.integration.booking.clinic import ANNA, BEN, CLARA, OSEI

REFUSED = "You may not do that, or there is no such thing."
NEW = 'add service dr.osei "New"'
TABLES: list[Table] = [
    appointment, appointment_move, centre, centre_admin, practitioner, practitioner_role, service, payment,
    ledger_entry, weekly_hours, date_hours, time_off, waiting, guardian,
]  # fmt: skip

COMMANDS = [
    (ANNA, "book for Ben: dr.osei friday 15:00", "I know nobody of that name in your family"),
    (ANNA, "book dr.osei friday 15:00 for Ben", "I know nobody of that name in your family"),
    (CLARA, "hours dr.osei mon-fri 25-30", "There is no such time of day"),
    (CLARA, "hours dr.osei someday 9-17", "Write hours like"),
    (CLARA, "hours dr.nobody mon 9-17", "Which doctor?"),
    (CLARA, "edit service", "Which doctor?"),
    (CLARA, 'edit service dr.osei "None such" 20 min', "Which service?"),
    (CLARA, "add service dr.osei", "Write it like: add service"),
    (CLARA, "approve", "Write the visit's code"),
    (CLARA, "decline ZZZZZ9", REFUSED),
    (CLARA, "refund", "Write the visit's code and how much"),
    (CLARA, "overbook", "Which doctor?"),
    (CLARA, "holidays on region Nowhere", "I don't know that region"),
    (CLARA, "no-show ZZZZZ9", REFUSED),
    (ANNA, "cancel ZZZZZ9", REFUSED),
    (ANNA, "move ZZZZZ9", REFUSED),
    (ANNA, "receipt", "Write the visit's code too"),
    (ANNA, "repeat {code} every 0 weeks 3 times", "A series has from 2 to 26 visits"),
    (ANNA, "repeat {code} every 2 weeks 900 times", "A series has from 2 to 26 visits"),
    (ANNA, "quiet 25-99", "There is no such time"),
    (ANNA, "zone Mars/Olympus", "I don't know that time zone"),
]
DATES = [
    (ANNA, "book dr.osei 31.02. 09:00", "There is no 31 February"),
    (ANNA, "book dr.osei 2026-13-45 09:00", "There is no month 13"),
    (CLARA, "hours dr.osei on 30 Feb 9-12", "Write a date that differs like"),
    (CLARA, "time off dr.osei 32 Dec", "There is no 32 December"),
    (ANNA, "cardiologist near Berlin on 99.99.", "There is no month 99"),
    (ANNA, "add family Mia 2030-01-01", "That can't be a date of birth"),
    (ANNA, "add family Mia 2018-02-31", "There is no 31 February"),
    (CLARA, "hours dr.osei mon 9-12 from 31 Feb", "I can't read the date"),
    (CLARA, "hours dr.osei mon 9-12 from 1 Jan 2199", "That is too far ahead"),
    (CLARA, "report 31.02.", "There is no 31 February"),
]
PRICES = [
    (CLARA, f"{NEW} 30 min -20 in person", "Write it like: add service"),
    (CLARA, f"{NEW} 30 min 99999999999 in person", "Write it like: add service"),
    (CLARA, f"{NEW} 30 min twelve in person", "Write it like: add service"),
    (CLARA, f"{NEW} 30 min 20 JPY in person", "That centre's prices are in EUR."),
    (
        CLARA,
        'edit service dr.osei "A visit" price -70',
        "A price can't be less than nothing|Write it like: edit service",
    ),
    (CLARA, "refund {code} -5", "There is nothing left to give back"),
    (ANNA, "cardiologist near Berlin under -5", "A price can't be less than nothing, as -5 is."),
    (ANNA, "cardiologist near Berlin between 90 and 10", "The lower price comes first: between 10 and 90"),
]
SPRING_GAP = [
    (CLARA, "hours dr.osei on 28 Mar 2027 2:00-2:30", "Clocks go forward on Sun 28 Mar, so 02:00-02:30 doesn't happen"),
    (ANNA, "book dr.osei 28.3.2027 02:30", "Clocks go forward on Sun 28 Mar, so 02:30 doesn't happen"),
    (CLARA, "overbook dr.osei 28.3.2027 02:30 for {code}", "Clocks go forward"),
    (CLARA, "book dr.osei 28.3.2027 02:30 for {code}", "Clocks go forward"),
    (CLARA, "time off dr.osei 28.3.2027 2:10-2:40", "Clocks go forward"),
]
LENGTHS = [
    (CLARA, f"{NEW} -30 min 20 in person", "Less than nothing cannot be: -30 min"),
    (CLARA, f"{NEW} 30 min 20 in person, -5 min after", "Less than nothing cannot be: -5 min after"),
    (CLARA, f"{NEW} 30 min 20 in person, −5 min before", "Less than nothing cannot be: -5 min before"),
    (CLARA, f"{NEW} 30 min 20 in person, -90 days ahead", "Less than nothing cannot be: -90 days"),
    (CLARA, f"{NEW} 0 min 20 in person", "The length is from 5 to 480 minutes."),
    (CLARA, f"{NEW} 2000 min 20 in person", "The length is from 5 to 480 minutes."),
    (CLARA, f"{NEW} 30 min 20 in person group of 0", "The size of a group is from 1 to 100 patients."),
    (CLARA, f"{NEW} 30 min 20 in person group of -2", "Write it like: add service"),
    (CLARA, 'edit service dr.osei "A visit" -40 min', "Less than nothing cannot be: -40 min"),
    (CLARA, "hours dr.osei mon 17-9", "Hours end after they begin"),
    (CLARA, "hours dr.osei mon 9-9", "Hours end after they begin"),
    (CLARA, "offers -10 min", "Less than nothing cannot be: -10 min"),
    (CLARA, "cancellation free until -24 h", "Less than nothing cannot be: -24 h"),
    (CLARA, "missed visits refund -20%", "Less than nothing cannot be: -20%"),
    (ANNA, "reminders -24h", "Less than nothing cannot be: -24h"),
    (OSEI, "late -5", "Less than nothing cannot be: -5"),
]
PAST = [
    (ANNA, "book dr.osei yesterday 09:00", "That day is past"),
    (ANNA, "book dr.osei 1.1.2020 09:00", "That day is past"),
    (CLARA, "overbook dr.osei yesterday 09:00 for {code}", "That day is past"),
    (CLARA, "hours dr.osei on 1 Jan 2020 9-12", "Choose a date from today on"),
    (CLARA, "hours dr.osei mon 9-12 from 1 Jan 2020", "Hours can be set from today on"),
    (CLARA, "time off dr.osei 1 Jan 2020", "That day is past"),
    (ANNA, "wait for dr.osei yesterday", "That day is past"),
]
ANOTHER_CENTRE = [
    (CLARA, "hours dr.maier mon 9-12", REFUSED),
    (CLARA, 'add service dr.maier "New" 30 min 20 in person', REFUSED),
    (CLARA, 'edit service dr.maier "A visit" 20 min', REFUSED),
    (CLARA, "time off dr.maier tomorrow", REFUSED),
    (CLARA, "overbook dr.maier tomorrow 09:00 for {code}", REFUSED),
    (CLARA, "hand over dr.maier to dr.osei", REFUSED),
    (OSEI, "hours dr.weber mon 9-12", REFUSED),
    (BEN, "cancel {code}", REFUSED),
    (BEN, "receipt {code}", REFUSED),
]
HUGE = [
    (ANNA, "reason {code} " + "x" * 5000, "Please say it in 1000 letters or less"),
    (CLARA, "hours dr.osei " + "mon 9-10, " * 3000, "Write hours like"),
    (CLARA, 'add service dr.osei "' + "x" * 5000 + '" 30 min 20 in person', "Write it like: add service"),
    (CLARA, 'add room "' + "y" * 5000 + '"', "Write the name in quotes"),
    (ANNA, "x" * 60_000, "I did not understand that"),
    (ANNA, "9" * 5000, "I did not understand that"),
    (ANNA, "name " + "n" * 5000, "That name is too long"),
]
LETTERS = [
    (CLARA, 'add room "\u202e\u202e"', "Write the name in quotes"),
    (CLARA, 'add room "\u200b\u200d"', "Write the name in quotes"),
    (ANNA, "add family 👶🏽 2018-05-04", "That is no name I can write on an appointment"),
    (ANNA, "book 👩\u200d⚕️ tomorrow", "I don't know what “👩⚕” is"),
    (ANNA, "hours \u0000", "I did not understand that"),
    (ANNA, "ابحث عن طبيب كسكس", "I don't know what"),
    (ANNA, "\u2066\u2067\u2068\u2069", "I did not understand that"),
]
KINDS = {
    "commands": COMMANDS, "dates": DATES, "prices": PRICES, "times in the spring gap": SPRING_GAP,
    "lengths": LENGTHS, "what is past": PAST, "another centre's": ANOTHER_CENTRE, "huge texts": HUGE,
    "letters of all kinds": LETTERS,
}  # fmt: skip


async def everything(chat: Chat) -> dict[str, str]:
    """What the tables hold: of each a sum over all rows."""
    async with chat.database.transaction() as tx:
        found = {}
        for table in TABLES:
            rows = await tx.conn.execute(
                sql(f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {table.name} t")
            )
            found[table.name] = rows.scalar_one()
        people = await tx.conn.execute(select(func.count()).select_from(patient))
        return {**found, "patients": str(people.scalar_one())}


@pytest.mark.parametrize("kind", KINDS)
async def test_it_gets_a_clear_sentence_and_nothing_is_half_done(chat: Chat, kind: str) -> None:
    code = await book(chat)
    await chat.notices()
    for who in (BEN, CLARA, OSEI):
        await chat.say(who, "hello")
    before = await everything(chat)
    for who, said, answer in KINDS[kind]:
        heard = await chat.say(who, said.replace("{code}", code))
        assert any(each in heard for each in answer.split("|")), (said[:80], heard)
        assert len(heard) < 700, said[:80]
        assert await everything(chat) == before, said[:80]


async def test_names_of_any_letters_are_kept_as_people_write_them(chat: Chat) -> None:
    """Right-to-left ones, too; what turns a line around is left out, as nobody sees it."""
    await chat.say(ANNA, "name أحمد محمد")
    assert "Clinics see you as أحمد محمد." in await chat.say(ANNA, "name أحمد محمد")
    assert "Clinics see you as annA." in await chat.say(ANNA, "name \u202e\u202eannA")
    code = await book(chat)
    assert "for annA: booked" in await chat.say(CLARA, f"log {code}")
    assert "🦷 is at Berlin Heart Centre" in await chat.say(CLARA, 'add room "🦷"')
