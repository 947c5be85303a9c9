"""Imports every floor's tables, so that the collections of them and of what is sealed in them are whole."""
# ruff: noqa: F401

import appservice.conversation.boards
import appservice.conversation.dialogue
import appservice.matrix.model
import appservice.outgoing
import booking.appointments.model
import booking.calendars.model
import booking.consultations.model
import booking.day.model
import booking.directory.model
import booking.handover.model
import booking.imports.model
import booking.lookup.model
import booking.payments.model
import booking.people.model
import booking.questions.model
import booking.reach.model
import booking.referrals.model
import booking.reminders.model
import booking.reports.model
import booking.schedules.model
import booking.search.bounds
import booking.staff.model
import booking.waiting.model
import core.inbox
import core.outbox
import records.audit.model
import records.consents.model
import records.documents.model
import records.erasure.model
import records.export.model
import records.files.model
import records.keys.model
import records.pharmacy.model
import records.prescriptions.model
import records.rotation.model
