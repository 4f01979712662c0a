"""One request, its answer as JSON: status, headers, body, and the subject of the TLS certificate met (pass-through or not)."""

import argparse
import http.client
import json
import ssl
import subprocess

options = argparse.ArgumentParser()
options.add_argument("host")
options.add_argument("port", type=int)
options.add_argument("path")
options.add_argument("--header", action="append", default=[])
options.add_argument("--tls", default="", help="server name to ask for")
options.add_argument("--times", type=int, default=1)
options = options.parse_args()


class Named(http.client.HTTPSConnection):
    """Connects to an address, asks for a name."""

    def connect(self):
        http.client.HTTPConnection.connect(self)
        self.sock = self._context.wrap_socket(self.sock, server_hostname=options.tls)


def connection():
    if not options.tls:
        return http.client.HTTPConnection(options.host, options.port, timeout=5)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return Named(options.host, options.port, timeout=5, context=context)


servers, answer, subject = [], None, ""
cookies = ""
for _ in range(options.times):
    one = connection()
    headers = dict(text.split(": ", 1) for text in options.header)
    if cookies:
        headers["Cookie"] = cookies
    one.request("GET", options.path, headers=headers)
    if options.tls:
        pem = ssl.DER_cert_to_PEM_cert(one.sock.getpeercert(True))
        subject = subprocess.run(["openssl", "x509", "-noout", "-subject"], input=pem, capture_output=True, text=True, check=True).stdout
    answer = one.getresponse()
    body = answer.read().decode()
    servers.append(body.split("\n")[0].removeprefix("server: "))
    cookies = (answer.getheader("Set-Cookie") or cookies).split(";")[0]
    one.close()
print(json.dumps({
    "status": answer.status, "headers": {name.lower(): value for name, value in answer.getheaders()},
    "servers": servers, "body": body, "subject": subject.strip()}))
