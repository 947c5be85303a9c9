"""Payouts to each centre's own Stripe account."""

from alembic import op

revision = "0018_payouts"
down_revision = "0017_referrals"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE payout_account (
            centre_id uuid PRIMARY KEY REFERENCES centre,
            account_id text NOT NULL,
            charges_enabled boolean NOT NULL,
            payouts_enabled boolean NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            CONSTRAINT uq_payout_account_account_id UNIQUE (account_id)
        );
        ALTER TABLE centre DROP COLUMN stripe_account;
        ALTER TABLE payment
            ADD destination text,
            ADD fee_basis_points integer NOT NULL DEFAULT 0;
        ALTER TABLE payment ALTER fee_basis_points DROP DEFAULT;
        ALTER TABLE ledger_entry
            DROP CONSTRAINT ck_ledger_entry_sign,
            ADD CONSTRAINT ck_ledger_entry_sign
                CHECK (kind = 'fee' OR (kind IN ('refund', 'carried out')) = (amount < 0));
    """)
