"""Imports every floor's tables, so that the one collection of them (core.tables.metadata) is whole."""

import appservice.conversation.dialogue  # noqa: F401
import booking.appointments.model
import booking.calendars.model
import booking.directory.model
import booking.payments.model
import booking.people.model
import booking.reminders.model
import booking.schedules.model  # noqa: F401
import core.inbox
import core.outbox  # noqa: F401
import records.audit.model
import records.keys
import records.prescriptions.model  # noqa: F401
