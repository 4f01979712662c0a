# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role nfs_content writes on a host and what speaks against it, worked out of its variables. Pure.

Every function takes the role's variables as the host sees them: `exports` is nfs_content_exports, `_info` the internal
__nfs_content_info.
"""

from __future__ import annotations

import ipaddress
import json

from ansible_collections.failover.stack.plugins.module_utils._content import nfs_state
from ansible_collections.failover.stack.plugins.module_utils._content.nfs_state import OURS
from ansible_collections.failover.stack.plugins.module_utils._host.places import bracketed

HEAD = OURS + "\n"
UNITS = "/etc/systemd/system"
EXPORTS = "/etc/exports.d/failover-content.exports"
NFS_CONF = "/etc/nfs.conf.d/failover-content.conf"
SERVER_DROPIN = "%s/nfs-server.service.d/failover.conf" % UNITS
CONFIG = "/etc/failover-nfs"
MAP = CONFIG + "/auto.content"
MASTER = "/etc/auto.master.d/failover-content.autofs"
AUTOFS_CONF = "/etc/autofs.conf"
WATCH = CONFIG + "/watch.json"
SERVER_UNIT, EXPORTS_UNIT, AUTOFS_UNIT, WATCH_UNIT = (
    "nfs-server.service", "failover-nfs-exports.service", "autofs.service", "failover-nfs-watch.service")
PROGRAM = "/usr/local/libexec/failover-stack/agents/nfs-watch"
# NFS 4 needs none of them, and NFS 3 is not served and not mounted.
RPC_UNITS = ("rpcbind.socket", "rpcbind.service", "rpc-statd.service")
# By their states in this order: a service whose socket still listens would be started again.
STOPPED = ("rpcbind.socket", "rpcbind.service", "rpc-statd.service")
VERSION, PORT = "4.2", 2049
DEFAULTS = {"writable": False, "recovery": "soft", "root_squash": True, "fsid": ""}


def source_of(one, sources):
    """Its source; None where nobody or several could be it."""
    return one.get("source") or (sources[0] if len(sources) == 1 else None)


def whole(one, values):
    """An export with all that it does not say itself."""
    full = {**DEFAULTS, **{name: part for name, part in one.items() if part is not None}}
    full["source"] = source_of(one, values["sources"])
    full["clients"] = [host for host in one.get("clients") or values["clients"] if host != full["source"]]
    full["mount"] = "%s/%s" % (values["mount_root"], full["name"])
    full["away"] = "%s/%s.away" % (nfs_state.RUN, full["name"])
    return full


def exports(values):
    return [whole(one, values) for one in values["exports"]]


def served(values):
    """The exports whose source this host is."""
    return [one for one in exports(values) if one["source"] == values["inventory_hostname"]]


def mounted(values):
    """Those that it mounts."""
    return [one for one in exports(values) if values["inventory_hostname"] in one["clients"]]


# --- Times ------------------------------------------------------------------------------


def patience_s(values):
    """After so many seconds without an answer a server counts as away. The rest of what is promised: half a second until it is asked, one
    for the question that ends after that, and what it takes to end what waits.
    """
    return values["answer_s"] - 3


def mount_wait_s(values):
    """How long automount waits for mount(8): autofs.conf(5), mount_wait, whole seconds. It needs one more to end it and to answer."""
    return max(1, int(values["answer_s"]) - 2)


# --- What a host is ---------------------------------------------------------------------


def member(values):
    """What this host is and has to look at."""
    sources, clients = served(values), mounted(values)
    return {
        "packages": (["nfs-kernel-server"] if sources else []) + (["autofs", "nfs-common"] if clients else []),
        "serves": bool(sources), "mounts": bool(clients),
        "exports": [{"name": one["name"], "path": one["path"], "options": export_options(one), "addresses": client_addresses(one, values),
                     "own_file_system": needs_its_own(one, sources, values)} for one in sources],
        "contents": [{"name": one["name"], "mount": one["mount"], "device": device(one, values), "options": seen_options(one, values),
                      "away": one["away"]} for one in clients],
        "root": values["root"] if sources else "", "mount_root": values["mount_root"] if clients else "",
        "binds": ["%s:%d" % (values["bind_address"] or "*", PORT)] if sources else []}


def needs_its_own(one, sources, values):
    """nfsd goes from one export into another only where something is mounted: else the root's options and clients count."""
    return bool(values["root"]) and one["path"] != values["root"] and (one["writable"] or not one["root_squash"] or bool(
        {host for other in sources for host in other["clients"]} - set(one["clients"])))


def address(values, host):
    return str(ipaddress.ip_address(str(values["addresses"][host])))


def client_addresses(one, values):
    return [address(values, host) for host in one["clients"]]


def remote_path(one, values):
    """How a client calls it: below the root that the server shows, which is / unless nfs_content_root says otherwise."""
    root = values["root"]
    if not root:
        return one["path"]
    return "/" + one["path"][len(root.rstrip("/")):].strip("/")


def device(one, values):
    return "%s:%s" % (bracketed(address(values, one["source"])), remote_path(one, values))


def export_options(one):
    options = ["rw" if one["writable"] else "ro", "sync", "no_subtree_check", "sec=sys", "secure",
               "root_squash" if one["root_squash"] else "no_root_squash"]
    return options + (["fsid=%s" % one["fsid"]] if one["fsid"] else [])


def mount_options(one, values):
    """retry=0: mount(8) tries once, who comes later makes automount try again. Without proto=tcp, which NFS 4 has by itself: mount(8) would
    look it up in /etc/protocols, which a small machine lacks (package netbase).
    """
    return ["fstype=nfs4", "vers=" + VERSION, "rw" if one["writable"] else "ro", one["recovery"],
            "timeo=%d" % deciseconds(values), "retrans=%d" % values["retrans"], "retry=0", "nosuid", "nodev", "noexec", "sec=sys"]


def deciseconds(values):
    return round(values["timeo_s"] * 10)


def seen_options(one, values):
    """What /proc/mounts must say of it."""
    protocol = "proto=tcp6" if ":" in address(values, one["source"]) else "proto=tcp"
    return [option for option in mount_options(one, values) if not option.startswith(("fstype=", "retry="))] + [protocol]


# --- What speaks against it -------------------------------------------------------------


def objections(values):
    """Sentences about what the host has told, before anything is changed on it."""
    own, info = member(values), values["_info"]
    found = [nfs_state.export_objection(one, info["exports"][one["name"]]) for one in own["exports"]]
    if own["root"]:
        found.append(nfs_state.root_objection(own["root"], info["root"]))
    if own["serves"]:
        found += [nfs_state.foreign_objection(path) for path in info["foreign"]]
    if own["mounts"]:
        found += [nfs_state.mount_root_objection(own["mount_root"], info["mount_root"])]
    if own["serves"] or own["mounts"]:
        found += [nfs_state.old_objection(place) for place in info["old_mounts"]]
    return ["%s: %s" % (values["inventory_hostname"], one) for one in found if one]


# --- Files ------------------------------------------------------------------------------


def exports_text(values):
    mine, lines = served(values), [HEAD.rstrip("\n")]
    if values["root"]:
        everybody = sorted({host for one in mine for host in one["clients"]}, key=values["clients"].index)
        options = ["ro", "sync", "no_subtree_check", "sec=sys", "secure", "root_squash", "fsid=0"]
        lines += [export_line(values["root"], [address(values, host) for host in everybody], options)]
    lines += [export_line(one["path"], client_addresses(one, values), export_options(one)) for one in mine]
    return "\n".join(lines) + "\n"


def export_line(path, addresses, options):
    return " ".join([path, *("%s(%s)" % (one, ",".join(options)) for one in addresses)])


def nfs_conf(values):
    """The server for NFS 4 by TCP alone; with version 3 off rpc.mountd listens nowhere."""
    lines = [HEAD + "[nfsd]", "vers2=n", "vers3=n", "vers4=y", "udp=n", "tcp=y", "threads=%d" % values["threads"],
             "grace-time=%d" % values["grace_s"], "lease-time=%d" % values["grace_s"]]
    lines += ["host=" + values["bind_address"]] if values["bind_address"] else []
    return "\n".join(lines) + "\n"


def exports_unit():
    """To start it once more changes exports and nothing else: no client waits, where a restart of the server begins a grace period."""
    return (HEAD + "[Unit]\nDescription=Content that is exported by NFS\nRequires=%s\nAfter=%s\n\n[Service]\nType=oneshot\n"
            "RemainAfterExit=yes\nExecStart=/usr/sbin/exportfs -r\n\n[Install]\nWantedBy=multi-user.target\n" % (SERVER_UNIT, SERVER_UNIT))


def server_dropin():
    """An address that comes late, or nfsd of another kernel."""
    return HEAD + "[Unit]\nAfter=network-online.target\nWants=network-online.target\n"


def map_text(values):
    lines = ["%s -%s %s" % (one["name"], ",".join(mount_options(one, values)), device(one, values)) for one in mounted(values)]
    return HEAD + "".join(line + "\n" for line in lines)


def master_text(values):
    return HEAD + "%s %s --timeout=%d --negative-timeout=%d\n" % (values["mount_root"], MAP, values["idle_s"], values["retry_s"])


def watch_text(values):
    """Servers with what is mounted from them, for the program that watches them."""
    servers = {}
    for one in mounted(values):
        servers.setdefault(address(values, one["source"]), []).append({
            "name": one["name"], "mount": one["mount"], "away": one["away"], "force": one["recovery"] == "soft"})
    config = {"port": PORT, "patience_s": patience_s(values), "servers": [
        {"address": where, "contents": found} for where, found in sorted(servers.items())]}
    return json.dumps(config, indent=1, sort_keys=True) + "\n"


def of_source(values):
    return [{"path": EXPORTS, "content": exports_text(values)}, {"path": NFS_CONF, "content": nfs_conf(values)},
            {"path": SERVER_DROPIN, "content": server_dropin()}, {"path": "%s/%s" % (UNITS, EXPORTS_UNIT), "content": exports_unit()}]


def of_client(values):
    return [{"path": MAP, "content": map_text(values)}, {"path": MASTER, "content": master_text(values)},
            {"path": WATCH, "content": watch_text(values)}, *values["_program"],
            {"path": "%s/%s" % (UNITS, WATCH_UNIT), "content": values["_watch_unit"]}]


def config(values):
    """All files of the host, as service_state takes them; what nobody wants any more goes."""
    own = member(values)
    files = (of_source(values) if own["serves"] else []) + (of_client(values) if own["mounts"] else [])
    paths = {one["path"] for one in files}
    ours = (EXPORTS, NFS_CONF, SERVER_DROPIN, "%s/%s" % (UNITS, EXPORTS_UNIT), MAP, MASTER, WATCH, "%s/%s" % (UNITS, WATCH_UNIT))
    directories = [{"path": CONFIG}, {"path": values["mount_root"]}] if own["mounts"] else []
    # A link to /dev/null is what systemctl mask makes.
    links = [{"path": "%s/%s" % (UNITS, unit), "target": "/dev/null"} for unit in RPC_UNITS] if files else []
    return {"files": files, "directories": directories, "links": links, "absent": [path for path in ours if path not in paths],
            "purge": [{"directory": PROGRAM, "pattern": "*.py"}]}


def blocks(values):
    """autofs.conf is the package's; automount has this time nowhere else."""
    if not mounted(values):
        return []
    return [{"path": AUTOFS_CONF, "marker": "# {mark} failover.stack",
             "block": "[ autofs ]\nmount_wait = %d" % mount_wait_s(values)}]


def active(values):
    """Units that must be so."""
    return [unit["name"] for unit in units(values) if unit["state"] == "started"]


def units(values):
    own = member(values)
    found = [{"name": unit, "state": "stopped"} for unit in STOPPED] if own["serves"] or own["mounts"] else []
    if own["serves"]:
        found += [{"name": SERVER_UNIT, "state": "started", "enabled": True, "reads": [NFS_CONF, SERVER_DROPIN], "when_stale": "restarted"},
                  {"name": EXPORTS_UNIT, "state": "started", "enabled": True, "reads": [EXPORTS], "when_stale": "restarted"}]
    if own["mounts"]:
        found += [{"name": AUTOFS_UNIT, "state": "started", "enabled": True, "reads": [MASTER, AUTOFS_CONF], "when_stale": "restarted"},
                  {"name": WATCH_UNIT, "state": "started", "enabled": True, "reads": [WATCH, PROGRAM, "%s/%s" % (UNITS, WATCH_UNIT)],
                   "when_stale": "restarted"}]
    return found
