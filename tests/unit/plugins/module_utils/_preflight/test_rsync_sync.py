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


@pytest.mark.parametrize("changes, sentence", [
    (one(name="Site"), "web1: rsync_sync_contents[0].name is 'Site': begin with a small letter or a digit"),
    (one(name="poke"), "this one is taken by a unit of the role"),
    (two({"name": "site", "path": "/srv/b"}), "rsync_sync_contents[1].name is 'site', which rsync_sync_contents[0].name has already"),
    (two({"name": "b", "path": "/srv/b", "user": "site"}), "[1].user is 'site', which rsync_sync_contents[0] has already"),
    (one(path="srv/site"), "web1: rsync_sync_contents[0].path is 'srv/site': write an absolute path"),
    (one(path="/srv/../etc"), "path is '/srv/../etc': write an absolute path"),
    (one(path="/srv/a site"), "path is '/srv/a site': write an absolute path"),
    (one(path="/var/lib/mysql"), "path is /var/lib/mysql, where MySQL or MariaDB has its data: files"),
    (one(path="/var/lib/postgresql/15/main"), "where PostgreSQL has its data"),
    (one(path="/var"), "rsync_sync_contents[0].path is /var, where MySQL or MariaDB has its data"),
    (one(target_path="/var/lib/rabbitmq"), "target_path is /var/lib/rabbitmq, where RabbitMQ has its data"),
    (one(target_path="/etc/httpd"), "target_path is /etc/httpd, in which whatever the source has not would be deleted"),
    (one(target_path="/srv"), "target_path is /srv, in which"),
    (one(target_mount="/mnt"), "target_mount is /mnt, and /srv/site does not lie there"),
    (one(source_mount="/srv/site/x"), "source_mount is /srv/site/x, and /srv/site does not lie there"),
    (one(target_mount="/srv/site", atomic=True), "target_path is where target_mount is, and atomic makes it a symbolic link"),
    (one(source="web9"), "web1: rsync_sync_contents[0].source is 'web9', which is not in group 'content': put it there"),
    ({"sources": []}, "rsync_sync_contents[0] has no source, and group 'content' has no hosts: name one in source."),
    ({"sources": ["mon", "web1"]}, "has no source, and group 'content' has 2 hosts: name one in source."),
    (one(targets=["web9"]), "targets has 'web9', which is not in group 'content_target'"),
    ({"targets": []}, "('site') has no targets: fill group 'content_target', or name some in targets."),
    ({"addresses": {"mon": "mon.example.org", "web1": "192.0.2.21", "web2": "192.0.2.22"}},
     "web1: mon has the address 'mon.example.org', which is none, and only addresses are let in"),
    ({"bind_address": "here"}, "rsync_sync_bind_address is 'here', which is no address"),
    ({"interval_s": 9}, "interval_s is 9: at least 10 s"), (one(interval_s=10), "random_delay_s is 30: between 0 and interval_s (10)."),
    ({"delete_percent": 101}, "delete_percent is 101: between 0 and 100."), (one(keep=0), "keep is 0: at least 1."),
    ({"port": 0}, "rsync_sync_port is 0: a TCP port is 1 to 65535."), ({"marker": "a/b"}, "rsync_sync_marker is 'a/b': a file's name"),
    (one(uid="no body"), "uid is 'no body': a name or a number."), (one(exclude=["a\nb"]), "exclude has an empty text or a line break"),
    (one(refuse_options=["--delete"]), "refuse_options has '--delete': write an option's long name without its dashes."),
    ({"passwords": {}}, "web1: rsync_sync_passwords has none for 'site' (rsync_sync_contents[0]): add one of at least 12 characters"),
    ({"passwords": {"site": "short"}}, "rsync_sync_passwords.site has 5 characters: use at least 12."),
    ({"passwords": {"site": "a blank in the midst"}}, "has a blank, @@ or a # at its beginning"),
    (two({"name": "b", "path": "/srv/site/b"}),
     "web1: rsync_sync_contents[1].target_path is /srv/site/b, and rsync_sync_contents[0].target_path of 'site' is /srv/site: what one has "
     "the other would delete, keep 'b' apart."),
])
def test_what_is_refused(changes, sentence):
    found = problems("web1", values(**changes))
    assert any(sentence in said for said in found), found
    assert len(found) == len(set(found)) and not any(PASSWORD in said for said in found)


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
