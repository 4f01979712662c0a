# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory of a host's backups: which are good, and which of them came back whole last."""

from __future__ import annotations

import os
import time

from ansible_collections.failover.stack.plugins.module_utils._host.json_file import read_json, write_json
from ansible_collections.failover.stack.plugins.module_utils._mysql import job
from ansible_collections.failover.stack.plugins.module_utils._mysql.backup import rules

# Beside the backups: which one was restored last and compared, when, and into what. Outlives the backup itself.
RESTORED = "restored.json"


def good_backups(directory):
    """{name: manifest} of finished backups."""
    found = {}
    for name in os.listdir(directory) if os.path.isdir(directory) else []:
        path = os.path.join(directory, name)
        manifest = job.read_json(os.path.join(path, rules.MANIFEST)) if rules.NAME.match(name) else None
        if manifest and rules.is_good(os.listdir(path), manifest):
            found[name] = manifest
    return found


def last_restored(directory):
    """{backup, at (seconds since 1970), into (whether it became the member's data), rows}; {} when none ever was."""
    return read_json(os.path.join(directory, RESTORED))


def note_restored(directory, result, into):
    """result: the restore's own. Whoever asks how old the last proof is gets an answer after a boot, too."""
    write_json(os.path.join(directory, RESTORED), {
        "backup": result["backup"], "at": time.time(), "into": bool(into), "rows": result["rows"]})
