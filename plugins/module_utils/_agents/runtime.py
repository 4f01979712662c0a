# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files a program of this package consists of: its entry and whatever that imports from here. Pure but for read_package()."""

from __future__ import annotations

import ast
import pkgutil

from ansible_collections.failover.stack.plugins.module_utils._agents.run import PACKAGE

LAUNCHER = "_agents/run.py"
# Where the launcher stands beside the program.
RUN = "run.py"


def imported(text):
    """Dotted names below the package that a module's text mentions in imports; some may be functions, not modules."""
    names = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[: PACKAGE.count(".") + 1] == PACKAGE.split("."):
            base = node.module[len(PACKAGE) + 1:]
            names |= {base} | {"%s.%s" % (base, alias.name) if base else alias.name for alias in node.names}
    return names - {""}


def files(entry, read):
    """{path below the program's directory: text}, the launcher included.

    entry: dotted name of a module of the package, such as _agents.httpd_watchdog. read: gives the text of a path below module_utils, None
    where there is no such file. Raises LookupError when there is no such entry.
    """
    found, wanted = {}, [entry]
    while wanted:
        path = wanted.pop().replace(".", "/") + ".py"
        text = None if path in found else read(path)
        if text is not None:
            found[path] = text
            wanted += imported(text)
    launcher = read(LAUNCHER)
    if not found or launcher is None:
        raise LookupError("module_utils has no %s" % (LAUNCHER if found else entry.replace(".", "/") + ".py"))
    return dict(sorted(found.items()), **{RUN: launcher})


def read_package(path):
    """The text of a file of this package, also out of the archive that Ansible sends to a host; None when it is not there."""
    try:
        data = pkgutil.get_data(PACKAGE, path)
    except OSError:
        return None
    return None if data is None else data.decode("utf-8")
