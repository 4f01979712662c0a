# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order machines move to the next release, what happens to each, and what is said of it beforehand. Pure."""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._os_upgrade import rules
from ansible_collections.failover.stack.plugins.module_utils._os_upgrade.releases import LAST, NUMBERS, brings, target

WAYS = ("in_place", "reinstall")
# In this order, one machine after the other.
KINDS = {
    "plain": ("content", "content_target", "monitoring", "scouter"),
    "front": ("ipvs_director", "haproxy", "keepalived"),
    "web": ("apache", "tomcat", "app_deploy", "ipvs_realserver"),
    "mysql": ("mysql_replication",),
    "galera": ("galera", "galera_arbitrator"),
}
# Tiers that are not moved here, and what is.
LEFT = {
    "rabbitmq": "it has no way in place, see docs/upgrade.md",
    "etcd": "set the machine up anew and give it back by playbooks/etcd_replace.yml",
    "nfs_content": "it serves everybody's files: move it by hand while nobody writes",
    "mha_manager": "stop its manager, move it by hand, run playbooks/mha.yml",
    "mmm_monitor": "move it by hand: its monitor has no part in what runs",
}
STEPS = {
    "plain": "moved, looked at",
    "front": "gives its addresses to its neighbour, moved, looked at",
    "web": "out of every balancer, moved, its Tomcats and httpd restarted, looked at, given back",
    "mysql": "stopped, moved, follows its source again, looked at",
    "galera": "out of the proxies, stopped, moved, joins the others, looked at, given back",
}
ALONE = ("%s: no other machine has its addresses while it moves, so visitors would be turned away: give it a neighbour with keepalived, or "
         "name it in os_upgrade_hosts, at an hour when that may be.")
WRITER = "hands the writes to %s, which has been moved by then; stopped, moved, follows it, looked at"
LANGUAGES = {"mysql": ("playbooks/mysql_replication.yml", "mysql_replication_collation"),
             "galera": ("playbooks/galera.yml", "galera_collation")}


def listed(hosts):
    """Names out of a list or a text with commas, as the command line gives it."""
    return [one.strip() for one in (hosts.split(",") if isinstance(hosts, str) else hosts or []) if one.strip()]


def kinds_of(host, groups):
    return [kind for kind, names in KINDS.items() if any(host in groups.get(name, []) for name in names)]


def left_of(host, groups):
    return [group for group in LEFT if host in groups.get(group, [])]


def everybody(groups):
    """All machines of tiers, in the order of their moves."""
    found = []
    for names in [*KINDS.values(), LEFT]:
        found += [host for name in names for host in groups.get(name, [])]
    # One of two kinds is where its last one is.
    return list(reversed(list(dict.fromkeys(reversed(found)))))


def asked(given, groups, reached):
    """{problems, hosts}. given: {hosts, way, reinstall}; groups: the inventory's; reached: hosts that the command line's limit leaves."""
    hosts, way, command = listed(given.get("hosts")), given.get("way") or "in_place", given.get("reinstall") or ""
    everyone, problems = everybody(groups), []
    if way not in WAYS:
        problems.append("localhost: os_upgrade_way is '%s': give one of %s." % (way, ", ".join(WAYS)))
    if way == "reinstall" and "{host}" not in command:
        problems.append("localhost: os_upgrade_way is reinstall and os_upgrade_reinstall is '%s': give the command of this controller that "
                        "makes a machine anew with the next release, {host} stands for its name." % command)
    problems += ["localhost: os_upgrade_hosts names '%s', which is in no tier: name some of %s." % (name, ", ".join(everyone))
                 for name in hosts if name not in everyone]
    problems += ["%s: os_upgrade_hosts names it, and --limit leaves it out: take one of them away." % name
                 for name in hosts if name in everyone and name not in reached]
    chosen = [name for name in everyone if name in reached and (not hosts or name in hosts)]
    if not chosen and not problems:
        problems.append("localhost: no machine of a tier is left to be asked: name the right inventory by -i, or take --limit away.")
    return {"problems": problems, "hosts": chosen}


def cluster_of(host, seen, name):
    """The members that host says are its cluster's, those of which something was read."""
    return {member: seen[member] for member in seen[host].get(name) or [] if member in seen}


def mysql_order(hosts, seen):
    """Those who are far from the writer first, the writer last: a source of the old release and a replica of the new one get along."""
    def distance(host, passed=()):
        source = (seen[host].get("mysql") or {}).get("source")
        return 0 if not source or source in passed or source not in seen else 1 + distance(source, (*passed, host))

    return sorted(hosts, key=lambda host: (is_writer(host, seen), -distance(host)))


def is_writer(host, seen):
    return (seen[host].get("mysql") or {}).get("writer") == host


def ordered(kind, hosts, seen, groups):
    """Of one kind."""
    if kind == "mysql":
        return mysql_order(hosts, seen)
    if kind == "galera":
        # The first of a group takes the writes. Arbitrators hold nothing.
        return sorted(reversed(hosts), key=lambda host: host not in groups.get("galera_arbitrator", []))
    if kind == "front":
        # Who holds no address first.
        return sorted(hosts, key=lambda host: bool(seen[host].get("holds")))
    return hosts


def successor(host, hosts, seen):
    """Who takes the writes of a MySQL writer before it moves: a member that follows it and has moved by then; empty for nobody."""
    members = cluster_of(host, seen, "mysql_members")
    able = [name for name, one in members.items()
            if name != host and (one.get("mysql") or {}).get("source") == host and (name in hosts or not target(one["os"]["release"]))]
    return able[0] if able else ""


def course(seen, groups, given):
    """{moves, stops, lines}. moves: [{host, kind, successor, neighbours}] in their order; neighbours: who has the addresses of a machine in
    front meanwhile. stops: sentences; nobody moves while there is one. lines: what is said beforehand, with all that is refused.

    seen: {host: what was read of it}, of everybody in tiers, whoever moves. given: {hosts, way}; without hosts everybody moves.
    """
    way, named = given.get("way") or "in_place", listed(given.get("hosts"))
    hosts = [host for host in seen if not named or host in named]
    due = [host for host in hosts if seen[host]["os"]["release"] not in LAST]
    left, of_kind = {}, {kind: [] for kind in KINDS}
    for host in due:
        kinds, others = kinds_of(host, groups), left_of(host, groups)
        if others:
            left[host] = "group %s: %s" % (others[0], LEFT[others[0]])
        elif len(kinds) > 1:
            left[host] = "it is in tiers that move at different times (%s): move it by hand between them" % ", ".join(kinds)
        else:
            of_kind[kinds[0]].append(host)
    moves = [{"host": host, "kind": kind, "successor": "", "neighbours": neighbours(host, groups) if kind == "front" else []}
             for kind in KINDS for host in ordered(kind, of_kind[kind], seen, groups)]
    moving = [move["host"] for move in moves]
    stops = [sentence for move in moves for sentence in refusals_of(move, way, moving, seen, groups)]
    # Who names it knows.
    stops += [ALONE % host for host in of_kind["front"] if host not in named and not neighbours(host, groups)]
    stops += second_writers(moves)
    told = []
    for host in left:
        mine = list(rules.rabbitmq_problems(host, seen[host], groups["rabbitmq"])) if host in groups.get("rabbitmq", []) else []
        if host in named:
            stops += mine or ["%s: os_upgrade_hosts names it, and it is not moved here: %s." % (host, left[host])]
        else:
            # The others move all the same.
            told += mine
    return {"moves": moves, "stops": stops, "lines": lines(moves, left, hosts, due, seen, groups, way) + told + stops}


def neighbours(host, groups):
    """Who may have the addresses of a machine in front meanwhile: those with the same groups, where keepalived moves them."""
    mine = [group for group in KINDS["front"] if host in groups.get(group, [])]
    movable = "keepalived" in mine or "ipvs_director" in mine
    return [name for name in groups[mine[0]] if movable and name != host and all(name in groups[group] for group in mine)]


def second_writers(moves):
    """Writes are handed over once in a run."""
    writers = [move["host"] for move in moves if move["successor"]]
    return ["%s: it takes the writes of another cluster than %s, and a run moves one cluster's writer: name machines of one cluster in "
            "os_upgrade_hosts." % (host, writers[0]) for host in writers[1:]]


def refusals_of(move, way, moving, seen, groups):
    host, kind, one = move["host"], move["kind"], seen[move["host"]]
    found = list(rules.machine_problems(host, one))
    if kind == "front":
        found += rules.haproxy_problems(host, one)
    if kind in LANGUAGES and host not in groups.get("galera_arbitrator", []):
        playbook, variable = LANGUAGES[kind]
        found += rules.mariadb_problems(host, one, cluster_of(host, seen, kind + "_members"), playbook, variable)
        if way == "reinstall":
            found.append("%s: os_upgrade_way is reinstall, and members of group %s move in place: leave it out for them." % (
                host, KINDS[kind][0]))
    if kind == "mysql" and is_writer(host, seen):
        move["successor"] = successor(host, moving, seen)
        if not move["successor"]:
            found.append("%s: it takes the writes, and no member that follows it has moved or moves before it: there would be nobody to "
                         "take them. Add a replica, or name one in os_upgrade_hosts, too." % host)
    return found


def lines(moves, left, hosts, due, seen, groups, way):
    """What is said before anything is done."""
    found = []
    for number, move in enumerate(moves, 1):
        host, one = move["host"], seen[move["host"]]
        release = one["os"]["release"]
        if not target(release):
            continue
        steps = WRITER % move["successor"] if move["successor"] else STEPS[move["kind"]]
        mine = [group for names in KINDS.values() for group in names if host in groups.get(group, [])]
        found.append("%d. %s (%s): %s. Debian %s for %s%s, %s%s" % (
            number, host, ", ".join(mine), steps, NUMBERS[target(release)], NUMBERS[release],
            " by %s" % ("making it anew" if way == "reinstall" else "upgrading it in place" + (
                "" if one["os"]["container"] else " and rebooting it")),
            ", ".join(brings(mine, release)), "; it took %d s the last time" % one["took_s"] if one.get("took_s") else ""))
        found += rules.haproxy_changes(host, one) if move["kind"] == "front" else ()
        found += rules.tomcat_changes(host, one) if move["kind"] == "web" else ()
        found += ["%s: %s has sources of packages that are not the distribution's: they stay as they are." % (host, name)
                  for name in one["os"]["foreign"]]
    for host in left:
        found += ["%s stays on Debian %s: %s." % (host, NUMBERS.get(seen[host]["os"]["release"], "?"), left[host])]
        found += rules.rabbitmq_changes(host, seen[host]) if host in groups.get("rabbitmq", []) else ()
    there = [host for host in hosts if host not in due]
    return found + (["%s: on Debian %s already." % (", ".join(there), NUMBERS[LAST[-1]])] if there else [])


# By group, in site.yml's order.
ROLES = {"firewall": "firewall", "content": "rsync_sync", "content_target": "rsync_sync", "nfs_content_client": "nfs_content",
         "tomcat": "tomcat_cluster", "apache": "apache_modjk", "haproxy": "haproxy", "ipvs_realserver": "ipvs_realserver",
         "ipvs_director": "ipvs_director", "keepalived": "keepalived", "scouter": "scouter", "scouter_agent": "scouter",
         "monitoring": "monitoring", "monitoring_agent": "monitoring"}


def roles_of(groups):
    """Roles that set a machine of these groups up by itself. Databases are set up as a cluster, by their own playbooks."""
    return list(dict.fromkeys(role for group, role in ROLES.items() if group in groups))
