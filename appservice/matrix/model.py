"""Tables: the bot's identity and keys (pickled under settings.matrix.store_key), and rooms."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from core.tables import Moment, metadata

# Which device the bot has. It lives with the keys below: whoever loses the keys gets a new device.
device = Table(
    "matrix_device",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("device_id", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
)

# The seeds of the bot's cross-signing keys, sealed. To be backed up apart: losing them makes people approve anew.
cross_signing = Table(
    "matrix_cross_signing",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)

olm_account = Table(
    "matrix_olm_account",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("device_id", Text, primary_key=True),
    Column("pickle", LargeBinary, nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("sync_token", Text),
    Column("heard_token", Text),
)

olm_session = Table(
    "matrix_olm_session",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("device_id", Text, primary_key=True),
    Column("session_id", Text, primary_key=True),
    Column("sender_key", Text, nullable=False),
    Column("pickle", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("used_at", Moment, nullable=False),
)

# Files that a person and the bot sent each other and that lie on our homeserver, until the person asks to be forgotten.
sent_file = Table(
    "matrix_sent_file",
    metadata,
    Column("media_id", Text, primary_key=True),
    Column("person_id", Uuid, nullable=False, index=True),
    Column("sent_at", Moment, nullable=False),
)

# Of which rooms what is missing between two places of the homeserver's stream, as there was no answer of them.
missed = Table(
    "matrix_missed",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("room_id", Text, primary_key=True),
    Column("since", Text, nullable=False),
    Column("until", Text, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
)

megolm_session = Table(
    "matrix_megolm_session",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("device_id", Text, primary_key=True),
    Column("room_id", Text, primary_key=True),
    Column("sender_key", Text, primary_key=True),
    Column("session_id", Text, primary_key=True),
    Column("signing_key", Text, nullable=False),
    Column("pickle", LargeBinary, nullable=False),
    Column("chain", ARRAY(Text), nullable=False),
    Column("received_at", Moment, nullable=False),
)

device_key = Table(
    "matrix_device_key",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("device_id", Text, primary_key=True),
    Column("owner_id", Text, primary_key=True),
    Column("owner_device_id", Text, primary_key=True),
    Column("ed25519", Text, nullable=False),
    Column("curve25519", Text, nullable=False),
    Column("deleted", Boolean, nullable=False),
)

key_request = Table(
    "matrix_key_request",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("device_id", Text, primary_key=True),
    Column("request_id", Text, primary_key=True),
    Column("session_id", Text, nullable=False),
    Column("room_id", Text, nullable=False),
    Column("algorithm", Text, nullable=False),
)

# What we have said: which event a message became, for edits, and which message an event was, for reactions.
# An edit has the event that it edits.
bot_message = Table(
    "matrix_bot_message",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("key", Text, nullable=False),
    Column("room_id", Text, nullable=False),
    Column("event_id", Text, nullable=False, index=True),
    Column("sent_at", Moment, nullable=False),
)

# Where a person and the bot talk alone. `generation` counts the rooms that they have had and left.
direct_room = Table(
    "direct_room",
    metadata,
    Column("person_id", Uuid, primary_key=True),
    Column("room_id", Text),
    Column("generation", Integer, nullable=False, server_default="0"),
    Index("ix_direct_room_room_id", "room_id"),
)

# Where the staff of a centre talks, the bot among them; and who has joined.
staff_room = Table(
    "staff_room",
    metadata,
    Column("centre_id", Uuid, primary_key=True),
    Column("room_id", Text, nullable=False, unique=True),
    Column("opened_at", Moment, nullable=False),
)
staff_room_member = Table(
    "staff_room_member",
    metadata,
    Column("room_id", Text, ForeignKey("staff_room.room_id", ondelete="CASCADE"), primary_key=True),
    Column("mxid", Text, primary_key=True),
)

# Whose staff room each centre's is, where there are several bots.
centre_shard = Table(
    "centre_shard",
    metadata,
    Column("centre_id", Uuid, primary_key=True),
    Column("shard", Integer, nullable=False),
)

consultation_room = Table(
    "consultation_room",
    metadata,
    Column("appointment_id", Uuid, primary_key=True),
    Column("room_id", Text, nullable=False, unique=True),
    Column("opened_at", Moment, nullable=False),
    Column("keeper_left_at", Moment),
    # Since when nobody may talk there; in a room that the keeper could not come back to, since when nobody should.
    Column("closed_at", Moment),
    # The room and its files are gone from our homeserver. The row stays, so that it is known to have been private.
    Column("erased_at", Moment),
)

# Who is staff, as the lobby says it.
listed_staff = Table("matrix_listed_staff", metadata, Column("mxid", Text, primary_key=True))
