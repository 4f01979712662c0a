# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tiers of which the screen tells whether their units run, no more: what a machine tells of all units is enough (_status/machine.py)."""

from __future__ import annotations


def nothing_more(_host, _asked):
    return {}


READERS = {"monitoring": nothing_more, "firewall": nothing_more}
