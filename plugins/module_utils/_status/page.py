# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of status.html. Pure."""

from __future__ import annotations

import html

from ansible_collections.failover.stack.plugins.module_utils._status import judge
from ansible_collections.failover.stack.plugins.module_utils._status.picture import panels_of, picture

# As the style of all pages calls the three.
KINDS = {judge.OK: "kept", judge.WARNING: "undecided", judge.CRITICAL: "missed"}
WORDS = {judge.OK: "good", judge.WARNING: "look", judge.CRITICAL: "red"}


def sentences(kind, said):
    if not said:
        return ""
    return '<div class="sentences %s">%s</div>' % (kind, "".join("<div>%s</div>" % html.escape(one) for one in said))


def row(one):
    wrong = sentences("missed", one["problems"]) + sentences("undecided", one["warnings"])
    return '<tr><td><span class="tag %s">%s</span></td><td>%s</td><td>%s%s</td></tr>' % (
        KINDS[one["state"]], WORDS[one["state"]], html.escape(judge.name(one)), html.escape(one["text"]), wrong)


def parts(lines, when, name):
    """What the template's gaps are filled with. name: whose inventory it is."""
    lines = judge.distinguished(lines)
    state = judge.overall(lines)
    return {
        "NAME": html.escape(name), "WHEN": html.escape(when), "KIND": KINDS[state], "STATE": WORDS[state],
        "VERDICT": html.escape(judge.verdict(lines)), "PICTURE": picture(panels_of(lines), "The stack of %s" % name),
        "ROWS": "\n".join(map(row, lines))}
