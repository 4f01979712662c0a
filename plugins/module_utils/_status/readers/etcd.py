# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""etcd. See _status/reading.py for what a reader is."""

from __future__ import annotations

import time

from ansible_collections.failover.stack.plugins.module_utils._etcd import snapshot
from ansible_collections.failover.stack.plugins.module_utils._etcd import state as etcd_state
from ansible_collections.failover.stack.plugins.module_utils._etcd.api import Api, ApiError
from ansible_collections.failover.stack.plugins.module_utils._status.reading import ANSWER_S


def etcd(host, asked):
    """status: the own member's. Who asks one member only asks each once when all hosts are asked."""
    found = {"members": [], "alarms": [], "auth_enabled": None, "snapshots": snapshot.listed(asked["snapshot_directory"], time.time())}
    api = Api(asked["members"][asked["name"]], asked["ca"], ANSWER_S)
    try:
        own = etcd_state.status_of(api.call("maintenance/status"))
        found["members"] = etcd_state.members_of(api.call("cluster/member/list"))
        if own["leader"] and not own["learner"]:
            found["alarms"] = etcd_state.alarms_of(api.call("maintenance/alarm", {"action": "GET"}), found["members"])
            found["auth_enabled"] = api.auth_enabled()
    except ApiError as error:
        own = etcd_state.silent(str(error))
    return dict(found, status=own)


READERS = {"etcd": etcd}
