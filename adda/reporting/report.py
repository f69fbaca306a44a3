"""What a run left behind, as one page: metrics, curves, pictures, parameters, provenance."""

import base64
import io
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from dvc.api import DVCFileSystem
from dvc.exceptions import DvcException
from pydantic import BaseModel, TypeAdapter
from ruamel.yaml import YAMLError
from scmrepo.exceptions import SCMError

from adda.common.errors import AddaError, warn
from adda.common.params import AUTO, load_yaml
from adda.datasets.all_sources import SOURCES
from adda.evaluation.metrics import METRICS
from adda.evaluation.validators import VALIDATORS, doubt
from adda.reporting.card import describe, ends, templates
from adda.reporting.charts import confusion_chart, loss_curves
from adda.reporting.experiments import dotted
from adda.reporting.provenance import OTHERS, cached_listing, produced

MOST_IN_HEADS = 3  # parameters that differ; the rest are in a table of their own
NAMED = {"data.source", "data.seed", "split.seed"}  # parameters that the page has in a sentence
TABLES = {  # and the columns that the charts need
    "history": ["step", "name", "value"],
    "confusion": ["actual", "predicted"],
    "adapted": ["actual", "predicted"],
    "intervals": ["metric", "low", "high"],
}
PICTURES = {
    "translated": "Source images, the same translated, and other images of the target",
    "styles": "One source image in each row, in many styles; one style in each column",
    "masks": "Target images taken apart and put together again",
    "interpolation": "From one style to the next",
    "training": "The same source images over the training",
    "embedding": "Codes of both domains and of translations, by t-SNE",
}
CONFUSIONS = (
    ("confusion", "The reference classifier on translations"),
    ("adapted", "The adapted classifier on target images"),
)


class Entry(BaseModel):
    """A file or folder in dvc.lock."""

    path: str
    md5: str = ""
    size: int = 0


class Stage(BaseModel):
    """A stage in dvc.lock."""

    params: dict[str, dict[str, Any]] = {}
    deps: list[Entry] = []
    outs: list[Entry] = []


class Lock(BaseModel):
    """dvc.lock, as far as the report needs it."""

    stages: dict[str, Stage] = {}


class Training(BaseModel):
    """metrics/train.json."""

    step: int | None = None
    collapsed: int = 0
    resolved: dict[str, float] = {}


class Run(NamedTuple):
    """What one revision holds."""

    name: str
    params: dict[str, Any]  # by dotted name, with what `auto` came to
    training: Training
    metrics: dict[str, float]
    tables: dict[str, pd.DataFrame]  # history, confusion, adapted and intervals, where there
    pictures: dict[str, str]  # PNG as data URIs, by name
    lock: Lock


def read_run(revision: str | None) -> Run:
    """Read a revision's params, metrics and plots.

    Args:
        revision: a commit, branch, tag or DVC experiment; None: the workspace.

    Raises:
        AddaError: there is no such revision, or it holds no results, or a file is damaged.
    """
    name = revision or "this folder"
    read = _reader(revision, name)

    def parse(path: str, form: Any, load: Callable[[bytes], Any], content: bytes | None) -> Any:
        try:
            return TypeAdapter(form).validate_python(load(content or b"{}"))
        except (ValueError, YAMLError) as error:
            raise _unreadable(name, f"{path}: {error}") from None

    params = parse("params.yaml", dict[str, dict | str], load_yaml, read("params.yaml"))
    if missing := NAMED - dotted(params).keys():
        raise _unreadable(name, f"params.yaml has no {missing.pop()}")
    if params["data"]["source"] not in SOURCES:
        raise _unreadable(name, f"params.yaml: data.source is {params['data']['source']}")
    lock = parse("dvc.lock", Lock, load_yaml, read("dvc.lock"))
    pipeline = parse("dvc.yaml", dict[str, Any], load_yaml, read("dvc.yaml"))
    current = produced(lock.model_dump(), pipeline, params, cached_listing())
    others = []

    def result(path: str) -> bytes | None:
        content = read(path)
        if content is None or path in current:
            return content
        others.append(path)
        return None

    training = "metrics/train.json"
    training = parse(training, Training, json.loads, result(training))
    metrics = {}
    for path in ("metrics/evaluation.json", "metrics/validation.json"):
        metrics |= parse(path, dict[str, float], json.loads, result(path))
    tables = {}
    for item, columns in TABLES.items():
        path = f"metrics/{item}.csv"
        if content := result(path):
            try:
                tables[item] = _read_table(content, columns)
            except ValueError as error:
                raise _unreadable(name, f"{path}: {error}") from None
    if "intervals" in tables:
        metrics |= ends(tables["intervals"])
    pictures = {
        item: "data:image/png;base64," + base64.b64encode(content).decode()
        for item in PICTURES
        if (content := result(f"metrics/{item}.png"))
    }
    if others:
        warn(f"{name}: {', '.join(others)} left out; {OTHERS}")
    if not metrics.keys() & METRICS.keys():
        raise AddaError(f"{name} holds no results yet; run dvc repro")
    for key, value in training.resolved.items():
        group, _, field = key.partition(".")
        if params[group][field] == AUTO:
            params[group][field] = f"auto: {value:g}"
    return Run(name, dotted(params), training, metrics, tables, pictures, lock)


def _unreadable(name: str, reason: object) -> AddaError:
    return AddaError(
        f"{name} cannot be read ({' '.join(str(reason).split())[:300]}); run dvc repro, or name a "
        "commit or an experiment of `dvc exp show`"
    )


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

    def known(entries: dict[str, Any]) -> dict[str, Any]:
        given = {name for run in runs for name in run.metrics}
        return {name: entry for name, entry in entries.items() if name in given}

    page = templates(autoescape=True).get_template("report.html")
    return page.render(
        runs=runs,
        metrics=known(METRICS),
        validators=known(VALIDATORS),
        sources=SOURCES,
        pictures=PICTURES,
        differing=differing,
        most_in_heads=MOST_IN_HEADS,
        curves=loss_curves(tables("history")),
        confusions=[
            (
                title,
                {run: confusion_chart(table) for run, table in tables(name).items() if len(table)},
            )
            for name, title in CONFUSIONS
        ],
        describe=describe,
        doubt=doubt,
    )


def _reader(revision: str | None, name: str) -> Callable[[str], bytes | None]:
    """Reads files of a commit, or of this folder; None: there is no such file."""
    if revision is None:
        return lambda path: Path(path).read_bytes() if Path(path).exists() else None
    # Paths of a commit begin where the repository does: perhaps above here.
    asked = ["git", "rev-parse", "--show-prefix"]
    here = subprocess.run(asked, capture_output=True, text=True).stdout.strip()
    try:
        files = DVCFileSystem(rev=revision)
        files.ls(here or "/")  # looks the revision up
    except (DvcException, SCMError, AttributeError) as error:  # pygit2's, of no commit
        raise _unreadable(name, error) from None

    def read(path: str) -> bytes | None:
        try:
            return files.read_bytes(here + path)
        except FileNotFoundError:
            return None

    return read


def _read_table(content: bytes, columns: list[str]) -> pd.DataFrame:
    # A class may be called 007, or NA.
    names = dict.fromkeys({"name", "metric", "actual", "predicted"} & {*columns}, str)
    text = names.keys() >= {"actual", "predicted"}
    table = pd.read_csv(io.BytesIO(content), dtype=names, keep_default_na=not text)
    if missing := set(columns) - set(table.columns):
        raise ValueError(f"a table has no column {missing.pop()}")
    table[[column for column in columns if column not in names]].astype(float)
    return table
