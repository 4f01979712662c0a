# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scouter's collector. See _status/reading.py for what a reader is."""

from __future__ import annotations

import platform

from ansible_collections.failover.stack.plugins.module_utils._scouter import state as scouter_state
from ansible_collections.failover.stack.plugins.module_utils._status.reading import ANSWER_S, fetched_json


def scouter(host, asked):
    """alive: of the objects that the collector must know, so many live."""
    if not asked["collector"]:
        return {"collector": False, "problems": []}
    told = fetched_json(asked["url"] + scouter_state.API + "/object", ANSWER_S).get("result")
    objects = scouter_state.objects(told or [])
    info = {"url": asked["url"], "reachable": "", "api": 200, "lines": 200, "objects": objects}
    return {"collector": True, "alive": sum(1 for name in asked["objects"] if objects.get(name, {}).get("alive")),
            "expected": len(asked["objects"]), "problems": scouter_state.problems(platform.node(), info, asked["objects"])}


READERS = {"scouter": scouter}
