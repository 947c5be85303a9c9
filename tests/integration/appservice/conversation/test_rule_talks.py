"""A centre's rules are read and changed by talking; so are a person's quiet hours; the day's list comes by itself."""

from datetime import timedelta

import pytest

from booking.reminders.daily import daily_lists
from tests.integration.appservice.conversation.chat import Chat
from tests.integration.appservice.conversation.test_booking_talks import book
from tests.integration.booking.clinic import ANNA, CLARA, OSEI
from tests.integration.booking.town import Town, at


@pytest.mark.parametrize(
    ("said", "row"),
    [
        ("cancellation free until 48 h, later refund 30%", "until 48 hours before"),
        ("cancellation later refund 30%", "30 %"),
        ("missed visits refund 20%, approval after 2", "after 2 missed visits within a year"),
        ("missed visits approval never", "never"),
        ("patient reminders 48h and 3h", "2 days and 3 hours"),
        ("patient reminders never", "never"),
        ("daily list 6:45", "06:45"),
        ("daily list off", "never"),
        ("charge after the visit", "after the visit"),
    ],
)
async def test_a_rule_is_changed_in_a_sentence_and_all_are_shown(chat: Chat, said: str, row: str) -> None:
    before = await chat.say(CLARA, "rules")
    after = await chat.say(CLARA, said)
    assert after.startswith("Changed.")
    assert row in after
    assert after.removeprefix("Changed.").strip() == (await chat.say(CLARA, "rules")).strip()
    assert after.count("\n") > 6
    assert before != after


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("missed visits", "Write it like"),
        ("missed visits refund 120%", "from 0 to 100 percent"),
        ("missed visits approval after 0", "from 1 to 20 visits"),
        ("daily list 25:00", "There is no such time"),
        ("patient reminders sometimes", "Write it like"),
        ("charge later on", "Write it like"),
        ("cancellation free until 9999 h", "Write it like"),
    ],
)
async def test_what_is_no_rule_gets_a_sentence_and_changes_nothing(chat: Chat, said: str, sentence: str) -> None:
    before = await chat.say(CLARA, "rules")
    assert sentence in await chat.say(CLARA, said)
    assert await chat.say(CLARA, "rules") == before


async def test_a_patient_has_no_rules_to_change(chat: Chat) -> None:
    assert "Changed" not in await chat.say(ANNA, "missed visits refund 100%")


async def test_quiet_hours_are_set_shown_and_ended(chat: Chat) -> None:
    assert "no quiet hours" in await chat.say(ANNA, "quiet")
    assert "22:00 to 07:00 (Europe/Berlin)" in await chat.say(ANNA, "quiet 22-7")
    assert "22:00 to 07:00" in await chat.say(ANNA, "quiet hours")
    assert "Write quiet hours like" in await chat.say(ANNA, "quiet at night")
    assert "no quiet hours" in await chat.say(ANNA, "quiet off")


async def test_the_days_list_comes_to_who_runs_the_centre_and_to_the_doctor(chat: Chat, town: Town) -> None:
    code = await book(chat)
    town.clock.time = at(1, 7, 30)
    async with town.database.transaction() as tx:
        assert await daily_lists(tx) == 1
    heard = {who: messages[-1].text for who, messages in (await chat.notices()).items()}
    assert f"09:00-09:30 Anna with Dr Ama Osei, visit {code}" in heard[CLARA]
    assert f"09:00-09:30 Anna, visit {code}" in heard[OSEI]
    assert ANNA not in heard
    town.clock.time += timedelta(minutes=1)
    async with town.database.transaction() as tx:
        assert await daily_lists(tx) == 0
