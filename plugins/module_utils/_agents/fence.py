# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd keeps from the programs of this collection, as lines of a unit; tests/unit/test_exposure.py judges the units. Pure.

Three kinds of fence: of a program with a view of the file system of its own, of one that must share the machine's (it mounts), and what is
in both.
"""

from __future__ import annotations

ALWAYS = ("LockPersonality", "NoNewPrivileges", "ProtectClock", "ProtectHostname", "RestrictRealtime", "RestrictSUIDSGID")
# Each gives the program a view of its own.
VIEW = ("PrivateDevices", "ProtectControlGroups", "ProtectHome", "ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables")
# What services need; not to mount, trace, load modules, reboot, or set the clock.
CALLS = "@system-service"
FAMILIES = ("AF_UNIX", "AF_INET", "AF_INET6")


def lines(capabilities=(), families=(), calls=(), namespaces=(), writes_code=False, shares_view=False, private_tmp=True, writable=(),
          home=False):
    """Lines of a [Service] section.

    capabilities: what is left of root, or given to a user. families: of sockets, beside those of the internet. calls: groups of system
    calls beside those of services, those with ~ are taken away. namespaces: kinds that it may make. writes_code: it compiles at run time,
    as Java and Erlang do. shares_view: what it mounts is seen by others. writable: paths, in systemd's own quoting, all else is read-only.
    home: it needs home directories.
    """
    found = [name + "=true" for name in ALWAYS] + ([] if writes_code else ["MemoryDenyWriteExecute=true"])
    more, less = [one for one in calls if one[:1] != "~"], [one[1:] for one in calls if one[:1] == "~"]
    found += ["SystemCallArchitectures=native", "SystemCallFilter=" + " ".join([CALLS, *more])]
    found += ["SystemCallFilter=~" + " ".join(less)] * bool(less) + ["SystemCallErrorNumber=EPERM"]
    found += ["RestrictNamespaces=" + (" ".join(namespaces) or "true"), "CapabilityBoundingSet=" + " ".join(capabilities)]
    found += ["RestrictAddressFamilies=" + " ".join([*FAMILIES, *families])]
    if shares_view:
        return [*found, "DevicePolicy=closed"]
    found += [name + "=true" for name in VIEW if not (home and name == "ProtectHome")] + ["PrivateTmp=true"] * private_tmp
    return [*found, "ProtectSystem=strict"] + (["ReadWritePaths=" + " ".join(writable)] if writable else [])
