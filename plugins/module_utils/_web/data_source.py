# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A data source's JDBC URL and driver properties, each with its own escaping. Pure.

MariaDB Connector/J (2.7.6 of Debian 12 and 13 tried, 3 by its Configuration.java) decodes nothing in a URL and cuts its query at every &.
Connection pools of Tomcat (DBCP) read connectionProperties with java.util.Properties, one property a line, ; for the line's end.
"""

from __future__ import annotations

import re

SECRET = re.compile(r"(?i)^(user(name)?|.*password)$")
NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_.]*$")
# What neither Properties, XML, Tomcat's own ${…} nor the ; between properties could take for something else.
PLAIN = re.compile(r"[A-Za-z0-9_.,/-]")
ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
ENTITY = re.compile(r"&(amp|lt|gt|quot|apos|#[0-9]+);")


def text_of(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def unicode_escaped(letter):
    r"""\uXXXX, for letters beyond the first 65,536 two of them, as UTF-16 has it."""
    code = letter.encode("utf-16-be")
    return "".join("\\u%02x%02x" % (code[at], code[at + 1]) for at in range(0, len(code), 2))


def properties_text(properties):
    """connectionProperties for DBCP."""
    return ";".join("%s=%s" % (name, "".join(
        letter if PLAIN.match(letter) else unicode_escaped(letter) for letter in text_of(value)))
        for name, value in sorted((properties or {}).items()))


def property_problems(properties):
    for name, value in (properties or {}).items():
        if SECRET.match(str(name)):
            yield "properties has %s, which belongs into the data source's username and password." % name
        elif not NAME.match(str(name)):
            yield "properties has '%s', which is no name of a driver's property." % name
        elif isinstance(value, (dict, list)) or value is None:
            yield ("properties.%s is no text, number or truth: write it as the driver takes it, such as sql_mode='ANSI',time_zone='+00:00'."
                   % name)


def url_problems(url):
    """Of a URL for MariaDB's driver."""
    query = url.partition("?")[2]
    encoded, entity = ENCODED.search(query), ENTITY.search(query)
    if entity:
        return "has %s: write %s, the role escapes it for XML." % (entity.group(0), "&" if entity.group(1) == "amp" else "the character")
    if encoded:
        return ("has %s, and MariaDB's driver decodes nothing: write the character itself, or give that property in properties."
                % encoded.group(0))
    if any(part.count("'") % 2 or part.count('"') % 2 for part in query.split("&")):
        return "has & between quotes, where MariaDB's driver would cut: give that property in properties."
    return ""
