"""How to take it, as data: what the words say without doubt, and nothing else."""

from dataclasses import replace

import pytest
from fhir.resources.dosage import Dosage
from fhir.resources.R4B.medicationrequest import MedicationRequest as R4MedicationRequest

from records.canonical import canonical
from records.export.r4 import r4
from records.export.validation import faults_of
from records.prescriptions.dosage import coded, in_short
from records.prescriptions.fhir import medication_request, prescription_from
from records.prescriptions.medications import MEDICATIONS
from tests.unit.records.prescriptions.examples import PRESCRIPTION


@pytest.mark.parametrize(
    ("words", "short"),
    [
        ("1 tablet once daily for 30 days", "1 tablet; 1 × / 1 d; 30 d"),
        ("1 capsule 3 times a day, 7 days", "1 capsule; 3 × / 1 d; 7 d"),
        ("Take 1 capsule three times daily for 7 days.", "1 capsule; 3 × / 1 d; 7 d"),
        ("1 up to 4 times a day, at least 6 hours apart", "1–4 × / 1 d"),
        ("1 tablet every 8 hours for 5 days", "1 tablet; 1 × / 8 h; 5 d"),
        ("2 puffs every 4 hours as needed", "2 puff; 1 × / 4 h"),
        ("1 tablet once a week", "1 tablet; 1 × / 1 wk"),
        ("1 tablet every other day", "1 tablet; 1 × / 2 d"),
        ("one tablet daily", "1 tablet; 1 × / 1 d"),
        ("1 tablet twice every day", "1 tablet; 2 × / 1 d"),
        ("10 ml three times daily for a week", "10 ml; 3 × / 1 d; 1 wk"),
        ("apply thinly twice daily", "2 × / 1 d"),
        ("2.5 ml twice a day", "2 × / 1 d"),
        ("one patch every 3 days for 2 months", "1 patch; 1 × / 3 d; 2 mo"),
        ("1 tablet twice a day for 3 days, then once a day", ""),
        ("1 tablet at the start of the attack, at most 2 in 24 hours", ""),
        ("1 or 2 tablets twice a day", ""),
        ("twice a day until the pain is gone", ""),
        ("1 tablet daily, 2 tablets every 3 days", ""),
        ("1 tablet twice a day and 1 every 8 hours", ""),
        ("reduce by 1 tablet every 3 days", ""),
        ("1 tablet daily, not on Sundays", ""),
        ("1 tablet daily for 3 weeks, 1 week off", ""),
        ("3 times", ""),
        ("as needed", ""),
        ("1-0-1", ""),
        ("", ""),
    ],
)
def test_what_the_words_say_without_doubt(words: str, short: str) -> None:
    found = coded(words)
    assert in_short(found) == short
    assert ("asNeeded" in found) == ("as needed" in words and short != "")
    Dosage.model_validate({"text": words or "x", **found})
    canonical({"dosage": found})


@pytest.mark.parametrize(
    ("words", "short"),
    [
        ("1 Tablette 3-mal täglich nach dem Essen für 7 Tage", "1 tablet; 3 × / 1 d; 7 d"),
        ("1 Tablette nach dem Essen 3-mal täglich", "1 tablet; 3 × / 1 d"),
        ("3x täglich 2 Kapseln.", "2 capsule; 3 × / 1 d"),
        ("Eine Tablette zweimal am Tag, 5 Tage", ""),
        ("Eine Tablette zweimal am Tag, für 5 Tage", "1 tablet; 2 × / 1 d; 5 d"),
        ("2 Hübe alle 4 Stunden bei Bedarf", "2 puff; 1 × / 4 h"),
        ("bis zu 4 mal täglich", "1–4 × / 1 d"),
        ("1 Tablette täglich", "1 tablet; 1 × / 1 d"),
        ("1 Tablette täglich, dann 2", ""),
        ("2 Tabletten 3-mal täglich 1 Tablette", ""),
        ("1 Tablette 3-mal täglich für 7 Tage, danach 1-mal täglich", ""),
        ("1 Tablette täglich, nicht sonntags", ""),
        ("morgens 1 Tablette täglich", ""),
        ("Prendre 1 comprimé 3 fois par jour pendant les repas, pendant 7 jours", "1 tablet; 3 × / 1 d; 7 d"),
        ("une gélule toutes les 8 heures, au besoin", "1 capsule; 1 × / 8 h"),
        ("1 comprimé jusqu’à trois fois par jour", "1 tablet; 1–3 × / 1 d"),
        ("1 comprimé tous les jours sauf le dimanche", ""),
        ("1 comprimido 3 veces al día después de las comidas durante 7 días", "1 tablet; 3 × / 1 d; 7 d"),
        ("10 ml cada 6 horas si es necesario", "10 ml; 1 × / 6 h"),
        ("una cápsula una vez a la semana", "1 capsule; 1 × / 1 wk"),
        ("1 comprimido al día, luego 2", ""),
        ("2 biji tablet tiga kali sehari selepas makan selama 2 minggu", "2 tablet; 3 × / 1 d; 2 wk"),
        ("1 tablet setiap 8 jam bila perlu", "1 tablet; 1 × / 8 h"),
        ("1 tablet setiap hari kecuali Ahad", ""),
    ],
)
def test_what_other_languages_say_in_whole_sentences(words: str, short: str) -> None:
    found = coded(words)
    assert in_short(found) == short
    in_need = any(each in words for each in ("Bedarf", "besoin", "necesario", "perlu"))
    assert ("asNeeded" in found) == in_need
    Dosage.model_validate({"text": words, **found})


@pytest.mark.parametrize(
    ("words", "short"),
    [
        ("قرص واحد ثلاث مرات يومياً لمدة سبعة أيام", "1 tablet; 3 × / 1 d; 7 d"),
        ("قرص 3 مرات في اليوم بعد الأكل لمدة أسبوع.", "1 tablet; 3 × / 1 d; 1 wk"),
        ("قرصين مرتين يوميا", "2 tablet; 2 × / 1 d"),
        ("قُرْصَانِ مَرَّتَيْنِ يَوْمِيًّا", "2 tablet; 2 × / 1 d"),
        ("٣ أقراص مرة واحدة باليوم، لمدة ١٠ أيام", "3 tablet; 1 × / 1 d; 10 d"),
        ("تؤخذ كبسولة كل 8 ساعات، عند اللزوم", "1 capsule; 1 × / 8 h"),
        ("كبسولتان قبل الطعام كل اثنتي عشرة ساعة", "2 capsule; 1 × / 12 h"),
        ("كبسوله كل ساعتين", "1 capsule; 1 × / 2 h"),
        ("5مل حتى أربع مرات يوميا عند الحاجة", "5 ml; 1–4 × / 1 d"),
        ("\u200f20 قطرة كل يوم لمدة شهرين", "20 drop; 1 × / 1 d; 2 mo"),
        ("مرة كل أسبوع", "1 × / 1 wk"),
        ("مرتين في الأسبوع قرصين مع كوب من الماء لمدة 14 يوماً", "2 tablet; 2 × / 1 wk; 14 d"),
        ("بختين كل يومين لمدة أربعة عشر يوما", "2 puff; 1 × / 2 d; 14 d"),
        ("حبتين ثلاث مرات يوميا", "3 × / 1 d"),  # of what, the words alone say
        ("نصف قرص مرتين يوميا", ""),
        ("قرص ونصف مرتين يوميا", ""),
        ("قرص أو قرصين مرتين يوميا", ""),
        ("أقراص مرتين يوميا", ""),
        ("3 قرصين مرتين يوميا", ""),
        ("3 أقراص واحدة مرتين يوميا", ""),
        ("قرص واحد يوميا لمدة ثلاثة عشر يوما", ""),
        ("قرص مرتين يوميا لمدة 3 أيام ثم مرة واحدة يوميا", ""),
        ("قرص يوميا عدا الجمعة", ""),
        ("قرص صباحا ومساء", ""),
    ],
)
def test_what_arabic_says_by_forms_of_the_word_that_is_counted(words: str, short: str) -> None:
    found = coded(words)
    assert in_short(found) == short
    assert ("asNeeded" in found) == any(each in words for each in ("الحاجة", "اللزوم"))
    Dosage.model_validate({"text": words, **found})


def test_what_the_list_suggests_is_either_data_or_in_doubt() -> None:
    suggested = {each for one in MEDICATIONS for each in one.dosages}
    understood = {each for each in suggested if coded(each)}
    assert len(understood) > len(suggested) / 2
    for words in understood:
        Dosage.model_validate({"text": words, **coded(words)})


def test_it_is_signed_with_the_rest_and_reads_back_and_old_ones_stay_as_they_were() -> None:
    told = replace(PRESCRIPTION, dosage_coded=coded("1 tablet every 8 hours for 5 days as needed"))
    resource = medication_request(told)
    assert resource["dosageInstruction"] == [{"text": told.draft.dosage, **told.dosage_coded}]
    assert prescription_from(dict(resource), version=1) == told
    assert medication_request(PRESCRIPTION)["dosageInstruction"] == [{"text": PRESCRIPTION.draft.dosage}]


def test_in_the_release_before_it_is_valid_too() -> None:
    told = replace(PRESCRIPTION, dosage_coded=coded("1 tablet every 8 hours for 5 days as needed"))
    turned = r4(dict(medication_request(told)))
    (dosage,) = R4MedicationRequest.model_validate(turned).dosageInstruction
    assert dosage.asNeededBoolean is True
    assert (dosage.timing.repeat.period, dosage.timing.repeat.periodUnit) == (8, "h")


def test_a_unit_that_is_none_of_time_is_a_fault() -> None:
    told = replace(PRESCRIPTION, dosage_coded={"timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "x"}}})
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": dict(medication_request(told))}]}
    assert any("no unit of time" in fault for fault in faults_of(bundle))
