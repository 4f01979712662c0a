from __future__ import annotations

import io
import zipfile

import pytest
from ansible_collections.failover.stack.plugins.module_utils._web.webapp import probe

SHARED = '<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0"><distributable/></web-app>'
LOCAL = '<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0"><description>no distributable</description></web-app>'
FRAGMENT = '<web-fragment xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0">%s</web-fragment>'


def jar(**files):
    text = io.BytesIO()
    with zipfile.ZipFile(text, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_x", ".x").replace("-_", "-"), content)
    return text.getvalue()


def with_fragment(content):
    return jar(**{"META-INF__web-fragment_xml": content})


@pytest.fixture(params=["directory", "archive"])
def deploy(request, tmp_path):
    """Lays out an application, unpacked or as an archive; returns its doc_base."""
    def make(files):
        if request.param == "archive":
            with zipfile.ZipFile(tmp_path / "shop.war", "w") as archive:
                for name, content in files.items():
                    archive.writestr(name, content)
            return str(tmp_path / "shop.war")
        for name, content in files.items():
            path = tmp_path / "shop" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(tmp_path / "shop")
    return make


def test_a_distributable_application_is_shared(deploy):
    assert probe(deploy({"WEB-INF/web.xml": SHARED, "index.jsp": ""}), True) == ""


def test_without_a_cluster_nobody_asks(deploy):
    assert probe(deploy({"index.jsp": ""}), False) == ""


@pytest.mark.parametrize("files, why", [
    ({"WEB-INF/web.xml": LOCAL}, "its WEB-INF/web.xml does not say <distributable/>"),
    ({"index.jsp": ""}, "it has no WEB-INF/web.xml, which has to say <distributable/>"),
    ({"WEB-INF/web.xml": SHARED, "WEB-INF/lib/x.jar": with_fragment(FRAGMENT % "")},
     "the META-INF/web-fragment.xml of its WEB-INF/lib/x.jar does not say <distributable/>"),
])
def test_sessions_that_stay_local_are_told(deploy, files, why):
    path = deploy(files)
    assert probe(path, True) == "the sessions of %s stay on this host, since %s: add it, or take cluster out of the service" % (path, why)


@pytest.mark.parametrize("files, not_scanned", [
    ({"WEB-INF/web.xml": SHARED, "WEB-INF/lib/x.jar": with_fragment(FRAGMENT % "<distributable/>")}, ()),
    ({"WEB-INF/web.xml": SHARED, "WEB-INF/lib/x.jar": jar(a="")}, ()),
    ({"WEB-INF/web.xml": SHARED, "WEB-INF/lib/x.jar": with_fragment(FRAGMENT % "")}, ("x*.jar",)),
    ({"WEB-INF/web.xml": SHARED.replace("version", 'metadata-complete="true" version'),
      "WEB-INF/lib/x.jar": with_fragment(FRAGMENT % "")}, ()),
])
def test_jars_that_leave_the_sessions_shared(deploy, files, not_scanned):
    assert probe(deploy(files), True, not_scanned) == ""


def test_what_is_not_there_or_broken_is_told(tmp_path):
    assert probe(str(tmp_path / "shop"), False) == "%s/shop is not there: deploy the application" % tmp_path
    (tmp_path / "shop.war").write_text("no archive")
    assert probe(str(tmp_path / "shop.war"), True) == "%s/shop.war cannot be read (File is not a zip file): deploy it anew" % tmp_path
