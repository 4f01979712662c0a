# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading one Galera member: its unit, its files, its status. The only place of these modules that starts processes."""

from __future__ import annotations

import os
import re
import socket
import time

from ansible_collections.failover.stack.plugins.module_utils._galera import given_up, state
from ansible_collections.failover.stack.plugins.module_utils._host import dpkg
from ansible_collections.failover.stack.plugins.module_utils._sql import collation
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure, dial, driver

CONNECTION = {
    "login_user": {"type": "str", "default": "root"},
    "login_password": {"type": "str", "no_log": True},
    "login_unix_socket": {"type": "path", "default": "/run/mysqld/mysqld.sock"},
    "connect_timeout": {"type": "int", "default": 5},
    "datadir": {"type": "path", "default": "/var/lib/mysql"},
    "unit": {"type": "str", "default": "mariadb.service"},
    "user": {"type": "str", "default": "mysql"},
    "server": {"type": "str", "default": "mariadbd"},
}
# At whose sight the check agent answers 503.
DRAIN_FILE = "/run/failover-galera/drain"
VARIABLES = ("read_only", "wsrep_on", "version", "innodb_flush_log_at_trx_commit", "innodb_autoinc_lock_mode", "sync_binlog",
             "wsrep_sst_method", "wsrep_node_name", "wsrep_cluster_name", *collation.VARIABLES)


def read(path):
    """A file's text; None when it is missing."""
    try:
        with open(path, encoding="utf-8", errors="replace") as handle:
            return handle.read()
    except FileNotFoundError:
        return None


def attempt(params):
    """(connection, problem): why there is none; no connection and no problem where nobody listens on the socket."""
    try:
        pymysql = driver()
    except Failure as failure:
        return None, str(failure).rstrip(".")
    try:
        return dial({
            "unix_socket": params["login_unix_socket"], "user": params["login_user"], "password": params["login_password"],
            "connect_timeout": params["connect_timeout"], "read_timeout": params["connect_timeout"]}), ""
    except (pymysql.err.MySQLError, OSError) as error:
        cause = getattr(error, "original_exception", error)
        return None, "" if isinstance(cause, (FileNotFoundError, ConnectionRefusedError)) else str(error)


def connect(params):
    """A connection over the socket; None when the server does not answer or the driver is not there yet."""
    return attempt(params)[0]


def ask(params):
    """(status, variables, problem) of the running server; ({}, {}, problem) when it does not answer, see attempt()."""
    connection, problem = attempt(params)
    if connection is None:
        return {}, {}, problem
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW GLOBAL STATUS LIKE 'wsrep%'")
            shown = state.status(cursor.fetchall())
            cursor.execute("SHOW GLOBAL VARIABLES WHERE Variable_name IN (%s)" % ", ".join(["%s"] * len(VARIABLES)), VARIABLES)
            return shown, dict(cursor.fetchall()), ""
    except Exception as error:  # The server may end in the midst of an answer: then it does not answer.
        return {}, {}, str(error)
    finally:
        connection.close()


def accepts(address, port):
    """Whether somebody accepts connections there."""
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return False
    return True


def unit_state(module, unit):
    out = module.run_command([module.get_bin_path("systemctl", required=True), "show", "--property=ActiveState", "--value", "--", unit],
                             check_rc=True)[1]
    return out.strip() or "inactive"


def recover(module):
    """(position or None, problem) that InnoDB has; the server must be down."""
    params = module.params
    server, runuser = module.get_bin_path(params["server"]), module.get_bin_path("runuser")
    if not (server and runuser):
        return None, "%s or runuser is not installed, so InnoDB's position cannot be read" % params["server"]
    rc, out, err = module.run_command([runuser, "-u", params["user"], "--", server, "--wsrep-recover", "--disable-log-error"],
                                      environ_update={"LC_ALL": "C"})
    found = state.recovered(out + err)
    if found:
        return found, ""
    errors = [line for line in (out + err).splitlines() if "[ERROR]" in line]
    return None, "%s --wsrep-recover told no position (%s)" % (params["server"], errors[-1].strip() if errors else "rc %d" % rc)


def files(datadir):
    """What the data directory tells by itself."""
    try:
        names = os.listdir(datadir)
    except OSError:
        names = []
    return {
        "grastate": state.grastate(read(os.path.join(datadir, "grastate.dat"))),
        "gvwstate": state.gvwstate(read(os.path.join(datadir, "gvwstate.dat"))),
        "sst": "sst_in_progress" in names,
        "data": "ibdata1" in names,
        "databases": state.databases([name for name in names if os.path.isdir(os.path.join(datadir, name))]),
    }


def query(module, with_recovery=False):
    """Everything about this member, as galera_info returns it."""
    params = module.params
    service = unit_state(module, params["unit"])
    shown, variables, problem = ask(params)
    found = files(params["datadir"])
    running = bool(variables)
    # A server that serves others and not us must not be taken for one that is only starting, which may be stopped.
    mute = not running and service in ("active", "reloading") and bool(problem)
    info = {
        "reachable": True, "service": service, "running": running,
        "starting": not (running or mute) and service not in ("inactive", "failed"),
        "wsrep_on": str(variables.get("wsrep_on", "ON")).upper() == "ON", "primary": state.primary(shown), "synced": state.synced(shown),
        "left": running and state.left(shown),
        "grastate": found["grastate"]["file"], "safe_to_bootstrap": bool(found["grastate"].get("safe_to_bootstrap")),
        "gvwstate": found["gvwstate"], "sst_in_progress": found["sst"] and not running, "databases": found["databases"],
        "drained": os.path.exists(params.get("drain_file") or DRAIN_FILE), "queue": int(shown.get("wsrep_local_recv_queue", 0)),
        "given_up": given_up.record_of(read(given_up.RECORD)), "settled": given_up.settled_of(read(given_up.SETTLED)),
        "status": shown, "variables": variables,
        "problem": "it runs, but it does not answer over its socket (%s)" % problem if mute else "",
        "problems": state.health(shown, variables, params.get("cluster_size") or 0),
    }
    if running and info["wsrep_on"]:
        info.update(state.running_position(shown))
        return info
    position = None
    if with_recovery and not (running or mute or info["starting"]) and not found["sst"] and state.needs_recovery(
            found["grastate"], found["data"]):
        position, info["problem"] = recover(module)
    info.update(state.position(found["grastate"], position))
    return info


def wait_for(module, seconds, good, pause=0.25):
    """Look until it is good or the time is over."""
    deadline = time.monotonic() + seconds
    info = query(module)
    while not good(info) and time.monotonic() < deadline:
        time.sleep(pause)
        info = query(module)
    return info


def versions(module, package):
    """Installed and available version of a package, without the distribution's epoch and revision."""
    installed, candidate = dpkg.versions(module, package)
    series = [".".join(re.split(r"[.+~-]", text)[:2]) for text in (installed, candidate)]
    return {"installed": installed, "candidate": candidate, "same_series": series[0] == series[1]}
