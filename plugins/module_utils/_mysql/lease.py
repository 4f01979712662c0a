# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module asks of the agent that holds, or wants, the writer's lease. Both are on the same host and share a directory."""

from __future__ import annotations

import os
import time
import uuid

from ansible_collections.failover.stack.plugins.module_utils._agents.mysql_lease import NOBODY
from ansible_collections.failover.stack.plugins.module_utils._agents.mysql_record import (
    REQUEST,
    RUN_DIRECTORY,
    STATUS,
    read_json,
    write_json,
)
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure

# An agent tells every second what it sees.
FRESH_S, WAIT_S, ROUND_S = 5, 15, 0.05


def status(directory=RUN_DIRECTORY):
    """What the agent told last, {} when that is old or it sees no store."""
    found = read_json(os.path.join(directory, STATUS))
    return found if found.get("view") and abs(time.time() - found.get("at", 0)) < FRESH_S else {}


def told(directory=RUN_DIRECTORY):
    """What the agent says of the lease, {} where there is none or it says nothing any more."""
    found = read_json(os.path.join(directory, STATUS))
    return {key: found[key] for key in ("because", "trouble", "refused", "lease")} if time.time() - found.get("at", 0) < FRESH_S else {}


def known(host, directory=RUN_DIRECTORY, wait_s=WAIT_S):
    """An agent that was started a moment ago is waited for."""
    end = time.monotonic() + wait_s
    while not status(directory):
        if time.monotonic() > end:
            trouble = read_json(os.path.join(directory, STATUS)).get("trouble")
            raise Failure("%s: the agent of the writer address (mysql-writer.service) does not say who holds the lease%s: look at its "
                          "journal, and at etcd." % (host, ", %s" % trouble if trouble else ""))
        time.sleep(ROUND_S)
    return status(directory)


def may_begin(host, directory=RUN_DIRECTORY):
    """Only a cluster in which nobody has held the lease yet is begun from outside."""
    view = known(host, directory)["view"]
    if view["term"]:
        raise Failure("%s: the lease decides who takes the writes, and %s: this member is not made the writer, hand it over with "
                      "playbooks/mysql_switchover.yml." % (host, "%s has it" % view["writer"] if view["writer"] else
                                                           "nobody has it at present, %s had it last" % view["last"].get("name")))


def parked(view):
    """Whether it is becoming a cluster that is led by hand, see _agents/mysql_lease.py."""
    return (view.get("handover") or {}).get("to") == NOBODY


def park(host, timeout, directory=RUN_DIRECTORY):
    ask({"park": True}, directory)
    end = time.monotonic() + timeout
    while not parked(status(directory).get("view") or {}):
        if time.monotonic() > end:
            raise Failure("%s: the agent did not note within %d s in etcd that the cluster is to be led by hand: look at the journal of "
                          "mysql-writer.service." % (host, timeout))
        time.sleep(ROUND_S)


def may_hand_over(host, found, to):
    view = found["view"]
    if not found["lease"]:
        raise Failure("%s: the lease is with %s and not here, nothing was changed: ask again who the writer is." % (
            host, view["writer"] or "nobody"))
    if to not in view["sync"]:
        raise Failure("%s: %s may not acknowledge at present (%s may), so it may lack something, nothing was changed: wait until it "
                      "follows." % (host, to, ", ".join(sorted(view["sync"])) or "nobody"))


def ask(request, directory=RUN_DIRECTORY):
    write_json(os.path.join(directory, REQUEST), dict(request, id=str(uuid.uuid4()), at=time.time()))


def hand_over(host, to, patience_ms, timeout, directory=RUN_DIRECTORY):
    ask({"to": to, "patience_ms": patience_ms}, directory)
    end = time.monotonic() + timeout
    while (status(directory).get("view") or {}).get("writer") != to:
        if time.monotonic() > end:
            found = status(directory)
            raise Failure("%s: %s did not get the lease within %d s, it is with %s (%s): look at the journals of mysql-writer.service." % (
                host, to, timeout, (found.get("view") or {}).get("writer") or "nobody", found.get("because")))
        time.sleep(ROUND_S)


def give_up(host, found, names, timeout, directory=RUN_DIRECTORY):
    if found["view"]["writer"]:
        raise Failure("%s: %s holds the lease, so nobody has to be given up." % (host, found["view"]["writer"]))
    ask({"give_up": names}, directory)
    end = time.monotonic() + timeout
    while set(names) & set((status(directory).get("view") or {"sync": names})["sync"]):
        if time.monotonic() > end:
            raise Failure("%s: %s could not be given up within %d s: look at the journal of mysql-writer.service." % (
                host, ", ".join(names), timeout))
        time.sleep(ROUND_S)
