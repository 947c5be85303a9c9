"""People are invited to work somewhere, doctors are verified, and who is not listed is not found."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import text

from appservice.conversation.attachments import attachments
from booking.directory.reading import practitioners_named
from booking.directory.service import confirm_account
from booking.people.service import person_of
from booking.staff.claiming import refuse_claim
from booking.staff.inviting import accept, decline
from booking.staff.rules import registration_token
from core.errors import RefusedError
from tests.integration.appservice.conversation.chat import Chat
from tests.integration.appservice.conversation.test_booking_talks import NEAR, book
from tests.integration.booking.clinic import ANNA, BEN, CLARA, OSEI, PAUL
from tests.integration.booking.town import Town, at

NOVAK = "@novak:localhost"
INVITE = f'invite doctor "Dr Iris Novak" cardiology speaks en, de {NOVAK}'


async def test_a_doctor_is_invited_accepts_is_verified_and_booked(chat: Chat) -> None:
    assert f"Dr Iris Novak: I have invited {NOVAK}" in await chat.say(CLARA, INVITE, name="Clara")
    told = await chat.notices()
    assert "Dr Iris Novak waits to be verified: “verify dr.novak”" in told[PAUL][0].text
    (invited,) = told[NOVAK]
    assert f"You are invited by Clara ({CLARA}): to work at Berlin Heart Centre as Dr Iris Novak." in invited.text
    assert "Welcome, Dr Iris Novak" in await chat.tap(NOVAK, "1", invited)
    assert "have verified who you are" in chat.last[0].text
    assert "has accepted: to work at Berlin Heart Centre as Dr Iris Novak" in (await chat.notices())[CLARA][0].text
    await chat.say(CLARA, 'add service dr.novak "Heart check" 30 min 45 in person desk')
    await chat.say(CLARA, "hours dr.novak mon-fri 9-17")
    assert "Novak" not in await chat.say(ANNA, NEAR)
    assert "have verified who you are" in await chat.say(NOVAK, "prescribe")
    assert "have verified who you are" in await chat.say(NOVAK, "signing set up")
    assert "Dr Iris Novak (dr.novak), Cardiology, Berlin Heart Centre" in await chat.say(PAUL, "unverified")
    assert "is verified" in await chat.say(PAUL, "verify dr.novak")
    assert "can be booked" in (await chat.notices())[NOVAK][0].text
    assert "Dr Iris Novak" in await chat.say(ANNA, NEAR)
    assert "Nobody waits" in await chat.say(PAUL, "unverified")


async def test_an_invitation_can_be_left(chat: Chat) -> None:
    await chat.say(CLARA, INVITE)
    (invited,) = (await chat.notices())[NOVAK]
    assert "Declined" in await chat.say(NOVAK, "no")
    declined = (await chat.notices())[CLARA][0].text
    assert "has declined" in declined
    assert declined.startswith(NOVAK)  # what Clara knew already
    assert "You may not do that" in await chat.tap(NOVAK, "1", invited) or "too old" in chat.last[0].text
    assert "no Matrix account yet" in await chat.say(CLARA, "doctors")


async def test_nobody_else_takes_an_invitation(chat: Chat) -> None:
    await chat.say(CLARA, f"invite admin {BEN}")
    assert "You are invited" in (await chat.notices())[BEN][0].text
    async with chat.database.transaction() as tx:
        invitation = (await tx.conn.execute(text("SELECT id FROM staff_invitation"))).scalar_one()
        anna = await person_of(tx, chat.ctx, ANNA)
        with pytest.raises(RefusedError):
            await accept(tx, chat.ctx, anna, invitation)
        with pytest.raises(RefusedError):
            await decline(tx, chat.ctx, anna, invitation)
    assert "You run Berlin Heart Centre now" in await chat.say(BEN, "yes")
    assert "No visits" in await chat.say(BEN, "bookings")


async def test_who_has_no_account_comes_in_by_a_code(chat: Chat, town: Town) -> None:
    assert "One moment" in await chat.say(CLARA, 'invite doctor "Dr Iris Novak" cardiology speaks en')
    way_in, picture = [each for each in (await chat.notices())[CLARA] if "join" in each.text or "png" in each.text]
    code = re.search(r"join ([0-9A-Z-]{19})", way_in.text)
    assert code
    assert f"http://127.0.0.1:8100/join/{code[1]}" in way_in.text
    assert "Registration token" not in way_in.text  # there is no admin of the homeserver here
    async with chat.database.transaction() as tx:
        data = await attachments(chat.ctx)["join"](tx, picture.fields["id"])
        assert isinstance(data, bytes)
        assert data.startswith(b"\x89PNG")
        kept = await tx.conn.execute(text("SELECT staff_invitation::text FROM staff_invitation"))
        assert code[1] not in kept.scalar_one()
    assert "not good any more" in await chat.say(NOVAK, "join K7QM-3F2A-9XTC-0BWD")
    assert "Welcome, Dr Iris Novak" in await chat.say(NOVAK, f"join {code[1].lower().replace('-', ' ')}")
    assert "not good any more" in await chat.say(BEN, f"join {code[1]}")


async def test_a_code_is_good_for_a_week(chat: Chat, town: Town) -> None:
    await chat.say(CLARA, "invite admin")
    code = re.search(r"join ([0-9A-Z-]{19})", (await chat.notices())[CLARA][0].text)
    assert code
    town.clock.time += timedelta(days=8)
    assert "not good any more" in await chat.say(BEN, f"join {code[1]}")


async def test_a_new_invitation_takes_the_place_of_an_open_one(chat: Chat) -> None:
    await chat.say(CLARA, "invite doctor dr.weber")
    first = re.search(r"join ([0-9A-Z-]{19})", (await chat.notices())[CLARA][0].text)
    await chat.say(CLARA, "invite doctor dr.weber")
    second = re.search(r"join ([0-9A-Z-]{19})", (await chat.notices())[CLARA][-2].text)
    assert first
    assert second
    assert "not good any more" in await chat.say(NOVAK, f"join {first[1]}")
    assert "Dr Jonas Weber is verified already" in await chat.say(NOVAK, f"join {second[1]}")
    await chat.say(PAUL, "verify dr.weber")
    assert f"Dr Jonas Weber is {NOVAK}" in await chat.say(PAUL, "yes")
    assert "has another account already" in await chat.say(CLARA, "invite doctor dr.weber")


async def test_whose_account_a_verified_doctor_has_is_not_for_a_centre_alone_to_say(chat: Chat) -> None:
    """Else an admin could have a stranger sign, and read elsewhere, as a doctor whom the platform vouches for."""
    said = await chat.say(CLARA, f"link dr.weber {BEN}")
    assert (
        f"Dr Jonas Weber is verified already, so those who run this service look first whether {BEN} is theirs" in said
    )
    assert "An account was named for Dr Jonas Weber" in (await chat.notices())[PAUL][0].text
    assert (await chat.person(BEN)).practitioner_id is None
    assert "signing" not in await chat.say(BEN, "help")
    listed = await chat.say(PAUL, "unverified")
    assert f"Dr Jonas Weber (dr.weber) is verified, and is to be {BEN}, says {CLARA}" in listed
    assert f"Dr Jonas Weber is to be {BEN}, says {CLARA}" in await chat.say(PAUL, "verify dr.weber")
    assert f"Then Dr Jonas Weber is not {BEN}: nothing was linked" in await chat.say(PAUL, "no")
    told = await chat.notices()
    assert f"Dr Jonas Weber is not {BEN}, say those who run this service" in told[CLARA][0].text
    assert (await chat.person(BEN)).practitioner_id is None
    assert "Nobody waits" in await chat.say(PAUL, "unverified")


async def test_an_account_is_confirmed_as_it_was_shown_and_by_the_platform_alone(chat: Chat) -> None:
    await chat.say(CLARA, f"link dr.weber {BEN}")
    assert f"is to be {BEN}" in await chat.say(PAUL, "verify dr.weber")
    await chat.say(CLARA, f"link dr.weber {NOVAK}")  # takes its place while Paul thinks of the other
    assert "That has changed meanwhile" in await chat.say(PAUL, "yes")
    async with chat.database.transaction() as tx:
        clara, weber = await person_of(tx, chat.ctx, CLARA), (await practitioners_named(tx, "dr.weber"))[0]
        for attempt in (confirm_account, refuse_claim):
            with pytest.raises(RefusedError):
                await attempt(tx, chat.ctx, clara, weber.id)
    assert f"is to be {NOVAK}" in await chat.say(PAUL, "verify dr.weber")
    assert f"Dr Jonas Weber is {NOVAK}. They are told." in await chat.say(PAUL, "yes")
    told = await chat.notices()
    assert all(f"Dr Jonas Weber is {NOVAK}" in told[each][-1].text for each in (CLARA, NOVAK))
    doctor = await chat.person(NOVAK)
    assert doctor.practitioner_id == weber.id
    assert doctor.verified
    assert "has another account already" in await chat.say(CLARA, f"link dr.weber {BEN}")


async def test_an_entry_that_was_verified_once_needs_the_word_too(chat: Chat) -> None:
    """Its patients' visits stand, and whoever is linked sees them."""
    await chat.say(PAUL, "unverify dr.weber")
    assert "look first" in await chat.say(CLARA, f"link dr.weber {BEN}")
    assert (await chat.person(BEN)).practitioner_id is None


async def test_of_an_entry_that_nobody_verified_the_account_is_shown_to_who_verifies_it(chat: Chat) -> None:
    await chat.say(CLARA, 'add doctor "Dr Iris Novak" cardiology speaks en')
    assert "no account yet" in await chat.say(PAUL, "unverified")
    assert f"Dr Iris Novak is {NOVAK}" in await chat.say(CLARA, f"link dr.novak {NOVAK}")
    assert NOVAK in await chat.say(PAUL, "unverified")
    assert f"Dr Iris Novak ({NOVAK}) is verified" in await chat.say(PAUL, "verify dr.novak")


async def test_who_lets_nobody_invite_them_is_not_invited(chat: Chat) -> None:
    await chat.say(BEN, "contacts block all")
    assert "lets nobody invite them" in await chat.say(CLARA, f"invite admin {BEN}")
    await chat.say(BEN, "contacts allow staff")
    assert "I have invited" in await chat.say(CLARA, f"invite admin {BEN}")


async def test_only_those_who_may_invite_and_verify(chat: Chat) -> None:
    assert "invited" not in await chat.say(ANNA, f"invite admin {BEN}")
    assert "You may not do that" in await chat.say(CLARA, f"invite admin {BEN} to Isar Clinic")
    assert "You may not do that" in await chat.say(CLARA, "invite doctor dr.maier")
    assert "is verified" not in await chat.say(CLARA, "verify dr.weber")
    assert "One moment" in await chat.say(PAUL, "registration token")
    assert "One moment" not in await chat.say(ANNA, "registration token")


async def test_who_is_not_verified_any_more_is_not_booked_and_visits_stay(chat: Chat, town: Town) -> None:
    code = await book(chat)
    await chat.say(BEN, NEAR)
    await chat.say(BEN, "1")
    assert "is not verified any more" in await chat.say(PAUL, "unverify dr.osei")
    assert "cannot be booked yet" in await chat.say(BEN, "1")
    assert code in await chat.say(ANNA, "appointments")
    town.clock.time = at(1, 8)
    await chat.say(OSEI, f"arrived {code}")
    assert "have verified who you are" in await chat.say(OSEI, f"prescribe {code} bisoprolol")
    assert "is not verified" in await chat.say(PAUL, "unverify dr.osei")
    assert "is verified" in await chat.say(PAUL, "verify dr.osei")
    assert "verified already" in await chat.say(PAUL, "verify dr.osei")


async def test_who_is_not_listed_is_found_by_their_own_patients_alone(chat: Chat, town: Town) -> None:
    await book(chat)
    assert "only those who were there before" in await chat.say(OSEI, "unlist me")
    assert "Osei" not in await chat.say(BEN, NEAR)
    assert "Osei" not in await chat.say(BEN, "dr osei tomorrow")
    town.clock.time = at(1, 12)
    assert "Dr Ama Osei" in await chat.say(ANNA, "dr osei tomorrow")
    assert "everybody finds them" in await chat.say(CLARA, "list dr.osei")
    assert "Dr Ama Osei" in await chat.say(BEN, NEAR)
    assert "You may not do that" in await chat.say(CLARA, "unlist dr.maier")
    assert "not listed" not in await chat.say(CLARA, "doctors")


def test_a_token_is_one_that_synapse_takes_and_says_nothing_of_its_code() -> None:
    token = registration_token("K7QM-3F2A-9XTC-0BWD")
    assert re.fullmatch(r"[0-9a-f]{32}", token)
    assert token != registration_token("K7QM-3F2A-9XTC-0BWE")
