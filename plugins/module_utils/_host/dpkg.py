# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which packages a host lacks, by what dpkg knows: 30 ms, where apt takes seconds. Touches the host: missing() and versions()."""

from __future__ import annotations

import re

# dpkg-query's word for a package that is there (dpkg-query(1), db:Status-Status).
INSTALLED = "installed"
FORMAT = "${db:Status-Status} ${Package} ${Provides}\\n"


def missing_packages(wanted, listing):
    """Those of the wanted that dpkg does not have, in the order asked.

    listing: the lines of dpkg-query --show with the format '${db:Status-Status} ${Package} ${Provides}'. A package that
    another one provides is there, too: apt would install nothing.
    """
    there = set()
    for line in listing.splitlines():
        status, _blank, rest = line.partition(" ")
        if status == INSTALLED:
            package, _blank, provides = rest.partition(" ")
            there.add(package)
            there.update(part.split("(")[0].strip() for part in provides.split(",") if part.strip())
    return [name for name in wanted if name.split("=")[0].split(":")[0] not in there]


def missing(module, wanted):
    """Those of the wanted that are not installed on the host of this module."""
    if not wanted:
        return []
    command = [module.get_bin_path("dpkg-query", required=True), "--show", "--showformat=" + FORMAT]
    return missing_packages(wanted, module.run_command(command, check_rc=True)[1])


def versions_of(listing):
    """(installed, candidate) without the distribution's epoch, of the text of `apt-cache policy PACKAGE`; empty where there is none."""
    found = dict(re.findall(r"^ *(Installed|Candidate): (?:\d+:)?(\S+)", listing, re.M))
    return tuple("" if found.get(which) in (None, "(none)") else found[which] for which in ("Installed", "Candidate"))


def versions(module, package):
    """The same of a package on the host of this module."""
    command = [module.get_bin_path("apt-cache", required=True), "policy", package]
    return versions_of(module.run_command(command, environ_update={"LC_ALL": "C"}, check_rc=True)[1])
