"""A document reads back from its Composition as it was, whatever was written."""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from fhir.resources.composition import Composition
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInputError
from records.canonical import canonical
from records.documents.fhir import composition, document_from
from records.documents.rules import Content, Document, DocumentKind, DocumentStatus, Note, SickNote, checked
from tests.unit.records.documents.test_papers import SICK

TODAY = date(2026, 12, 1)
NOTE = replace(SICK, kind=DocumentKind.NOTE, content=Note("first\na < b & </p><p> &amp; &#65;"), shared_at=None)


def read_back(one: Document) -> Document:
    resource = json.loads(canonical(composition(one)))
    return document_from(resource, created_at=one.created_at, shared_at=one.shared_at)


@pytest.mark.parametrize("one", [SICK, NOTE])
def test_it_reads_back_as_it_was(one: Document) -> None:
    assert read_back(one) == one
    withdrawn = replace(one, version=3, status=DocumentStatus.ENTERED_IN_ERROR, why="<p>typed & twice</p>")
    assert read_back(withdrawn) == withdrawn


@given(st.text(max_size=60), st.text(max_size=20), st.text(max_size=20))
def test_whatever_was_written(text: str, limits: str, diagnosis: str) -> None:
    for content in (Note(text), SickNote(TODAY, TODAY + timedelta(days=2), "work", limits, diagnosis)):
        try:
            fit: Content = checked(content, TODAY)
        except BadInputError:
            continue
        one = replace(NOTE if isinstance(fit, Note) else SICK, content=fit)
        assert read_back(one) == one


def test_what_is_signed_is_frozen() -> None:
    """A signature from before is over just this: what changes here needs a way to read what was."""
    withdrawn = replace(
        SICK,
        version=3,
        status=DocumentStatus.ENTERED_IN_ERROR,
        why="typed twice",
        content=replace(SICK.content, limits="can work from home", diagnosis="J06.9"),
    )
    frozen = json.loads((Path(__file__).parent / "frozen.json").read_text())
    assert composition(NOTE) == frozen["note"]
    assert composition(withdrawn) == frozen["withdrawn sick note"]


@pytest.mark.parametrize(("one", "name"), [(NOTE, "note"), (SICK, "sick note")])
def test_a_note_is_signed_as_r5_has_it(one: Document, name: str) -> None:
    assert Composition.model_validate(composition(one)).title == f"{name.capitalize()} {one.code}"
