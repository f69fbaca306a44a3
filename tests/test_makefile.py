"""What `make` does before it installs; nothing is installed here."""

import shutil
import subprocess

import pytest
from conftest import ROOT


@pytest.fixture
def make(tmp_path):
    """Run make on a copy of the Makefile: dry unless told."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("requirements.txt", "requirements-gpu.txt"):
        (tmp_path / name).touch()
    (tmp_path / ".venv").mkdir()

    def make(*arguments):
        run = subprocess.run(["make", *arguments], cwd=tmp_path, capture_output=True, text=True)
        return run.stdout + run.stderr

    return make


def test_a_moved_project_gets_an_environment_of_its_own(make, tmp_path):
    ready = tmp_path / ".venv/.ready"
    for place, again in (("/elsewhere", True), (str(tmp_path), False)):
        ready.write_text(f"{place}\n")
        assert ("rm -rf .venv" in make("-n", "setup")) == again
    ready.unlink()
    assert "rm -rf .venv" not in make("-n", "setup")  # an environment of the user's own


def test_another_python_is_named_before_anything_is_installed(make, tmp_path):
    old = tmp_path / "old"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.10.9\nexit 1\n')
    old.chmod(0o755)
    said = make("setup", f"PYTHON={old}")
    assert "this is Python 3.10.9; adda runs on 3.11 to 3.13: make setup PYTHON=" in said
    assert "venv .venv" not in said


def test_a_folder_without_git_is_named_before_dvc_runs(make, tmp_path):
    (tmp_path / ".venv/.ready").write_text(f"{tmp_path}\n")
    said = make("repro")
    assert "DVC needs a git repository (a ZIP has none): use git clone" in said


def test_cuda_is_installed_where_it_is_asked_for(make, tmp_path):
    (tmp_path / ".venv/.ready").write_text(f"{tmp_path}\n")
    for arguments, installed in ((["GPU=1"], True), ([], False)):
        said = make("-n", "repro", *arguments)
        assert ("--require-hashes --requirement requirements-gpu.txt" in said) == installed
