"""`python -m demo` (what `make demo` runs): start everything, say how to use it, stop it all on Ctrl-C."""

import argparse
import asyncio
import signal
import sys
import time
from pathlib import Path

from rich.console import Console

from demo.child import ChildError
from demo.lock import AlreadyRunningError, locked
from demo.ports import PortInUseError, Ports
from demo.run import Demo
from demo.screen import show

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StoppedError(BaseException):
    """Somebody asked us to stop; not an Exception, so that nothing takes it for a failure and goes on."""


def _stop(*_: object) -> None:
    for number in _STOP_SIGNALS:  # what comes now must not break the orderly end
        signal.signal(number, signal.SIG_IGN)
    raise StoppedError


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(".demo"), help="where its data lives (default: .demo)")
    parser.add_argument("--ports-from", type=int, metavar="N", help="use ports N, N+1, N+2; 0: any that are free")
    parser.add_argument("--tour", action="store_true", help="play all the roles, check every step, and stop")
    return parser.parse_args()


def _ports(first: int | None) -> Ports:
    if first is None:
        return Ports()
    return Ports.starting_at(first) if first else Ports.free()


async def _tour(demo: Demo) -> int:
    """Play the tour while all parts run; one that ends meanwhile ends the tour."""
    from demo.tour import tour  # noqa: PLC0415  (loads a whole Matrix client, which the demo alone does not need)

    playing, watching = asyncio.create_task(tour(demo)), asyncio.create_task(_watch(demo))
    await asyncio.wait({playing, watching}, return_when=asyncio.FIRST_COMPLETED)
    if playing.done():
        watching.cancel()
        return int(playing.result())
    playing.cancel()
    raise ChildError(watching.result())


async def _watch(demo: Demo) -> str:
    while (ended := demo.dead()) is None:  # noqa: ASYNC110  (a process that ends sets no event)
        await asyncio.sleep(0.3)
    return ended


def main() -> int:
    """Returns the exit code: 0 after Ctrl-C or a good tour, 1 if something failed, 2 if it could not start."""
    arguments = _arguments()
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    for number in _STOP_SIGNALS:
        signal.signal(number, _stop)
    began = time.monotonic()
    demo: Demo | None = None
    try:
        with locked(arguments.folder.absolute()):
            demo = Demo(arguments.folder, _ports(arguments.ports_from), lambda text: console.print(f"[dim]- {text}"))
            try:
                demo.start()
                console.print(f"Up after {time.monotonic() - began:.1f} s.")
                if arguments.tour:
                    return asyncio.run(_tour(demo))
                show(console, demo)
                raise ChildError(demo.watch())
            finally:
                demo.stop()
    except (AlreadyRunningError, PortInUseError) as problem:
        console.print(str(problem), markup=False, style="red")
        return 2
    except ChildError as problem:
        console.print(str(problem), markup=False, style="red")
        return 1
    except StoppedError:
        console.print("Stopped.")
        return 0


if __name__ == "__main__":
    sys.exit(main())
