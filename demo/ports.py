"""Which loopback ports the demo's parts listen on."""

import socket
from dataclasses import asdict, dataclass

from demo.child import free_port


class PortInUseError(Exception):
    """Somebody else listens there; the message names the port and what it is for."""


@dataclass(frozen=True, slots=True)
class Ports:
    homeserver: int = 8008
    careconnect: int = 8100
    stripe: int = 8200

    @classmethod
    def starting_at(cls, first: int) -> "Ports":
        return cls(first, first + 1, first + 2)

    @classmethod
    def free(cls) -> "Ports":
        return cls(*(free_port() for _ in range(3)))

    def check(self) -> None:
        """Raise PortInUseError if one is taken."""
        for part, port in asdict(self).items():
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    raise PortInUseError(
                        f"Port {port}, meant for {part}, is in use.\n"
                        "Stop what listens there, or choose others: make demo PORTS=9000"
                    ) from None
