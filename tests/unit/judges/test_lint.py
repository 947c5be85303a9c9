"""Our lint finds the faults that no judge sees, each planted in a feed that is otherwise sound."""

import pytest

from tests.judges.lint import lint

SOUND = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:STANDARD\r\n"
    "DTSTART:19961027T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    "BEGIN:VEVENT\r\nUID:1@x\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Europe/Berlin:20260105T090000\r\n"
    "DTEND;TZID=Europe/Berlin:20260105T100000\r\nRRULE:FREQ=WEEKLY;COUNT=3\r\n"
    "EXDATE;TZID=Europe/Berlin:20260112T090000\r\nSUMMARY:Visit\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def test_a_sound_feed_has_no_fault() -> None:
    assert lint(SOUND.encode()) == []


@pytest.mark.parametrize(
    ("sound", "faulty", "fault"),
    [
        ("TZID:Europe/Berlin", "TZID:Europe/Paris", "no VTIMEZONE"),
        ("DTSTAMP:20260101T000000Z", "DTSTAMP:20260101T000000", "not in UTC"),
        ("SUMMARY:Visit\r\n", "SUMMARY:Visit\n", "bare LF"),
        ("SUMMARY:Visit", f"SUMMARY:{'x' * 80}", "unfolded"),
        ("EXDATE;TZID=Europe/Berlin:20260112T090000", "EXDATE:20260112T080000Z", "another type than DTSTART"),
        ("COUNT=3", "UNTIL=20260201", "UNTIL is not in UTC"),
        ("SUMMARY:Visit\r\n", "SUMMARY:Visit\r\nstray\r\n", "no content line"),
        ("END:VEVENT\r\n", "", "ends what did not begin"),
        ("RRULE:FREQ=WEEKLY;COUNT=3", "RDATE;TZID=Europe/Berlin:20260112T090000", "RDATE"),
    ],
)
def test_each_planted_fault_is_found(sound: str, faulty: str, fault: str) -> None:
    assert any(fault in found for found in lint(SOUND.replace(sound, faulty).encode()))
