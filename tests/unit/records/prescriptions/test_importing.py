"""Lists that clinics own are read: ATC, RxNorm and dm+d, in the form in which they are published."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInputError
from records.prescriptions import medications
from records.prescriptions.checks import check_draft
from records.prescriptions.importing import Term, merged, read_list, read_written, written
from records.prescriptions.medications import add_medicines, atc_of, known, suggest
from records.prescriptions.rules import Draft
from tests.unit.records.prescriptions.examples import DRAFT, NOW

ATC = """\
ATC code,ATC level name,DDD
N,Nervous system,
N02BA,Salicylic acid,
N02BA15,carbasalate calcium,1
C10BA05,"atorvastatin and ezetimibe",
"""
RXNORM = """\
5640|ENG||||||1||5640||RXNORM|IN|5640|ibuprofen||N|4096|
5640|ENG||||||2||||ATC|IN|M01AE01|ibuprofen||N||
5640|ENG||||||3||||ATC|IN|M02AA13|ibuprofen||N||
817579|ENG||||||4||||RXNORM|MIN|817579|acetaminophen / codeine||N||
9|ENG||||||5||||RXNORM|IN|9|oldozol||O||
7|SPA||||||6||||RXNORM|IN|7|viejozol||N||
8|ENG||||||7||||RXNORM|SCD|8|ibuprofen 400 MG Oral Tablet||N||
"""
DMD = """<?xml version="1.0" encoding="utf-8" ?>
<VIRTUAL_THERAPEUTIC_MOIETIES>
<VTM><VTMID>90332006</VTMID><NM>Paracetamol</NM></VTM>
<VTM><VTMID>1</VTMID><INVALID>1</INVALID><NM>Gone</NM></VTM>
<VTM><VTMID>2</VTMID><NM>Calcium carbonate + Vitamin D &amp; K</NM><VTMIDPREV>3</VTMIDPREV></VTM>
</VIRTUAL_THERAPEUTIC_MOIETIES>
"""


def test_atc_gives_substances_and_their_codes() -> None:
    assert read_list(ATC) == [Term("carbasalate calcium", "N02BA15"), Term("atorvastatin and ezetimibe", "C10BA05")]
    for delimiter in "\t;":
        assert read_list(f"\ufeffN02BA15{delimiter}carbasalate calcium\r\n") == [Term("carbasalate calcium", "N02BA15")]


def test_rxnorm_gives_ingredients_with_atcs_code_of_the_same_concept() -> None:
    assert read_list(RXNORM) == [Term("ibuprofen", "M01AE01"), Term("acetaminophen and codeine")]


def test_dmd_gives_what_products_are_of() -> None:
    assert read_list(DMD) == [Term("Paracetamol"), Term("Calcium carbonate and Vitamin D & K")]


@pytest.mark.parametrize("text", ["", "name\nibuprofen\n", "<html></html>", "|" * 17 + "\n", "M01AE01\n"])
def test_what_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="no list of medicines"):
        read_list(text)


@given(st.text(max_size=300))
def test_whatever_a_file_holds_is_a_list_or_refused(text: str) -> None:
    try:
        terms = read_list(text)
    except BadInputError:
        return
    assert read_written(written(merged([terms]))) == merged([terms])


def test_lists_become_one_with_each_name_once_and_a_code_from_any() -> None:
    both = merged([[Term("Ibuprofen"), Term("Zinc")], [Term("ibuprofen", "M01AE01")]])
    assert both == [Term("Ibuprofen", "M01AE01"), Term("Zinc")]
    assert read_written(written(both)) == both


@pytest.mark.parametrize("text", ["", "ibuprofen\n", "ibuprofen\tM01\n", "\tM01AE01\n"])
def test_a_file_that_is_not_ours_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="careconnect medicines"):
        read_written(text)


def test_what_is_added_is_suggested_coded_and_checked_and_ours_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(medications, "_BY_NAME", dict(medications._BY_NAME))
    ours = known("ibuprofen")
    assert add_medicines([Term("Zyqxwort sodium", "M01AE99"), Term("Plainol"), Term("ibuprofen", "X01AA01")]) == 2
    assert known("ibuprofen") is ours
    assert [each.name for each in suggest("zyqxw")] == ["Zyqxwort sodium"]
    assert (atc_of("zyqxwort sodium"), atc_of("Plainol")) == ("M01AE99", None)
    warned = check_draft(_draft("Zyqxwort sodium"), [], ["NSAIDs"], NOW)
    assert warned.warnings
    assert any("group of Plainol" in each for each in check_draft(_draft("Plainol"), [], [], NOW).not_checked)


def _draft(name: str) -> Draft:
    return replace(DRAFT, medication=name)
