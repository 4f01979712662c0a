# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a member's machine has and what its part in a run is. Pure.

Every function takes the role's variables as the host sees them: `members` is etcd_members, `_info` the internal __etcd_info. A variable is
read only where it is needed, since some are registered late.
"""

from __future__ import annotations

import os

from ansible_collections.failover.stack.plugins.module_utils._agents import fence
from ansible_collections.failover.stack.plugins.module_utils._etcd import formation as rules
from ansible_collections.failover.stack.plugins.module_utils._etcd.api import url

DIRECTORY = "/etc/etcd"
TLS = DIRECTORY + "/tls"
SETTINGS = DIRECTORY + "/failover.env"
# For the first start alone: what a cluster is formed of, or who is there already.
INITIAL = "/run/failover-etcd/initial.env"
LOGIN = DIRECTORY + "/failover-root-password"
PROGRAM = "/usr/local/libexec/failover-stack/agents/etcd-snapshot"
SNAPSHOT = "failover-etcd-snapshot"
UNITS = "/etc/systemd/system/"
HEAD = "# Written by Ansible (failover.stack).\n"
# A certificate that ends within a week is told, or within a twentieth of a short one's life.
SOON_DAYS, PART_OF_LIFE = 7, 20
MIB = 1 << 20


def client_url(values, host):
    return url(values["member_addresses"][host] or "0.0.0.0", values["client_port"])


def peer_url(values, host):
    return url(values["member_addresses"][host] or "0.0.0.0", values["peer_port"])


def data_directory(values):
    return "%s/%s" % (values["_directory"], values["cluster_name"])


def member(values):
    """What is known of the member without having asked it. endpoints: client URLs by host. initial: what a new cluster is formed of."""
    own, everybody = values["inventory_hostname"], values["members"]
    return {
        "client_url": client_url(values, own), "peer_url": peer_url(values, own),
        "endpoints": {host: client_url(values, host) for host in everybody},
        "peers": {host: peer_url(values, host) for host in everybody},
        "initial": ",".join("%s=%s" % (host, peer_url(values, host)) for host in everybody),
        "is_first": own == next((host for host in everybody if host in values["ansible_play_hosts"]), ""),
        "certificate_names": ["DNS:" + own, "IP:" + values["address"], *values["tls_names"]],
        "certificate_days": min(SOON_DAYS, int(values["tls_days"]) / PART_OF_LIFE),
        "data_directory": data_directory(values), "ca": TLS + "/ca.pem", "tls_directory": TLS, "login_file": LOGIN,
        "snapshot_unit": SNAPSHOT + ".service"}


# --- The machine ----------------------------------------------------------------------


def settings(values):
    """etcd's options as the environment of its process. What a first start needs beside them is not here: who starts with what it has
    must not be told to form a cluster."""
    own = values["inventory_hostname"]
    client, peer = client_url(values, own), peer_url(values, own)
    given = {
        "NAME": own, "DATA_DIR": data_directory(values),
        "LISTEN_CLIENT_URLS": client, "ADVERTISE_CLIENT_URLS": client, "LISTEN_PEER_URLS": peer, "INITIAL_ADVERTISE_PEER_URLS": peer,
        "CERT_FILE": TLS + "/cert.pem", "KEY_FILE": TLS + "/key.pem",
        "PEER_CERT_FILE": TLS + "/cert.pem", "PEER_KEY_FILE": TLS + "/key.pem", "PEER_TRUSTED_CA_FILE": TLS + "/ca.pem",
        "PEER_CLIENT_CERT_AUTH": "true", "STRICT_RECONFIG_CHECK": "true", "ENABLE_V2": "false",
        "HEARTBEAT_INTERVAL": values["heartbeat_ms"], "ELECTION_TIMEOUT": values["election_ms"],
        "QUOTA_BACKEND_BYTES": int(values["quota_mb"]) * MIB,
        "AUTO_COMPACTION_MODE": "periodic", "AUTO_COMPACTION_RETENTION": "%ds" % int(values["compaction_s"]),
        "LOGGER": "zap", "LOG_OUTPUTS": "stderr", "LOG_LEVEL": values["log_level"]}
    return HEAD + "".join("ETCD_%s=%s\n" % pair for pair in given.items())


def dropin(values):
    """A member without data must not start by itself: told that its cluster exists it would panic, or come back under its old identity and
    have forgotten what it voted for and confirmed (finding etcd-a-member-without-its-data-comes-back-under-its-old-identity). So it needs
    data, or the file that a run lays down."""
    return HEAD + "\n".join([
        "[Unit]", "After=network-online.target", "# It is started again for as long as it takes.", "StartLimitIntervalSec=0",
        "# Data, or what a run lays down for its first start.",
        "AssertPathExists=|%s/member/wal" % data_directory(values), "AssertPathExists=|" + INITIAL, "",
        "[Service]", "Environment=", "EnvironmentFile=", "EnvironmentFile=" + SETTINGS, "EnvironmentFile=-" + INITIAL,
        "ExecStart=", "ExecStart=/usr/bin/etcd", "Restart=always", "RestartSec=%dms" % int(values["restart_delay_ms"]),
        "# It is ready once there is a leader, which may be long after it started.", "TimeoutStartSec=infinity",
        "# A lease ends when nobody hears of it in time.", "Nice=-10", "OOMScoreAdjust=-900", "UMask=0077",
        "NoNewPrivileges=true", "ProtectSystem=strict", "ReadWritePaths=" + values["_directory"], "ProtectHome=true", "PrivateTmp=true",
        "PrivateDevices=true", ""])


def snapshot_service(values):
    own = values["inventory_hostname"]
    command = ["/usr/bin/python3 -BI %s/run.py _agents.etcd_snapshot" % PROGRAM, "--host", own, "--url", client_url(values, own),
               "--ca", TLS + "/ca.pem", "--password-file", LOGIN, "--directory", values["snapshot_directory"],
               "--keep", str(values["snapshots_kept"])]
    return HEAD + "\n".join([
        "[Unit]", "Description=Writes a snapshot of etcd", "After=etcd.service", "", "[Service]", "Type=oneshot",
        "ExecStart=" + " ".join(command), "UMask=0077", "Nice=10", "IOSchedulingClass=idle", "TimeoutStartSec=1800",
        *fence.lines(writable=[values["snapshot_directory"]]), ""])


def snapshot_timer(values):
    return HEAD + ("[Unit]\nDescription=Writes a snapshot of etcd every %(every)d s\n\n[Timer]\nOnActiveSec=%(every)d\nOnBootSec=120\n"
                   "OnUnitActiveSec=%(every)d\nAccuracySec=1s\n\n[Install]\nWantedBy=timers.target\n" % {
                       "every": int(values["snapshot_interval_s"])})


def dropin_path(values):
    return "%s%s.d/failover.conf" % (UNITS, values["_unit"])


def config(values):
    """Files and directories in config_files' terms."""
    user = values["_user"]
    return {
        "files": [
            {"path": SETTINGS, "content": settings(values)}, {"path": dropin_path(values), "content": dropin(values)},
            {"path": UNITS + SNAPSHOT + ".service", "content": snapshot_service(values)},
            {"path": UNITS + SNAPSHOT + ".timer", "content": snapshot_timer(values)}, *values["_program"]],
        "directories": [
            {"path": DIRECTORY}, {"path": values["_directory"], "owner": user, "group": user, "mode": "0700"},
            {"path": data_directory(values), "owner": user, "group": user, "mode": "0700"},
            {"path": values["snapshot_directory"], "mode": "0700"}],
        "purge": [{"directory": PROGRAM, "pattern": "*.py"}]}


def units(values):
    """The server's, which etcd_member starts; told here for whether it runs with an older configuration."""
    reads = [SETTINGS, TLS, dropin_path(values)]
    return [{"name": values["_unit"], "state": "as_is", "enabled": True, "reads": reads}]


def snapshot_units(values):
    """The timer; and at once where there is no snapshot yet."""
    found = [{"name": SNAPSHOT + ".timer", "state": "started", "enabled": True, "reads": [UNITS + SNAPSHOT + ".timer"],
              "when_stale": "restarted"}]
    without = not values["_info"]["snapshots"] and not values["ansible_check_mode"]
    return found + ([{"name": SNAPSHOT + ".service", "state": "started"}] if without else [])


# --- The cluster ----------------------------------------------------------------------


def told(values):
    """What the members told in this run; {} of one that was not reached, whatever an earlier one left of it."""
    given = dict(zip(values["members"], values["infos"]))
    return {host: info if host in values["ansible_play_hosts"] else {} for host, info in given.items()}


def decision(values):
    """The same at every member, as it is made from what all of them told."""
    return rules.plan(values["members"], told(values), member(values)["peers"], values["discard"])


def replacement(values):
    """Why the member that etcd_replace names cannot be replaced now."""
    return rules.replacement(values["replace"], values["members"], told(values))


def restoration(values):
    """Whose snapshot is restored, or what speaks against that. path: where it is there."""
    found = rules.restoration(values["members"], told(values), values["restore"], values["restore_from"], values["restore_snapshot"],
                              values["discard"])
    return dict(found, path="%s/%s" % (values["snapshot_directory"], found["name"]))


def objections(values, exists=os.path.exists):
    """Sentences on what only the hosts can tell, before anything is changed."""
    return [*decision(values)["refused"], *somebody_elses(values), *authority_is_lost(values, exists)]


def somebody_elses(values):
    """An etcd that runs with other data, which may be in use."""
    info = values["_info"]
    if info["active"] == "active" and not info["has_data"] and not info["available"]:
        yield ("%s: %s runs there, but neither with data in %s nor at %s, so it is somebody's own: stop and disable it when nobody needs "
               "it." % (values["inventory_hostname"], values["_unit"], data_directory(values),
                        client_url(values, values["inventory_hostname"])))


def authority_is_lost(values, exists):
    """Another authority would be made, and members with different ones do not talk to each other."""
    directory = values["tls_directory"]
    if values["_info"]["trusts_authority"] and not values["new_authority"] and not exists(directory + "/ca.pem"):
        yield ("%s: etcd_tls_directory is %s, which has no ca.pem, but this member trusts one: bring the directory here from the "
               "controller that made it. -e etcd_new_authority=true makes a new one, for a cluster that is stopped." % (
                   values["inventory_hostname"], directory))
