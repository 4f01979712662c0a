# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a module that looks at something waits until nothing is wrong with it any more."""

from __future__ import annotations

import time


def tell(module, look, what, every_s=1.0):
    """Ends `module` with what look() returns, a dictionary with `problems`, sentences.

    With its parameter wait_healthy (s) it looks again every_s seconds later until there are none, and fails when that time is over: `what`
    begins the sentence.
    """
    wait_s = module.params["wait_healthy"]
    deadline = time.monotonic() + wait_s
    info = look()
    while info["problems"] and time.monotonic() < deadline:
        time.sleep(every_s)
        info = look()
    if wait_s and info["problems"]:
        module.fail_json(msg="%s is not healthy after %d s: %s" % (what, wait_s, " ".join(info["problems"])), changed=False, **info)
    module.exit_json(changed=False, **info)
