"""Who waits with a referral books with it: which one, and what of the price it would pay when a time is offered."""

from alembic import op

revision = "0051_waiting_with_referral"
down_revision = "0050_disputes"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE waiting ADD referral_id uuid CONSTRAINT fk_waiting_referral_id REFERENCES referral (id);
        ALTER TABLE waiting_offer ADD carried integer NOT NULL DEFAULT 0;
    """)
