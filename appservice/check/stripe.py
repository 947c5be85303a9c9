"""Stripe: is the key accepted, can its webhooks be verified. Without a key there is only payment at the desk."""

from collections.abc import AsyncIterator

import stripe

from appservice.check.configuration import on_loopback
from appservice.check.finding import Finding, ok, warning, wrong
from core.settings import Settings, StripeSettings


async def check_stripe(settings: Settings) -> AsyncIterator[Finding]:
    if not settings.stripe.enabled:
        yield ok("Stripe", "There is no key, so centres take payment at the desk only.")
        return
    yield _webhook(settings)
    if not settings.stripe.api_base.startswith("https://") and not on_loopback(settings.stripe.api_base):
        yield wrong("Stripe", "api_base is plain http: the key would travel unencrypted.", "Write https.")
        return
    yield await _key(settings.stripe)


def _webhook(settings: Settings) -> Finding:
    if not settings.stripe.webhook_secret.get_secret_value():
        return wrong(
            "Stripe webhook",
            "webhook_secret of [stripe] is not set, so a notice of payment could be forged.",
            f"In Stripe's dashboard add the endpoint {settings.http.public_url}/stripe/webhook and copy its secret.",
        )
    return ok("Stripe webhook", f"Set; Stripe must send to {settings.http.public_url}/stripe/webhook.")


async def _key(settings: StripeSettings) -> Finding:
    key = settings.secret_key.get_secret_value()
    http = stripe.AIOHTTPClient(timeout=15)
    client = stripe.StripeClient(
        key, base_addresses={"api": settings.api_base}, max_network_retries=1, http_client=http
    )
    try:
        await client.v1.events.list_async({"limit": 1})
    except stripe.AuthenticationError:
        return wrong("Stripe", "It does not accept the key.", "Correct secret_key in [stripe].")
    except stripe.PermissionError:
        return wrong("Stripe", "The key may not read events.", "Give it that right, or use another.")
    except stripe.StripeError as problem:
        return wrong(
            "Stripe", f"It cannot be used ({type(problem).__name__}).", "Correct api_base, or try again later."
        )
    finally:
        await http.close_async()  # type: ignore[no-untyped-call]
    if key.startswith(("sk_test_", "rk_test_")) and not on_loopback(settings.api_base):
        return warning("Stripe", "It accepts the key, which is one for tests: nobody really pays.", "Use a live key.")
    return ok("Stripe", "It accepts the key.")
