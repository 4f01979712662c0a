# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From an authority to another one, in files as the controller has them."""

import os

import pytest
from ansible_collections.failover.stack.plugins.module_utils._host import tls
from ansible_collections.failover.stack.plugins.modules import authority_step

WORD = "correct horse"


@pytest.fixture(params=["", WORD], ids=["plain", "locked"])
def here(request, tmp_path):
    """The directory of an authority, with and without a passphrase."""
    key = tls.new_key()
    (tmp_path / "ca.key").write_text(tls.lock(key, request.param) if request.param else key)
    (tmp_path / "ca.pem").write_text(tls.self_signed(key, "Galera orders", 3650))
    return tmp_path


def asked(here, step, **more):
    return dict({"directory": str(here), "step": step, "passphrase": WORD}, **more)


def key_of(here, name="ca.key"):
    text = (here / name).read_text()
    return tls.unlock(text, WORD) if tls.is_locked(text) else text


def leaf(here):
    """A member's certificate, and the request that it was signed for, by what the directory has."""
    request = tls.request(tls.new_key())
    return request, tls.sign(request, "galera1", ["DNS:galera1"], (here / "ca.pem").read_text(), key_of(here), 397)


def stale(here, made):
    return tls.stale(made[1], made[0], "galera1", ["DNS:galera1"], (here / "ca.pem").read_text())


def test_three_steps_and_at_each_everybody_believes_everybody(here, play):
    before, members = (here / "ca.pem").read_text(), leaf(here)
    locked = tls.is_locked((here / "ca.key").read_text())
    assert play(authority_step, asked(here, "begin")) == {"changed": True, "believed": 2}
    both = (here / "ca.pem").read_text()
    assert both.startswith(before) and stale(here, members) is None and tls.same_authority(before, both)
    assert tls.is_locked((here / "ca-next.key").read_text()) == locked
    assert oct(os.stat(here / "ca-next.key").st_mode)[-3:] == "600"
    assert not play(authority_step, asked(here, "begin"))["changed"]
    assert play(authority_step, asked(here, "switch")) == {"changed": True, "believed": 2}
    switched = (here / "ca.pem").read_text()
    # The same two, the other one first: members with this text and with that before believe each other.
    assert set(tls.certificates(switched)) == set(tls.certificates(both)) and tls.same_authority(before, switched)
    assert stale(here, members) == "another authority signed it" and tls.place_of(key_of(here), switched) == 0
    assert sorted(os.listdir(here)) == ["ca-former.key", "ca.key", "ca.pem"]
    assert not play(authority_step, asked(here, "switch"))["changed"]
    members = leaf(here)
    assert stale(here, members) is None
    assert play(authority_step, asked(here, "end")) == {"changed": True, "believed": 1}
    after = (here / "ca.pem").read_text()
    assert stale(here, members) is None and not tls.same_authority(before, after) and sorted(os.listdir(here)) == ["ca.key", "ca.pem"]
    assert not play(authority_step, asked(here, "end"))["changed"]
    assert tls.read(after).subject == tls.read(before).subject


@pytest.mark.parametrize("steps, step, says", [
    ([], "switch", "there is no other authority: take the step begin first."),
    (["begin"], "end", "the other authority does not sign yet: take the step switch first."),
    (["begin", "switch"], "begin", "an authority from before is still believed: take the step end first.")])
def test_a_step_that_is_not_due_is_refused(here, play, refused, steps, step, says):
    for each in steps:
        play(authority_step, asked(here, each))
    seen = {name: (here / name).read_text() for name in os.listdir(here)}
    assert refused(authority_step, asked(here, step)) == "%s: %s Nothing was changed." % (here, says)
    assert seen == {name: (here / name).read_text() for name in os.listdir(here)}


def test_check_mode_writes_nothing(here, play):
    for step in ("begin", "switch", "end"):
        seen = {name: (here / name).read_text() for name in os.listdir(here)}
        assert play(authority_step, asked(here, step), check=True)["changed"]
        assert seen == {name: (here / name).read_text() for name in os.listdir(here)}
        play(authority_step, asked(here, step))


@pytest.mark.parametrize("broken_off", ["ca-former.key", "ca.pem"])
def test_a_switch_that_was_broken_off_is_taken_again(here, play, broken_off):
    play(authority_step, asked(here, "begin"))
    old, new = (here / "ca.key").read_text(), (here / "ca-next.key").read_text()
    (here / "ca-former.key").write_text(old)
    if broken_off == "ca.pem":
        (here / "ca.pem").write_text(tls.signing((here / "ca.pem").read_text(), key_of(here, "ca-next.key")))
    play(authority_step, asked(here, "switch"))
    assert (here / "ca.key").read_text() == new and (here / "ca-former.key").read_text() == old
    assert tls.place_of(key_of(here), (here / "ca.pem").read_text()) == 0


def test_other_names_and_what_is_not_there(tmp_path, play, refused):
    key = tls.new_key()
    (tmp_path / "authority.pem").write_text(tls.self_signed(key, "databases", 3650))
    assert refused(authority_step, asked(tmp_path, "begin", name="authority")) == (
        "%s: it has no authority.key: run the tier's playbook first, or bring the directory of the controller that made it. Nothing was "
        "changed." % tmp_path)
    (tmp_path / "authority.key").write_text(key)
    assert play(authority_step, asked(tmp_path, "begin", name="authority"))["believed"] == 2
    assert sorted(os.listdir(tmp_path)) == ["authority-next.key", "authority.key", "authority.pem"]


@pytest.mark.parametrize("given, says", [
    (None, "ca.key has a passphrase, which was not given: set the variable whose name ends in _tls_passphrase."),
    ("wrong", "the passphrase that was given does not open ca.key: correct it.")])
def test_the_passphrase_is_needed_before_anything_is_made(tmp_path, refused, given, says):
    key = tls.new_key()
    (tmp_path / "ca.key").write_text(tls.lock(key, WORD))
    (tmp_path / "ca.pem").write_text(tls.self_signed(key, "Galera orders", 3650))
    assert refused(authority_step, asked(tmp_path, "begin", passphrase=given)) == "%s: %s Nothing was changed." % (tmp_path, says)
    assert sorted(os.listdir(tmp_path)) == ["ca.key", "ca.pem"]


def test_a_bundle_outlives_the_renewal_of_the_one_that_signs():
    key, other = tls.new_key(), tls.new_key()
    renewed = tls.renewed(tls.believed_too(tls.self_signed(key, "a", 0), other, 3650), key, 3650)
    assert tls.place_of(other, renewed) == 1 and tls.place_of(key, renewed) == 0
