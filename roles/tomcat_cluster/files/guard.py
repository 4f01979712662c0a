# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts the guard. The files beside this one call one another by the collection's names."""

import importlib
import os
import sys
import types

PACKAGE = "ansible_collections.failover.stack.plugins.module_utils"

names = PACKAGE.split(".")
for length in range(1, len(names) + 1):
    package = types.ModuleType(".".join(names[:length]))
    package.__path__ = [os.path.dirname(os.path.abspath(__file__))] if length == len(names) else []
    sys.modules[package.__name__] = package

sys.exit(importlib.import_module(PACKAGE + "._tomcat_guard").main(*sys.argv[1:]))
