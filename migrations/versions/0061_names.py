"""Whoever asked for names in their calendar has a patient's new name, or none any more, in the next fetch.

Until here only the patient's own calendars did: those of doctors, centres and rooms kept a name until another change.
"""

from alembic import op

revision = "0061_names"
down_revision = "0060_marks"


def upgrade() -> None:
    op.execute("""
        CREATE FUNCTION calendar_patient_changed() RETURNS trigger LANGUAGE plpgsql AS $$
            DECLARE
                whose uuid := (to_jsonb(NEW) ->> TG_ARGV[0])::uuid;
            BEGIN
                INSERT INTO calendar_change (subject_id)
                SELECT whose
                UNION
                SELECT unnest(ARRAY[practitioner_id, centre_id]) FROM appointment WHERE patient_id = whose;
                RETURN NULL;
            END
        $$;
        DROP TRIGGER calendar_name_changed ON patient;
        CREATE TRIGGER calendar_name_changed AFTER UPDATE OF name ON patient
            FOR EACH ROW EXECUTE FUNCTION calendar_patient_changed('id');
        CREATE TRIGGER calendar_name_gone AFTER INSERT ON erasure
            FOR EACH ROW EXECUTE FUNCTION calendar_patient_changed('subject');
        -- Who takes their records over is another patient from then on.
        CREATE TRIGGER calendar_rights_changed AFTER UPDATE OF person_id ON patient
            FOR EACH ROW EXECUTE FUNCTION calendar_rights_changed('person_id');
    """)
