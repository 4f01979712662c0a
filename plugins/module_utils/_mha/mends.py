# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The three lines of MHA 0.58 that do not work with MariaDB and today's Perl, and what stands in their place. Pure.

Debian's files stay as they are: copies with the lines mended lie where our programs have Perl look first. A line that is not there as it
was is refused: somebody has to look whether the mend is still right.
"""

from __future__ import annotations

from collections import namedtuple

# why: as a part of a sentence.
Mend = namedtuple("Mend", "name line mended why")

# A version such as 10.11.14-MariaDB-0+deb12u2-log has more numbers than the format has places, which warns, and warnings are fatal there.
MENDS = {
    "NodeUtil.pm": (
        Mend("parse_mysql_version", "  my $result = sprintf( '%03d%03d%03d', $str =~ m/(\\d+)/g );",
             "  my $result = sprintf( '%03d%03d%03d', ( ( $str =~ m/(\\d+)/g ), 0, 0, 0 )[ 0 .. 2 ] );",
             "MariaDB's version has more numbers than it takes"),
        Mend("parse_mysql_major_version", "  my $result = sprintf( '%03d%03d', $str =~ m/(\\d+)/g );",
             "  my $result = sprintf( '%03d%03d', ( ( $str =~ m/(\\d+)/g ), 0, 0 )[ 0 .. 1 ] );",
             "MariaDB's version has more numbers than it takes"),
    ),
    "SlaveUtil.pm": (
        Mend("check_if_super_read_only", "  # create databasehandle to check super_read_only setting", "  return ( 0, 0 );",
             "MariaDB has no super_read_only"),
    ),
}
# What Perl prints when NodeUtil.pm is well.
PROBE = "print MHA::NodeUtil::parse_mysql_version('%s'), ' ', MHA::NodeUtil::parse_mysql_major_version('%s')"
VERSION = "10.11.14-MariaDB-0+deb12u2-log"
PROBED = "010011014 010011"


class Unmendable(Exception):
    """One sentence, without the host."""


def mended(file, text, version="0.58"):
    """The text with its lines mended; Unmendable where one is neither there as it was nor mended already."""
    for mend in MENDS[file]:
        old, new = lines(text, mend.line), lines(text, mend.mended)
        if (old, new) == (0, 1):
            continue
        if (old, new) != (1, 0):
            raise Unmendable("%s of MHA %s has not once the line of %s that has to be mended, since %s: look whether it still has to, and "
                             "correct _mha/mends.py." % (file, version, mend.name, mend.why))
        text = text.replace(mend.line + "\n", mend.mended + "\n")
    return text


def lines(text, line):
    return text.split("\n").count(line)


def probe():
    """The program for perl -MMHA::NodeUtil -e."""
    return PROBE % (VERSION, VERSION)
