# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host of this stack tells that no exporter of a distribution knows: VRRP, virtual servers, the writer's lease, drained servers,
RabbitMQ's cluster, content, deployed versions, ends of certificates. Pure; the fields are those of MEASURES."""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._content import status as content_status
from ansible_collections.failover.stack.plugins.module_utils._figures.table import Figures
from ansible_collections.failover.stack.plugins.module_utils._vip import virtual_servers as virtual
from ansible_collections.failover.stack.plugins.module_utils._vip import vrrp as vrrp_states
from ansible_collections.failover.stack.plugins.module_utils._web import modjk


def vips(wanted, present):
    """wanted: virtual addresses that may be on this host; present: all that are on it."""
    return [Figures("vip", address, {"held": int(address in present)}, {}) for address in wanted]


def vrrp(active, states):
    """active: whether keepalived runs; what it wrote before it died is no state. states: {instance: state}."""
    known = {name: state if active else "" for name, state in states.items()}
    return [Figures("vrrp", name, {"master": int(state == vrrp_states.MASTER), "settled": int(state in vrrp_states.SETTLED)}, {})
            for name, state in known.items()]


def virtual_servers(wanted, table):
    """wanted: services as _figures/watched.py has them; table: the kernel's. A service that is not in it has nobody who lives."""
    return [virtual_server(one, virtual.living(one, table) or {}, virtual.connections_of(one, table)) for one in wanted]


def virtual_server(wanted, alive, connections):
    fields = {"live": len(alive), "servers": len({one["address"] for one in wanted["servers"]}), "weight": sum(alive.values()),
              "quorum": wanted["quorum"], "connections": connections}
    return Figures("virtual_server", wanted["label"], fields, {})


def rabbitmq(seen):
    """seen: as _rabbitmq/exposed.py reads it."""
    return [Figures("rabbitmq", "", seen, {})]


def lease(cluster, told, now_s, ttl_s):
    """A member's own lease, and whether the writer's key hangs on it. told: what the writer agent keeps of it (lease.json), {} when it
    has told nothing. now_s: by the clock that goes on while the machine sleeps. An agent that is gone leaves what it told: time runs on."""
    if not told:
        return []
    left = max(0.0, told["until"] - now_s) if told.get("lease") else 0.0
    return [Figures("lease", cluster, {"writer": int(bool(told.get("writer"))), "left": left, "ttl": float(ttl_s)}, {})]


def workers(text):
    """mod_jk's members from the XML of its status worker. Raises modjk.StatusError for anything else."""
    return [Figures("worker", "%s/%s" % (one["balancer"], one["name"]), {
        "active": int(one["activation"] == "active"), "error": int(modjk.in_error(one)), "busy": one["busy"]}, {})
        for one in modjk.parse(text)]


def sessions(told):
    """told: {application: {active, manager}} as _web/tomcat_sessions.py reads it."""
    return [Figures("sessions", name, {"active": one["active"]}, {"manager": one["manager"]}) for name, one in told.items()]


def drains(counts):
    """counts: {what: how many servers this host keeps drained}."""
    return [Figures("drain", what, {"drained": count}, {}) for what, count in sorted(counts.items())]


def content(name, found, now_s, allowed_s):
    """found: what the target keeps of its last pull, {} when there was none. allowed_s: the greatest healthy age."""
    good = found.get("last_good")
    result = found.get("result")
    return Figures("content", name, {
        "pulled": int(good is not None), "age": None if good is None else max(0, int(now_s - good)), "allowed": allowed_s,
        "refused": int(result == content_status.REFUSED), "failed": int(result == content_status.FAILED)}, {})


def deployed(name, record, now_s):
    """record: of the current release: version, and since when it is current; {} when there is none."""
    if not record:
        return Figures("deploy", name, {"current": 0, "age": None}, {"version": ""})
    return Figures("deploy", name, {"current": 1, "age": max(0, int(now_s - record["since"]))}, {"version": str(record.get("version", ""))})


def certificate(place, end_s, now_s):
    """place: of the certificate; end_s: when it ends, seconds since 1970."""
    return Figures("certificate", place, {"left": int(end_s - now_s)}, {})
