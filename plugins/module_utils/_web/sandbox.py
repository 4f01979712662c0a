# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which parts of a host's file system its Tomcats see and may write. Pure."""

from __future__ import annotations

import posixpath
import re

HIDDEN = ("home", "root")
# Of the system, never of an application.
SYSTEM = ("bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "proc", "root", "run", "sbin", "sys", "tmp", "usr")
PATH = re.compile(r"^/[A-Za-z0-9._@+~-]+(/[A-Za-z0-9._@+~-]+)+/?$")


def applications_of(instances):
    for instance in instances or []:
        for service in instance.get("services") or []:
            yield from service.get("applications") or []


def top(path):
    return str(path).lstrip("/").split("/", 1)[0]


def handed(application):
    """Absolute paths among the values of an application's parameters: where it is told to keep its files."""
    for value in (application.get("parameters") or {}).values():
        text = posixpath.normpath(value) if isinstance(value, str) and PATH.match(value) else ""
        if text and top(text) not in SYSTEM and ".." not in value.split("/"):
            yield text


def stores_of(instances):
    for instance in instances or []:
        for service in instance.get("services") or []:
            directory = (service.get("cluster") or {}).get("store_directory")
            if directory:
                yield directory


def sandbox(instances):
    """What tomcat@.service says of the file system: {"home": ProtectHome, "writable": [...], "made": [...]}.

    home: "true" hides /home and /root; "read-only" where an application lies there. writable: paths that the instances may write as far
    as owner and mode let them. made: those that the role makes, since they were asked for by name.
    """
    made = list(dict.fromkeys(str(path) for application in applications_of(instances) for path in application.get("writable_paths") or []))
    handed_paths = [path for application in applications_of(instances) for path in handed(application)]
    paths = [str(application.get("doc_base") or "") for application in applications_of(instances)]
    paths += made + handed_paths + list(stores_of(instances))
    return {
        "home": "read-only" if any(top(path) in HIDDEN for path in paths) else "true",
        "writable": list(dict.fromkeys(list(stores_of(instances)) + made + handed_paths)),
        "made": made,
    }
