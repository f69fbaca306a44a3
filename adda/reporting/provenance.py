"""Which results a run's own parameters produced, by dvc.lock.

`dvc exp run train` leaves the metrics of later stages as they were, and an edited params.yaml
leaves all of them: files of one commit, but not of one run.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from functools import cache, reduce
from pathlib import Path
from typing import Any

from adda.common.params import load_yaml

OTHERS = (  # what to say of results that are left out
    "other parameters than the run's own produced them; dvc repro, or dvc exp run without the name "
    "of a stage, brings all up to date"
)

Listing = Callable[[str], dict[str, str]]  # a folder's files and their md5, by its own md5


def produced(
    lock: dict[str, Any], pipeline: dict[str, Any], params: dict[str, Any], listing: Listing
) -> set[str]:
    """The outs of the stages that ran with these parameters, on outs of stages that did.

    Args:
        lock: dvc.lock. DVC leaves stages in it that were renamed or removed.
        pipeline: dvc.yaml.
        params: params.yaml.
        listing: empty for a folder that is not known.

    Returns:
        Paths as dvc.lock has them.
    """
    declared = pipeline.get("stages", {})
    stages = {  # of a `foreach` or a `matrix` a stage is called NAME@ITEM
        name: stage
        for name, stage in lock.get("stages", {}).items()
        if name.split("@")[0] in declared
    }
    makers = {out["path"]: name for name, stage in stages.items() for out in stage.get("outs", [])}
    current: dict[str, bool] = {}

    def is_current(name: str) -> bool:
        if name not in current:
            stage = stages[name]
            recorded = stage.get("params", {}).get("params.yaml", {})
            current[name] = all(
                reduce(lambda inner, key: (inner or {}).get(key), path.split("."), params) == value
                for path, value in recorded.items()
            ) and all(unchanged(dep) for dep in stage.get("deps", []))
        return current[name]

    def unchanged(dep: dict[str, Any]) -> bool:
        out = next((path for path in makers if f"{dep['path']}/".startswith(f"{path}/")), None)
        if out is None:  # code
            return True
        made = next(entry["md5"] for entry in stages[makers[out]]["outs"] if entry["path"] == out)
        if dep["path"] != out:
            made = listing(made).get(dep["path"].removeprefix(f"{out}/"), dep["md5"])
        return dep["md5"] == made and is_current(makers[out])

    return {path for path, name in makers.items() if is_current(name)}


def leave_out_others(shown: list[dict[str, Any]]) -> list[str]:
    """Remove the metrics that a run's own parameters did not produce.

    Args:
        shown: what `dvc exp show --json` prints, of this folder's project; changed in place.

    Returns:
        "RUN: FILE" for each that was removed.
    """
    removed, listing = [], cached_listing()
    for commit in shown:
        experiments = [run for entry in commit["experiments"] for run in entry["revs"]]
        for run in [commit, *experiments]:
            data = run.get("data")
            if run["rev"] == "workspace" or not data or not data["metrics"]:
                continue
            lock = load_yaml(_git_show(f"{run['rev']}:./dvc.lock")) or {}
            pipeline = load_yaml(_git_show(f"{run['rev']}:./dvc.yaml")) or {}
            params = data["params"].get("params.yaml", {}).get("data", {})
            current = produced(lock, pipeline, params, listing)
            for path in [path for path in data["metrics"] if path not in current]:
                del data["metrics"][path]
                removed.append(f"{run.get('name') or run['rev'][:7]}: {path}")
    return removed


def cached_listing() -> Listing:
    """Listings from the cache of the DVC project here."""
    folder = _cache_folder(Path.cwd())

    def listing(md5: str) -> dict[str, str]:
        path = folder / "files/md5" / md5[:2] / md5[2:]
        if not path.is_file():
            return {}
        return {file["relpath"]: file["md5"] for file in json.loads(path.read_text("utf-8"))}

    return listing


@cache
def _cache_folder(project: Path) -> Path:
    """Where DVC keeps what it caches; DVC takes a second to say it, and several runs ask."""
    asked = [sys.executable, "-m", "dvc", "cache", "dir"]
    said = subprocess.run(asked, cwd=project, capture_output=True, text=True).stdout
    return Path(said.strip())


def _git_show(file: str) -> str:
    return subprocess.run(["git", "show", file], capture_output=True, text=True).stdout
