# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an answer is what a healthy version gives. Pure."""

from __future__ import annotations


def objection(answer, wanted):
    """Why an answer will not do; empty when it does. answer: {"error", "status", "body", "ms"}; wanted: {"status", "content", "max_ms"}."""
    if answer.get("error"):
        return answer["error"]
    if answer["status"] != wanted["status"]:
        return "answers with status %s instead of %d" % (answer["status"] or "none", wanted["status"])
    if wanted["content"] and wanted["content"] not in answer["body"]:
        return "answers without '%s'" % wanted["content"]
    if answer["ms"] > wanted["max_ms"]:
        return "needs %d ms for an answer, more than %d" % (answer["ms"], wanted["max_ms"])
    return ""
