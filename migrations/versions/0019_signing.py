"""Signed prescriptions, and what pharmacies dispense."""

from alembic import op

revision = "0019_signing"
down_revision = "0018_payouts"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE signing_key (
            id uuid NOT NULL CONSTRAINT pk_signing_key PRIMARY KEY,
            practitioner_id uuid NOT NULL,
            person_id uuid NOT NULL,
            public_key bytea NOT NULL CONSTRAINT ck_signing_key_public_key CHECK (octet_length(public_key) = 32),
            sealed bytea NOT NULL,
            created_at timestamptz NOT NULL,
            valid_from timestamptz,
            valid_until timestamptz,
            CONSTRAINT ck_signing_key_valid CHECK (valid_until IS NULL OR valid_from <= valid_until)
        );
        CREATE UNIQUE INDEX uq_signing_key_practitioner_id ON signing_key (practitioner_id)
            WHERE valid_from IS NOT NULL AND valid_until IS NULL;
        CREATE TABLE keys.signing_factor (
            key_id uuid NOT NULL CONSTRAINT pk_signing_factor PRIMARY KEY,
            sealed bytea NOT NULL,
            last_step bigint NOT NULL,
            failures smallint NOT NULL,
            locked_until timestamptz,
            taken_at timestamptz
        );
        ALTER TABLE prescription_version
            ADD signing_key_id uuid CONSTRAINT fk_prescription_version_signing_key_id REFERENCES signing_key (id),
            ADD signature bytea;
    """)
    # A trigger and no check: what was written before there were signatures stays as it is.
    op.execute("""
        CREATE FUNCTION refuse_unsigned() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION '% takes only what is signed', TG_TABLE_NAME; END $$;
        CREATE TRIGGER prescription_version_is_signed BEFORE INSERT ON prescription_version
            FOR EACH ROW WHEN (NEW.signing_key_id IS NULL OR octet_length(NEW.signature) IS DISTINCT FROM 64)
            EXECUTE FUNCTION refuse_unsigned();
    """)
    op.execute("""
        CREATE TABLE allergy_list (
            patient_id uuid NOT NULL CONSTRAINT pk_allergy_list PRIMARY KEY,
            version integer NOT NULL,
            sealed bytea NOT NULL,
            updated_at timestamptz NOT NULL
        );
        CREATE TABLE favourite_list (
            person_id uuid NOT NULL CONSTRAINT pk_favourite_list PRIMARY KEY,
            version integer NOT NULL,
            sealed bytea NOT NULL,
            updated_at timestamptz NOT NULL
        );
        CREATE TABLE renewal (
            id uuid NOT NULL CONSTRAINT pk_renewal PRIMARY KEY,
            prescription_id uuid NOT NULL CONSTRAINT fk_renewal_prescription_id REFERENCES prescription (id),
            patient_id uuid NOT NULL,
            asked_by uuid NOT NULL,
            asked_at timestamptz NOT NULL,
            answered_at timestamptz,
            renewed_by uuid CONSTRAINT fk_renewal_renewed_by REFERENCES prescription (id),
            CONSTRAINT ck_renewal_answered CHECK (renewed_by IS NULL OR answered_at IS NOT NULL)
        );
        CREATE UNIQUE INDEX uq_renewal_open ON renewal (prescription_id) WHERE answered_at IS NULL;
        CREATE INDEX ix_renewal_patient_id ON renewal (patient_id);
    """)
    op.execute("""
        CREATE TABLE pharmacy_access (
            prescription_id uuid NOT NULL CONSTRAINT pk_pharmacy_access PRIMARY KEY
                CONSTRAINT fk_pharmacy_access_prescription_id REFERENCES prescription (id),
            secret_hash bytea NOT NULL,
            sealed bytea NOT NULL
        );
        CREATE TABLE pharmacy_claim (
            id uuid NOT NULL CONSTRAINT pk_pharmacy_claim PRIMARY KEY,
            prescription_id uuid NOT NULL
                CONSTRAINT fk_pharmacy_claim_prescription_id REFERENCES prescription (id),
            fill smallint NOT NULL,
            secret_hash bytea NOT NULL,
            accepted_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL,
            closed_at timestamptz
        );
        CREATE INDEX ix_pharmacy_claim_prescription_id ON pharmacy_claim (prescription_id);
        CREATE UNIQUE INDEX uq_pharmacy_claim_open ON pharmacy_claim (prescription_id) WHERE closed_at IS NULL;
        CREATE TABLE pharmacy_dispense (
            id uuid NOT NULL CONSTRAINT pk_pharmacy_dispense PRIMARY KEY,
            claim_id uuid NOT NULL CONSTRAINT fk_pharmacy_dispense_claim_id REFERENCES pharmacy_claim (id),
            prescription_id uuid NOT NULL
                CONSTRAINT fk_pharmacy_dispense_prescription_id REFERENCES prescription (id),
            fill smallint NOT NULL,
            created_at timestamptz NOT NULL,
            sealed bytea NOT NULL
        );
        CREATE INDEX ix_pharmacy_dispense_prescription_id ON pharmacy_dispense (prescription_id);
        CREATE TRIGGER pharmacy_dispense_is_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON pharmacy_dispense
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
    """)
