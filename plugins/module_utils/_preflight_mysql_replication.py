# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the variables of MySQL replication must not contradict."""

from __future__ import annotations


def problems(host, values):
    return []


def claims(host, values):
    return []
