"""Doctors are verified, and listed or not; people are invited to work somewhere."""

from alembic import op

revision = "0032_verifying"
down_revision = "0031_rooms"


def upgrade() -> None:
    # Who is there already was set up by a platform admin, or in their sight.
    op.execute("""
        ALTER TABLE practitioner
            ADD verified boolean NOT NULL DEFAULT true,
            ADD listed boolean NOT NULL DEFAULT true;
        ALTER TABLE practitioner ALTER verified DROP DEFAULT, ALTER listed DROP DEFAULT;
        CREATE TABLE staff_invitation (
            id uuid NOT NULL CONSTRAINT pk_staff_invitation PRIMARY KEY,
            role text NOT NULL CONSTRAINT ck_staff_invitation_role CHECK (role IN ('doctor', 'admin', 'account')),
            centre_id uuid CONSTRAINT fk_staff_invitation_centre_id REFERENCES centre (id),
            practitioner_id uuid CONSTRAINT fk_staff_invitation_practitioner_id REFERENCES practitioner (id),
            invited_by uuid NOT NULL CONSTRAINT fk_staff_invitation_invited_by REFERENCES person (id),
            person_id uuid CONSTRAINT fk_staff_invitation_person_id REFERENCES person (id),
            created_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL,
            answered_at timestamptz,
            accepted boolean,
            code_hash bytea CONSTRAINT uq_staff_invitation_code_hash UNIQUE,
            code bytea,
            CONSTRAINT ck_staff_invitation_code CHECK ((code_hash IS NULL) = (code IS NULL))
        );
        CREATE INDEX ix_staff_invitation_person_id ON staff_invitation (person_id);
        CREATE INDEX ix_staff_invitation_expires_at ON staff_invitation (expires_at);
        CREATE UNIQUE INDEX uq_staff_invitation_open ON staff_invitation (practitioner_id)
            WHERE answered_at IS NULL;
        CREATE TABLE verification (
            id uuid NOT NULL CONSTRAINT pk_verification PRIMARY KEY,
            practitioner_id uuid NOT NULL CONSTRAINT fk_verification_practitioner_id REFERENCES practitioner (id),
            verified boolean NOT NULL,
            by uuid CONSTRAINT fk_verification_by REFERENCES person (id),
            at timestamptz NOT NULL
        );
        CREATE INDEX ix_verification_practitioner_id ON verification (practitioner_id);
    """)
