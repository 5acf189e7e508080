"""Free ports for servers of ours. Below 32768: from there on the system lends ports to outgoing connections."""

import random
import socket

from backend.errors import Unavailable

LOWEST, BEYOND = 20_000, 32_768
HOST = "127.0.0.1"
TRIES = 100


def free_port(wanted: int = 0) -> int:
    """The wanted port if nobody has it, or with 0 any free one. Drawn, so that two who look at once seldom meet."""
    drawn = random.SystemRandom()
    for port in [wanted] if wanted else (drawn.randrange(LOWEST, BEYOND) for _ in range(TRIES)):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise Unavailable(f"Port {wanted} is taken; name another." if wanted else "No free port was found.")
