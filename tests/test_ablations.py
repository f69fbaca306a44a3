"""The patches of docs/ablations are part of its commands, so they must fit the code."""

import subprocess

import pytest
from conftest import ROOT

PATCHES = sorted((ROOT / "docs/ablations").glob("*.patch"))


def test_there_are_patches():
    assert PATCHES


@pytest.mark.parametrize("patch", PATCHES, ids=lambda path: path.stem)
def test_a_patch_applies(patch):
    subprocess.run(["git", "apply", "--check", patch], cwd=ROOT, check=True)
