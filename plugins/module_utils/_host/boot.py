# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a machine wants to be rebooted. Pure."""

from __future__ import annotations

import re

VMLINUZ = "vmlinuz-"


def by_number(release):
    return [int(part) if part.isdigit() else part for part in re.split(r"([0-9]+)", release)]


def flavour(release):
    """amd64 of 6.1.0-28-amd64, cloud-amd64 of 6.1.0-28-cloud-amd64: what the numbers leave."""
    return re.sub(r"^[0-9.+~]*[0-9](-(rc)?[0-9][0-9.]*)*(\+deb[0-9]+)?-?", "", release)


def newer_kernel(running, names):
    """The newest installed kernel, when that is newer than the one that runs and of its kind; empty otherwise. names: those in /boot."""
    installed = [name[len(VMLINUZ):] for name in names if name.startswith(VMLINUZ)]
    alike = [one for one in installed if flavour(one) == flavour(running)]
    newest = max(alike, key=by_number, default="")
    # A kernel that does not come from /boot (a container's, a virtual machine's given one) is not this machine's to choose.
    return newest if running in installed and newest != running else ""


def why(marked, packages, running, names):
    """Why a reboot is due; empty when none is. marked: whether the mark is there; packages: what left it."""
    if marked:
        left = ", ".join(dict.fromkeys(packages.split()))
        return "%s wants a reboot" % left if left else "a package wants a reboot"
    kernel = newer_kernel(running, names)
    return "kernel %s is installed, %s runs" % (kernel, running) if kernel else ""
