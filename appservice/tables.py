"""Imports every floor's tables, so that the one collection of them (core.tables.metadata) is whole."""

import appservice.matrix.model
import core.inbox
import core.outbox  # noqa: F401
import records.model  # noqa: F401
