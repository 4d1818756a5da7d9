"""``python -m smartpay_mock`` is the command ``smartpay-sandbox``."""

from smartpay_mock.cli import NAME, main

main(prog_name=NAME)
