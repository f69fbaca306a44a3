"""What a run left behind, as one page: metrics, curves, pictures, parameters, provenance."""

import base64
import io
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import yaml
from dvc.api import DVCFileSystem
from dvc.exceptions import DvcException
from scmrepo.exceptions import SCMError

from adda.common.errors import AddaError, warn
from adda.common.params import load_yaml
from adda.common.runner import TIMINGS
from adda.datasets.registry import SOURCES
from adda.evaluation.metrics import METRICS
from adda.evaluation.validators import VALIDATORS, doubt
from adda.reporting.card import describe, ends, templates
from adda.reporting.charts import PUBLISHED, confusion_chart, loss_curves
from adda.reporting.experiments import dotted
from adda.reporting.provenance import OTHERS, cached_listing, produced

FILES = ("train", "evaluation", "validation")
TABLES = {  # and the columns that the charts need
    "history": ["step", "name", "value"],
    "confusion": ["actual", "predicted"],
    "adapted": ["actual", "predicted"],
    "intervals": ["metric", "low", "high"],
}
PICTURES = (
    ("translated", "Source images, the same translated, and target images"),
    ("styles", "One source image a row in many styles, one style a column"),
    ("masks", "Target images taken apart and put together again"),
    ("interpolation", "From one style to the next"),
    ("training", "The same source images over the training"),
    ("embedding", "Codes of both domains and of translations, by t-SNE"),
)
CONFUSIONS = (
    ("confusion", "The reference classifier on translations"),
    ("adapted", "The adapted classifier on target images"),
)


# What files of another form than a stage writes, or a revision that is no commit, come to.
UNREADABLE = (
    DvcException,
    SCMError,
    OSError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    yaml.YAMLError,
)


class Run(NamedTuple):
    """What one revision holds."""

    name: str
    params: dict[str, Any]  # by dotted name
    metrics: dict[str, float]
    tables: dict[str, pd.DataFrame]  # history, confusion, adapted and intervals, where there
    pictures: dict[str, str]  # PNG as data URIs, by name
    outs: list[dict[str, Any]]  # of dvc.lock: stage, path, md5, size
    timings: dict[str, float]  # seconds by stage, where the stages ran in this workspace


def read_run(revision: str | None) -> Run:
    """Read a revision's params, metrics and plots.

    Args:
        revision: a commit, branch, tag or DVC experiment; None: the workspace.

    Raises:
        AddaError: there is no such revision, or it holds no results.
    """
    name = revision or "this folder"
    try:
        read = _reader(revision) if revision else _read_bytes
        nested = load_yaml(read("params.yaml"))
        params = dotted(nested)
        SOURCES[params["data.source"]], params["data.seed"], params["split.seed"]  # which it names
        lock = load_yaml(_optional(read, "dvc.lock") or "") or {"stages": {}}
        own = produced(lock, nested, cached_listing())
        others = []

        def result(path: str) -> bytes | None:
            content = _optional(read, path)
            if content is None or path in own:
                return content
            others.append(path)
            return None

        metrics = {}
        for each in FILES:
            content = result(f"metrics/{each}.json")
            metrics |= {key: float(value) for key, value in json.loads(content or "{}").items()}
        tables = {
            each: _read_table(content, columns)
            for each, columns in TABLES.items()
            if (content := result(f"metrics/{each}.csv"))
        }
        if "intervals" in tables:
            metrics |= ends(tables["intervals"])
        pictures = {
            each: "data:image/png;base64," + base64.b64encode(content).decode()
            for each, _ in PICTURES
            if (content := result(f"metrics/{each}.png"))
        }
        outs = [
            {"stage": stage, "path": out["path"], "md5": out.get("md5", ""), "size": out["size"]}
            for stage, entry in lock["stages"].items()
            for out in entry.get("outs", [])
        ]
        noted = json.loads((not revision and _optional(read, str(TIMINGS))) or "{}")
        timings = {stage: float(seconds) for stage, seconds in noted.items()}
    except UNREADABLE as error:
        raise AddaError(
            f"{name} cannot be read ({' '.join(str(error).split())}); run dvc repro, or name a "
            "commit or an experiment of `dvc exp show`"
        ) from None
    if others:
        warn(f"{name}: {', '.join(others)} left out; {OTHERS}")
    if not metrics.keys() & METRICS.keys():
        raise AddaError(f"{name} holds no results yet; run dvc repro")
    return Run(name, params, metrics, tables, pictures, outs, timings)


def render_report(runs: list[Run]) -> str:
    """A page of HTML that needs no other file and no network.

    Args:
        runs: one, or several to be compared.
    """
    differing = [
        name
        for name in sorted({name for run in runs for name in run.params})
        if len({str(run.params.get(name)) for run in runs}) > 1
    ]

    def tables(name: str) -> dict[str, pd.DataFrame]:
        return {run.name: run.tables[name] for run in runs if name in run.tables}

    def filled(name: str) -> dict[str, pd.DataFrame]:
        return {run: table for run, table in tables(name).items() if len(table)}

    page = templates(autoescape=True).get_template("report.html")
    return page.render(
        runs=runs,
        known={
            name: known.meaning
            for name, known in (METRICS | VALIDATORS).items()
            if any(name in run.metrics for run in runs)
        },
        sources=SOURCES,
        published=PUBLISHED,
        pictures=PICTURES,
        differing=differing,
        curves=loss_curves(tables("history")),
        confusions=[
            (
                title,
                {run: confusion_chart(table) for run, table in filled(name).items()},
            )
            for name, title in CONFUSIONS
        ],
        describe=describe,
        doubt=doubt,
    )


def _reader(revision: str) -> Callable[[str], bytes]:
    """Reads files of a commit, whose paths begin where the repository does: perhaps above here."""
    asked = ["git", "rev-parse", "--show-prefix"]
    here = subprocess.run(asked, capture_output=True, text=True).stdout.strip()
    files = DVCFileSystem(rev=revision)
    return lambda path: files.read_bytes(here + path)


def _read_bytes(path: str) -> bytes:
    return Path(path).read_bytes()


def _read_table(content: bytes, columns: list[str]) -> pd.DataFrame:
    # A class may be called 007, or NA.
    names = dict.fromkeys({"name", "metric", "actual", "predicted"} & {*columns}, str)
    text = names.keys() >= {"actual", "predicted"}
    table = pd.read_csv(io.BytesIO(content), dtype=names, keep_default_na=not text)
    if missing := set(columns) - set(table.columns):
        raise ValueError(f"a table has no column {missing.pop()}")
    table[[column for column in columns if column not in names]].astype(float)
    return table


def _optional(read: Callable[[str], bytes], path: str) -> bytes | None:
    try:
        return read(path)
    except FileNotFoundError:
        return None
