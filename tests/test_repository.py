"""What a clone holds, on whatever system."""

import subprocess

from conftest import ROOT


def test_line_ends_are_the_same_bytes_on_every_system(tmp_path):
    def git(*arguments):
        identity = "-c", "user.name=Test", "-c", "user.email=test@example.org"
        subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)

    files = {
        name: (ROOT / name).read_bytes()
        for name in (".gitattributes", "adda/__init__.py", "params.yaml", "metrics/translated.png")
    }
    for name, content in files.items():
        path = tmp_path / "first" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    git("init", "-q", tmp_path / "first")
    git("-C", tmp_path / "first", "add", "--all")
    git("-C", tmp_path / "first", "commit", "-qm", "first")
    for converting in ("true", "false"):  # true: Git for Windows' default
        clone = tmp_path / converting
        git("clone", "-q", "-c", f"core.autocrlf={converting}", tmp_path / "first", clone)
        assert {name: (clone / name).read_bytes() for name in files} == files
