"""A report's files: a table for a spreadsheet, and a picture."""

import csv
import io
import struct
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from booking.reports.files import report_csv, report_plot
from booking.reports.model import Figures, Report
from booking.reports.service import minutes_without
from core.languages import speaking
from core.money import Money

OSEI = Figures(booked=10, done=6, cancelled=1, missed=2, taken=300, opened=600)
NOBODY = Figures()
REPORT = Report(
    id=UUID(int=1),
    centre_name="Heart Centre",
    first=date(2026, 11, 1),
    last=date(2026, 11, 30),
    doctors={"Dr Ama Osei": OSEI, "Dr $x^2$ مریم": NOBODY},
    total=OSEI,
    by_day={date(2026, 11, 1) + timedelta(days=n): n % 4 for n in range(30)},
    earned=(Money("EUR", 123_45), Money("JPY", 500)),
    at_the_desk=(),
    first_free=None,
)


def test_parts_are_of_what_is_known() -> None:
    assert (OSEI.utilisation, OSEI.missed_part) == (0.5, 0.25)
    assert (NOBODY.utilisation, NOBODY.missed_part) == (None, None)


def test_the_table_has_a_row_for_each_doctor_and_one_for_all() -> None:
    head, *rows = csv.reader(io.StringIO(report_csv(REPORT).decode()))
    assert head[-2:] == ["earned EUR", "earned JPY"]
    assert rows[0][3:] == ["Dr Ama Osei", "10", "6", "1", "2", "300", "600", "0.500"]
    assert rows[1][-1] == ""
    assert rows[-1][3:5] == ["all", "10"]
    assert rows[-1][-2:] == ["123.45", "500"]


def test_the_heads_of_columns_are_in_the_readers_language() -> None:
    with speaking("de"):
        head, *rows = csv.reader(io.StringIO(report_csv(REPORT).decode()))
    assert (head[0], head[6], head[-1]) == ("Zentrum", "abgesagt", "eingenommen JPY")
    assert rows[-1][3] == "alle"
    assert rows[-1][-2:] == ["123.45", "500"]


def test_no_name_is_a_formula() -> None:
    bad = replace(REPORT, centre_name="=1+1", doctors={"@SUM(A1)": OSEI})
    rows = list(csv.reader(io.StringIO(report_csv(bad).decode())))
    assert (rows[1][0], rows[1][3]) == ("'=1+1", "'@SUM(A1)")


def test_the_plot_is_a_png_of_a_size_that_a_chat_shows() -> None:
    made = report_plot(REPORT)
    assert made.startswith(b"\x89PNG\r\n")
    assert struct.unpack(">II", made[16:24]) == (900, 500)


def test_a_report_without_doctors_is_drawn_too() -> None:
    assert report_plot(replace(REPORT, doctors={}, total=NOBODY, by_day={date(2026, 11, 1): 0})).startswith(b"\x89PNG")


def _at(hour: int) -> datetime:
    return datetime(2026, 11, 2, hour, tzinfo=UTC)


def test_time_off_is_no_open_time() -> None:
    opened = [(_at(8), _at(12)), (_at(13), _at(17))]
    assert minutes_without(opened, []) == 480
    assert minutes_without(opened, [(_at(10), _at(14)), (_at(11), _at(12)), (_at(20), _at(22))]) == 300
    assert minutes_without([], [(_at(10), _at(14))]) == 0
