# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What files and tools of a machine tell of its release and its packages. Pure."""

from __future__ import annotations

import re

# Whoever mirrors the distribution has its suites under the distribution's own names.
SUITES = re.compile(r"^(bookworm|trixie|stable|oldstable)(-(updates|security|backports|proposed-updates))?/?$")
DEB = re.compile(r"^\s*deb(?:-src)?\s+(?:\[[^\]]*\]\s+)?(?P<url>\S+)\s+(?P<suite>\S+)")
# Lines of HAProxy's configuration that a newer one takes otherwise or not at all.
HAPROXY = {
    "host_header": re.compile(r"^\s*option\s+httpchk\b.*Host:", re.I),
    "bind_process": re.compile(r"^\s*bind-process\b"),
    "consistent": re.compile(r"^\s*hash-type\s+consistent\b"),
}
FIELD = re.compile(r"^(?P<name>[A-Za-z-]+):\s*(?P<value>.*)$")


def release(text):
    """VERSION_CODENAME of os-release."""
    found = re.search(r'^VERSION_CODENAME="?([A-Za-z0-9]+)"?$', text, re.M)
    return found.group(1) if found else ""


def unfinished(listing):
    """Packages whose state is neither whole nor gone. listing: lines of dpkg-query with '${db:Status-Abbrev} ${Package}'."""
    found = []
    for line in listing.splitlines():
        words = line.split()
        # Wanted and state, in two letters: ii and hi are whole, rc and un are gone, iU, iF, iH and iW are not.
        if len(words) == 2 and len(words[0]) >= 2 and words[0][1] in "UFHWt":
            found.append(words[1])
    return found


def suites(text):
    """Names of suites of a file of sources, in either format."""
    found = [match.group("suite") for match in (DEB.match(line) for line in text.splitlines()) if match]
    for paragraph in re.split(r"\n\s*\n", text):
        fields = {match.group("name").lower(): match.group("value") for match in
                  (FIELD.match(line) for line in paragraph.splitlines() if not line.startswith("#")) if match}
        if fields.get("enabled", "yes").strip().lower() not in ("no", "false"):
            found += fields.get("suites", "").split()
    return found


def own_source(text, name):
    """Whether it names the release `name` as the distribution does."""
    return any(SUITES.match(suite) and suite.split("-")[0].rstrip("/") == name for suite in suites(text))


def foreign_source(text):
    return any(not SUITES.match(suite) for suite in suites(text))


def haproxy(text):
    """[{line, what}]: where the configuration has what HAPROXY names."""
    return [{"line": number, "what": what} for number, line in enumerate(text.splitlines(), 1)
            for what, pattern in HAPROXY.items() if pattern.search(line)]
