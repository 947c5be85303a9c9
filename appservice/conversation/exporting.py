"""An export put together from all floors, when it is sent; checked before anybody gets it; kept nowhere."""

import asyncio
import json
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from appservice.conversation.aside import aside
from booking.context import Context
from booking.export import directory_of
from booking.export import resources_of as booking_of
from booking.people.service import person_by_id
from booking.readers import reader_of
from core.database import Tx
from core.errors import RefusedError
from core.lanes import HopelessError
from records.export import service as records
from records.export.fhir import basic, bundle
from records.export.held import held_rows
from records.export.r4 import r4_bundle
from records.export.readable import export_pdf
from records.export.service import Export, Release, export_asked
from records.export.validation import faults_of
from records.fhir import Resource

_OF_PATIENTS = frozenset({"dialogue", "outbox"})
"""What those who work at a centre talk about with the service is about patients, whose it is."""


@dataclass(frozen=True, slots=True)
class _Gathered:
    export: Export
    bundle: Resource
    """In R5."""
    timezone: str


async def gathered(tx: Tx, ctx: Context, export_id: UUID) -> _Gathered:
    """All that is held on whom an export is about, as it is now.

    Raises RefusedError if who asked for it may not have it any more, HopelessError if it is not as FHIR has to be.
    """
    asked = await export_asked(tx, export_id)
    person = await person_by_id(tx, ctx, asked.person_id)
    reader = await reader_of(tx, person)
    patients = {each.id: each for each in (person.patient, *person.family)}
    found: list[Resource] = []
    for patient_id in asked.patients:
        if patient_id not in patients:
            raise RefusedError
        found += await records.resources_of(tx, ctx.vault, reader, patient_id)
        found += await booking_of(tx, ctx, person, patients[patient_id])
    themselves = person.patient.id in asked.patients
    rows = await held_rows(
        tx,
        ctx.vault,
        [*asked.patients, *([person.id] if themselves else [])],
        person.mxid if themselves else None,
        but=records.TABLES | (_OF_PATIENTS if person.practitioner_id or person.administers else frozenset()),
    )
    found += [basic(row, asked.patients[0]) for row in rows]
    found += await directory_of(tx, found)
    whole = bundle(found, at=tx.now, base=f"{ctx.settings.http.public_url}/fhir")
    # In threads: who leads must not be silent for long, and this can take seconds.
    if faults := await asyncio.to_thread(faults_of, whole):
        raise HopelessError(f"the export is not as FHIR has to be: {len(faults)} faults")
    return _Gathered(asked, whole, person.timezone)


async def export_json(tx: Tx, ctx: Context, export_id: UUID) -> bytes:
    """The bundle, in the release that was asked for."""
    what = await gathered(tx, ctx, export_id)
    return await asyncio.to_thread(_written, what)


def _written(what: _Gathered) -> bytes:
    whole = r4_bundle(what.bundle) if what.export.release is Release.R4 else what.bundle
    return json.dumps(whole, ensure_ascii=False, indent=1).encode()


async def export_paper(tx: Tx, ctx: Context, export_id: UUID) -> bytes:
    """The same for reading."""
    what = await gathered(tx, ctx, export_id)
    return await aside(partial(export_pdf, what.bundle, timezone=what.timezone, release=what.export.release))
