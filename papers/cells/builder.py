"""`python -m papers.cells.builder SPACE`: the door to `papers.cells.league.builder`."""

import sys

from harness.paper import Refused
from papers.cells.league.builder import main

if __name__ == "__main__":
    try:
        sys.stdout.write(main(sys.argv[1:]) + "\n")
    except Refused as refusal:
        sys.stderr.write(f"error: {refusal}\n")
        sys.exit(2)
