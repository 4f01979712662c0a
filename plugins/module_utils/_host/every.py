# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One act on several things at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor


def every(act, things, workers=8):
    """What the act returned of each, in their order; the first error only when all of them have had it.

    Executor.map() is not for acts: when one fails, it cancels those that have not begun (CPython, concurrent/futures/_base.py).
    """
    things = list(things)
    if not things:
        return []
    with ThreadPoolExecutor(max_workers=min(workers, len(things))) as pool:
        under_way = [pool.submit(act, thing) for thing in things]
    return [one.result() for one in under_way]
