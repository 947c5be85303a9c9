"""A stand-in for Stripe: a process of its own, with a hosted pay page, that the official SDK talks to.

Nothing in careConnect knows that it is not Stripe: only the SDK's base address differs. It answers in Stripe's forms,
keeps its state in one SQLite file, and can be told to misbehave as networks do (`POST /_control`).
"""
