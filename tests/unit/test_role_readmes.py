"""Each role's README says what its argument_specs say; who changes those runs scripts/role-readmes."""

import importlib.machinery
import importlib.util
import pathlib

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts/role-readmes"
loader = importlib.machinery.SourceFileLoader("role_readmes", str(SCRIPT))
readmes = importlib.util.module_from_spec(importlib.util.spec_from_loader("role_readmes", loader))
loader.exec_module(readmes)


def test_they_are_as_the_specs_are(capsys):
    assert readmes.main(["--check"]) == 0, capsys.readouterr().out


def test_suboptions_are_named_by_their_path():
    options = {"a": {"type": "list", "elements": "dict", "required": True, "options": {
        "b": {"type": "bool", "default": False, "description": "A | b.", "choices": ["", "x"]}}}}
    assert list(readmes.rows(options)) == [
        "| `a` | list of dict | required |  |", "| `a[].b` | bool | `false` | A \\| b. One of `\"\"`, `x`. |"]


def test_markup_becomes_markdown():
    assert readmes.plain("With O(a=b) or V(c\\)d), P(ns.col.role#role)\n and C(x).") == "With `a=b` or `c)d`, `ns.col.role` and `x`."
