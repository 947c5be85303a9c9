"""What a booking writes is found by fewer indexes, and what is kept for good stays on its page.

A hold that is kept changes its rows of `occupancy` alone in a column that no index has: with room left on the page the
row stays there, and no index is written again, the exclusion constraint's least of all.
"""

from alembic import op

revision = "0055_lighter"
down_revision = "0054_sent_files"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE occupancy SET (fillfactor = 75);
        -- A person's holds are among their visits to come, which ix_appointment_booked_by finds.
        DROP INDEX ix_appointment_held_by;
        -- The steps of a visit, in their order, by the primary key.
        ALTER TABLE appointment_move
            DROP CONSTRAINT pk_appointment_move, ADD CONSTRAINT pk_appointment_move PRIMARY KEY (appointment_id, seq);
        DROP INDEX ix_appointment_move_appointment_id;
        -- Of what is not known yet there is nothing to be found.
        DROP INDEX uq_payment_session_id, uq_payment_payment_intent;
        CREATE UNIQUE INDEX uq_payment_session_id ON payment (session_id)
            WHERE session_id IS NOT NULL AND (page_of IS NULL OR page_of = appointment_id);
        CREATE UNIQUE INDEX uq_payment_payment_intent ON payment (payment_intent)
            WHERE payment_intent IS NOT NULL AND (page_of IS NULL OR page_of = appointment_id);
        ALTER TABLE ledger_entry DROP CONSTRAINT uq_ledger_entry_reverses;
        CREATE UNIQUE INDEX uq_ledger_entry_reverses ON ledger_entry (reverses) WHERE reverses IS NOT NULL;
    """)
