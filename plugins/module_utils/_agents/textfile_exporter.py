# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CONFIG: writes how this host is into a file that node_exporter's textfile collector reads, every interval_s seconds.

CONFIG is JSON: path of that file, interval_s, and what _agents/figures.py wants. A file that cannot be written grows old, which an alert
tells; nothing on the host waits for it.
"""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._agents.figures import Source, go_on
from ansible_collections.failover.stack.plugins.module_utils._host.json_file import write_text
from ansible_collections.failover.stack.plugins.module_utils._monitoring import exposition


class Exporter(Source):
    def write(self):
        figures = self.round()
        write_text(self.config["path"], exposition.text(figures, self.beat))
        return []

    def tell(self):
        self.ask("the file " + self.config["path"], self.write)


def main(path):
    go_on(Exporter, path)
