# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mha import commands
from ansible_collections.failover.stack.plugins.module_utils._mha.commands import MANAGER, MEMBER, Refused, admitted, client

WORK = "/var/lib/failover-mha/work"
LIMITS = commands.Limits("mha", ["192.0.2.32", "192.0.2.33"], "192.0.2.31", 3306, WORK, "/bin-of-ours", ["/var/lib/mysql"])
# As MHA 0.58 was seen to send them.
SEEN = (
    "apply_diff_relay_logs --version",
    "save_binary_logs --command=test --start_pos=4 --binlog_dir=/var/lib/mysql --output_file=%s/save_binary_logs_test "
    "--manager_version=0.58 --start_file=binlog.000002" % WORK,
    "save_binary_logs --command=save --start_file=binlog.000002  --start_pos=4711 --binlog_dir=/var/lib/mysql "
    "--output_file=%s/saved_master_binlog_from_192.0.2.31_3306_20261130081500.binlog --handle_raw_binlog=1 --disable_log_bin=0 "
    "--manager_version=0.58" % WORK,
    "apply_diff_relay_logs --command=test --slave_user='mha' --slave_host=192.0.2.31 --slave_ip=192.0.2.31 --slave_port=3306 --workdir=%s "
    "--target_version=10.11.14-MariaDB-0+deb12u2-log --manager_version=0.58 --relay_log_info=/var/lib/mysql/relay-log.info  "
    "--relay_dir=/var/lib/mysql/ " % WORK,
    "apply_diff_relay_logs --command=generate_and_send --scp_user=mha --scp_host=192.0.2.33 --latest_mlf=binlog.000002 --latest_rmlp=900 "
    "--target_mlf=binlog.000002 --target_rmlp=800 --server_id=3323071010 --diff_file_readtolatest=%s/relay_from_read_to_latest.binlog "
    "--workdir=%s --timestamp=20261130081500 --handle_raw_binlog=1 --disable_log_bin=0 --manager_version=0.58 "
    "--relay_log_info=/var/lib/mysql/relay-log.info  --relay_dir=/var/lib/mysql/ " % (WORK, WORK),
    "apply_diff_relay_logs --command=apply --slave_user='mha' --slave_host=192.0.2.31 --slave_ip=192.0.2.31  --slave_port=3306 "
    "--apply_files=%s/a.binlog,%s/b.binlog --workdir=%s --target_version=10.11.14-MariaDB --timestamp=20261130081500 "
    "--handle_raw_binlog=1 --disable_log_bin=0 --manager_version=0.58" % (WORK, WORK, WORK),
)
NOT_SEEN = (
    "", "id", "sh -c id", "apply_diff_relay_logs --version; id", "exit 1", "exit 0; id", "'", "perl -e 1",
    "apply_diff_relay_logs --command=test --ssh_options=-oProxyCommand=id", "apply_diff_relay_logs --workdir=%s" % WORK,
    "apply_diff_relay_logs --command=generate", "apply_diff_relay_logs --command=test --slave_host=192.0.2.32",
    "apply_diff_relay_logs --command=test --slave_user=$(id)", "apply_diff_relay_logs --command=test --client_bindir=/tmp",
    "apply_diff_relay_logs --command=test --command=apply", "apply_diff_relay_logs --command=test --workdir=/tmp",
    "apply_diff_relay_logs --command=generate_and_send --scp_host=192.0.2.99", "apply_diff_relay_logs --command=test extra",
    "apply_diff_relay_logs --command=apply --apply_files=%s/../../../../etc/passwd" % WORK,
    "save_binary_logs --command=save --binlog_dir=/etc", "save_binary_logs --command=save --output_file=/etc/cron.d/x",
    "save_binary_logs --command=save --output_file=%s/a;id" % WORK, "save_binary_logs --command=save --start_file=../../etc/shadow",
    "save_binary_logs --command=save --binlog_dir=/var/lib/mysql,/etc", "scp -f /etc/shadow", "scp -r -f %s/a" % WORK, "scp -t %s" % WORK,
    "scp -t %s/../x" % WORK, "md5sum /etc/shadow", "mkdir -p /tmp/x", "ssh mha@192.0.2.32 id", "ssh mha@192.0.2.99 exit 0",
    "ssh -o ProxyCommand=id mha@192.0.2.32 exit 0", "ssh -o StrictHostKeyChecking=no -p x mha@192.0.2.32 exit 0", "ssh",
    "failover-mha", "failover-mha client", "failover-mha promote force=1", "failover-mha promote gtid=$(id)",
    "failover-mha fence kill_unit=x", "failover-mha probe address=;id")


@pytest.mark.parametrize("line", SEEN)
def test_what_mha_runs_is_run_as_it_is(line):
    found = admitted(line, MANAGER, LIMITS)
    assert found.argv[0] in commands.NODE_COMMANDS and found.ask is None
    assert "'" not in " ".join(found.argv)
    with pytest.raises(Refused):
        admitted(line, MEMBER, LIMITS)


def test_the_version_of_mariadb_11_8_has_blanks():
    line = "apply_diff_relay_logs --command=test --target_version=11.8.9-MariaDB-0+deb13u1 from Debian-log --manager_version=0.58"
    assert admitted(line, MANAGER, LIMITS).argv == [
        "apply_diff_relay_logs", "--command=test", "--target_version=11.8.9-MariaDB-0+deb13u1", "--manager_version=0.58"]
    for other in (line.replace("from", "$(id)"), line.replace("0.58", "0.58 from"), line.replace("from", "--workdir=/tmp")):
        with pytest.raises(Refused):
            admitted(other, MANAGER, LIMITS)


@pytest.mark.parametrize("line", NOT_SEEN)
@pytest.mark.parametrize("whose", [MANAGER, MEMBER])
def test_nothing_else_is(line, whose):
    with pytest.raises(Refused):
        admitted(line, whose, LIMITS)


def test_files_go_one_by_one():
    assert admitted("exit 0", MEMBER, LIMITS).argv == ["/usr/bin/true"]
    assert admitted("scp -t %s/a" % WORK, MEMBER, LIMITS).argv == ["/usr/bin/scp", "-t", WORK + "/a"]
    assert admitted("scp -f %s/a" % WORK, MANAGER, LIMITS).argv == ["/usr/bin/scp", "-f", WORK + "/a"]
    assert admitted("md5sum %s/a" % WORK, MEMBER, LIMITS).argv == ["/usr/bin/md5sum", WORK + "/a"]
    assert admitted("mkdir -p " + WORK, MEMBER, LIMITS).argv == ["/usr/bin/mkdir", "-p", WORK]
    with pytest.raises(Refused, match="a member sends files"):
        admitted("scp -f %s/a" % WORK, MEMBER, LIMITS)


def test_one_member_reaches_another():
    line = ("ssh -o StrictHostKeyChecking=no -o PasswordAuthentication=no -o BatchMode=yes -o ConnectTimeout=3 -p 2222 mha@192.0.2.32 "
            "exit 0")
    assert admitted(line, MANAGER, LIMITS).argv == [
        "/bin-of-ours/ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5", "-p", "2222", "mha@192.0.2.32", "exit 0"]


def test_the_agent_is_asked():
    assert admitted("failover-mha status", MANAGER, LIMITS).ask == ("status", {})
    assert admitted("failover-mha forget", MANAGER, LIMITS).ask == ("forget", {})
    assert admitted("failover-mha fence yield_to=192.0.2.32", MANAGER, LIMITS).ask == ("fence", {"yield_to": "192.0.2.32"})
    assert admitted("failover-mha promote gtid=0-1-4711,1-2-3", MANAGER, LIMITS).ask == ("promote", {"gtid": "0-1-4711,1-2-3"})
    assert admitted("failover-mha probe address=192.0.2.32", MANAGER, LIMITS).ask == ("probe", {"address": "192.0.2.32"})
    with pytest.raises(Refused):
        admitted("failover-mha status", MEMBER, LIMITS)


def test_the_client_is_who_the_agent_says():
    login = ["--user=mha", "--password=", "--host=192.0.2.31", "--port=3306"]
    assert client(["--binary-mode", *login, "-vvv", "--unbuffered"]) == ["--binary-mode", "-vvv", "--unbuffered"]
    assert client([*login, "-e", commands.TRIAL]) == ["-e", commands.TRIAL]
    for words in ([*login, "-e", "DROP DATABASE shop"], login, ["--execute=SELECT 1"], [*login, "-vvv", "--unbuffered", "--tee=/etc/x"]):
        with pytest.raises(Refused):
            client(words)
