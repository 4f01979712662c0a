# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decisions of seeding: whose data may be replaced, who gives, in which order; and how progress reads. Pure."""

from __future__ import annotations

import re

CLONE_USER = "failover_clone"
# A copy is a little more than its origin: the redo log that gathers meanwhile, and what the server writes when it starts.
ROOM = 1.1


def room_needed(total):
    return int(total * ROOM)


def series(version):
    """10.11 of 10.11.19-MariaDB: files of one series fit servers of the same."""
    found = re.search(r"(\d+)\.(\d+)\.\d+", version)
    return "%s.%s" % found.groups() if found else version


def dialect(version):
    return "mariadb" if "mariadb" in version.lower() else "mysql"


def offer_problem(donor, facts, version="", joiner=""):
    """Why this donor cannot give (to this joiner), or nothing."""
    if not facts["log_bin"]:
        return "%s: this donor has no binary log, so nobody knows where its copy has to go on: switch log_bin on there" % donor
    if not facts["logs_replicated"]:
        return "%s: this donor does not log what it replicates, its position says too little: switch log_slave_updates on" % donor
    if version and (series(version), dialect(version)) != (series(facts["version"]), dialect(facts["version"])):
        return "%s: its server is %s, that of the donor %s is %s: install the same series on both" % (
            joiner, version.strip(), donor, facts["version"])
    return ""
