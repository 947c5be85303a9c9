"""python -m demo.stripe --port 8200 --webhook-url URL --webhook-secret S --api-key K --state FILE"""

import argparse
from pathlib import Path

from aiohttp import web

from demo.stripe.app import Options, application


def main() -> None:
    parser = argparse.ArgumentParser(prog="demo.stripe", description="A stand-in for Stripe, on loopback.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--public-url", default="", help="how browsers reach the pay page")
    parser.add_argument("--webhook-url", default="", help="where events go; none are sent if empty")
    parser.add_argument("--webhook-secret", default="")
    parser.add_argument("--api-key", required=True)
    parser.add_argument("--state", type=Path, required=True, help="the SQLite file that keeps everything")
    options = Options(**vars(parser.parse_args()))
    web.run_app(
        application(options), host=options.host, port=options.port, access_log=None, print=None, shutdown_timeout=1
    )


if __name__ == "__main__":
    main()
