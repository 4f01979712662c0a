# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an MHA key may run on a database host, word by word: all that MHA 0.58 was seen to run, and nothing else. Pure.

MHA puts the values of its options into shells of its own, so none may have anything that a shell reads; and each path has its place.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections import namedtuple

# argv: what is executed instead. ask: what the member's agent is asked, (verb, {name: value}).
Admitted = namedtuple("Admitted", "argv ask", defaults=(None, None))
# user, peers (addresses), own (address), port, workdir, bindir, logs (directories with binary and relay logs).
Limits = namedtuple("Limits", "user peers own port workdir bindir logs")
MANAGER, MEMBER = "manager", "member"

WORD = re.compile(r"[A-Za-z0-9_.+-]*")
NUMBER = re.compile(r"[0-9]{1,20}")
PATH = re.compile(r"/[A-Za-z0-9_.+/-]+")
FLAG = re.compile(r"[01]")
TIME = re.compile(r"[0-9]{1,14}")
VERSIONS, VERSION_WORD = ("target_version", "oldest_version"), re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")
# Of the commands that MHA's manager has run there. The value is what it must look like, or a function that says whether it is right.
NODE_COMMANDS = {"apply_diff_relay_logs": ("test", "find", "generate_and_send", "apply"), "save_binary_logs": ("test", "save")}
SSH_OPTIONS = re.compile(r"(?:StrictHostKeyChecking|PasswordAuthentication|BatchMode|ConnectTimeout|ServerAliveInterval|"
                         r"ServerAliveCountMax|ConnectionAttempts)=[A-Za-z0-9]+")
VERBS = {"status": (), "fence": ("yield_to",), "promote": ("gtid",), "forget": (), "probe": ("address",)}
GTIDS = re.compile(r"(?:[0-9]+-[0-9]+-[0-9]+(?:,[0-9]+-[0-9]+-[0-9]+)*)?")
ADDRESS = re.compile(r"[0-9a-fA-F:.]{2,45}")


class Refused(Exception):
    """Why a command is not run, in one sentence."""


def inside(path, directory):
    """A file in it, at any depth, by a path without detours."""
    return bool(PATH.fullmatch(path)) and posixpath.normpath(path) == path and path.startswith(directory + "/")


def options_of(limits):
    """{option: whether a value of it is right}"""
    logs = [one.rstrip("/") for one in limits.logs]

    def in_workdir(value):
        return inside(value, limits.workdir)

    def log_directories(value):
        return all(one.rstrip("/") in logs for one in value.split(","))

    def in_logs(value):
        return any(inside(value, one) for one in logs)

    def files(value):
        return all(in_workdir(one) for one in value.split(","))

    def equal(*allowed):
        return lambda value: value in allowed

    found = dict.fromkeys(("latest_mlf", "target_mlf", "start_file", "binlog_prefix", "current_relay_log", "target_version",
                           "oldest_version", "manager_version"), WORD.fullmatch)
    found.update(dict.fromkeys(("latest_rmlp", "target_rmlp", "server_id", "start_pos"), NUMBER.fullmatch))
    found.update(dict.fromkeys(("handle_raw_binlog", "disable_log_bin", "skip_filter"), FLAG.fullmatch))
    found.update(dict.fromkeys(("output_file", "diff_file_readtolatest"), in_workdir))
    found.update(dict.fromkeys(("relay_dir", "binlog_dir", "datadir"), log_directories))
    found.update(dict.fromkeys(("slave_host", "slave_ip"), equal(limits.own)))
    found.update(relay_log_info=in_logs, apply_files=files, workdir=equal(limits.workdir), timestamp=TIME.fullmatch,
                 slave_port=equal(str(limits.port)), slave_user=WORD.fullmatch, scp_user=equal(limits.user),
                 scp_host=equal(*limits.peers), scp_port=NUMBER.fullmatch)
    return found


def node_command(words, limits):
    """apply_diff_relay_logs and save_binary_logs."""
    program, rest = words[0], words[1:]
    if rest == ["--version"]:
        return Admitted(words)
    allowed, seen, kept, name = options_of(limits), {}, [program], ""
    for word in rest:
        # MariaDB 11.8 calls itself "11.8.9-MariaDB-0+deb13u1 from Debian-log", and MHA quotes nothing.
        if name in VERSIONS and VERSION_WORD.fullmatch(word):
            continue
        kept.append(word)
        name, equals, value = word[2:].partition("=")
        if word.startswith("--") and name == "command" and name not in seen and value in NODE_COMMANDS[program]:
            pass
        elif not (word.startswith("--") and equals and name in allowed and name not in seen and allowed[name](value)):
            raise Refused("%s does not take %s here" % (program, word.partition("=")[0] if name in allowed else word))
        seen[name] = value
    if "command" not in seen:
        raise Refused("%s has no --command that MHA uses" % program)
    return Admitted(kept)


def copy(words, limits):
    """The far end of scp: one file of the work directory."""
    if len(words) == 3 and words[1] in ("-t", "-f") and inside(words[2], limits.workdir):
        return Admitted(["/usr/bin/scp", words[1], words[2]])
    raise Refused("scp moves files of %s alone" % limits.workdir)


def checksum(words, limits):
    if len(words) == 2 and inside(words[1], limits.workdir):
        return Admitted(["/usr/bin/md5sum", words[1]])
    raise Refused("md5sum reads files of %s alone" % limits.workdir)


def directory(words, limits):
    if words[1:] == ["-p", limits.workdir]:
        return Admitted(["/usr/bin/mkdir", "-p", limits.workdir])
    raise Refused("mkdir makes %s alone" % limits.workdir)


def onward(words, limits):
    """Whether one member reaches another: MHA's manager asks that of each pair when it starts."""
    rest, port = words[1:], "22"
    while rest[:1] in (["-o"], ["-p"]) and len(rest) > 1:
        if not (SSH_OPTIONS if rest[0] == "-o" else NUMBER).fullmatch(rest[1]):
            raise Refused("ssh does not take %s here" % rest[1])
        port = rest[1] if rest[0] == "-p" else port
        rest = rest[2:]
    if len(rest) == 3 and rest[1:] == ["exit", "0"] and rest[0] in ["%s@%s" % (limits.user, peer) for peer in limits.peers]:
        return Admitted([limits.bindir + "/ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5", "-p", port, rest[0], "exit 0"])
    raise Refused("ssh goes from here to another member alone, and does nothing there")


def ask(words, _limits):
    """failover-mha VERB name=value ...: what only the member's agent can do."""
    verb, given = (words[1] if len(words) > 1 else ""), {}
    if verb not in VERBS:
        raise Refused("the agent does not know '%s'" % verb)
    for word in words[2:]:
        name, _equals, value = word.partition("=")
        if name not in VERBS[verb] or not (GTIDS if name == "gtid" else ADDRESS).fullmatch(value):
            raise Refused("%s does not take %s" % (verb, word))
        given[name] = value
    return Admitted(ask=(verb, given))


COMMANDS = {
    MANAGER: {"apply_diff_relay_logs": node_command, "save_binary_logs": node_command, "scp": copy, "md5sum": checksum, "ssh": onward,
              "failover-mha": ask},
    MEMBER: {"scp": copy, "md5sum": checksum, "mkdir": directory},
}


def admitted(line, whose, limits):
    """What is done for this line of a manager or of another member; Refused, with the reason, for anything else."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise Refused("it cannot be read: %s" % error) from None
    if words == ["exit", "0"]:
        return Admitted(["/usr/bin/true"])
    known = COMMANDS[whose]
    if not words or words[0] not in known:
        raise Refused("MHA does not run '%s' there" % (words[0] if words else "a shell"))
    if whose == MEMBER and words[0] == "scp" and words[1:2] != ["-t"]:
        raise Refused("a member sends files, it does not fetch them")
    return known[words[0]](words, limits)


# --- MHA's client, as which our own stands there ------------------------------------------

# What apply_diff_relay_logs --command=test tries, to see whether it may write.
TRIAL = ("set sql_log_bin=0; create table if not exists mysql.apply_diff_relay_logs_test(id int); insert into "
         "mysql.apply_diff_relay_logs_test values(1); update mysql.apply_diff_relay_logs_test set id=id+1 where id=1; delete from "
         "mysql.apply_diff_relay_logs_test; drop table mysql.apply_diff_relay_logs_test;")
LOGIN = re.compile(r"--(?:user|password|host|port)=.*", re.S)


def client(words):
    """The options that are left of those MHA gives the client mysql: who it is and where is the agent's business."""
    rest = [word for word in words if not LOGIN.fullmatch(word)]
    if rest == ["-e", TRIAL] or set(rest) == {"-vvv", "--unbuffered"} or set(rest) == {"--binary-mode", "-vvv", "--unbuffered"}:
        return rest
    raise Refused("the client does not take %s" % " ".join(rest))
