# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the timers in force promise: read from the services' own files on the nodes, not from variables."""

from __future__ import annotations

import re

from ansible_collections.failover.stack.plugins.module_utils._drill.timers_ipvs import virtual_servers, worst_ms
from ansible_collections.failover.stack.plugins.module_utils._vip.keepalived_conf import keepalived_tree

UNITS_MS = {"us": 0.001, "ms": 1, "s": 1000, "m": 60000, "h": 3600000, "d": 86400000}


class Unpredictable(Exception):
    pass


# --- keepalived -------------------------------------------------------------


def first(node, key, default=None):
    for words, _children in node[1]:
        if len(words) > 1 and words[0] == key:
            return words[1]
    return default


def keepalived_timers(text):
    """The VRRP instances, scripts and virtual servers of a keepalived.conf."""
    instances, scripts, tree = [], {}, keepalived_tree(text)
    for node in tree[1]:
        words = node[0] or [""]
        if words[0] == "vrrp_script" and len(words) > 1:
            interval = float(first(node, "interval", 1))
            scripts[words[1]] = {
                "interval_ms": interval * 1000,
                "fall": int(first(node, "fall", 1)),
                "timeout_ms": float(first(node, "timeout", interval)) * 1000,
            }
        elif words[0] == "vrrp_instance" and len(words) > 1:
            blocks = dict((w[0], c) for w, c in node[1] if w)
            instances.append(
                {
                    "name": words[1],
                    "vrid": int(first(node, "virtual_router_id", 51)),
                    "version": int(first(node, "version", 2)),
                    "priority": int(first(node, "priority", 100)),
                    "advert_ms": float(first(node, "advert_int", 1)) * 1000,
                    "addresses": [w[0].split("/")[0] for name in ("virtual_ipaddress", "virtual_ipaddress_excluded")
                                  for w, _c in blocks.get(name, [])],
                    "scripts": [w[0] for w, _c in blocks.get("track_script", [])],
                }
            )
    return {"instances": instances, "scripts": scripts, "virtual_servers": virtual_servers(tree)}


def master_down_ms(version, priority, advert_ms):
    """How long a backup waits without an advert before it takes over.

    RFC 5798 6.1 (VRRP 3): Master_Down_Interval = 3 x Master_Adver_Interval + Skew_Time, with
    Skew_Time = (256 - priority) x Master_Adver_Interval / 256. RFC 3768 6.1 (VRRP 2): the skew is (256 - priority) / 256 s.
    """
    skew = (256 - priority) / 256.0 * (advert_ms if version == 3 else 1000)
    return 3 * advert_ms + skew


# --- HAProxy ----------------------------------------------------------------


def haproxy_ms(value, default_unit="ms"):
    match = re.match(r"^(\d+)(us|ms|s|m|h|d)?$", value)
    return float(match.group(1)) * UNITS_MS[match.group(2) or default_unit] if match else None


SERVER_TIMES = ("inter", "fastinter", "downinter")


def server_options(words, into):
    for key, value in zip(words, words[1:]):
        if key in SERVER_TIMES:
            into[key] = haproxy_ms(value)
        elif key in ("fall", "rise"):
            into[key] = int(value)
    return into


def haproxy_timers(text):
    """The checked servers of each backend with what bounds their detection."""
    base = {"server": {}, "timeout": {}}
    section, backends = None, []
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if not words:
            continue
        if words[0] in ("global", "defaults", "frontend", "backend", "listen"):
            if words[0] == "defaults":
                base = section = {"server": {}, "timeout": {}}
            elif words[0] in ("backend", "listen"):
                section = {
                    "name": words[1],
                    "server": dict(base["server"]),
                    "timeout": dict(base["timeout"]),
                    "servers": [],
                }
                backends.append(section)
            else:
                section = None
        elif section is None:
            continue
        elif words[0] == "timeout" and len(words) > 2:
            section["timeout"][words[1]] = haproxy_ms(words[2])
        elif words[0] == "default-server":
            server_options(words[1:], section["server"])
        elif words[0] == "server" and "servers" in section:
            options = server_options(words[3:], dict(section["server"]))
            if "check" in words:
                section["servers"].append(dict(options, name=words[1], address=words[2]))
    return {
        "backends": [
            {
                "name": b["name"],
                "connect_ms": b["timeout"].get("connect"),
                "check_ms": b["timeout"].get("check"),
                "servers": b["servers"],
            }
            for b in backends
            if b["servers"]
        ]
    }


def detection_ms(server, connect_ms, check_ms, silent):
    """The longest time until a server that stopped answering is taken out.

    HAProxy's documentation (server options inter, fastinter, fall; timeout check) and its check scheduler: the first
    failing check starts at most `inter` after the last good one; between failing checks `fastinter` (or inter) passes; the
    server is down after `fall` of them. A check that cannot connect ends after min(timeout connect, inter) when
    `timeout check` is set, otherwise after inter; one that connects but is not answered after `timeout check`.
    silent: 'connect' for a machine that is gone, 'answer' for one whose kernel still accepts connections.
    """
    inter = server.get("inter") or 2000.0
    fast = server.get("fastinter") or inter
    fall = server.get("fall") or 3
    if check_ms is None:
        one = inter
    elif silent == "connect":
        one = min(connect_ms or inter, inter)
    else:
        one = check_ms
    return inter + fall * one + (fall - 1) * fast


# --- mod_jk -----------------------------------------------------------------


def modjk_timers(text):
    """The largest connect, ping and reply times of a workers.properties."""
    found = {}
    for line in text.splitlines():
        match = re.match(
            r"^\s*worker\.[^=]+\.(socket_connect_timeout|connect_timeout|ping_timeout|prepost_timeout|"
            r"reply_timeout|socket_timeout)\s*=\s*(\d+)",
            line,
        )
        if match:
            key, value = match.group(1), float(match.group(2))
            if key == "socket_timeout":
                value *= 1000
            found[key] = max(found.get(key, 0), value)
    return found


def modjk_ms(timers):
    """The longest a request waits for a dead worker before another is asked.

    Apache Tomcat Connectors, workers.properties reference: a new connection costs socket_connect_timeout, an
    established one a cping answered within ping_timeout (prepost_timeout, connect_timeout where set).
    """
    connect = timers.get("socket_connect_timeout") or timers.get("socket_timeout")
    ping = max(timers.get("ping_timeout", 0), timers.get("prepost_timeout", 0), timers.get("connect_timeout", 0))
    if not connect and not ping:
        raise Unpredictable("no connect or ping timeout in workers.properties")
    # The pooled connection fails its ping first, then the new one its connect.
    return (connect or 0) + ping


# --- Predictions ------------------------------------------------------------


def predict(spec, timers, target):
    """(milliseconds or None, reason) for a drill's `predict` and the timers of all hosts."""
    kind = spec.get("kind", "none")
    if kind not in PREDICTORS:
        return None, "unknown kind of prediction: %s" % kind
    try:
        return PREDICTORS[kind](spec, timers, target)
    except KeyError as error:
        return None, "the prediction '%s' needs %s, which is not there" % (kind, error)
    except Unpredictable as error:
        return None, str(error)


def predict_none(spec, _timers, _target):
    return 0.0, spec.get("because", "another instance takes the request")


def predict_fixed(spec, _timers, _target):
    return float(spec["ms"]), spec.get("because", "given")


def predict_vrrp(spec, timers, target):
    """The best backup's master down interval."""
    best = None
    for host in sorted(timers):
        for instance in (timers[host].get("keepalived") or {}).get("instances", []):
            if spec["vip"] in instance["addresses"] and host not in target.split(", "):
                wait = master_down_ms(instance["version"], instance["priority"], instance["advert_ms"])
                if best is None or wait < best[0]:
                    best = (wait, host, instance)
    if best is None:
        raise Unpredictable("no other host holds %s in its keepalived.conf" % spec["vip"])
    wait, host, instance = best
    return wait, "VRRP: 3 x %g ms + skew of priority %d (%s) = %.0f ms" % (
        instance["advert_ms"],
        instance["priority"],
        host,
        wait,
    )


def predict_haproxy(spec, timers, target):
    worst = None
    for host in sorted(timers):
        for backend in (timers[host].get("haproxy") or {}).get("backends", []):
            if spec.get("backend") not in (None, backend["name"]):
                continue
            for server in backend["servers"]:
                if spec.get("of_target") and target not in (server["name"], server["name"].split(":")[0]):
                    continue
                took = detection_ms(server, backend["connect_ms"], backend["check_ms"], spec.get("silent", "connect"))
                if worst is None or took > worst[0]:
                    worst = (took, server)
    if worst is None:
        raise Unpredictable("no checked server in any haproxy.cfg")
    took, server = worst
    return took, "HAProxy check: inter %g, fall %d, at most %.0f ms" % (
        server.get("inter") or 2000,
        server.get("fall") or 3,
        took,
    )


def predict_ipvs(spec, timers, _target):
    """The slowest director counts: either may be the master. spec: vip, silent, and to narrow it down port and server."""
    silent, worst = spec.get("silent", "connect"), None
    for host in sorted(timers):
        servers = (timers[host].get("keepalived") or {}).get("virtual_servers", [])
        found = worst_ms(servers, spec["vip"], silent, spec.get("port"), spec.get("server"))
        if found is None:
            continue
        if found[0] is None:
            raise Unpredictable(
                "no check of real server %s on %s notices this (silent: %s)" % (found[2]["address"], host, silent)
            )
        if worst is None or found[0] > worst[0]:
            worst = found
    if worst is None:
        raise Unpredictable("no keepalived.conf has a virtual server %s with a real server" % spec["vip"])
    took, check, real = worst
    shown = ", ".join("%s %g" % pair for pair in sorted(check["timers"].items()))
    return took, "%s of %s: %s: at most %.0f ms" % (check["kind"], real["address"], shown or "defaults", took)


def predict_modjk(_spec, timers, _target):
    waits = [modjk_ms(t["modjk"]) for t in timers.values() if t.get("modjk")]
    if not waits:
        raise Unpredictable("no workers.properties on any host")
    return max(waits), "mod_jk: ping and connect time limits %.0f ms" % max(waits)


def predict_restart(spec, timers, target):
    """systemd brings the unit back after RestartSec; starting itself takes start_ms."""
    unit = ((timers.get(target) or {}).get("units") or {}).get(spec["unit"])
    if not unit or unit.get("restart") in (None, "no"):
        raise Unpredictable("%s is not restarted by systemd on %s" % (spec["unit"], target))
    if unit.get("restart_ms") is None:
        raise Unpredictable("%s on %s waits for ever before it is restarted" % (spec["unit"], target))
    start_ms = float(spec.get("start_ms", 0))
    return unit["restart_ms"] + start_ms, "systemd: RestartSec %g ms + start %g ms" % (unit["restart_ms"], start_ms)


def predict_script(spec, timers, target):
    """keepalived's check script notices, then the backup needs only its skew (a priority 0 advert is sent)."""
    for instance in ((timers.get(target) or {}).get("keepalived") or {}).get("instances", []):
        scripts = timers[target]["keepalived"]["scripts"]
        if spec["vip"] in instance["addresses"] and spec["script"] in instance["scripts"]:
            script = scripts[spec["script"]]
            took = script["interval_ms"] * script["fall"] + instance["advert_ms"]
            return took, "keepalived script %s: %d x %g ms, then one skew" % (
                spec["script"],
                script["fall"],
                script["interval_ms"],
            )
    raise Unpredictable("keepalived on %s does not track a script %s" % (target, spec["script"]))


def parts(spec, timers, target):
    got = [predict(part, timers, target) for part in spec["of"]]
    known = [(ms, why) for ms, why in got if ms is not None]
    if not known:
        raise Unpredictable("; ".join(why for _ms, why in got))
    return known


def predict_sum(spec, timers, target):
    """Of a sum no part may be missing; of several ways one that is not there does not count."""
    known = parts(spec, timers, target)
    if len(known) < len(spec["of"]):
        raise Unpredictable("; ".join(why for ms, why in (predict(part, timers, target) for part in spec["of"]) if ms is None))
    return sum(ms for ms, _why in known), " + ".join(why for _ms, why in known)


def predict_max(spec, timers, target):
    return max(parts(spec, timers, target))


def predict_min(spec, timers, target):
    return min(parts(spec, timers, target))


PREDICTORS = {
    "none": predict_none,
    "fixed": predict_fixed,
    "vrrp": predict_vrrp,
    "haproxy_check": predict_haproxy,
    "ipvs_check": predict_ipvs,
    "modjk": predict_modjk,
    "restart": predict_restart,
    "script": predict_script,
    "sum": predict_sum,
    "max": predict_max,
    "min": predict_min,
}
