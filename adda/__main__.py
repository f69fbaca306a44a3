"""The command line: python -m adda."""

import argparse
import json
import subprocess
import sys

from adda.errors import AddaError, run_stage
from adda.seeds import over_seeds


def main() -> str:
    parser = argparse.ArgumentParser(prog="python -m adda", description="adda's own commands")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    seeds = commands.add_parser(
        "seeds",
        help="mean and deviation of every metric over seeds",
        description="Group the experiments of this commit that differ in one seed alone, and "
        "print the mean and the standard deviation of every metric.",
    )
    seeds.add_argument("--seed", default="train.seed", metavar="PARAM", help="%(default)s")
    options = parser.parse_args()
    command = [sys.executable, "-m", "dvc", "exp", "show", "--json"]
    shown = subprocess.run(command, capture_output=True, text=True)
    if shown.returncode != 0:
        raise AddaError(f"dvc exp show failed: {' '.join(shown.stderr.split())}")
    table = over_seeds(json.loads(shown.stdout), options.seed)
    return table.T.to_string(header=False)  # metrics below each other: many, and few groups


if __name__ == "__main__":
    run_stage(main)
