"""A client on the crypto of Element, in its strict mode, reads the bot without a warning and is read by it."""

from uuid import uuid4

from core.settings import Settings
from demo.homeserver import Homeserver
from tests.e2e.element import Element
from tests.integration.appservice.matrix.echo import Echo


async def test_a_strict_client_talks_with_the_bot_without_a_warning(
    echo: Echo, homeserver: Homeserver, settings: Settings
) -> None:
    name = f"elena-{uuid4().hex[:6]}"
    homeserver.register(name, "pw")
    async with Element() as elena:
        await elena.connect(homeserver.url, name, "pw", strict=True)
        room = await elena.dm(settings.matrix.bot_id)
        assert (await elena.wait(room, contains="that was joined")).encrypted
        await elena.say(room, "list")
        shown = await elena.wait(room, contains="2. two")
        assert shown.encrypted
        assert await elena.shield(shown) == "NONE"
        await elena.react(room, shown.event, "2️⃣")
        await elena.wait(room, contains="you tapped 2")
        await elena.say(room, "hello")
        await elena.wait(room, contains="you said hello")
        assert await elena.undecryptable(room) == []
    assert [heard.kind for heard in echo.heard] == ["joined", "text", "reaction", "text"]
