"""careConnect as it runs in production, but it dies (SIGKILL) where the test says.

Started as `python -m tests.chaos.mortal PLAN TRACE`: at each step of a piece of work its name is appended to the file
TRACE, and when a line of the file PLAN is that name, the line is removed and the process is gone, as if the power had
failed. In which order they come is not planned: what can wait, like the numbers under a list, comes when it is quiet.

A step is KIND:taken (nothing is done yet), KIND:done (everything is done, nothing is committed) or KIND:committed.
Whoever lives is a child of the process that was started, which has loaded all modules already: it lets another live
each time that one has died, and writes `died` into TRACE.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from core import lanes
from core.database import Tx
from core.settings import Settings


def main(plan: Path, trace: Path) -> None:
    import appservice.process  # noqa: F401  so that nobody who lives has to load it

    while True:
        child = os.fork()
        if not child:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            live(plan, trace)
            os._exit(0)

        def end(*_: object, living: int = child) -> None:
            os.kill(living, signal.SIGKILL)
            os._exit(0)

        signal.signal(signal.SIGTERM, end)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code != -signal.SIGKILL:
            sys.exit(code or 1)
        note(trace, "died")


def note(trace: Path, name: str) -> None:
    with trace.open("a") as file:
        file.write(f"{name}\n")


def live(plan: Path, trace: Path) -> None:
    """Serve, until a step is the planned one."""
    ended: dict[str, str] = {}

    def step(name: str) -> None:
        note(trace, name)
        planned = plan.read_text().splitlines()
        if name in planned:
            planned.remove(name)
            plan.write_text("\n".join(planned))
            os.kill(os.getpid(), signal.SIGKILL)

    def watched(kind: str, handler: lanes.Handler) -> lanes.Handler:
        async def handle(tx: Tx, row: lanes.Row) -> str | None:
            name = kind
            if kind == "notice":
                name = f"notice {lanes_notice(row.payload)}"
            step(f"{name}:taken")
            result = await handler(tx, row)
            step(f"{name}:done")
            ended[row.lane] = name
            return result

        return handle

    made = lanes.LaneWorker.__init__
    done = lanes.LaneWorker._next

    def make(self: lanes.LaneWorker, database, table, handlers, *more, **how) -> None:
        made(self, database, table, {kind: watched(kind, handler) for kind, handler in handlers.items()}, *more, **how)

    async def work(self: lanes.LaneWorker, lane: str) -> bool:
        more = await done(self, lane)
        if lane in ended:
            step(f"{ended.pop(lane)}:committed")
        return more

    lanes.LaneWorker.__init__ = make
    lanes.LaneWorker._next = work

    from appservice.process import serve

    asyncio.run(serve(Settings()))


def lanes_notice(payload: bytes) -> str:
    import json

    return str(json.loads(payload)["notice"])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
