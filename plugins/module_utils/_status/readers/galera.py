# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Galera. See _status/reading.py for what a reader is."""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._galera import member as galera_member
from ansible_collections.failover.stack.plugins.module_utils._status.reading import ANSWER_S


def galera(host, asked):
    if asked["arbitrator"]:
        return {"arbitrator": True}
    host.params = dict(asked["login"], connect_timeout=ANSWER_S)
    found = galera_member.query(host)
    return {key: found[key] for key in ("service", "running", "primary", "synced", "uuid", "seqno", "drained", "queue", "status", "problem",
                                        "problems")}


READERS = {"galera": galera}
