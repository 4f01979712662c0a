# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How each tier is, by what its hosts told. Pure.

A judgement is a function of `told`, {host: (asked, read)} of the hosts that could be read, and returns a Verdict. What is broken is a
problem, and red. What only follows from somebody else's breakage, or waits for an operator by day, is a warning: the tier that is to blame
is red itself.
"""

from __future__ import annotations

from collections import namedtuple

from ansible_collections.failover.stack.plugins.module_utils._etcd import state as etcd_state
from ansible_collections.failover.stack.plugins.module_utils._mysql import led
from ansible_collections.failover.stack.plugins.module_utils._mysql.health import member_problems
from ansible_collections.failover.stack.plugins.module_utils._mysql.topology import topology
from ansible_collections.failover.stack.plugins.module_utils._vip.virtual_servers import missing, plain, weightless
from ansible_collections.failover.stack.plugins.module_utils._web import modjk

# text: the tier in a line. problems, warnings: sentences without a full stop. figures: for programs. marks: {host: [short words for a
# picture]}.
Verdict = namedtuple("Verdict", "text problems warnings figures marks", defaults=((), (), {}, {}))

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400


def span(seconds):
    """A time in the unit in which people say it."""
    if seconds is None:
        return "never"
    for size, name in ((DAY_S, "d"), (HOUR_S, "h"), (MINUTE_S, "min")):
        if seconds >= 2 * size:
            return "%d %s" % (seconds // size, name)
    return "%d s" % seconds


def bare(sentences):
    """Without their full stops, each once."""
    return list(dict.fromkeys(str(one).rstrip(". ") for one in sentences if one))


def at(host, sentences):
    """Said of a host, unless the sentence begins with its name anyway."""
    return [one if one.startswith(host) else "%s: %s" % (host, one) for one in bare(sentences)]


def reads(told):
    return {host: read for host, (_asked, read) in told.items()}


def first_asked(told):
    return next(iter(told.values()))[0]


def listed(pairs):
    return ", ".join("%s %s" % pair for pair in pairs)


# --- In front ---------------------------------------------------------------------------


def vip(told, limits):
    """Exactly one holder for each address."""
    problems, holders, marks = [], {}, {}
    for address in dict.fromkeys(address for asked, _read in told.values() for address in asked["addresses"]):
        holders[address] = [host for host, read in reads(told).items() if address in read["held"]]
    for host, read in reads(told).items():
        problems += at(host, [read["problem"]])
        marks[host] = ["holds " + plain_address(address) for address in read["held"]] or ["stands by"]
    for address, having in holders.items():
        if not having:
            problems.append("nobody who answers holds %s: look at journalctl -u keepalived on each" % plain_address(address))
        elif len(having) > 1:
            problems.append("%s is held by %s: they do not hear each other's VRRP" % (plain_address(address), " and ".join(having)))
    text = listed((plain_address(address), "at " + "+".join(having) if having else "at nobody") for address, having in holders.items())
    return Verdict(text, problems, [], {"holders": holders}, marks)


def plain_address(address):
    """Without the prefix length and further words."""
    return plain(str(address).split()[0].partition("/")[0])


def ipvs(told, limits):
    """Every service has its quorum in each director's table, standby or not."""
    problems, warnings, figures, texts, marks = [], [], {}, [], {}
    for host, (asked, read) in told.items():
        problems += at(host, missing(asked["services"], read["services"]))
        drained = {plain(one) for one in read["drained"]}
        wanted = [dict(one, servers=[each for each in one["servers"] if plain(each["address"]) not in drained])
                  for one in asked["services"]]
        idle = weightless(wanted, read["services"])
        warnings += at(host, [idle] if idle.startswith("Without") else [])
        figures[host] = of_servers(asked["services"], read["services"])
        shown = ["%s weight %s, %d connections" % (name, "/".join(map(str, one["weights"])), one["connections"])
                 for name, one in figures[host].items()]
        texts.append("%s: %s" % (host, "; ".join(shown) or "no servers"))
        marks[host] = ["%s: weight %s" % (name, "/".join(map(str, one["weights"]))) for name, one in figures[host].items()]
    return Verdict(" · ".join(texts), problems, warnings, {"directors": figures}, marks)


def of_servers(services, table):
    """{real server: {weights, connections}} over all services."""
    names = {plain(each["address"]): each["name"] for one in services for each in one["servers"]}
    found = {}
    for service in table:
        for each in service["servers"]:
            one = found.setdefault(str(names.get(plain(each["address"]), each["address"])), {"weights": [], "connections": 0})
            if each["weight"] not in one["weights"]:
                one["weights"].append(each["weight"])
            one["connections"] += each.get("active_connections", 0)
    return found


def realserver(told, limits):
    problems = [sentence for host, read in reads(told).items() for sentence in at(host, read["missing"])]
    good = [host for host, read in reads(told).items() if not read["missing"]]
    return Verdict("ready for a director: %s" % (", ".join(good) or "nobody"), problems, [], {"ready": good})


def haproxy(told, limits):
    problems, warnings, figures, texts, marks = [], [], {}, [], {}
    for host, read in reads(told).items():
        problems += at(host, read["problems"])
        wanted = [one for one in read["servers"] if one["asked"] == "ready"]
        down = [one for one in wanted if not one["up"]]
        warnings += at(host, ["server %s/%s is %s" % (one["backend"], one["name"], " ".join((one["status"], one["check"])).strip())
                              for one in down])
        up, sessions = len(wanted) - len(down), sum(one["sessions"] for one in read["servers"])
        figures[host] = {"up": up, "wanted": len(wanted), "sessions": sessions,
                         "servers": {"%s/%s" % (one["backend"], one["name"]): one["status"] for one in read["servers"]}}
        texts.append("%s: %d of %d servers up, %d sessions" % (host, up, len(wanted), sessions))
        marks[host] = ["%d of %d servers up" % (up, len(wanted))]
    return Verdict(" · ".join(texts), problems, warnings, {"proxies": figures}, marks)


# --- Web --------------------------------------------------------------------------------


def httpd(told, limits):
    problems, warnings, figures, texts, marks = [], [], {}, [], {}
    for host, read in reads(told).items():
        lost = dict(read, in_error=[], silent=[])
        problems += at(host, [modjk.complaint(lost)])
        problems += at(host, ["its health page is closed, so nobody sends it visitors: it is cut off, see journalctl -u "
                              "failover-httpd-watchdog"] if read["closed"] else [])
        warnings += at(host, ["mod_jk holds worker %s for dead" % name for name in read["in_error"]])
        warnings += at(host, ["worker %s does not answer AJP" % name for name in read["silent"] if name not in read["in_error"]])
        good = sum(1 for one in read["workers"] if one["usable"] and one["answers"] is not False)
        figures[host] = {"usable": good, "workers": {"%s/%s" % (one["balancer"], one["name"]): dict(
            {key: one[key] for key in ("activation", "state", "busy", "errors", "answers")}) for one in read["workers"]}}
        texts.append("%s: %d of %d workers usable" % (host, good, len(read["workers"])))
        marks[host] = ["%d of %d workers usable" % (good, len(read["workers"]))]
    return Verdict(" · ".join(texts), problems, warnings, {"nodes": figures}, marks)


def tomcat(told, limits):
    """Sessions by instance and application. Where Tomcat keeps all of them everywhere (DeltaManager), each tells those of the cluster."""
    problems, warnings, figures, texts, marks = [], [], {}, [], {}
    for host, read in reads(told).items():
        problems += at(host, ["%s does not answer AJP: journalctl -u tomcat@%s" % (name, name.partition("/")[0])
                              for name, good in read["answers"].items() if not good])
        warnings += at(host, ["%s does not tell its sessions (%s): run playbooks/tomcat.yml" % one for one in read["untold"].items()])
        figures[host] = read["answers"]
        counted = {name: one["active"] for name, one in read["sessions"].items()}
        texts += ["%s: %s" % (host, listed(counted.items()))] if counted else []
        marks[host] = ["%d sessions" % sum(counted.values())] if counted else []
    answering = [host for host, read in reads(told).items() if all(read["answers"].values())]
    text = "; ".join(["answers AJP: %s" % (", ".join(answering) or "nobody"), *(["sessions " + " · ".join(texts)] if texts else [])])
    sessions = {host: read["sessions"] for host, read in reads(told).items()}
    return Verdict(text, problems, warnings, {"answers": figures, "sessions": sessions}, marks)


def application(told, limits):
    """Versions by node: none is a problem, several are a warning, since a deployment may be under way."""
    problems, warnings, versions = [], [], {}
    for host, read in reads(told).items():
        for name, one in read["applications"].items():
            versions.setdefault(name, {})[host] = one["version"] or one["release"]
            problems += at(host, [] if one["release"] else ["application %s has no current release: run playbooks/site.yml" % name])
            problems += at(host, ["%s runs with another release of %s than the current one: deploy again" % (unit, name)
                                  for unit in one["stale"]])
    texts = []
    for name, by_host in versions.items():
        different = list(dict.fromkeys(version or "none" for version in by_host.values()))
        texts.append("%s %s" % (name, listed((version or "none", "on " + host) for host, version in by_host.items())
                                if len(different) > 1 else "%s on %s" % (different[0], ", ".join(by_host))))
        if len(different) > 1:
            warnings.append("%s has different versions on its nodes (%s): a deployment goes on, or was interrupted" % (
                name, ", ".join(different)))
    marks = {host: ["%s %s" % (name, by_host[host] or "none") for name, by_host in versions.items() if host in by_host] for host in told}
    return Verdict(" · ".join(texts) or "no application", problems, warnings, {"versions": versions}, marks)


# --- Databases and queues ---------------------------------------------------------------


def mysql(told, limits):
    """By the collection's own definition of a healthy member; one writer, which has its address."""
    asked, infos = first_asked(told), {host: read["info"] for host, read in reads(told).items()}
    silent = {"reachable": False, "recorded": False, "because": "it was not read"}
    observed = {member: infos.get(member, silent) for member in asked["members"]}
    rows = topology(observed, asked["members"], asked["sources"], port=asked["port"],
                    replicate_from={host: one["replicate_from"] for host, (one, _read) in told.items()},
                    recorded=[host for host, info in infos.items() if info["recorded"]])
    rows = led.left_alone(rows, observed) if asked["elsewhere"] else rows
    problems = []
    for host, info in infos.items():
        if host in rows:
            problems += at(host, member_problems(info, rows[host], source=infos.get(rows[host]["source"]), **asked["limits"]))
    writers = [host for host, info in infos.items() if info.get("writable")]
    if not writers:
        problems.append("nobody who answers takes writes")
    problems += lease_problems(asked, told, writers)
    return mysql_verdict(asked, told, rows, writers, problems)


def lease_problems(asked, told, writers):
    """The lease where there is one, and the writer's address."""
    holders = [host for host, read in reads(told).items() if read["holds"]]
    if asked["automatic"]:
        blind = [host for host, read in reads(told).items() if not read["lease"]]
        yield from ("%s: its agent does not say who holds the lease: look at journalctl -u mysql-writer" % host for host in blind)
        seen = {read["lease"].get("writer") or "nobody" for read in reads(told).values() if read["lease"]}
        for name in sorted(seen - set(writers)):
            yield "the lease is with %s, and %s takes writes" % (name, " and ".join(writers) or "nobody")
    if asked["writer_address"] and not holders:
        yield "nobody who answers holds the writer's address %s" % plain_address(asked["writer_address"])
    if len(holders) > 1:
        yield "the writer's address %s is held by %s" % (plain_address(asked["writer_address"]), " and ".join(holders))
    if asked["writer_address"] and len(holders) == 1 and writers and holders != writers[:1]:
        yield "%s holds the writer's address and %s takes the writes" % (holders[0], " and ".join(writers))


def mysql_verdict(asked, told, rows, writers, problems):
    lags, marks, terms = {}, {}, []
    for host, read in reads(told).items():
        lags[host] = max((one["lag"] for one in read["info"].get("channels") or [] if one.get("lag") is not None), default=None)
        writes = host in writers
        marks[host] = ["takes writes"] if writes else ["%s behind" % span(lags[host])] if lags[host] is not None else ["does not follow"]
        terms += [read["lease"]["term"]] if read["lease"].get("term") else []
    how = "lease in term %d" % max(terms) if terms else "MMM" if asked["elsewhere"] else asked["failover"]
    behind = ["%s %s behind" % (host, span(lag)) if lag is not None else "%s does not follow" % host
              for host, lag in lags.items() if host not in writers]
    text = "; ".join(filter(None, ["%s takes writes (%s)" % (" and ".join(writers) or "nobody", how), ", ".join(behind)]))
    figures = {"writers": writers, "failover": asked["failover"], "term": max(terms, default=None), "lag_s": lags,
               "roles": {host: row["role"] for host, row in rows.items()},
               "writer_address": {plain_address(asked["writer_address"]): [h for h, read in reads(told).items() if read["holds"]]}
               if asked["writer_address"] else {}}
    return Verdict(text, bare(problems), [], figures, marks)


def backup(told, limits):
    """Nothing is down when a backup is old; somebody has to see to it by day."""
    newest = min(((read["newest"]["age_s"], host, read["newest"]) for host, read in reads(told).items() if read["newest"]),
                 key=lambda one: one[0], default=None)
    restored = min(((read["restored"]["age_s"], host, read["restored"]) for host, read in reads(told).items() if read["restored"]),
                   key=lambda one: one[0], default=None)
    warnings = []
    if newest is None:
        warnings.append("there is no backup on any member: playbooks/mysql_backup.yml")
    elif newest[0] > limits["backup_age_h"] * HOUR_S:
        warnings.append("the newest backup is %s old, %g h are allowed: playbooks/mysql_backup.yml" % (
            span(newest[0]), limits["backup_age_h"]))
    if newest and restored is None:
        warnings.append("none was ever restored: playbooks/mysql_restore.yml proves that it can be")
    elif newest and restored[0] > limits["restore_age_days"] * DAY_S:
        warnings.append("the last one that was restored is %s ago, %g days are allowed: playbooks/mysql_restore.yml" % (
            span(restored[0]), limits["restore_age_days"]))
    text = "last backup %s; last restored %s" % (
        "%s, %s ago, on %s" % (newest[2]["name"], span(newest[0]), newest[1]) if newest else "none",
        "%s, %s ago" % (restored[2]["name"], span(restored[0])) if restored else "none")
    return Verdict(text, [], warnings, {"newest": newest and dict(newest[2], host=newest[1]),
                                        "restored": restored and dict(restored[2], host=restored[1])})


def galera(told, limits):
    problems, marks, states = [], {}, {}
    members = {host: read for host, read in reads(told).items() if not read.get("arbitrator")}
    for host, read in members.items():
        problems += at(host, read["problems"] + [read["problem"]])
        states[host] = read["status"].get("wsrep_local_state_comment", "down") if read["running"] else "down"
        marks[host] = [states[host]]
    if len({read["uuid"] for read in members.values() if read["running"] and read["uuid"]}) > 1:
        problems.append("members are in different clusters (wsrep_local_state_uuid): playbooks/galera_recover.yml tells what to do")
    sizes = sorted({int(read["status"].get("wsrep_cluster_size", 0)) for read in members.values() if read["running"]})
    wanted = first_asked(told)["size"]
    primary = "Primary" if members and all(read["primary"] for read in members.values() if read["running"]) else "not Primary"
    text = "%s of %d, %s; %s" % ("/".join(map(str, sizes)) or "0", wanted, primary, listed(states.items()))
    figures = {"size": sizes, "wanted": wanted, "states": states, "queue": {host: read["queue"] for host, read in members.items()}}
    return Verdict(text, problems, [], figures, marks)


def etcd(told, limits):
    """The members' own words put together, and judged as etcd_info does."""
    asked = first_asked(told)
    statuses = {name: etcd_state.silent("its host was not read") for name in asked["members"]}
    statuses.update({one["name"]: read["status"] for one, read in told.values()})
    knows = next((read for read in reads(told).values() if read["members"]), {"members": [], "alarms": [], "auth_enabled": None})
    problems, marks = [], {}
    for host, (one, read) in told.items():
        # Units are judged for all tiers alike; certificates, too.
        info = {"statuses": statuses, "members": knows["members"], "alarms": knows["alarms"], "auth_enabled": knows["auth_enabled"],
                "active": "active", "snapshots": read["snapshots"], "certificate_days": {}}
        problems += etcd_state.problems(host, info, one["limits"])
        marks[host] = ["leads" if read["status"]["id"] and read["status"]["id"] == read["status"]["leader"] else "follows"]
    unread = {name for name in asked["members"] if name not in {one["name"] for one, _read in told.values()}}
    # Whose host was not read is told as such.
    problems = [one for one in bare(problems) if not one.startswith(tuple("%s does not answer" % name for name in unread))]
    leader = next((etcd_state.name_of(knows["members"], one["leader"]) for one in statuses.values() if one["leader"]), "nobody")
    alive = sum(1 for one in statuses.values() if one["available"])
    ages = {host: read["snapshots"][-1]["age_s"] if read["snapshots"] else None for host, read in reads(told).items()}
    known = [age for age in ages.values() if age is not None]
    text = "%d of %d members, %s leads; last snapshot %s" % (
        alive, len(statuses), leader, "%s ago" % span(min(known)) if known else "never")
    figures = {"leader": leader, "members": {name: one["available"] for name, one in statuses.items()}, "snapshot_age_s": ages}
    return Verdict(text, problems, [], figures, marks)


def rabbitmq(told, limits):
    problems, marks = [], {}
    for host, read in reads(told).items():
        problems += bare(read["problems"])
        marks[host] = ["%d of %d run" % (len(read["running"]), len(read["members"]))]
    problems = list(dict.fromkeys(problems))
    running = {node for read in reads(told).values() for node in read["running"]}
    parted = sorted({node for read in reads(told).values() for node in read["partitions"]})
    alarms = sorted({alarm for read in reads(told).values() for alarm in read["alarms"]})
    queues = next((read["queues"] for read in reads(told).values() if read["queues"]), None)
    text = "%d of %d nodes run; %s; %s; %s" % (
        len(running), len(first_asked(told)["nodes"]), "partitions: " + ", ".join(parted) if parted else "no partition",
        "alarms: " + ", ".join(alarms) if alarms else "no alarm",
        "%d queues, %d messages" % (queues["count"], queues["messages"]) if queues else "queues not read")
    return Verdict(text, problems, [], {"running": sorted(running), "partitions": parted, "alarms": alarms, "queues": queues}, marks)


def mha(told, limits):
    problems = [sentence for host, read in reads(told).items() for sentence in at(host, read["problems"])]
    writers = sorted({name for read in reads(told).values() for name in read["writers"]})
    return Verdict("watches %s" % (" and ".join(writers) or "nobody"), problems, [], {"writers": writers})


def mmm(told, limits):
    problems = [sentence for host, read in reads(told).items() for sentence in at(host, read["problems"])]
    modes = {host: read["mode"] for host, read in reads(told).items()}
    return Verdict("monitor %s" % listed((host, "is " + mode) for host, mode in modes.items()), problems, [], {"modes": modes})


# --- Content and what watches -----------------------------------------------------------


def content(told, limits):
    problems, ages, marks = [], {}, {}
    for host, read in reads(told).items():
        problems += at(host, read["problems"])
        for name, age in read["ages"].items():
            ages.setdefault(name, {})[host] = age
        marks[host] = ["serves " + name for name in read["sources"]] + ["%s: %s" % (name, span(age)) for name, age in read["ages"].items()]
    texts = ["%s synced %s" % (name, listed((host, "%s ago" % span(age) if age is not None else "never") for host, age in by_host.items()))
             for name, by_host in ages.items()]
    served = sorted({name for read in reads(told).values() for name in read["sources"]})
    return Verdict(" · ".join(texts) or "serves %s" % (", ".join(served) or "nothing"), problems, [], {"age_s": ages}, marks)


def nfs(told, limits):
    problems, texts, marks, figures = [], [], {}, {}
    for host, read in reads(told).items():
        problems += at(host, read["problems"])
        texts += ["%s serves %s" % (host, ", ".join(read["exports"]))] if read["exports"] else []
        texts += ["%s reads %s%s" % (host, name, " in %.2f s" % seconds if seconds is not None else ": not in time")
                  for name, seconds in read["reads"].items()]
        figures[host] = {"exports": read["exports"], "read_s": read["reads"]}
        marks[host] = ["serves " + name for name in read["exports"]] + ["reads " + name for name in read["reads"]]
    return Verdict(", ".join(texts), problems, [], {"hosts": figures}, marks)


def scouter(told, limits):
    problems = [sentence for host, read in reads(told).items() for sentence in at(host, read["problems"])]
    collectors = {host: read for host, read in reads(told).items() if read["collector"]}
    text = ", ".join("%s knows %d of %d objects alive" % (host, read["alive"], read["expected"]) for host, read in collectors.items())
    return Verdict(text or "agents only", problems, [], {
        "collectors": {host: {key: read[key] for key in ("alive", "expected")} for host, read in collectors.items()}})


def by_units(told, limits):
    """Of a tier that tells no more than whether its units run, which are looked at for every tier."""
    counted = {host: len(asked["units"]) for host, (asked, _read) in told.items()}
    return Verdict("%d units on %s" % (sum(counted.values()), ", ".join(counted)), [], [], {"units": counted})


JUDGES = {
    "vip": vip, "ipvs": ipvs, "ipvs_static": ipvs, "realserver": realserver, "haproxy": haproxy, "httpd": httpd, "tomcat": tomcat,
    "application": application, "mysql": mysql, "backup": backup, "etcd": etcd, "mha": mha, "mmm": mmm, "galera": galera,
    "rabbitmq": rabbitmq, "content": content, "nfs": nfs, "scouter": scouter, "monitoring": by_units,
    "firewall": by_units}
