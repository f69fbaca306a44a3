"""The command line: python -m adda."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pandas as pd

from adda.errors import AddaError, run_stage
from adda.files import write_csv
from adda.seeds import benchmark, over_seeds


def main() -> str:
    parser = argparse.ArgumentParser(prog="python -m adda", description="adda's own commands")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    seeds = commands.add_parser(
        "seeds",
        help="mean and deviation of every metric over seeds",
        description="Group the experiments of this commit that differ in one seed alone, and "
        "print the mean and the standard deviation of every metric.",
    )
    table = commands.add_parser(
        "benchmark",
        help="the same for the accuracies, added to a CSV",
        description="Add a row for each such group and accuracy to a CSV, docs/benchmark.csv.",
    )
    for command in (seeds, table):
        command.add_argument("--seed", default="train.seed", metavar="PARAM", help="%(default)s")
    table.add_argument("--csv", default="docs/benchmark.csv", help="%(default)s")
    table.add_argument("--data", required=True, help="the data.source of the runs")
    table.add_argument("--hardware", required=True, help='such as "2 cores, AMD EPYC"')
    table.add_argument("--wall-minutes", required=True, type=float, help="of one run")
    options = parser.parse_args()
    command = [sys.executable, "-m", "dvc", "exp", "show", "--json"]
    shown = subprocess.run(command, capture_output=True, text=True)
    if shown.returncode != 0:
        raise AddaError(f"dvc exp show failed: {' '.join(shown.stderr.split())}")
    runs = json.loads(shown.stdout)
    if options.command == "seeds":
        # Metrics below each other: they are many, and groups few.
        return over_seeds(runs, options.seed).T.to_string(header=False)
    rows = benchmark(runs, options.seed, options.data, options.hardware, options.wall_minutes)
    path = Path(options.csv)
    before = [pd.read_csv(path)] if path.exists() else []
    write_csv(path, pd.concat([*before, rows]))
    return f"{path}: {len(rows)} rows more"


if __name__ == "__main__":
    run_stage(main)
