# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of the screen: a line for each tier and cluster, and what goes across the tiers. Pure.

hosts: {host: what module status_info returned}. A line is {tier, title, cluster, state, text, problems, warnings, figures, hosts, marks}.
State: ok; warning, what waits for an operator by day; critical, what is broken or cannot be read.
"""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._status import tiers
from ansible_collections.failover.stack.plugins.module_utils._status.tiers import Verdict, at

OK, WARNING, CRITICAL = "ok", "warning", "critical"
TITLES = {
    "hosts": "Hosts", "vip": "VIPs", "ipvs": "Directors", "ipvs_static": "Directors", "haproxy": "HAProxy",
    "realserver": "Real servers", "httpd": "httpd + mod_jk", "tomcat": "Tomcat", "application": "Applications", "mysql": "MySQL",
    "backup": "Backups", "etcd": "etcd", "mha": "MHA", "mmm": "MMM", "galera": "Galera", "rabbitmq": "RabbitMQ", "content": "Content",
    "nfs": "NFS", "scouter": "Scouter",
    "monitoring": "Exporters", "firewall": "Firewall", "certificates": "Certificates", "restarts": "Restarts", "drains": "Drains"}
# limits: see playbooks/status.yml.
LIMITS = {"backup_age_h": 26.0, "restore_age_days": 35.0, "certificate_days": 7.0, "certificate_soon_days": 30.0}
# Short certificates are told in the last twentieth and tenth of their life.
LAST, SOON = 20, 10


def line(tier, cluster, verdict, hosts=()):
    """Text and state of a verdict; the cluster's name is told where it says more than the tier's."""
    state = CRITICAL if verdict.problems else WARNING if verdict.warnings else OK
    return {"tier": tier, "title": TITLES[tier], "cluster": cluster, "state": state, "text": verdict.text,
            "problems": list(verdict.problems), "warnings": list(verdict.warnings), "figures": verdict.figures, "hosts": list(hosts),
            "marks": verdict.marks}


def judged(hosts, limits=None):
    """All lines, in the order of the screen."""
    limits = dict(LIMITS, **(limits or {}))
    lines = [reached(hosts)]
    for tier in tiers.JUDGES:
        for cluster, members in clusters(hosts, tier).items():
            lines.append(of_tier(tier, cluster, members, hosts, limits))
    return [*lines, certificates(hosts, limits), restarts(hosts), drains(hosts)]


def clusters(hosts, tier):
    """{cluster: {host: entry}}; who could not even be asked, so that nobody knows its cluster, belongs to the first."""
    found, lost = {}, {}
    for host, result in hosts.items():
        if tier in result["tiers"]:
            entry = result["tiers"][tier]
            (lost if entry["asked"]["cluster"] is None else found.setdefault(entry["asked"]["cluster"], {}))[host] = entry
    if lost:
        found.setdefault(next(iter(found), ""), {}).update(lost)
    return found


def of_tier(tier, cluster, members, hosts, limits):
    """A tier's line: what is unread, what its judge says, which of its units do not run."""
    told = {host: (one["asked"], one["read"]) for host, one in members.items() if "read" in one}
    unread = ["%s: %s" % (host, one["error"].rstrip(".")) for host, one in members.items() if "error" in one]
    verdict = tiers.JUDGES[tier](told, limits) if told else Verdict("nothing could be read")
    idle = []
    for host, one in members.items():
        inactive = hosts[host]["machine"].get("inactive") or []
        idle += ["%s: unit %s does not run: journalctl -u %s tells why" % (host, each["name"], each["name"])
                 for each in one["asked"].get("units", []) if each["name"] in inactive]
    problems = [*unread, *idle, *verdict.problems]
    marks = dict(verdict.marks, **{host: ["could not be read"] for host in members if host not in told})
    return line(tier, cluster, verdict._replace(problems=list(dict.fromkeys(problems)), marks=marks), members)


# --- Across the tiers -------------------------------------------------------------------


def reached(hosts):
    """The machines themselves."""
    lost = {host: one["because"] for host, one in hosts.items() if not one["reached"]}
    blind = {host: one["machine"]["error"] for host, one in hosts.items() if one["machine"].get("error")}
    text = "%d of %d answer" % (len(hosts) - len(lost), len(hosts))
    problems = [sentence for found in (lost, blind) for host, why in found.items() for sentence in at(host, [why])]
    return line("hosts", "", Verdict(text, problems, [], {"reached": len(hosts) - len(lost), "of": len(hosts)}), hosts)


def unknown(hosts, what):
    """Hosts of which nobody can tell; who is not reached is red elsewhere."""
    names = [host for host, one in hosts.items() if not one["machine"] or one["machine"].get("error")]
    return ["%s of %s not known" % (what, ", ".join(names))] if names else []


def certificates(hosts, limits):
    problems, warnings, ends = [], unknown(hosts, "certificates"), []
    for host, one in hosts.items():
        warnings += at(host, ["certificates cannot be read: %s" % one["machine"]["unread"]] if one["machine"].get("unread") else [])
        for each in one["machine"].get("certificates") or []:
            ends.append((each["days"], host, each["path"]))
            said = "%s: %s %s" % (host, each["path"], "ended %.1f days ago" % -each["days"] if each["days"] <= 0
                                  else "ends in %.1f days" % each["days"])
            if each["days"] <= min(limits["certificate_days"], each["life_days"] / LAST):
                problems.append(said + ": run playbooks/site.yml, or bring a new one")
            elif each["days"] <= min(limits["certificate_soon_days"], each["life_days"] / SOON):
                warnings.append(said)
    first = min(ends, default=None)
    text = "%d, the first ends in %d days (%s on %s)" % (len(ends), first[0], first[2], first[1]) if first else "none"
    figures = {"count": len(ends), "first": first and {"days": first[0], "host": first[1], "path": first[2]}}
    return line("certificates", "", Verdict(text, problems, warnings, figures))


def restarts(hosts):
    """Units whose configuration is newer than their process, machines that want a reboot."""
    stale = {host: one["machine"]["stale"] for host, one in hosts.items() if one["machine"].get("stale")}
    reboots = {host: one["machine"]["reboot"] for host, one in hosts.items() if one["machine"].get("reboot")}
    warnings = ["%s: %s runs with an older configuration: playbooks/rolling_restart.yml" % (host, ", ".join(units))
                for host, units in stale.items()]
    warnings += ["%s wants a reboot: %s" % (host, why) for host, why in reboots.items()]
    text = "%d units, %d reboots" % (sum(map(len, stale.values())), len(reboots)) if stale or reboots else "none"
    return line("restarts", "", Verdict(text, [], warnings + unknown(hosts, "what is due"), {"units": stale, "reboots": reboots}))


def drains(hosts):
    """Who was taken out on purpose, and may be forgotten."""
    found = []
    for host, result in hosts.items():
        for tier, rule in DRAINED.items():
            entry = result["tiers"].get(tier, {})
            if "read" in entry:
                found += rule(host, entry["asked"], entry["read"])
    found = list(dict.fromkeys(found))
    text = "%d in force" % len(found) if found else "none"
    return line("drains", "", Verdict(text, [], found + unknown(hosts, "who is drained"), {"drains": found}))


def by_director(host, asked, read):
    names = {tiers.plain(one["address"]): one["name"] for service in asked["services"] for one in service["servers"]}
    return ["%s is drained at director %s" % (names.get(tiers.plain(address), address), host) for address in read["drained"]]


def by_haproxy(host, asked, read):
    servers = {}
    for one in read["servers"]:
        if one["asked"] != "ready":
            servers.setdefault((one["name"], one["asked"]), []).append(one["backend"])
    return ["%s is in %s at %s (%s)" % (name, state, host, ", ".join(backends)) for (name, state), backends in servers.items()]


def by_modjk(host, asked, read):
    return ["worker %s is %s in mod_jk on %s" % (one["name"], one["activation"], host) for one in read["workers"]
            if one["activation"] != "active"]


def by_galera(host, asked, read):
    return ["%s is drained: its check tells proxies to go elsewhere" % host] if read.get("drained") else []


def by_rabbitmq(host, asked, read):
    return ["%s is in maintenance" % node for node in read["maintenance"]]


DRAINED = {"ipvs": by_director, "haproxy": by_haproxy, "httpd": by_modjk, "galera": by_galera, "rabbitmq": by_rabbitmq}


# --- All of it --------------------------------------------------------------------------


def overall(lines):
    """The worst of the states."""
    states = {one["state"] for one in lines}
    return CRITICAL if CRITICAL in states else WARNING if WARNING in states else OK


def verdict(lines):
    """One sentence on all lines."""
    red, yellow = ([name(one) for one in lines if one["state"] == state] for state in (CRITICAL, WARNING))
    if not red:
        return "all %d lines are good" % len(lines) if not yellow else "nothing is broken; to be looked at: %s" % ", ".join(yellow)
    return "%d of %d lines are red: %s" % (len(red), len(lines), ", ".join(red))


def name(one):
    """A line's title, with the cluster where the tier has several names."""
    return one["title"] + (" %s" % one["cluster"] if one.get("distinct") else "")


def distinguished(lines):
    """The same lines; those whose title stands several times are told by their cluster."""
    titles = [one["title"] for one in lines]
    return [dict(one, distinct=titles.count(one["title"]) > 1) for one in lines]
