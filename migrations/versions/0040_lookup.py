"""The blind index by which a centre finds its patients by name."""

from alembic import op

revision = "0040_lookup"
down_revision = "0039_buttons"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE patient_lookup (
            centre_id uuid NOT NULL CONSTRAINT fk_patient_lookup_centre_id_centre REFERENCES centre,
            patient_id uuid NOT NULL CONSTRAINT fk_patient_lookup_patient_id_patient REFERENCES patient,
            key_number integer NOT NULL,
            name bytea,
            CONSTRAINT pk_patient_lookup PRIMARY KEY (centre_id, patient_id)
        );
        CREATE INDEX ix_patient_lookup_patient_id ON patient_lookup (patient_id);
        CREATE INDEX ix_patient_lookup_name ON patient_lookup (centre_id, name);
    """)
