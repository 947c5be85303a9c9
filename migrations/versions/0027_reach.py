"""Being away and reachable, whom one lets write first, and questions between visits."""

from alembic import op

revision = "0027_reach"
down_revision = "0026_heard"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE absence (
            id uuid NOT NULL CONSTRAINT pk_absence PRIMARY KEY,
            subject_id uuid NOT NULL,
            during tstzrange NOT NULL,
            stand_in uuid CONSTRAINT fk_absence_stand_in REFERENCES practitioner (id),
            message bytea,
            created_at timestamptz NOT NULL,
            CONSTRAINT ck_absence_during CHECK (NOT isempty(during))
        );
        CREATE INDEX ix_absence_subject_id ON absence (subject_id);
        CREATE TABLE reachable_hours (
            practitioner_id uuid NOT NULL
                CONSTRAINT fk_reachable_hours_practitioner_id REFERENCES practitioner (id),
            weekday smallint NOT NULL,
            starts smallint NOT NULL,
            ends smallint NOT NULL,
            CONSTRAINT pk_reachable_hours PRIMARY KEY (practitioner_id, weekday, starts),
            CONSTRAINT ck_reachable_hours_weekday CHECK (weekday BETWEEN 0 AND 6),
            CONSTRAINT ck_reachable_hours_span CHECK (0 <= starts AND starts < ends AND ends <= 1440)
        );
        CREATE TABLE contact_rule (
            person_id uuid NOT NULL CONSTRAINT pk_contact_rule PRIMARY KEY
                CONSTRAINT fk_contact_rule_person_id REFERENCES person (id),
            allow_all boolean NOT NULL
        );
        CREATE TABLE contact_exception (
            person_id uuid NOT NULL CONSTRAINT fk_contact_exception_person_id REFERENCES person (id),
            whom text NOT NULL,
            CONSTRAINT pk_contact_exception PRIMARY KEY (person_id, whom)
        );
        CREATE TABLE question (
            id uuid NOT NULL CONSTRAINT pk_question PRIMARY KEY,
            code text NOT NULL CONSTRAINT uq_question_code UNIQUE,
            patient_id uuid NOT NULL CONSTRAINT fk_question_patient_id REFERENCES patient (id),
            practitioner_id uuid NOT NULL CONSTRAINT fk_question_practitioner_id REFERENCES practitioner (id),
            centre_id uuid NOT NULL CONSTRAINT fk_question_centre_id REFERENCES centre (id),
            asked_by uuid NOT NULL CONSTRAINT fk_question_asked_by REFERENCES person (id),
            asked_at timestamptz NOT NULL,
            due_at timestamptz NOT NULL,
            sealed bytea NOT NULL,
            answered_at timestamptz,
            answered_by uuid CONSTRAINT fk_question_answered_by REFERENCES person (id),
            answer bytea
        );
        CREATE INDEX ix_question_patient_id ON question (patient_id);
        CREATE INDEX ix_question_open ON question (practitioner_id, asked_at) WHERE answered_at IS NULL;
        CREATE TABLE waiting_told (
            id uuid NOT NULL CONSTRAINT pk_waiting_told PRIMARY KEY,
            told_at timestamptz NOT NULL
        );
    """)
