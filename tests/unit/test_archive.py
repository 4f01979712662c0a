# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What antsibull-nox looks for in a collection and nothing else of make test does: its files, and the YAML inside of plugins."""

from __future__ import annotations

import ast
import os
import pathlib
import stat
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BLOCKS = ("DOCUMENTATION", "EXAMPLES", "RETURN")
# What programs were heard to say is kept as they said it.
RECORDED = ("tests/unit/recorded/",)
PLUGINS = sorted(path for path in (ROOT / "plugins").rglob("*") if "__pycache__" not in path.parts)


def kept():
    """Files that are in the archive, or would be: git's, where this is a checkout, else all of them."""
    ask = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(ask, cwd=ROOT, capture_output=True, check=False)
    names = listed.stdout.decode().split("\0") if listed.returncode == 0 else [
        str(path.relative_to(ROOT)) for path in (ROOT / "plugins").rglob("*")]
    return sorted({name for name in names if name and (ROOT / name).is_file() and not (ROOT / name).is_symlink()})


def test_plugins_are_plain_python_and_yaml():
    assert PLUGINS
    for path in PLUGINS:
        mode = path.lstat().st_mode
        assert stat.S_ISDIR(mode) or (stat.S_ISREG(mode) and path.suffix in (".py", ".yml") and not mode & 0o111), path


def test_lines_end_where_they_seem_to_and_begin_without_tabs():
    wrong = []
    for name in kept():
        if name.startswith(RECORDED):
            continue
        try:
            text = (ROOT / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.split("\n"), 1):
            if line != line.rstrip() or ("\t" in line and os.path.basename(name) != "Makefile"):
                wrong.append("%s:%d" % (name, number))
    assert wrong == []


def blocks(path):
    """{name: (text, line before its first)} of what a plugin documents."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and getattr(node.targets[0], "id", "") in BLOCKS:
            yield node.targets[0].id, node.value.value, node.lineno


@pytest.mark.parametrize("path", [path for path in PLUGINS if path.suffix == ".py" and any(True for _block in blocks(path))],
                         ids=lambda path: str(path.relative_to(ROOT / "plugins")))
def test_documentation_inside_of_plugins_is_yaml_as_all_other(path):
    config, linter = pytest.importorskip("yamllint.config"), pytest.importorskip("yamllint.linter")
    rules = config.YamlLintConfig(file=str(ROOT / ".yamllint"))
    found = ["%s:%d %s" % (name, line + problem.line - 1, problem) for name, text, line in blocks(path)
             for problem in linter.run(text.strip("\n") + "\n", rules)]
    assert found == []
