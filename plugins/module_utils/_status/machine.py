# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine tells beside its tiers: units that do not run or wait for a restart, ends of certificates, whether a reboot is due."""

from __future__ import annotations

import datetime
import glob
import os
import platform

from ansible_collections.failover.stack.plugins.module_utils._host import boot, tls, unit_age
from ansible_collections.failover.stack.plugins.module_utils._host.network_run import text_of
from ansible_collections.failover.stack.plugins.module_utils._status.reading import Unread

# Timers and sockets have no process. A service that is being started again and again is activating.
RUNNING = ("active", "reloading")
MARK, BOOT = "/run/reboot-required", "/boot"


def units(host, asked):
    """{inactive, stale}: names of units. asked: [{name, paths}]"""
    if not asked:
        return {"inactive": [], "stale": []}
    shown, starts = unit_age.shown(host, [one["name"] for one in asked])
    stale = unit_age.judge(starts, {one["name"]: unit_age.newest(one["paths"]) for one in asked if one["paths"]})[0]
    return {"inactive": sorted(name for name, one in shown.items() if one.get("ActiveState") not in RUNNING), "stale": stale}


def life(path, host):
    """(begin, end) of that certificate of a file which ends first, UTC; None where it has none. Without Python's cryptography the file's
    first one is asked of openssl, a process for each."""
    with open(path, encoding="ascii", errors="replace") as handle:
        text = handle.read()
    if "BEGIN CERTIFICATE" not in text:
        return None
    if tls.x509:
        found = tls.first_to_end(text)
        return found and (tls.begin_of(found), tls.end_of(found))
    said = host.run_command([host.get_bin_path("openssl", required=True), "x509", "-in", path, "-noout", "-dates"], check_rc=True)[1]
    dates = [line.partition("=")[2] for line in said.splitlines()]
    return tuple(datetime.datetime.strptime(one, "%b %d %H:%M:%S %Y GMT") for one in dates[:2])


def certificates(host, patterns):
    """[{path, days, life_days}] of all certificates in these files."""
    found, now = [], tls.now()
    for path in sorted({path for pattern in patterns for path in glob.glob(pattern)}):
        times = life(path, host)
        if times:
            begin, end = times
            found.append({"path": path, "days": round((end - now).total_seconds() / 86400, 2),
                          "life_days": round((end - begin).total_seconds() / 86400, 2)})
    return found


def machine(host, asked):
    """asked: units of all tiers, patterns of certificates."""
    names = os.listdir(BOOT) if os.path.isdir(BOOT) else []
    why = boot.why(os.path.exists(MARK), text_of(MARK + ".pkgs") or "", platform.release(), names)
    result = dict(units(host, asked["units"]), reboot=why, certificates=[], unread="")
    try:
        result["certificates"] = certificates(host, asked["certificates"])
    except (OSError, Unread) as error:
        result["unread"] = str(error)
    return result
