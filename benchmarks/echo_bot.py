"""The least that a bot can be: matrix-nio as its manual shows it, answering every encrypted message with its words.

`python benchmarks/echo_bot.py HOMESERVER LOCALPART PASSWORD STORE`
"""

import asyncio
import sys

from nio import AsyncClient, AsyncClientConfig, InviteMemberEvent, MatrixRoom, RoomMessageText


async def main(homeserver: str, localpart: str, password: str, store: str) -> None:
    client = AsyncClient(homeserver, localpart, store_path=store, config=AsyncClientConfig(encryption_enabled=True))
    await client.login(password, device_name="echo")

    async def invited(room: MatrixRoom, _event: InviteMemberEvent) -> None:
        await client.join(room.room_id)

    async def said(room: MatrixRoom, event: RoomMessageText) -> None:
        if event.sender != client.user_id:
            content = {"msgtype": "m.text", "body": f"echo {event.body}"}
            await client.room_send(room.room_id, "m.room.message", content, ignore_unverified_devices=True)

    client.add_event_callback(invited, InviteMemberEvent)
    client.add_event_callback(said, RoomMessageText)
    await client.sync_forever(timeout=30_000, full_state=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
