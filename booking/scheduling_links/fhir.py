"""Centres, services and free times as FHIR R4 resources, as the specification of Scheduling Links has them. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from booking.directory.model import Centre, Mode, Service
from booking.directory.specialties import label_of
from booking.web.reading import Offered
from booking.web.views import address
from core.ids import id_of
from core.timezones import zone

Resource = Mapping[str, Any]
_EXTENSIONS = "http://fhir-registry.smarthealthit.org/StructureDefinition"


def location(centre: Centre, site: str) -> Resource:
    """Return a centre as a Location."""
    telecom = [{"system": "phone", "value": centre.phone}] if centre.phone else []
    return {
        "resourceType": "Location",
        "id": str(centre.id),
        "status": "active",
        "name": centre.name,
        "telecom": [*telecom, {"system": "url", "value": f"{site}/centres/{centre.slug}"}],
        "address": {
            "line": [centre.street],
            "city": centre.city,
            **({"state": centre.region} if centre.region else {}),
            "country": centre.country,
            "text": address(centre),
        },
        "position": {"longitude": centre.longitude, "latitude": centre.latitude},
    }


def schedule(offered: Offered, site: str) -> Resource:
    """Return what a practitioner offers at a centre as a Schedule."""
    service = offered.service
    return {
        "resourceType": "Schedule",
        "id": str(service.id),
        "active": True,
        "serviceType": [
            {
                "coding": [
                    {
                        "system": f"{site}/scheduling-links/specialties",
                        "code": service.specialty,
                        "display": label_of(service.specialty),
                    }
                ],
                "text": service.name,
            }
        ],
        "actor": [
            {"reference": f"Location/{offered.centre.id}"},
            {"display": offered.practitioner.name},
        ],
        **({"comment": "online"} if service.mode is Mode.ONLINE else {}),
    }


def slots(offered: Offered, site: str) -> Iterator[Resource]:
    """Yield the free times of a service as Slots, each with the address where it is booked."""
    service, place = offered.service, zone(offered.centre.timezone)
    for start in offered.times:
        end = start + timedelta(minutes=service.minutes)
        yield {
            "resourceType": "Slot",
            "id": str(id_of(f"slot:{service.id}:{start.isoformat()}")),
            "schedule": {"reference": f"Schedule/{service.id}"},
            "status": "free",
            "start": start.astimezone(place).isoformat(),
            "end": end.astimezone(place).isoformat(),
            "extension": [
                {"url": f"{_EXTENSIONS}/booking-deep-link", "valueUrl": deep_link(service, start, site)},
                *(
                    [{"url": f"{_EXTENSIONS}/booking-phone", "valueString": offered.centre.phone}]
                    if offered.centre.phone
                    else []
                ),
            ],
        }


def deep_link(service: Service, start: datetime, site: str) -> str:
    """Return the page on which a time is booked. Finders add who they are as a query."""
    return f"{site}/book/{service.id}/{start:%Y%m%dT%H%MZ}"


def manifest(centres: Iterable[Centre], at: datetime, site: str) -> Resource:
    """Return what there is to fetch: the places, what they offer, and for each the times that are free."""
    base = f"{site}/scheduling-links"
    output: list[Resource] = [
        {"type": "Location", "url": f"{base}/locations.ndjson"},
        {"type": "Schedule", "url": f"{base}/schedules.ndjson"},
    ]
    for each in centres:
        state = {"extension": {"state": [each.region]}} if each.region and each.country == "US" else {}
        output.append({"type": "Slot", "url": f"{base}/slots/{each.slug}.ndjson", **state})
    return {
        "transactionTime": at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "request": f"{base}/$bulk-publish",
        "output": output,
        "error": [],
    }


def ndjson(resources: Iterable[Resource]) -> bytes:
    """One resource a line."""
    return "".join(f"{json.dumps(each, ensure_ascii=False, separators=(',', ':'))}\n" for each in resources).encode()
