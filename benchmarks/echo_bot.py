"""The least that a bot can be: matrix-nio as its manual shows it, answering every encrypted message with its words.

Asked for a "list 5" it puts so many reactions under its answer, as our lists have numbers: the same requests.

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
            sent = await client.room_send(room.room_id, "m.room.message", content, ignore_unverified_devices=True)
            first, _, count = event.body.partition(" ")
            for number in range(int(count.split()[0]) if first == "list" else 0):
                relation = {"rel_type": "m.annotation", "event_id": sent.event_id, "key": f"{number + 1}\ufe0f\u20e3"}
                await client.room_send(room.room_id, "m.reaction", {"m.relates_to": relation})

    client.add_event_callback(invited, InviteMemberEvent)
    client.add_event_callback(said, RoomMessageText)
    await client.sync_forever(timeout=30_000, full_state=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
