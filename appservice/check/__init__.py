"""`careconnect check`: looks at a deployment from outside and says in plain words what is wrong with it.

It changes nothing, may run beside the service, and prints no secret.
"""

from collections.abc import AsyncIterator

from appservice.check.configuration import check_configuration
from appservice.check.database import check_database
from appservice.check.finding import Finding, Level
from appservice.check.homeserver import check_homeserver
from appservice.check.keys import check_keys
from appservice.check.records import check_records
from appservice.check.stripe import check_stripe
from core.settings import Settings

__all__ = ["Finding", "Level", "check"]


async def check(settings: Settings) -> AsyncIterator[Finding]:
    """Yield what is found, each as soon as it is known, from the inside out."""
    for finding in check_configuration(settings):
        yield finding
    for look in (check_database, check_homeserver, check_keys, check_records, check_stripe):
        async for finding in look(settings):
            yield finding
