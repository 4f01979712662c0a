# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of MMM 2.2.1 to 2.2.3 that do not work with today's Perl and MariaDB, or lose something, and what stands in their place. Pure.

A line that is not there once, as it was or as it is mended, is refused: somebody has to look whether the mend is still right. Where a
probe is named Perl is asked beforehand whether the file as it came does what it should, in which case it stays so, and afterwards whether
the mended one does.
"""

from __future__ import annotations

import re
from collections import namedtuple

# name: what is mended; probe: of PROBES, "" where the text alone tells; why: as a part of a sentence.
Mend = namedtuple("Mend", "name line mended probe why")

AGENT_CONNECT_S, AGENT_ANSWER_S = 2, 20
MAC = "([0-9a-f]{2}:){5}[0-9a-f]{2}"

MENDS = {
    "lib/Monitor/Agent.pm": (
        Mend("state", "\t\tmy $old_state = $self->{'MMM::Monitor::Agent::state'};",
             "\t\tmy $old_state = $self->{'MMM::Monitor::Agent::state'} // 'UNKNOWN';", "state",
             "Perl sets a new agent's state by this function, so the monitor would end as it begins"),
        Mend("connect", "\t$socket = MMM::Common::Socket::create_sender($self->ip, $self->port, 10);",
             "\t$socket = MMM::Common::Socket::create_sender($self->ip, $self->port, %d);" % AGENT_CONNECT_S, "",
             "the monitor would do nothing else for 10 s while it tries to reach a dead machine"),
        Mend("answer", "\tprint $socket join('|', $cmd, main::MMM_PROTOCOL_VERSION, $self->host, @params), \"\\n\";",
             "\t$socket->setsockopt(Socket::SOL_SOCKET(), Socket::SO_RCVTIMEO(), pack('l!l!', %d, 0));\n"
             "\tprint $socket join('|', $cmd, main::MMM_PROTOCOL_VERSION, $self->host, @params), \"\\n\";" % AGENT_ANSWER_S, "",
             "an agent that hangs would stop the monitor for ever"),
    ),
    "lib/Monitor/ChecksStatus.pm": (
        Mend("semicolon", "use MMM::Monitor::Checker", "use MMM::Monitor::Checker;", "state",
             "without its semicolon the next statement counts as what is imported, which Perl 5.40 refuses"),
    ),
    "lib/Agent/Agent.pm": (
        Mend("down", "    my $slave_status = $dbh->selectrow_hashref('SHOW SLAVE STATUS');",
             "    my $slave_status = $dbh ? $dbh->selectrow_hashref('SHOW SLAVE STATUS') : undef;", "down",
             "an agent whose server is down would end when the monitor begins"),
        Mend("writable", "\tforeach my $role (@{$self->roles}) {",
             "\t# Who lost the role of the writer while its server did not answer has to be asked again.\n"
             "\tunless ($self->state eq 'UNKNOWN' || grep { $_->name eq $self->writer_role } @{$self->roles}) {\n"
             "\t\tmy $may = MMM::Agent::Helpers::may_write();\n"
             "\t\tif (($? >> 8) == 1) {\n"
             "\t\t\tFATAL 'MySQL is writable without the role of the writer';\n"
             "\t\t\tMMM::Agent::Helpers::deny_write();\n"
             "\t\t}\n"
             "\t}\n"
             "\tforeach my $role (@{$self->roles}) {", "writable",
             "a server that did not answer when it lost the role of the writer would stay writable for ever"),
    ),
    "lib/Agent/Helpers/Network.pm": (
        Mend("version", "\t\tif ($Net::ARP::VERSION < 1.0) {", "\t\tif ((split(/\\./, $Net::ARP::VERSION))[0] < 1) {", "announced",
             "a version such as 1.0.12 is no number, so gratuitous ARP would never be sent"),
        Mend("mac", "\t\treturn \"ERROR: Couldn't get mac adress of interface $if\" unless ($mac);",
             "\t\treturn \"ERROR: Couldn't get mac adress of interface $if\" unless (($mac // '') =~ /^%s$/i);" % MAC, "mac",
             "Net::ARP says 'unknown' where it finds no MAC address"),
        Mend("request", "\t\t\tNet::ARP::send_packet($if, $ip, $ip, $mac, 'ff:ff:ff:ff:ff:ff', 'request');",
             "\t\t\tNet::ARP::send_packet($if, $ip, $ip, $mac, 'ff:ff:ff:ff:ff:ff', 'request')\n"
             "\t\t\t\tor return \"ERROR: Couldn't announce $ip on interface $if\";", "unsent",
             "nobody would learn that gratuitous ARP was not sent"),
    ),
    "lib/Agent/Helpers/Actions.pm": (
        Mend("announce", "\tMMM::Agent::Helpers::Network::send_arp($if, $ip);",
             "\tmy $sent = MMM::Agent::Helpers::Network::send_arp($if, $ip);\n"
             "\tif (defined($sent) && $sent =~ s/^ERROR: //) {\n"
             "\t\t# Taken back, so that the next round tries again.\n"
             "\t\tMMM::Agent::Helpers::Network::clear_ip($if, $ip);\n"
             "\t\t_exit_error($sent);\n"
             "\t}", "unsent",
             "an address that was not announced would stay, and clients with it at the dead machine"),
        Mend("waits", "\t_mysql_set_read_only(0);",
             "\t# The writer alone waits for the other source, from the moment that one is there.\n"
             "\tmy $peer = $main::config->{host}->{$main::config->{this}}->{peer};\n"
             "\tif (defined($peer)) {\n"
             "\t\tmy $own = _mysql_connect(_get_connection_info());\n"
             "\t\tmy ($waits) = $own ? $own->selectrow_array('SELECT @@rpl_semi_sync_master_enabled') : (1);\n"
             "\t\tmy ($host, $port, $user, $password) = _get_connection_info($peer);\n"
             "\t\tmy $source = \"DBI:mysql:host=$host;port=$port;mysql_connect_timeout=1\";\n"
             "\t\t$own->do('SET GLOBAL rpl_semi_sync_master_enabled = 1')\n"
             "\t\t\tif (!$waits && DBI->connect($source, $user, $password, { PrintError => 0 }));\n"
             "\t}\n"
             "\t_mysql_set_read_only(0);", "semi_sync",
             "a source that applies what it receives would wait for the dead one, and its promotion with it"),
        Mend("waits no more", "\tmy $res = $dbh->do(\"set global read_only=$read_only_new\");",
             "\tmy $res = $dbh->do(\"set global read_only=$read_only_new\");\n"
             "\t$dbh->do('SET GLOBAL rpl_semi_sync_master_enabled = 0') if ($res && $read_only_new);", "semi_sync",
             "a source that applies what it receives would wait for the dead one, and its promotion with it"),
        Mend("level", "\t$res = $this_dbh->do('STOP SLAVE');",
             "\t# The new source may still apply what is here already. It has 5 s; who lacks something after that refuses this replica.\n"
             "\tmy $next = _mysql_connect($new_peer_host, $new_peer_port, $new_peer_user, $new_peer_password);\n"
             "\tmy ($here) = $this_dbh->selectrow_array('SELECT @@gtid_slave_pos');\n"
             "\tfor (1 .. 50) {\n"
             "\t\tlast unless ($next && $here);\n"
             "\t\tmy ($state) = $next->selectrow_array('SELECT @@gtid_binlog_state');\n"
             "\t\tmy %there = map { /(\\d+-\\d+)-(\\d+)/ } split(/,/, $state // '');\n"
             "\t\tlast unless (grep { /(\\d+-\\d+)-(\\d+)/ && ($there{$1} // 0) < $2 } split(/,/, $here));\n"
             "\t\tselect(undef, undef, undef, 0.1);\n"
             "\t}\n"
             "\t$res = $this_dbh->do('STOP SLAVE');", "gtid",
             "a new source that has not applied yet what a replica has would refuse it"),
        Mend("new position", "\tmy $new_master_status = $new_peer_dbh->selectrow_hashref('SHOW MASTER STATUS');",
             "\tmy $new_master_status = { File => '', Position => 0 };", "gtid",
             "MariaDB answers that only when a commit that waits for a replica is over"),
        Mend("new file", "\t\t\t  . \" MASTER_LOG_FILE='$master_log',\"", "\t\t\t  . \" MASTER_USE_GTID=slave_pos\";", "gtid",
             "a replica would go on at the new source's end, without what it has not received"),
        Mend("new place", "\t\t\t  . \" MASTER_LOG_POS=$master_pos\";", "\t# By GTID: what is missing is sent, what differs is refused.",
             "gtid", "a replica would go on at the new source's end, without what it has not received"),
    ),
}

QUIET = "no warnings 'redefine'; "
NETWORK = "*MMM::Agent::Helpers::Network::%s = sub { %s }; "
FAKE = (
    "my $asked = 0; package Fake; sub do { print \"$_[1]\\n\" if $_[1] =~ /CHANGE/; 1 } sub errstr { '' } sub disconnect { 1 } sub "
    "selectrow_array { "
    "$_[1] =~ /slave_pos/ ? '1-1-5,2-2-9' : '1-1-' . (++$asked + 3) . ',2-2-9' } sub selectrow_hashref { "
    "{ Master_Log_File => 'f', Read_Master_Log_Pos => 4, Master_Host => '192.0.2.1', File => 'f', Position => 4 } } package main; ")
HOSTS = (
    "our $config = { this => 'c', host => { map { $_->[0] => { ip => $_->[1], mysql_port => 1, agent_user => 'u', agent_password => 'p', "
    "replication_user => 'r', replication_password => 'q' } } ['a', '192.0.2.1'], ['b', '192.0.2.2'], ['c', '192.0.2.3'] } }; ")
# What Perl is asked and, as a regular expression, what it then prints, whatever its exit code is.
PROBES = {
    "state": (
        "use constant MMM_PROTOCOL_VERSION => 1; our $config = { monitor => { flap_count => 3, flap_duration => 3600 } }; "
        "require MMM::Monitor::Agent; print MMM::Monitor::Agent->new(host => 'a', state => 'UNKNOWN')->state;", "UNKNOWN"),
    "down": (
        "use constant MMM_PROTOCOL_VERSION => 1; our $config = { role => {} }; require MMM::Agent::Agent; " + QUIET
        + "*MMM::Agent::Helpers::may_write = sub { $? = 0; 'OK' }; print MMM::Agent::Agent->new(ip => '127.0.0.1', mysql_port => 1, "
          "mysql_user => 'u', mysql_password => 'p', interface => 'lo')->cmd_get_system_status();", r"OK: Returning status!\|.*"),
    "writable": (
        "use constant MMM_PROTOCOL_VERSION => 1; require MMM::Agent::Agent; " + QUIET + "*MMM::Agent::Helpers::may_write = sub { $? = "
        "256; 'OK' }; "
        "*MMM::Agent::Helpers::deny_write = sub { print 'denied ' }; for my $state ('UNKNOWN', 'ONLINE') { MMM::Agent::Agent->new(state => "
        "$state, writer_role => 'writer', roles => [])->check_roles(); print $state, ' '; }", "UNKNOWN denied ONLINE"),
    "announced": (
        "require MMM::Agent::Helpers::Network; my $sent = 0; " + QUIET + "*Net::ARP::send_packet = sub { $sent++; 1 }; "
        "*Net::ARP::get_mac = sub { '02:00:00:00:00:01' }; MMM::Agent::Helpers::Network::send_arp('lo', '192.0.2.1'); print $sent;", "10"),
    "mac": (
        "require MMM::Agent::Helpers::Network; " + QUIET + "*Net::ARP::send_packet = sub { 1 }; *Net::ARP::get_mac = sub { 'unknown' }; "
        "print MMM::Agent::Helpers::Network::send_arp('lo', '192.0.2.1');", "ERROR: .*"),
    "unsent": (
        "require MMM::Agent::Helpers::Actions; " + QUIET + "*Net::ARP::send_packet = sub { 0 }; *Net::ARP::get_mac = sub { "
        "'02:00:00:00:00:01' }; " + NETWORK % ("check_ip", "0") + NETWORK % ("add_ip", "1") + NETWORK % ("clear_ip", "print 'cleared '")
        + "MMM::Agent::Helpers::Actions::configure_ip('lo', '192.0.2.1');", r"cleared ERROR: Couldn't announce 192\.0\.2\.1 .*"),
    "semi_sync": (
        HOSTS + "$config->{host}->{c}->{peer} = 'b'; package Own; sub do { print $_[1] =~ s/.* //r, ' '; 1 } sub disconnect { 1 } sub "
                "errstr { '' } "
        "sub selectrow_array { $_[1] =~ /semi_sync/ ? 0 : $_[1] =~ /read_only/ ? $main::read_only : 0 } package main; our $read_only = 1; "
        "require MMM::Agent::Helpers::Actions; " + QUIET + "*MMM::Agent::Helpers::Actions::_mysql_connect = sub { bless {}, 'Own' }; "
        "*DBI::connect = sub { 1 }; *MMM::Agent::Helpers::Actions::_exit_ok = sub { print 'then ' }; "
        "MMM::Agent::Helpers::Actions::mysql_allow_write(); $read_only = 0; MMM::Agent::Helpers::Actions::_mysql_set_read_only(1);",
        "1 read_only=0 then read_only=1 0"),
    "gtid": (
        HOSTS + FAKE + "require MMM::Agent::Helpers::Actions; " + QUIET + "*MMM::Agent::Helpers::Actions::_mysql_connect = sub { "
        "bless {}, 'Fake' }; print MMM::Agent::Helpers::Actions::set_active_master('b'), ' after ', $asked;",
        r"CHANGE MASTER TO MASTER_HOST='192\.0\.2\.2',(?!.*MASTER_LOG).* MASTER_USE_GTID=slave_pos\s*OK after 2"),
}


class Unmendable(Exception):
    """One sentence, without the host."""


def lines(text, line):
    return len(re.findall(r"(?=\n%s\n)" % re.escape(line), "\n" + text))


def keeps(mend):
    return mend.mended.endswith("\n" + mend.line) or mend.mended.startswith(mend.line + "\n")


def mended(file, text, unneeded=()):
    """The text with its lines mended; Unmendable where one is neither there as it was nor mended already. unneeded: probes that the file
    as it came has passed."""
    for mend in MENDS.get(file, ()):
        if mend.probe and mend.probe in unneeded:
            continue
        old, new = lines(text, mend.line), lines(text, mend.mended)
        # What is put before or after a line leaves that line.
        old -= keeps(mend) and new
        if (old, new) == (0, 1):
            continue
        if (old, new) != (1, 0):
            raise Unmendable("%s of MMM has not once the line '%s' that has to be mended, since %s: look whether it still has to, and "
                             "correct "
                             "_mmm/mends.py." % (file, mend.name, mend.why))
        text = ("\n" + text).replace("\n" + mend.line + "\n", "\n" + mend.mended + "\n")[1:]
    return text


def probes_of(files):
    """Names of the probes that these files' mends have, each once."""
    return list(dict.fromkeys(mend.probe for file in files for mend in MENDS.get(file, ()) if mend.probe))


def passed(probe, output):
    return re.fullmatch(PROBES[probe][1], output.strip(), re.S) is not None
