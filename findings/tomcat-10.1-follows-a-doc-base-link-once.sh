#!/bin/sh
# Tomcat 10.1.60 (Debian 12's packages of 2026-11-29): a docBase that is a symbolic link is followed once, when the application starts. Who
# switches the link then, as deployments with a "current" link do, changes nothing for a running Tomcat, neither for old files nor for new ones,
# until the application is started again. Removing the release that the link led to before takes it away from under the visitors.
#
# Guessed: 404 for everything, since Tomcat refuses files outside of the directory that it knows unless links are allowed.
# Seen: "before: one; switched: one, a file that only two has: 404; restarted: two".
#
# Needs Debian 12, java in PATH and port 18090 of 127.0.0.1. Fails when that changes.
set -eu
version=${1:-10.1.60-1~deb12u1}
folder=$(mktemp -d)
java_process=
stop() {
  if [ -n "$java_process" ]; then kill "$java_process" && wait "$java_process" || :; fi
  java_process=
}
finish() {
  stop
  rm -rf "$folder"
}
trap finish EXIT
cd "$folder"
chmod 755 .
mkdir debs root base base/conf base/webapps base/temp base/work base/logs one two
cd debs
apt-get -qq -o APT::Sandbox::User=root download "libtomcat10-java=$version" "tomcat10-common=$version"
apt-get -qq -o APT::Sandbox::User=root download libeclipse-jdt-core-java
cd ..
for file in debs/*.deb; do dpkg-deb -x "$file" root; done
echo one >one/version.txt
echo two >two/version.txt
echo two >two/new.txt
ln -s one current
cat >base/conf/server.xml <<END
<Server port="-1">
  <Service name="Catalina">
    <Connector address="127.0.0.1" port="18090" protocol="HTTP/1.1"/>
    <Engine name="Catalina" defaultHost="localhost">
      <Host name="localhost" appBase="webapps">
        <Context path="" docBase="$folder/current"/>
      </Host>
    </Engine>
  </Service>
</Server>
END
cat >base/conf/web.xml <<END
<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0">
  <servlet>
    <servlet-name>default</servlet-name>
    <servlet-class>org.apache.catalina.servlets.DefaultServlet</servlet-class>
  </servlet>
  <servlet-mapping>
    <servlet-name>default</servlet-name>
    <url-pattern>/</url-pattern>
  </servlet-mapping>
</web-app>
END
jars=$(find "$folder/root/usr/share" -name '*.jar' | tr '\n' :)
cat >ask.py <<'END'
import sys
import time
import urllib.error
import urllib.request

for _try in range(100):
    try:
        print(urllib.request.urlopen("http://127.0.0.1:18090/" + sys.argv[1], timeout=5).read().decode().strip())
        break
    except urllib.error.HTTPError as error:
        print(error.code)
        break
    except OSError:
        time.sleep(0.3)
else:
    sys.exit("no answer")
END
start() {
  java -cp "$jars" -Dcatalina.base="$folder/base" -Dcatalina.home="$folder/base" -Djava.io.tmpdir="$folder/base/temp" \
    org.apache.catalina.startup.Bootstrap start >"$folder/log" 2>&1 &
  java_process=$!
}
start
before=$(python3 ask.py version.txt)
ln -s two next
mv -T next current
# Resources are kept for 5 s.
sleep 7
switched=$(python3 ask.py version.txt)
new=$(python3 ask.py new.txt)
stop
start
restarted=$(python3 ask.py version.txt)
seen="before: $before; switched: $switched, a file that only two has: $new; restarted: $restarted"
echo "$seen"
[ "$seen" = "before: one; switched: one, a file that only two has: 404; restarted: two" ]
