# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rolling restart is asked to do, and what it does to a node. Pure."""

from __future__ import annotations

WHAT = {"tomcat": "restarting Tomcat", "httpd": "restarting httpd", "services": "restarting Tomcat and httpd", "node": "rebooting"}
PACKAGES = ("upgrade", "security")
GROUPS = {"tomcat": "tomcat", "httpd": "apache"}
# Tiers with playbooks of their own, whose members a reboot would take along.
OTHERS = {"mysql_replication": "mysql_switchover.yml", "galera": "galera_restart.yml", "rabbitmq": "rabbitmq_restart.yml",
          "etcd": "etcd_restart.yml", "mha_manager": "", "mmm_monitor": "", "ipvs_director": "", "haproxy": "", "keepalived": ""}
# Which roles say whether a node is healthy, as playbooks/verify.yml asks them.
VERIFIED = {"content": "rsync_sync", "content_target": "rsync_sync", "nfs_content": "nfs_content",
            "nfs_content_client": "nfs_content", "tomcat": "tomcat_cluster", "app_deploy": "app_deploy", "apache": "apache_modjk",
            "ipvs_realserver": "ipvs_realserver", "mha_manager": "mha", "scouter": "scouter", "scouter_agent": "scouter",
            "monitoring": "monitoring", "monitoring_agent": "monitoring",
            "firewall": "firewall"}

# How long visitors' kept connections by way of directors may take to end, where what serves them ends.
CONNECTIONS_S = 5
IDLE = "will be left alone: no package is newer, and no reboot is due"


def listed(hosts):
    """Names out of a list or a text with commas, as the command line gives it."""
    return [one.strip() for one in (hosts.split(",") if isinstance(hosts, str) else hosts or []) if one.strip()]


def web_nodes(groups):
    """All of an inventory, in its order."""
    return list(dict.fromkeys(name for group in ("apache", "tomcat", "app_deploy") for name in groups.get(group, [])))


def web_node_problem(name, variable, groups):
    """The sentence on a host that is to be drained or given back and is no web node; empty for one that is."""
    nodes = web_nodes(groups)
    if name in nodes:
        return ""
    if not nodes:
        return "localhost: groups apache, tomcat and app_deploy have no hosts: put the web nodes into them."
    what = "is not given" if not name else "is '%s', which is no %s" % (
        name, "web node" if name in groups.get("all", []) else "host of the inventory")
    return "localhost: %s %s: name one of %s, by -e %s=<host>." % (variable, what, ", ".join(nodes), variable)


def asked(given, groups, reached):
    """{"problems": sentences, "hosts": whom in which order, "doing": words for the lock}.

    given: {"what", "packages", "hosts", "command", "release"}, the last one where os_upgrade.yml asks; groups: the inventory's; reached:
    hosts that the command line's limit leaves.
    """
    nodes = web_nodes(groups)
    what, packages, hosts = given.get("what") or "", given.get("packages") or "", listed(given.get("hosts"))
    problems = []
    if what not in ("", *WHAT):
        problems.append("localhost: rolling_restart_what is '%s': give one of %s." % (what, ", ".join(WHAT)))
    if packages not in ("", *PACKAGES):
        problems.append("localhost: rolling_restart_packages is '%s': give one of %s." % (packages, ", ".join(PACKAGES)))
    if not nodes:
        problems.append("localhost: groups apache, tomcat and app_deploy have no hosts: put the web nodes into them.")
    for name in hosts:
        if nodes and name not in nodes:
            problems.append("localhost: rolling_restart_hosts names '%s', which is no web node: name some of %s." % (
                name, ", ".join(nodes)))
    chosen = [name for name in nodes if name in reached and (not hosts or name in hosts)]
    if not chosen and not problems:
        problems.append("localhost: --limit and rolling_restart_hosts leave no web node: name some of %s." % ", ".join(nodes))
    for name in chosen:
        problems += node_problems(name, what, packages or given.get("release"), groups)
    return {"problems": problems, "hosts": chosen, "doing": doing(what, packages, chosen, given.get("release"))}


def node_problems(name, what, packages, groups):
    if what in GROUPS and name not in groups.get(GROUPS[what], []):
        yield "%s: rolling_restart_what is %s, but it is not in group %s: leave it out by -e rolling_restart_hosts=…." % (
            name, what, GROUPS[what])
    if what == "node" or packages:
        for group, playbook in OTHERS.items():
            if name in groups.get(group, []):
                by = "do it by playbooks/%s and" % playbook if playbook else "let its neighbour have the addresses and do it"
                yield "%s: it is in group %s too, which a reboot or other packages would take along unasked: %s by hand." % (
                    name, group, by)


def doing(what, packages, hosts, release=""):
    if release:
        return "moving %s to %s" % (", ".join(hosts), release)
    words = "upgrading packages and " if packages else ""
    return "%s%s of %s" % (words, WHAT.get(what or "services", ""), ", ".join(hosts)) if what != "node" else (
        "%srebooting %s" % (words, ", ".join(hosts)))


def plan(given, mine, newer=(), reboot=""):
    """{"needed": whether anything is to be done, "steps": what, in order, "told": in words, before it is done, "connections_s": seconds to
    wait for connections by way of directors to end}.

    mine: the groups of the node; newer: packages that are newer; reboot: why it wants a reboot, empty when it does not. Asked before
    anything is done, and again when newer packages are there.
    """
    what, packages, command = given.get("what") or "", given.get("packages") or "", given.get("command") or ""
    release = given.get("release") or ""
    restarts = [step for step in ("tomcat", "httpd") if GROUPS[step] in mine and what in ("", "services", step)]
    steps = ["node"] if what == "node" or (packages and reboot) else restarts
    needed = bool(what or command or release or not packages or newer or reboot)
    words = (["moved to %s" % release] if release else []) + (["upgraded (%s)" % shown(newer)] if newer else [])
    words += ["given '%s'" % command] if command else []
    words += ["rebooted%s" % (" (%s)" % reboot if reboot and what != "node" else "")] if steps == ["node"] else (
        ["its %s restarted" % " and ".join({"tomcat": "Tomcats", "httpd": "httpd"}[step] for step in steps)] if steps else [])
    # While its httpd runs on, whose connection is there gets his answers from the other nodes' Tomcats.
    stays = steps == ["tomcat"] and not packages and not command and not release
    return {"needed": needed, "steps": steps if needed else [], "connections_s": 0 if stays else CONNECTIONS_S,
            "told": "will be drained, %s, looked at, given back" % ", ".join(words) if needed else IDLE}


def shown(names):
    return ", ".join(list(names)[:5]) + (" and %d more" % (len(names) - 5) if len(names) > 5 else "")


def verified(mine, steps):
    """The roles that say whether a node with these groups is healthy, the last one httpd's: it needs the Tomcats. After these steps the
    Tomcats have been looked at already."""
    roles = list(dict.fromkeys(role for group, role in VERIFIED.items() if group in mine))
    if "tomcat" in steps or "node" in steps:
        roles = [role for role in roles if role != VERIFIED["tomcat"]]
    return sorted(roles, key=lambda role: role == VERIFIED["apache"])


def failure(result, name):
    """What went wrong, in words: of a task with that name, of the first item of a loop that did."""
    items = [one for one in result.get("results") or [result] if one.get("failed")]
    said = (items or [result])[0].get("msg") or "it failed"
    return "%s: %s" % (name, str(said).strip().rstrip("."))
