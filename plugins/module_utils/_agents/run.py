# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Part of a program of its own, not of a module: there is no run_command.
# pylint: disable=ansible-bad-function
"""Starts a program where _mysql/job.py, or a role by the lookup `program`, has put it: run.py ENTRY ARGUMENT ...

The files below this one's directory import one another by the collection's names, as on the controller; ENTRY is the dotted name of the
one whose main() is called with the arguments.
"""

from __future__ import annotations

import importlib
import os
import sys
import types

PACKAGE = "ansible_collections.failover.stack.plugins.module_utils"


def load(entry):
    """The module of this dotted name below the directory of this file."""
    names = PACKAGE.split(".")
    # Made here, so that no other collection on this host, whatever its version, is taken for this one.
    for length in range(1, len(names) + 1):
        package = types.ModuleType(".".join(names[:length]))
        package.__path__ = [os.path.dirname(os.path.abspath(__file__))] if length == len(names) else []
        sys.modules[package.__name__] = package
    return importlib.import_module(PACKAGE + "." + entry)


def main(entry, *arguments):
    return load(entry).main(*arguments)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
