# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a service does not start, from what it logged. Pure."""

from __future__ import annotations

import re

ERROR = re.compile(r"\[ERROR\]\s*(?P<words>.+)")


def reason(journal):
    """Its last errors, each once, as MariaDB and MySQL mark them; empty when there is none."""
    found = [match.group("words").strip() for match in ERROR.finditer(journal)]
    found = [words for words in dict.fromkeys(reversed(found)) if not words.endswith("Aborting")][:3]
    return " ".join(words.rstrip(".") + "." for words in reversed(found))[:800]
