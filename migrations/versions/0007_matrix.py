"""The bot's keys and rooms."""

from alembic import op

revision = "0007_matrix"
down_revision = "0006_calendars"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE matrix_device (
            user_id text NOT NULL,
            device_id text NOT NULL,
            created_at timestamptz NOT NULL,
            CONSTRAINT pk_matrix_device PRIMARY KEY (user_id)
        );
        CREATE TABLE matrix_cross_signing (
            user_id text NOT NULL,
            sealed bytea NOT NULL,
            CONSTRAINT pk_matrix_cross_signing PRIMARY KEY (user_id)
        );
        CREATE TABLE matrix_olm_account (
            user_id text NOT NULL,
            device_id text NOT NULL,
            pickle bytea NOT NULL,
            shared boolean NOT NULL,
            sync_token text,
            CONSTRAINT pk_matrix_olm_account PRIMARY KEY (user_id, device_id)
        );
        CREATE TABLE matrix_olm_session (
            user_id text NOT NULL,
            device_id text NOT NULL,
            session_id text NOT NULL,
            sender_key text NOT NULL,
            pickle bytea NOT NULL,
            created_at timestamptz NOT NULL,
            used_at timestamptz NOT NULL,
            CONSTRAINT pk_matrix_olm_session PRIMARY KEY (user_id, device_id, session_id)
        );
        CREATE TABLE matrix_megolm_session (
            user_id text NOT NULL,
            device_id text NOT NULL,
            room_id text NOT NULL,
            sender_key text NOT NULL,
            session_id text NOT NULL,
            signing_key text NOT NULL,
            pickle bytea NOT NULL,
            chain text[] NOT NULL,
            received_at timestamptz NOT NULL,
            CONSTRAINT pk_matrix_megolm_session PRIMARY KEY (user_id, device_id, room_id, sender_key, session_id)
        );
        CREATE TABLE matrix_device_key (
            user_id text NOT NULL,
            device_id text NOT NULL,
            owner_id text NOT NULL,
            owner_device_id text NOT NULL,
            ed25519 text NOT NULL,
            curve25519 text NOT NULL,
            deleted boolean NOT NULL,
            CONSTRAINT pk_matrix_device_key PRIMARY KEY (user_id, device_id, owner_id, owner_device_id)
        );
        CREATE TABLE matrix_key_request (
            user_id text NOT NULL,
            device_id text NOT NULL,
            request_id text NOT NULL,
            session_id text NOT NULL,
            room_id text NOT NULL,
            algorithm text NOT NULL,
            CONSTRAINT pk_matrix_key_request PRIMARY KEY (user_id, device_id, request_id)
        );
        CREATE TABLE matrix_bot_message (
            id uuid NOT NULL,
            key text NOT NULL,
            room_id text NOT NULL,
            event_id text NOT NULL,
            sent_at timestamptz NOT NULL,
            CONSTRAINT pk_matrix_bot_message PRIMARY KEY (id)
        );
        CREATE INDEX ix_matrix_bot_message_event_id ON matrix_bot_message (event_id);
        CREATE TABLE direct_room (
            person_id uuid NOT NULL,
            room_id text,
            generation integer NOT NULL DEFAULT 0,
            CONSTRAINT pk_direct_room PRIMARY KEY (person_id)
        );
        CREATE INDEX ix_direct_room_room_id ON direct_room (room_id);
        CREATE TABLE consultation_room (
            appointment_id uuid NOT NULL,
            room_id text NOT NULL,
            opened_at timestamptz NOT NULL,
            keeper_left_at timestamptz,
            closed_at timestamptz,
            CONSTRAINT pk_consultation_room PRIMARY KEY (appointment_id),
            CONSTRAINT uq_consultation_room_room_id UNIQUE (room_id)
        );
    """)
