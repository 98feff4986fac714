"""`python -m bench [--quick] [NAME…]`: all measurements, or those named; exit code 1 when a limit was passed."""

from __future__ import annotations

import argparse
import os
import sys

from . import startup


def main() -> int:
    # Where it is set, every start compiles all its modules anew, which no installed program does.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measurements, each beside a floor.")
    parser.add_argument("names", nargs="*", choices=[[], "startup"], help="which ones; all by default")
    parser.add_argument("--quick", action="store_true", help="fewer runs; figures for a first look")
    options = parser.parse_args()
    kept = startup.run(pairs=5 if options.quick else 15)
    return 0 if kept else 1


sys.exit(main())
