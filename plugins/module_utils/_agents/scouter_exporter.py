# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# A program of its own, not a module: there is no run_command.
# pylint: disable=ansible-bad-function
"""CONFIG: tells a Scouter collector how this host, its units, its httpd, HAProxy and database server are, every interval_s seconds.

It only reads and sends: nothing on the host waits for it, and a collector that is dead, frozen or far away costs what could not be sent,
which is not kept. CONFIG is JSON: url, interval_s, and what _agents/figures.py wants.
"""

from __future__ import annotations

import time
import urllib.request

from ansible_collections.failover.stack.plugins.module_utils._agents.figures import Source, go_on
from ansible_collections.failover.stack.plugins.module_utils._figures.table import BEAT
from ansible_collections.failover.stack.plugins.module_utils._scouter.measures import line


class Exporter(Source):
    """Whatever one source does not tell is left out of this round: its object goes inactive, which is the alert."""

    def lines(self):
        """What there is to send now."""
        figures, now = self.round(), time.time_ns()
        return [line(one.kind, self.config["host"], dict(one.fields, **{BEAT: self.beat}), now, one.name) for one in figures]

    def send(self, lines):
        data = "\n".join(lines).encode("utf-8")
        self.fetch(urllib.request.Request(self.config["url"], data=data, headers={"Content-Type": "text/plain"}))
        return []

    def tell(self):
        self.ask("the collector at " + self.config["url"], lambda: self.send(self.lines()))


def main(path):
    go_on(Exporter, path)
