# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Managers that lead replicating database servers: MHA, MMM. See _status/reading.py for what a reader is."""

from __future__ import annotations

import time

from ansible_collections.failover.stack.plugins.module_utils._host.json_file import read_json
from ansible_collections.failover.stack.plugins.module_utils._mha import health as mha_health
from ansible_collections.failover.stack.plugins.module_utils._mha import plan as mha_plan
from ansible_collections.failover.stack.plugins.module_utils._mha.config import MANAGER
from ansible_collections.failover.stack.plugins.module_utils._mmm import health as mmm_health
from ansible_collections.failover.stack.plugins.module_utils._mmm.config import CONTROL
from ansible_collections.failover.stack.plugins.module_utils._mmm.monitor import Monitor
from ansible_collections.failover.stack.plugins.module_utils._status.reading import ANSWER_S


def mha(host, asked):
    code, out, err = host.run_command([mha_plan.COMMAND, "check_status"])
    seen = {"state": read_json(MANAGER + "/state.json") or None, "status": (code, out + err), "repl": (0, "")}
    return {"writers": (seen["state"] or {}).get("writers", []),
            "problems": mha_health.problems(seen, list(asked["members"]), asked["members"], time.time())}


def mmm(host, asked):
    monitor = Monitor(host.run_command, CONTROL, ANSWER_S)
    shown, mode = monitor.look()
    return {"mode": mode, "roles": shown["roles"],
            "problems": mmm_health.problems(shown, mode, monitor.checks(), asked["readers"], asked["members"])}


READERS = {"mha": mha, "mmm": mmm}
