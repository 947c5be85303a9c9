"""The benchmarks of calendars run on what there is now; how quick it is they say elsewhere."""

import asyncio
import re

import pytest

from benchmarks import feeds, fuzz_calendars, importing, polling, unchanged


def test_the_benchmark_of_feeds_runs(database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    few = unchanged.Rounds(connections=2, count=1, seconds=0.1)
    feeds.run(database_url, feeds.Size(subscribers=100, unchanged=few, rounds=1, visits=(30, 10, 40)))
    said = capsys.readouterr().out
    assert re.search(r"^304, ours: [\d,]+ a second", said, re.MULTILINE)
    assert re.search(r"^30 visits \(0\.0 MB\) anew", said, re.MULTILINE)
    assert "a change was in the next fetch, each time" in said
    assert re.search(r"^40 visits \(0 MB\) sent in", said, re.MULTILINE)


def test_a_quarter_of_an_hour_of_subscribers_runs(database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    looks = polling.run(database_url, polling.Day(subscribers=40, visits=30, seconds=2.0, changes=3))
    assert {each.status for each in looks} == {200, 304}
    assert "40 subscribers of 30 visits, 3 changes" in capsys.readouterr().out


def test_the_benchmark_of_an_import_runs(database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(importing.measure(database_url, 20, importing.made(20)))
    importing.libraries(importing.made(5), 5)
    said = capsys.readouterr().out
    assert re.search(r"^20 events with rules .* [1-9]\d* busy times", said, re.MULTILINE)
    assert "a poll writes one change" in said


def test_broken_calendars_are_read_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    bad = fuzz_calendars.run(6, ["each second", "one line of 100 MB"])
    assert [each.name for each in bad if each.end not in {"read", "refused"}] == []
    assert "8 inputs in" in capsys.readouterr().out
