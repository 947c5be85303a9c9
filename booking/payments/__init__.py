"""Money for visits, through Stripe: checkout, webhooks, refunds, and a ledger whose entries sum up."""
