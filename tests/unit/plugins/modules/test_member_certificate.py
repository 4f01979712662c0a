# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module and action plugin together, as in a task: the member's directory and the authority's are scratch directories."""

import grp
import json
import os
import types

import pytest

pytest.importorskip("cryptography")

from ansible_collections.failover.stack.plugins.action import member_certificate as action_plugin
from ansible_collections.failover.stack.plugins.module_utils._host import tls
from ansible_collections.failover.stack.plugins.modules import member_certificate

SECRET = "Wd7-of-the-authority"
GROUP = grp.getgrgid(os.getgid())[0]


class Site:
    """One member and the controller."""

    def __init__(self, root, act, play):
        self.act, self.play, self.root, self.sent = act, play, root, []
        self.member, self.authority = root / "member", root / "controller" / "ca"
        self.arguments = {"directory": str(self.member), "group": GROUP, "names": ["DNS:mq1", "IP:198.51.100.51"], "common_name": "mq1",
                          "authority_directory": str(self.authority), "authority_name": "RabbitMQ orders"}

    def run(self, check=False, **more):
        """The result of the task."""
        def module(_name, arguments):
            self.sent.append(arguments)
            result = self.play(member_certificate, {key: value for key, value in arguments.items() if value is not None}, check=check)
            assert "PRIVATE KEY" not in json.dumps([arguments, result])
            return result

        return self.act(action_plugin, dict(self.arguments, **more), [module, module], check=check).run()

    def files(self):
        return {str(path.relative_to(self.root)): (path.read_text(), oct(path.stat().st_mode & 0o777))
                for path in sorted(self.root.rglob("*")) if path.is_file() and path.name not in (".lock", ".gitignore")}


@pytest.fixture
def site(tmp_path, act, play, monkeypatch):
    # Only root may give files to root; whoever runs the tests counts as such.
    monkeypatch.setattr(member_certificate, "OWNER", os.getuid())
    return Site(tmp_path, act, play)


def test_a_member_gets_key_certificate_and_authority_and_keeps_them(site):
    result = site.run()
    assert (result["changed"], result["reason"]) == (True, "there is none")
    files = site.files()
    assert {name: mode for name, (_text, mode) in files.items()} == {
        "member/key.pem": "0o640", "member/cert.pem": "0o644", "member/ca.pem": "0o644", "controller/ca/ca.key": "0o600",
        "controller/ca/ca.pem": "0o644"}
    assert files["member/ca.pem"] == files["controller/ca/ca.pem"]
    assert site.member.stat().st_mode & 0o777 == 0o750 and site.authority.stat().st_mode & 0o777 == 0o700
    again = site.run()
    assert (again["changed"], again["reason"], again["diff"]["after"]) == (False, "", "") and site.files() == files


def test_a_member_that_asks_for_another_name_gets_its_own(site, monkeypatch):
    """What the controller signs is what the task says; a member answers what it likes."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    def greedy(key):
        built = x509.CertificateSigningRequestBuilder().subject_name(tls.name_of("mq2")).add_extension(
            x509.SubjectAlternativeName([tls.general("DNS:mq2"), tls.general("DNS:*.example")]), critical=False)
        return tls.pem(built.sign(tls.load_key(key), hashes.SHA256()))

    monkeypatch.setattr(tls, "request", greedy)
    site.run()
    signed = tls.read((site.member / "cert.pem").read_text())
    names = signed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["mq1"] and signed.subject == tls.name_of("mq1")
    assert site.run()["changed"] is False


def test_a_member_s_certificate_is_valid_for_397_days_and_the_authority_s_for_ten_years(site):
    site.run()
    days = [round((tls.end_of(tls.read(path.read_text())) - tls.now()).total_seconds() / 86400) for path in (
        site.member / "cert.pem", site.authority / "ca.pem")]
    assert days == [397, 3650]


def test_the_authority_is_kept_out_of_git(site):
    site.run()
    assert (site.authority / ".gitignore").read_text() == "*\n"
    (site.authority / ".gitignore").unlink()
    assert site.run()["changed"] is False and (site.authority / ".gitignore").exists()


def test_a_passphrase_protects_the_authority_s_key_and_never_leaves_the_controller(site):
    site.run(authority_passphrase=SECRET)
    assert tls.is_locked((site.authority / "ca.key").read_text()) and (site.authority / "ca.key").stat().st_mode & 0o777 == 0o600
    assert not any(SECRET in json.dumps(arguments, default=str) for arguments in site.sent)
    assert site.run(authority_passphrase=SECRET)["changed"] is False
    for given, why in (({}, "ca.key has a passphrase, which was not given: set the variable whose name ends in _tls_passphrase"),
                       ({"authority_passphrase": "another"}, "the passphrase that was given does not open ca.key: correct it")):
        assert site.run(**given) == {"failed": True, "msg": "The authority in %s cannot sign: %s" % (site.authority, why)}
    assert site.run(authority_passphrase=SECRET, names=["DNS:mq9"])["reason"] == "it has other names"


def test_a_key_without_a_passphrase_gets_the_one_that_is_given(site):
    site.run()
    before = (site.authority / "ca.pem").read_text()
    site.run(authority_passphrase=SECRET)
    assert tls.is_locked((site.authority / "ca.key").read_text()) and (site.authority / "ca.pem").read_text() == before
    assert site.run(authority_passphrase=SECRET)["changed"] is False


def test_keys_stay_where_they_were_made(site):
    site.run()
    files = site.files()
    member, authority = files["member/key.pem"][0], files["controller/ca/ca.key"][0]
    assert [name for name, (text, _mode) in files.items() if text in (authority, member)] == ["controller/ca/ca.key", "member/key.pem"]


def test_check_mode_makes_nothing_where_there_is_nothing(site):
    result = site.run(check=True)
    assert (result["changed"], result["reason"], site.files()) == (True, "there is none", {})


def test_check_mode_leaves_a_certificate_that_would_be_replaced(site):
    site.run()
    before = site.files()
    result = site.run(check=True, names=["DNS:mq9"])
    assert (result["changed"], result["reason"], result["diff"]["after"]) == (
        True, "it has other names", "certificate: it has other names\n")
    assert site.files() == before


@pytest.mark.parametrize("damage, reason", [
    (lambda site: (site.member / "cert.pem").write_text("torn"), "there is none"),
    (lambda site: (site.member / "cert.pem").unlink(), "there is none"),
    (lambda site: (site.member / "ca.pem").unlink(), "the authority's certificate differs"),
    (lambda site: (site.member / "key.pem").write_text(tls.new_key()), "it belongs to another key"),
    (lambda site: (site.member / "key.pem").write_text(""), "it belongs to another key"),
])
def test_what_an_interrupted_run_left_is_completed(site, damage, reason):
    site.run()
    damage(site)
    result = site.run()
    assert (result["changed"], result["reason"]) == (True, reason)
    assert site.run()["changed"] is False


def test_a_key_that_is_none_is_not_thrown_away(site):
    site.run()
    (site.member / "key.pem").write_text("not in this format")
    said = site.play(member_certificate, site.arguments, fails=True)["msg"]
    assert said == "%s/key.pem is no key that can be read here: move it away, then run again, and a new one is made." % site.member
    assert (site.member / "key.pem").read_text() == "not in this format"


def test_permissions_alone_are_mended(site):
    site.run()
    (site.member / "key.pem").chmod(0o644)
    result = site.run()
    assert (result["changed"], result["reason"]) == (True, "") and (site.member / "key.pem").stat().st_mode & 0o777 == 0o640


def test_a_member_that_trusts_another_authority_is_refused(site):
    site.run()
    before = site.files()
    for there, why in ((False, "there is no ca.pem"), (True, "ca.pem differs")):
        other = site.root / "other"
        if there:
            action_plugin.authority(str(other), "RabbitMQ orders", 10)
        said = site.run(authority_directory=str(other))
        assert said == {"failed": True, "msg": (
            "db2: it trusts another authority than %s (%s): members with different ones do not talk to each other. Bring the directory of "
            "the controller that made it here, or new_authority: true gives the member the one there, or a new one." % (other, why))}
        assert {name: text for name, text in site.files().items() if not name.startswith("other")} == before


def test_a_new_authority_is_taken_when_that_is_said(site):
    site.run()
    result = site.run(authority_directory=str(site.root / "other"), new_authority=True)
    assert (result["changed"], result["reason"]) == (True, "another authority signed it")
    assert (site.member / "ca.pem").read_text() == (site.root / "other/ca.pem").read_text()


def test_an_authority_without_its_key_is_never_made_anew(site):
    site.run()
    (site.authority / "ca.key").unlink()
    before = site.files()
    assert site.run(names=["DNS:mq9"]) == {"failed": True, "msg": (
        "The authority in %s cannot sign: it has ca.pem but no ca.key, bring it from the controller that made them" % site.authority)}
    assert site.files() == before


@pytest.mark.parametrize("name, text, why", [
    ("ca.pem", "torn", "ca.pem is no certificate"), ("ca.key", None, "ca.key does not belong to ca.pem")])
def test_an_authority_that_is_damaged_signs_nothing(site, name, text, why):
    site.run()
    (site.authority / name).write_text(tls.new_key() if text is None else text)
    assert site.run(names=["DNS:mq9"])["msg"] == "The authority in %s cannot sign: %s" % (site.authority, why)


def test_an_authority_whose_certificate_was_lost_gets_one_of_the_same_key(site):
    site.run()
    (site.authority / "ca.pem").unlink()
    assert site.run(new_authority=True)["changed"]
    assert tls.same_authority((site.member / "ca.pem").read_text(), (site.authority / "ca.pem").read_text())


def test_a_group_that_is_not_there_is_said(site, refused):
    assert refused(member_certificate, dict(site.arguments, group="nobody-has-this")) == (
        "There is no group nobody-has-this on this host: install the service first.")


def test_without_the_library_both_sides_say_what_to_install(site, refused, monkeypatch, act):
    monkeypatch.setattr(tls, "x509", None)
    assert refused(member_certificate, site.arguments) == tls.MISSING % os.uname().nodename
    with pytest.raises(Exception, match="cryptography is missing on the controller"):
        act(action_plugin, site.arguments, []).run()


def test_a_member_that_fails_is_the_result(site, act):
    broken = {"failed": True, "msg": "no"}
    assert act(action_plugin, site.arguments, [broken]).run() == broken


def test_a_file_is_whole_or_not_there(site, monkeypatch):
    site.run()
    before = site.files()

    def full(*_arguments, **_named):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "rename", full)
    module = types.SimpleNamespace(params=site.arguments, check_mode=False)
    with pytest.raises(OSError):
        member_certificate.Member(module).write("cert.pem", "half", 0o644)
    assert site.files() == before


@pytest.mark.parametrize("planted", ["member", "key.pem"])
def test_a_link_that_the_service_has_put_in_the_way_is_refused(site, planted):
    """The service owns the directory above, as RabbitMQ owns /etc/rabbitmq."""
    site.run()
    service, secret = site.root / "service", site.root / "secret"
    service.mkdir()
    service.chmod(0o777)
    secret.mkdir(mode=0o700)
    (secret / "key.pem").write_text("root's own")
    place = service / "tls"
    if planted == "member":
        place.symlink_to(secret)
    else:
        place.mkdir()
        place.chmod(0o777)
        (place / "key.pem").symlink_to(secret / "key.pem")
    said = site.play(member_certificate, dict(site.arguments, directory=str(place)), fails=True)["msg"]
    assert said.startswith("%s is a link in a directory that others than root can change" % (
        place if planted == "member" else place / "key.pem"))
    assert [(path.name, path.read_text()) for path in secret.iterdir()] == [("key.pem", "root's own")]
    assert (secret / "key.pem").stat().st_mode & 0o777 == 0o644 and secret.stat().st_mode & 0o777 == 0o700
