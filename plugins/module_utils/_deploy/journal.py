# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Tomcat's journal tells of sessions that did not reach another member, for a class that is missing or cannot be written. Pure."""

from __future__ import annotations

import re

# As juli's OneLineFormatter writes a record; the lines of its stack trace follow.
HEAD = re.compile(r"^\d\d-\w+-\d{4} [\d:.]+ (?P<level>\w+) \[.*?\] (?P<source>[\w.$]+) ?(?P<words>.*)$")
SESSIONS = ("org.apache.catalina.ha.session.", "org.apache.catalina.tribes.tipis.", "org.apache.catalina.session.")
CAUSE = re.compile(r"(?P<kind>ClassNotFoundException|NoClassDefFoundError|NotSerializableException|InvalidClassException)"
                   r"(?:: (?P<what>[\w.$/]+))?")
WORDS = {
    "ClassNotFoundException": "this version does not know the class",
    "NoClassDefFoundError": "this version does not know the class",
    "InvalidClassException": "the two versions' classes differ:",
    "NotSerializableException": "not serializable is",
}
# By itself, whatever follows: DeltaManager has given up what another member sent.
GIVEN_UP = "Unable to receive message through TCP channel"


def records(lines):
    """(match of the head, the whole text) of each record."""
    head, text = None, []
    for line in lines:
        match = HEAD.match(line)
        if match:
            if head:
                yield head, "\n".join(text)
            head, text = match, []
        text.append(line)
    if head:
        yield head, "\n".join(text)


def losses(lines):
    """[a sentence] on each kind of loss, with how often it was logged, the first first."""
    counts = {}
    for head, text in records(lines):
        if not head.group("source").startswith(SESSIONS) or head.group("level") not in ("SEVERE", "WARNING"):
            continue
        # The innermost is the reason.
        cause = ([None, *CAUSE.finditer(text)])[-1]
        if cause or (GIVEN_UP in text and head.group("level") == "SEVERE"):
            where = head.group("source").rsplit(".", 2)[-2]
            why = "%s %s" % (WORDS[cause.group("kind")], cause.group("what") or "(not named)") if cause else head.group("words")
            counts[(where, why)] = counts.get((where, why), 0) + 1
    return ["%s gave up sessions: %s%s" % (where, why, " (%d times)" % count if count > 1 else "")
            for (where, why), count in counts.items()]
