"""People talk with the bot through a real Synapse, encrypted."""

from core.settings import Settings
from tests.integration.appservice.matrix.conftest import NewPerson
from tests.integration.appservice.matrix.echo import Echo


async def test_an_encrypted_message_gets_an_encrypted_answer(
    echo: Echo, settings: Settings, new_person: NewPerson
) -> None:
    anna = await new_person("anna")
    room = await anna.direct_room(settings.matrix.bot_id)
    answer = await anna.ask(room, "hello")
    assert answer.body in ("you said hello", "that was joined")
    answer = await anna.hears("you said hello", room=room)
    assert answer.encrypted
    assert answer.html == "<p>you said <strong>hello</strong></p>"
    assert [heard.kind for heard in echo.heard] == ["joined", "text"]
    assert all(heard.direct and heard.sender == anna.mxid for heard in echo.heard)
