# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a run's parameters and one drill to what the modules of its steps are told. Pure.

`p` are the parameters of the action `drill`, `drill` is one of its drills, which may have a service, a load and times of its own.
"""

from __future__ import annotations

# What speaks to the servers of a ledger, by its kind.
LEDGER_PACKAGES = {"sql": "python3-pymysql", "amqp": "python3-pika"}
LEDGER_DIRECTORY = "/etc/failover-drill"
LEDGERS = "/var/lib/failover-drill"
SERVICE = ("address", "port", "host_header", "path", "session_path")
LOAD = ("rate", "sessions", "session_rate", "time_limit_ms", "arp_ms")
# Seconds that an operator takes to begin.
THEN_AFTER_S = 3
SPARE_MB = 64
# How a playbook has to end, where not well.
ENDS = ("fails", "says")


def seconds(p, drill, key):
    """before_s, hold_s, after_s or back_s."""
    return int(drill.get(key, p[key]))


def service(p, drill):
    also = drill.get("also") or []
    vips = drill.get("vips", [*([drill["address"]] if "address" in drill else p["vips"]), *also])
    return {**{key: drill.get(key, p[key]) for key in SERVICE}, "also": also, "body": drill.get("body", "json"), "vips": vips,
            "neighbours": p["addresses"],
            "served_header": p["served_header"], "sorry_header": p["sorry_header"]}


def visible_s(p, drill):
    return sum(seconds(p, drill, key) for key in ("before_s", "hold_s", "after_s"))


def longest_s(p, drill):
    """Longer than any drill, should nobody tell the observer to finish."""
    playbooks = (drill["fault"] == "playbook") + ("then" in drill) + len(drill.get("heal") or [])
    return visible_s(p, drill) + seconds(p, drill, "back_s") * 3 + 120 + p["playbook_s"] * playbooks


def observed(p, drill):
    """For drill_observe with state run."""
    # Rather too slow than too fast: what is left at the end is read at full speed.
    download = {"count": 1, "planned_s": visible_s(p, drill) + 60, "anew_s": seconds(p, drill, "before_s")}
    found = {
        "service": service(p, drill),
        "load": {**{key: p[key] for key in LOAD}, **drill.get("load", {})},
        "download": {**download, **drill.get("download", {"count": 0})},
        "quiet": {"count": 1, **drill.get("quiet", {"count": 0})},
        "max_s": longest_s(p, drill),
        "control": p["control"],
        "state": "run",
    }
    return {**found, "ledger": ledger(p, drill)} if drill.get("ledger") else found


def steady(p, drill):
    """The same question, asked until all is as it should be. Where an address always sends one visitor to the same host, who serves is
    asked at another address."""
    found = observed(p, drill)
    found["service"].update(address=drill.get("steady_address", found["service"]["address"]), serving=drill.get("serving", p["serving"]))
    return {**found, "state": "steady", "wait_s": seconds(p, drill, "back_s")}


def ledger(p, drill):
    """The ledger that the drill names, with what the drill wants otherwise."""
    name = drill["ledger"]["name"]
    plain = {key: value for key, value in {**p["ledgers"][name], **drill["ledger"]}.items() if key != "name"}
    return {**plain, "servers": {host: p["addresses"][host] for host in plain.get("servers", [])},
            "password_file": "%s/%s.password" % (LEDGER_DIRECTORY, name) if name in p["ledger_passwords"] else "",
            "file": "%s/%s.ledger" % (LEDGERS, drill["name"])}


def password_files(passwords):
    """For config_files: the ledgers' passwords, which its own no_log option `secrets` brings."""
    return {"directories": [{"path": LEDGER_DIRECTORY, "mode": "0700"}], "secrets": passwords,
            "files": [{"path": "%s/%s.password" % (LEDGER_DIRECTORY, name), "content": "@@%s@@\n" % name, "mode": "0600"}
                      for name in passwords]}


def unit(drill, act, moment=0.0):
    return {"unit": drill["unit"], "stay_dead": drill.get("stay_dead", False), "act": act, "moment": moment}


def disk(drill, act):
    found = {"path": drill["disk"]["path"], "unit": drill["unit"], "act": act}
    return {**found, "spare_mb": drill["disk"].get("spare_mb", SPARE_MB)} if act == "shrink" else found


def step(given, targets):
    """One playbook, which is told whom the drill hits, and how it has to end. given: a drill, or one of its steps."""
    return {"playbook": given["playbook"], "vars": {**(given.get("vars") or {}), "drill_targets": targets},
            **{key: given[key] for key in ENDS if given.get(key)}}


def mending(drill, targets):
    """(playbooks that mend a drill under load, those when nobody looks any more)"""
    return tuple([step(one, targets) for one in drill.get(key) or []] for key in ("heal", "afterwards"))


def about(p, observer, at):
    """The head of the report."""
    return {"address": p["address"], **{key: p[key] for key in LOAD}, "at": at, "from": observer}


def ledger_packages(ledgers):
    """Debian packages for the kinds of these ledgers."""
    kinds = {ledger.get("kind") or "sql" for ledger in ledgers.values()}
    return [package for kind, package in LEDGER_PACKAGES.items() if kind in kinds]
