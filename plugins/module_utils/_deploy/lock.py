# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is at work on the web nodes at the moment. Pure."""

from __future__ import annotations


def refusal(held, take_over):
    """Why the lock is not to be had; empty when it is."""
    if not held or (take_over and take_over == held.get("id")):
        return ""
    other = " (and not by %s, which was to be taken over)" % take_over if take_over else ""
    return ("%s has been %s since %s%s: wait until that has ended. If it was interrupted and nobody is at work any more, "
            "run again with -e deploy_take_over=%s" % (held.get("who"), held.get("doing"), held.get("since"), other, held.get("id")))
