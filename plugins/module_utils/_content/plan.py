# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role rsync_sync writes on a host and what speaks against it, worked out of its variables. Pure.

Every function takes the role's variables as the host sees them: `contents` is rsync_sync_contents, `_info` the internal
__rsync_sync_info.
"""

from __future__ import annotations

import json
import os

from ansible_collections.failover.stack.plugins.module_utils._agents import fence
from ansible_collections.failover.stack.plugins.module_utils._content import probe
from ansible_collections.failover.stack.plugins.module_utils._content.status import CONFIG, RUN, STATE
from ansible_collections.failover.stack.plugins.module_utils._host.places import bracketed

PROGRAM = "/usr/local/libexec/failover-stack/agents/rsync-sync"
COMMAND = "/usr/local/sbin/failover-content"
ENTRY = "_agents.rsync_sync"
UNITS = "/etc/systemd/system"
RSYNCD, SECRETS = "/etc/rsyncd.conf", "/etc/rsyncd.secrets"
RSYNCD_UNIT, LSYNCD_UNIT = "rsync.service", "failover-content-lsyncd.service"
POKE_SOCKET = "failover-content-poke.socket"
DROPIN = "%s/%s.d/failover.conf" % (UNITS, RSYNCD_UNIT)
LSYNCD = CONFIG + "/lsyncd.conf.lua"
KNOWN_HOSTS, SOURCES = CONFIG + "/known_hosts", CONFIG + "/sources"
# Timers and sockets, not a pull that is at work.
OTHERS = "failover-content-*.[ts][io]*"
SSH_HOME = "/var/lib/failover-content-ssh"
AUTHORIZED = SSH_HOME + "/.ssh/authorized_keys"
HEAD = probe.OURS + "\n"
MARK = "content %s, see failover.stack's role rsync_sync\n"
CONNECT_S = 10
# What a content has unless it says otherwise; what is named like a variable of the role has that.
DEFAULTS = {
    "transport": "rsyncd", "atomic": False, "push": False, "keep": 2, "source_mount": "", "target_mount": "", "user": "", "uid": "nobody",
    "gid": "nogroup", "chroot": True, "max_connections": 0, "refuse_options": ["checksum"], "exclude": [], "owner": "root", "group": "root"}
OF_THE_ROLE = ("interval_s", "random_delay_s", "delete_percent", "delete_always", "timeout_s")


def source_of(one, sources):
    """Its source; None where nobody or several could be it."""
    return one.get("source") or (sources[0] if len(sources) == 1 else None)


def whole(one, values):
    """A content with all that it does not say itself."""
    given = {name: part for name, part in one.items() if part is not None}
    full = {**DEFAULTS, **{name: values[name] for name in OF_THE_ROLE}, **given}
    full["source"] = source_of(one, values["sources"])
    full["targets"] = [host for host in one.get("targets") or values["targets"] if host != full["source"]]
    full["target_path"] = one.get("target_path") or one["path"]
    full["user"] = full["user"] or full["name"]
    full["max_connections"] = full["max_connections"] or max(4, 2 * len(full["targets"]))
    return full


def contents(values):
    return [whole(one, values) for one in values["contents"]]


def served(values):
    """The contents whose source this host is."""
    return [one for one in contents(values) if one["source"] == values["inventory_hostname"]]


def pulled(values):
    """Those that it pulls."""
    return [one for one in contents(values) if values["inventory_hostname"] in one["targets"]]


def of(transport, found):
    return [one for one in found if one["transport"] == transport]


def stale_s(one):
    """How old the last good pull may be: two may be missing."""
    return 3 * one["interval_s"] + one["random_delay_s"] + 60


def member(values):
    """What this host is and has to query."""
    sources, targets = served(values), pulled(values)
    return {
        "sources": [{"name": one["name"], "path": one["path"], "mount": one["source_mount"], "marker": values["marker"],
                     "push": one["push"]} for one in sources],
        "targets": [{"name": one["name"], "target": one["target_path"], "mount": one["target_mount"], "atomic": one["atomic"],
                     "stale_s": stale_s(one)} for one in targets],
        "names": [one["name"] for one in targets], "serves_by_ssh": bool(of("ssh", sources)),
        "keys": [key_path(one) for one in of("ssh", targets)],
        "packages": packages(sources, targets),
        "listens": ["%s:%d" % (values["bind_address"] or "*", values["port"])] if of("rsyncd", sources) else []}


def going(values):
    """names: the contents of this host for which somebody says go. unknown: what is no content of anybody's."""
    known = [one["name"] for one in values["contents"]]
    return {"asked_for": bool(values["go"]), "names": [one["name"] for one in pulled(values) if one["name"] in values["go"]],
            "unknown": [name for name in values["go"] if name not in known], "known": known}


def packages(sources, targets):
    found = ["rsync"] if sources + targets else []
    found += ["openssh-client"] if of("ssh", targets) else []
    return found + (["lsyncd"] if any(one["push"] for one in sources) else [])


def key_path(one):
    return "%s/%s.key" % (CONFIG, one["name"])


# --- What speaks against it -------------------------------------------------------------


def objections(values):
    """Sentences about what the host has returned, before anything is changed on it."""
    info, own = values["_info"], member(values)
    found = [probe.source_objection(one, info["sources"][one["name"]], one["name"] in info["known"], one["name"] in values["mark"])
             for one in own["sources"]]
    found += [probe.target_objection(one, info["targets"][one["name"]]) for one in own["targets"]]
    if own["listens"] and info["rsyncd"] == "another":
        found.append("%s is somebody else's: move it away, and name what it serves in rsync_sync_contents." % RSYNCD)
    return ["%s: %s" % (values["inventory_hostname"], one) for one in found if one]


# --- Files ------------------------------------------------------------------------------


def rsyncd_conf(values):
    lines = [HEAD.rstrip("\n"), "# It is read for each connection anew. Where it listens: %s" % DROPIN]
    for one in of("rsyncd", served(values)):
        lines += ["", "[%s]" % one["name"], "path = " + one["path"], "uid = %s" % one["uid"], "gid = %s" % one["gid"],
                  "use chroot = " + ("yes" if one["chroot"] else "no"), "read only = yes", "list = no",
                  "hosts allow = " + " ".join(address(values, host) for host in one["targets"]), "hosts deny = *",
                  "max connections = %d" % one["max_connections"], "lock file = /run/failover-rsyncd-%s.lock" % one["name"],
                  "timeout = %d" % one["timeout_s"], "auth users = " + one["user"], "secrets file = " + SECRETS]
        lines += ["refuse options = " + " ".join(one["refuse_options"])] if one["refuse_options"] else []
    return "\n".join(lines) + "\n"


def address(values, host):
    return values["addresses"][host]


def rsyncd_dropin(values):
    where = " --address=%s" % values["bind_address"] if values["bind_address"] else ""
    return (HEAD + "[Unit]\nAfter=network-online.target\nWants=network-online.target\nStartLimitIntervalSec=0\n\n[Service]\n"
            "ExecStart=\nExecStart=/usr/bin/rsync --daemon --no-detach --port=%d%s\nRestart=always\nRestartSec=1\n" % (
                values["port"], where))


def pull_options(one, values):
    options = ["-a", "--no-D", "--chmod=ug-s", "--timeout=%d" % one["timeout_s"]]
    owner = ":".join([one["owner"], one["group"]])
    options += ["--chown=" + owner] if owner != ":" else []
    if one["transport"] == "rsyncd":
        options += ["--contimeout=%d" % CONNECT_S, "--password-file=%s/%s.password" % (CONFIG, one["name"])]
    else:
        options += ["-e", "ssh -F /dev/null -i %s -p %d -o UserKnownHostsFile=%s -o GlobalKnownHostsFile=/dev/null "
                          "-o StrictHostKeyChecking=yes -o IdentitiesOnly=yes -o BatchMode=yes -o ConnectTimeout=%d" % (
                              key_path(one), values["ssh_port"], KNOWN_HOSTS, CONNECT_S)]
    return options + ["--include=/" + values["marker"]] + ["--exclude=" + pattern for pattern in one["exclude"]]


def from_where(one, values):
    host = bracketed(address(values, one["source"]))
    if one["transport"] == "ssh":
        return "%s@%s:/" % (values["ssh_user"], host)
    return "rsync://%s@%s:%d/%s/" % (one["user"], host, values["port"], one["name"])


def pull_config(one, values):
    return {"content": one["name"], "from": from_where(one, values), "options": pull_options(one, values),
            "target": one["target_path"], "atomic": one["atomic"], "keep": one["keep"], "target_mount": one["target_mount"],
            "marker": values["marker"],
            "delete_percent": one["delete_percent"], "delete_always": one["delete_always"], "stale_s": stale_s(one),
            "pokers": [address(values, one["source"])] if one["push"] else []}


def service(one):
    # The parent: a release takes the place of another one by its name.
    place, home = os.path.dirname(one["target_path"].rstrip("/")) or "/", one["target_path"].startswith(("/home/", "/root/"))
    return (HEAD + "[Unit]\nDescription=Pulls content %(name)s from %(source)s\nAfter=network-online.target\n"
            "Wants=network-online.target\n\n[Service]\nType=oneshot\nExecStart=%(command)s run %(name)s\n"
            "# Somebody who says go has the lock.\nSuccessExitStatus=75\nTimeoutStartSec=infinity\nNice=5\n"
            "IOSchedulingClass=best-effort\nIOSchedulingPriority=6\nRuntimeDirectory=%(run)s\n"
            "RuntimeDirectoryPreserve=yes\n%(fence)s\n\n[Install]\nWantedBy=multi-user.target\n" % {
                **one, "command": COMMAND, "run": os.path.basename(RUN), "fence": "\n".join(fence.lines(
                    ("CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID"), home=home,
                    writable=["-" + place, "-" + one["target_path"], "-" + STATE]))})


def timer(one):
    """Without AccuracySec systemd puts it off by up to a minute."""
    return (HEAD + "[Unit]\nDescription=Pulls content %(name)s every %(interval_s)d s\n\n[Timer]\nOnActiveSec=%(interval_s)d\n"
            "OnUnitActiveSec=%(interval_s)d\nAccuracySec=100ms\nRandomizedDelaySec=%(random_delay_s)d\n\n[Install]\n"
            "WantedBy=timers.target\n" % one)


def timer_unit(one):
    return "failover-content-%s.timer" % one["name"]


def poke_units(values):
    where = bracketed(address(values, values["inventory_hostname"]))
    return [
        {"path": "%s/%s" % (UNITS, POKE_SOCKET), "content": HEAD + (
            "[Unit]\nDescription=Hears from a source that its content changed\n\n[Socket]\nListenStream=%s:%d\nAccept=yes\n"
            "MaxConnections=8\nFreeBind=true\n\n[Install]\nWantedBy=sockets.target\n" % (where, values["poke_port"]))},
        {"path": "%s/failover-content-poke@.service" % UNITS, "content": HEAD + (
            "[Unit]\nDescription=A source says that its content changed\nCollectMode=inactive-or-failed\n\n[Service]\nExecStart=%s poke\n"
            "StandardInput=socket\nStandardOutput=journal\nStandardError=journal\nRuntimeMaxSec=10\n%s\n" % (
                COMMAND, "\n".join(fence.lines())))}]


def lsyncd_conf(values):
    """All events that have come meanwhile are one call, and its failure no reason to stop: the targets come by their timers."""
    lines = ["-- Written by Ansible (failover.stack).", 'settings { nodaemon = true, inotifyMode = "CloseWrite or Modify" }',
             "local function told(name)", "  return {", "    delay = %d," % values["push_delay_s"], "    maxProcesses = 1,",
             "    init = function(event) event.inlet.discardEvent(event) end,", "    action = function(inlet)",
             '      spawn(inlet.getEvents(), "%s", "tell", name)' % COMMAND, "    end,",
             '    collect = function(agent, exitcode) return "ok" end,', "  }", "end"]
    for one in served(values):
        if one["push"]:
            lines.append('sync { told("%s"), source = "%s", delay = %d }' % (one["name"], one["path"], values["push_delay_s"]))
    return "\n".join(lines) + "\n"


def lsyncd_service():
    return (HEAD + "[Unit]\nDescription=Tells targets that content changed\nAfter=network-online.target\nWants=network-online.target\n"
            "StartLimitIntervalSec=0\n\n[Service]\nExecStart=/usr/bin/lsyncd -nodaemon %s\nRestart=always\nRestartSec=5\n"
            "%s\n\n[Install]\nWantedBy=multi-user.target\n" % (LSYNCD, "\n".join(fence.lines(("CAP_DAC_READ_SEARCH",), home=True))))


def key_line(one, host, key, values):
    kind, text = key.split()[:2]
    return 'restrict,from="%s",command="/usr/bin/rrsync -ro %s" %s %s %s' % (
        address(values, host), one["path"], kind, text, key_name(one, host))


def key_name(one, host):
    return "failover-content:%s:%s" % (one["name"], host)


def authorized_keys(values):
    """Those that targets have just returned, and of the others those that are there: --limit must not take them away."""
    there = {}
    for text in values["_info"]["authorized"]:
        words = text.split()
        if words and words[-1].startswith("failover-content:"):
            there[words[-1]] = " ".join(words[-3:-1])
    lines = []
    for one in of("ssh", served(values)):
        for host in one["targets"]:
            key = registered_keys(values, host).get(key_path(one)) or there.get(key_name(one, host))
            lines += [key_line(one, host, key, values)] if key else []
    return HEAD + "".join(line + "\n" for line in lines)


def registered_keys(values, host):
    """Public keys that a target has made in this run, by the private key's path."""
    made = (values["registered"].get(host) or {}).get("__rsync_sync_keys") or {}
    return {result["filename"]: result["public_key"] for result in made.get("results", []) if result.get("public_key")}


def known_hosts(values):
    """Host keys that sources have just returned, and of the others those that are there."""
    place = {host: known_as(values, host) for host in {one["source"] for one in of("ssh", pulled(values))}}
    lines = []
    for host in sorted(place):
        keys = ((values["registered"].get(host) or {}).get("__rsync_sync_info") or {}).get("host_keys") or []
        lines += ["%s %s" % (place[host], " ".join(key.split()[:2])) for key in keys] or [
            line for line in values["_info"]["known_hosts"] if line.startswith(place[host] + " ")]
    return HEAD + "".join(line + "\n" for line in lines)


def known_as(values, host):
    where = address(values, host)
    return where if values["ssh_port"] == 22 else "[%s]:%d" % (where, values["ssh_port"])


def program(values):
    """What both sides run."""
    start = ("#!/bin/sh\n%s# -S: a pull that changes nothing takes no time for what it does not use.\n"
             "exec /usr/bin/python3 -BIS %s/run.py %s \"$@\"\n" % (HEAD, PROGRAM, ENTRY))
    return [*values["_program"], {"path": COMMAND, "content": start, "mode": "0755"}]


def of_source(values):
    """Files of a source."""
    mine, by_rsyncd = served(values), of("rsyncd", served(values))
    info = values["_info"]
    files = [{"path": SOURCES, "content": HEAD + "".join(one["name"] + "\n" for one in mine)}]
    files += [{"path": "%s/%s" % (one["path"], values["marker"]), "content": MARK % one["name"]} for one in mine
              if one["name"] not in info["known"] or one["name"] in values["mark"] or info["sources"][one["name"]]["marker"]]
    if by_rsyncd:
        files += [{"path": RSYNCD, "content": rsyncd_conf(values)}, {"path": DROPIN, "content": rsyncd_dropin(values)},
                  {"path": SECRETS, "mode": "0600", "content": "".join(
                      "%s:@@password_%s@@\n" % (one["user"], one["name"]) for one in by_rsyncd)}]
    if of("ssh", mine):
        files.append({"path": AUTHORIZED, "content": authorized_keys(values)})
    if any(one["push"] for one in mine):
        files += [{"path": LSYNCD, "content": lsyncd_conf(values)}, {"path": "%s/%s" % (UNITS, LSYNCD_UNIT), "content": lsyncd_service()}]
        files += [{"path": "%s/push/%s.json" % (CONFIG, one["name"]), "content": text_of({"targets": [
            [address(values, host), values["poke_port"]] for host in one["targets"]]})} for one in mine if one["push"]]
    return files


def of_target(values):
    mine = pulled(values)
    files = []
    for one in mine:
        files += [{"path": "%s/%s.json" % (CONFIG, one["name"]), "content": text_of(pull_config(one, values))},
                  {"path": "%s/failover-content-%s.service" % (UNITS, one["name"]), "content": service(one)},
                  {"path": "%s/%s" % (UNITS, timer_unit(one)), "content": timer(one)}]
        if one["transport"] == "rsyncd":
            files.append({"path": "%s/%s.password" % (CONFIG, one["name"]), "content": "@@password_%s@@\n" % one["name"], "mode": "0600"})
    if of("ssh", mine):
        files.append({"path": KNOWN_HOSTS, "content": known_hosts(values)})
    return files + (poke_units(values) if any(one["push"] for one in mine) else [])


def text_of(value):
    return json.dumps(value, indent=1, sort_keys=True) + "\n"


def config(values):
    """All files of the host, as service_state takes them; what nobody wants any more goes."""
    mine, theirs = served(values), pulled(values)
    files = (program(values) if mine + theirs else []) + (of_source(values) if mine else []) + (of_target(values) if theirs else [])
    paths = {one["path"] for one in files}
    # What rsyncd reads may be somebody else's.
    ours = (RSYNCD, SECRETS, DROPIN) if values["_info"]["rsyncd"] == "ours" else ()
    absent = [path for path in (SOURCES, LSYNCD, KNOWN_HOSTS, AUTHORIZED, *ours) if path not in paths]
    directories = [{"path": CONFIG, "mode": "0755"}, {"path": STATE, "mode": "0755"}] if files else []
    directories += [{"path": CONFIG + "/push"}] if any(one["push"] for one in mine) else []
    directories += [{"path": SSH_HOME}, {"path": SSH_HOME + "/.ssh"}] if AUTHORIZED in paths else []
    return {"files": files, "directories": directories, "absent": absent, "purge": [
        {"directory": PROGRAM, "pattern": "*.py"}, {"directory": CONFIG, "pattern": "*.json"},
        {"directory": CONFIG, "pattern": "*.password"}, {"directory": CONFIG + "/push", "pattern": "*.json"},
        {"directory": UNITS, "pattern": "failover-content-*"}]}


def secrets(values):
    found = of("rsyncd", served(values) + pulled(values))
    return {"password_" + one["name"]: values["passwords"][one["name"]] for one in found}


def active(values):
    """Units that must be so."""
    return [unit["name"] for unit in all_units(served(values), pulled(values), False) if unit["state"] == "started"]


def units(values):
    return all_units(served(values), pulled(values), values["_info"]["rsyncd"] == "ours")


def all_units(mine, theirs, ours):
    found = [{"name": timer_unit(one), "state": "started", "enabled": True} for one in theirs]
    # Once when the machine starts; its timer comes later.
    found += [{"name": "failover-content-%s.service" % one["name"], "state": "as_is", "enabled": True} for one in theirs]
    if any(one["push"] for one in theirs):
        path = "%s/%s" % (UNITS, POKE_SOCKET)
        found.append({"name": POKE_SOCKET, "state": "started", "enabled": True, "reads": [path], "when_changed": "restarted"})
    if mine:
        push = any(one["push"] for one in mine)
        found.append({"name": LSYNCD_UNIT, "state": "started" if push else "stopped", "enabled": push, "when_stale": "restarted",
                      "reads": [LSYNCD, "%s/%s" % (UNITS, LSYNCD_UNIT)]})
    if of("rsyncd", mine):
        found.append({"name": RSYNCD_UNIT, "state": "started", "enabled": True, "reads": [DROPIN], "when_stale": "restarted"})
    elif ours:
        found.append({"name": RSYNCD_UNIT, "state": "stopped", "enabled": False})
    return found
