"""`python -m bench [--quick] [NAME…]`: all measurements, or those named; exit code 1 when a limit was passed."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable

from . import batch, hostile, rendering, repl, startup

MEASUREMENTS: dict[str, Callable[[bool], bool]] = {
    "startup": lambda quick: startup.run(pairs=5 if quick else 15),
    "repl": lambda quick: repl.run(pairs=5 if quick else 15),
    "batch": lambda quick: batch.run(pairs=3 if quick else 7),
    "rendering": lambda quick: rendering.run(quick=quick),
    "hostile": lambda quick: hostile.run(quick=quick),
}


def main() -> int:
    # Where it is set, every start compiles all its modules anew, which no installed program does.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measurements, each beside a floor.")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"which ones, all by default: {', '.join(MEASUREMENTS)}"
    )
    parser.add_argument("--quick", action="store_true", help="fewer runs; figures for a first look")
    options = parser.parse_args()
    unknown = set(options.names) - set(MEASUREMENTS)
    if unknown:
        parser.error(f"there is no measurement {', '.join(sorted(unknown))}")
    kept = [MEASUREMENTS[name](options.quick) for name in options.names or MEASUREMENTS]
    return 0 if all(kept) else 1


sys.exit(main())
