"""Start the second server: ``python tests/contracts/second_server --port 0``."""

import argparse
import signal
import sys
import threading
from pathlib import Path

if not __package__:
    # Started by its folder's name. The folder itself must not stay on the path, or
    # its modules could stand in for others of the same name (PEP 366 for the rest).
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    __package__ = "second_server"

from .state import BREAKS, World
from .wire import SecondServer


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    breaks = "\n".join(f"  {name:24}{text}" for name, text in BREAKS.items())
    parser = argparse.ArgumentParser(
        prog="second_server",
        description="An independent Smartpay server that keeps to the published facts.",
        epilog=f"deviations for --break:\n{breaks}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--port-file", type=Path, help="where to write the port")
    parser.add_argument("--token", default="paytok_test_Second0000000000000001")
    parser.add_argument("--email", default="second+test@example.com")
    parser.add_argument("--password", default="second-password")
    parser.add_argument(
        "--only-key",
        action="append",
        default=[],
        metavar="SK_TEST",
        help="answer 401 to other secret keys (default: any well-formed one works)",
    )
    parser.add_argument(
        "--break",
        action="append",
        default=[],
        choices=sorted(BREAKS),
        metavar="NAME",
        dest="breaks",
        help="switch on one deviation from the documentation; may be repeated",
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT.

    Args:
        argv: Command line without the program's name; the process's own if ``None``.

    Returns:
        0 after an orderly end.
    """
    options = _arguments(argv)
    world = World(
        token=options.token,
        email=options.email,
        password=options.password,
        only_keys=frozenset(options.only_key),
        breaks=frozenset(options.breaks),
    )
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with SecondServer(options.port, world) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        port = server.server_address[1]
        if options.port_file:
            unfinished = options.port_file.with_suffix(".part")
            unfinished.write_text(f"{port}\n", encoding="ascii")
            unfinished.replace(options.port_file)
        print(f"second server at http://127.0.0.1:{port}", flush=True)
        ended.wait()
        server.shutdown()
        thread.join()
    return 0


if __name__ == "__main__":
    sys.exit(main())
