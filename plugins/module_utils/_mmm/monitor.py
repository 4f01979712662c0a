# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The monitor, asked by mmm_control: what modules mmm_control and mmm_control_info have in common."""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._mmm import control
from ansible_collections.failover.stack.plugins.module_utils._mmm.config import CONTROL

# A monitor that moves a role waits for its agents meanwhile; one that is frozen accepts connections and says nothing.
ANSWER_S = 60
ARGUMENTS = {"command": {"type": "path", "default": CONTROL}, "answer_s": {"type": "int", "default": ANSWER_S}}


class Monitor:
    """run: AnsibleModule.run_command."""

    def __init__(self, run, command, answer_s):
        self.run, self.command, self.answer_s = run, command, answer_s

    def ask(self, *words):
        """The text of mmm_control; Refused when the monitor says nothing."""
        code, out, err = self.run(["timeout", str(self.answer_s), self.command, *words])
        if code == 124:
            raise control.Refused("the monitor did not answer '%s' within %d s" % (" ".join(words), self.answer_s))
        if code:
            lines = [line.strip() for line in (out + err).splitlines() if line.strip()]
            raise control.Refused("mmm_control %s ended with %d: %s" % (" ".join(words), code, lines[0] if lines else "it says nothing"))
        return out

    def look(self):
        """(what show says, the mode)"""
        return control.show(self.ask("show")), control.mode_of(self.ask("mode"))

    def checks(self):
        return control.checks(self.ask("checks"))
