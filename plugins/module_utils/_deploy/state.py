# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies in an application's document root of its past. Touches the host."""

from __future__ import annotations

import os

from ansible_collections.failover.stack.plugins.module_utils._host.json_file import read_json


def read_releases(directory):
    """{release: its record} of all that are whole."""
    if not os.path.isdir(directory):
        return {}
    names = [name for name in os.listdir(directory) if not name.startswith(".") and os.path.isdir(os.path.join(directory, name))]
    return {name: read_json(os.path.join(directory, name + ".json")) for name in names}
