# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings as an option file of the server has them. Pure."""

from __future__ import annotations

import re

# secure_file_priv: where a server exchanges files with whoever has FILE. It does not start without; its unit makes it, too.
EXCHANGE = "/var/lib/mysql-files"


def option_value(value):
    """One value as an option file has it (mysys/my_default.c): in quotes where it would lose something, with escapes."""
    if isinstance(value, bool):
        return "ON" if value else "OFF"
    text = str(value)
    if not re.search(r"""[#'"\\\n\r\t]|^\s|\s$""", text):
        return text
    for letter, escape in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        text = text.replace(letter, escape)
    return '"%s"' % text


def lines(settings):
    """The lines of an option file, one for each value."""
    return ["%s = %s" % (name, option_value(one)) for name, value in sorted((settings or {}).items())
            for one in (value if isinstance(value, list) else [value])]
