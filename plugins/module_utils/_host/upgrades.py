# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What apt would upgrade, by the words of its simulation. Pure."""

from __future__ import annotations

import re

# Inst libc6 [2.36-9] (2.36-9+deb12u1 Debian:12.1/stable, Debian-Security:12/stable-security [amd64]) []
INST = re.compile(r"^Inst (?P<name>\S+)(?: \[[^\]]*\])? \((?P<version>\S+) (?P<origins>[^\[)]*)", re.M)
SECURITY = re.compile(r"-security\b|^Debian-Security:")


def newer(text, which):
    """Names of packages: all that an upgrade would bring, or with which = security those that an archive of security fixes has."""
    return [match.group("name") for match in INST.finditer(text or "")
            if which != "security" or any(SECURITY.search(one.strip()) for one in match.group("origins").split(","))]
