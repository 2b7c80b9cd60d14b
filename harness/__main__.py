"""`python -m harness`, and the script `harness`: a worker imports this and nothing more of it."""

import signal
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line of this process, and end it."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C while nothing is there to save

    from harness.cli import shell

    shell.main()


if __name__ == "__main__":
    main()
