# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pathlib

import pytest
import yaml
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import clashes, spec_problems, unmet
from ansible_collections.failover.stack.plugins.module_utils._preflight.rsync_sync import claims, ports, problems

ROLE = pathlib.Path(__file__).resolve().parents[5] / "roles/rsync_sync"
SPEC = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
DEFAULTS = {name: option["default"] for name, option in SPEC.items() if "default" in option}
PASSWORD = "long-enough-for-this"


def values(**changes):
    return {
        **DEFAULTS, "rsync_sync_sources": ["mon"], "rsync_sync_targets": ["web1", "web2"], "rsync_sync_bind_address": "192.0.2.62",
        "rsync_sync_addresses": {"mon": "192.0.2.62", "web1": "192.0.2.21", "web2": "2001:db8::22"},
        "rsync_sync_passwords": {"site": PASSWORD}, "rsync_sync_contents": [{"name": "site", "path": "/srv/site"}],
        **{"rsync_sync_" + name: value for name, value in changes.items()}}


def one(**parts):
    return {"contents": [{"name": "site", "path": "/srv/site", **parts}]}


def two(*others):
    return {"contents": [{"name": "site", "path": "/srv/site"}, *others], "passwords": {"site": PASSWORD, "b": PASSWORD}}


def test_the_usual_content():
    for host in ("mon", "web1", "web2"):
        assert problems(host, values()) == []
    assert problems("mon", values(contents=[])) == []
    assert spec_problems("mon", SPEC, {name: value for name, value in values().items() if name in SPEC})[0] == []


FIRST = "rsync_sync_contents[0]"
ABSOLUTE = "write an absolute path without . and .., without a slash at its end, of letters, digits and . _ + @ , : = -."
SERVERS = "files that a server writes are no content, replicate or back up the database."
OWN = "in which whatever the source has not would be deleted: name a directory of its own."
SMALL = "begin with a small letter or a digit, use these, - and _, 40 at most"


@pytest.mark.parametrize("changes, sentence", [
    (one(name="Site", transport="ssh"), FIRST + ".name is 'Site': " + SMALL + "."),
    (one(name="s" * 41, transport="ssh"), FIRST + ".name is '" + "s" * 41 + "': " + SMALL + "."),
    (one(name="poke", transport="ssh"), FIRST + ".name is 'poke': " + SMALL + "; this one is taken by a unit of the role."),
    (two({"name": "site", "path": "/srv/b", "user": "b"}),
     "rsync_sync_contents[1].name is 'site', which rsync_sync_contents[0].name has already: give each its own."),
    (two({"name": "b", "path": "/srv/b", "user": "site"}),
     "rsync_sync_contents[1].user is 'site', which rsync_sync_contents[0] has already, with a password of its own: give each its own."),
    (one(user="a user"), FIRST + ".user is 'a user': use letters, digits and . _ - only."),
    (one(path="srv/site", target_path="/srv/site"), FIRST + ".path is 'srv/site': " + ABSOLUTE),
    (one(path="/srv/site/", target_path="/srv/site"), FIRST + ".path is '/srv/site/': " + ABSOLUTE),
    (one(path="/srv/../etc", target_path="/srv/site"), FIRST + ".path is '/srv/../etc': " + ABSOLUTE),
    (one(target_path="/srv/a site"), FIRST + ".target_path is '/srv/a site': " + ABSOLUTE),
    (one(path="/var/lib/mysql", target_path="/srv/site"),
     FIRST + ".path is /var/lib/mysql, where MySQL or MariaDB has its data: " + SERVERS),
    (one(path="/var/lib/postgresql/15/main", target_path="/srv/site"),
     FIRST + ".path is /var/lib/postgresql/15/main, where PostgreSQL has its data: " + SERVERS),
    (one(path="/var", target_path="/srv/site"), FIRST + ".path is /var, where MySQL or MariaDB has its data: " + SERVERS),
    (one(target_path="/var/lib/rabbitmq"), FIRST + ".target_path is /var/lib/rabbitmq, where RabbitMQ has its data: " + SERVERS),
    (one(target_path="/etc/httpd"), FIRST + ".target_path is /etc/httpd, " + OWN),
    (one(target_path="/srv"), FIRST + ".target_path is /srv, " + OWN),
    (one(target_path="/usr/lib/site"), FIRST + ".target_path is /usr/lib/site, " + OWN),
    (one(target_mount="/mnt"), FIRST + ".target_mount is /mnt, and /srv/site does not lie there: name what is mounted above it."),
    (one(target_mount="/srv/sit"), FIRST + ".target_mount is /srv/sit, and /srv/site does not lie there: name what is mounted above it."),
    (one(source_mount="/srv/site/x"),
     FIRST + ".source_mount is /srv/site/x, and /srv/site does not lie there: name what is mounted above it."),
    (one(target_mount="/srv/site", atomic=True),
     FIRST + ".target_path is where target_mount is, and atomic makes it a symbolic link: name a directory within."),
    (one(source="web9"), FIRST + ".source is 'web9', which is not in group 'content': put it there, or correct the name."),
    ({"sources": []}, FIRST + " has no source, and group 'content' has no hosts: name one in source."),
    ({"sources": ["mon", "web1"]}, FIRST + " has no source, and group 'content' has 2 hosts: name one in source."),
    (one(targets=["web1", "web9"]),
     FIRST + ".targets has 'web9', which is not in group 'content_target': put it there, or correct the name."),
    ({"addresses": {"mon": "mon.example.org", "web1": "192.0.2.21", "web2": "192.0.2.22"}},
     "mon has the address 'mon.example.org', which is none, and only addresses are let in: set its ansible_host or rsync_sync_address."),
    ({"bind_address": "here"},
     "rsync_sync_bind_address is 'here', which is no address: give one of this host's, or leave it empty for all."),
    ({"interval_s": 9, "random_delay_s": 0}, FIRST + ".interval_s is 9: at least 10 s, or push for what must be there at once."),
    (one(interval_s=10), FIRST + ".random_delay_s is 30: between 0 and interval_s (10)."),
    ({"delete_percent": 101}, FIRST + ".delete_percent is 101: between 0 and 100."),
    ({"delete_percent": -1}, FIRST + ".delete_percent is -1: between 0 and 100."),
    (one(keep=0), FIRST + ".keep is 0: at least 1."), (one(timeout_s=0), FIRST + ".timeout_s is 0: at least 1."),
    (one(delete_always=-1), FIRST + ".delete_always is -1: at least 0."),
    ({"port": 0}, "rsync_sync_port is 0: a TCP port is 1 to 65535."),
    ({"poke_port": 65536}, "rsync_sync_poke_port is 65536: a TCP port is 1 to 65535."),
    ({"marker": "a/b"}, "rsync_sync_marker is 'a/b': a file's name of letters, digits and . _ -."),
    ({"marker": ".."}, "rsync_sync_marker is '..': a file's name of letters, digits and . _ -."),
    (one(uid="no body"), FIRST + ".uid is 'no body': a name or a number."),
    (one(exclude=["a\nb"]), FIRST + ".exclude has an empty text or a line break: leave it out."),
    (one(refuse_options=[""]), FIRST + ".refuse_options has an empty text or a line break: leave it out."),
    (one(refuse_options=["--delete"]), FIRST + ".refuse_options has '--delete': write an option's long name without its dashes."),
    ({"passwords": {}},
     "rsync_sync_passwords has none for 'site' (rsync_sync_contents[0]): add one of at least 12 characters, or pull by transport ssh."),
    ({"passwords": {"site": "short"}}, "rsync_sync_passwords.site has 5 characters: use at least 12."),
    ({"passwords": {"site": "a blank in the midst"}},
     "rsync_sync_passwords.site has a blank, @@ or a # at its beginning: use other characters."),
    ({"passwords": {"site": "#begins-with-it"}},
     "rsync_sync_passwords.site has a blank, @@ or a # at its beginning: use other characters."),
    (two({"name": "b", "path": "/srv/site/b"}),
     "rsync_sync_contents[1].target_path is /srv/site/b, and rsync_sync_contents[0].target_path of 'site' is /srv/site: what one has the "
     "other would delete, keep 'b' apart."),
])
def test_what_is_refused(changes, sentence):
    assert problems("web1", values(**changes)) == ["web1: " + sentence]


def test_a_content_without_targets_is_told_to_everybody():
    """Nobody has it then, so who is asked has nothing else to be told of."""
    assert problems("mon", values(targets=[])) == [
        "mon: rsync_sync_contents[0] ('site') has no targets: fill group 'content_target', or name some in targets."]


@pytest.mark.parametrize("path", ["/srv/site", "/var/www/site", "/var/lib/mysqldumps", "/usr/share/site", "/opt/site"])
def test_a_directory_that_only_looks_like_one_of_the_systems_is_none(path):
    assert problems("web1", values(**one(path=path))) == []


def test_two_sources_in_one_directory_harm_nobody():
    inner = {"name": "b", "path": "/srv/site/b", "target_path": "/srv/b"}
    assert problems("mon", values(**two(inner))) == [] == problems("web1", values(**two(inner)))


def test_a_target_that_is_source_of_what_lies_there():
    contents = [{"name": "site", "path": "/srv/site", "source": "mon"}, {"name": "b", "path": "/srv/site/b", "source": "web1"}]
    found = problems("web1", values(sources=["mon", "web1"], contents=contents, passwords={"site": PASSWORD, "b": PASSWORD}))
    assert any("what one has the other would delete" in said for said in found)


def test_who_has_nothing_to_do_with_it_needs_no_password():
    assert problems("web2", values(passwords={}, **one(targets=["web1"]))) == []
    assert problems("web1", values(passwords={}, **one(transport="ssh"))) == []


def test_ports_are_claimed():
    (rsyncd,) = ports("mon", values())
    assert rsyncd[:2] == ("TCP ports of mon", "873") and ports("web1", values()) == []
    (socket,) = ports("web1", values(**one(push=True)))
    assert socket[1] == "8730"
    assert clashes([rsyncd, rsyncd._replace(owner="HAProxy", sentence="mon: HAProxy listens on 873, too.")]) == [
        "mon: HAProxy listens on 873, too."]


def test_source_and_targets_say_the_same():
    def said(of_mon, of_web1, of_web2):
        return unmet(claims("mon", of_mon) + claims("web1", of_web1) + claims("web2", of_web2))

    usual = values()
    assert said(usual, usual, usual) == []
    assert said(usual, usual, values(contents=[])) == [
        "mon: rsync_sync_contents[0] ('site') is not the same for web2: give rsync_sync_contents to source and targets alike, in "
        "group_vars of a group that has both."]
    other = values(**one(path="/srv/other"))
    assert [sentence.split(":")[0] for sentence in said(usual, other, usual)] == ["mon", "web1"]
