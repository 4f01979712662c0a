#!/bin/sh
# Scouter 2.20.0: scouter-server, scouter-common and scouter-webapp, as Maven resolves them together, bring jackson-databind 2.12.6.1 beside
# jackson-core 2.8.11. With net_http_api_enabled the API cannot start, and the place for figures, which is no part of it, is gone with it; the
# process lives on and says so in its log alone. jackson-core 2.12.6 in the other's place cures both.
#
# Guessed: what Maven resolves runs, and what does not start takes only itself along.
# Seen: "as resolved: lives, /telegraf/metric 404, API 404; with jackson-core 2.12.6: /telegraf/metric 200, API 200".
#
# Needs Java 17 or later, mvn, curl and ports 16100 and 16180 of 127.0.0.1. Fails when that changes.
set -eu
folder=$(mktemp -d)
java_process=
stop() {
  if [ -n "$java_process" ]; then kill "$java_process" && wait "$java_process" 2>/dev/null || :; fi
  java_process=
}
finish() {
  stop
  rm -rf "$folder"
}
trap finish EXIT
cd "$folder"
# parts DIRECTORY [one more dependency]
parts() {
  cat >pom.xml <<END
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>finding</groupId><artifactId>finding</artifactId><version>1</version><dependencies>
<dependency><groupId>io.github.scouter-project</groupId><artifactId>scouter-server</artifactId><version>2.20.0</version></dependency>
<dependency><groupId>io.github.scouter-project</groupId><artifactId>scouter-common</artifactId><version>2.20.0</version></dependency>
<dependency><groupId>io.github.scouter-project</groupId><artifactId>scouter-webapp</artifactId><version>2.20.0</version></dependency>
${2-}</dependencies></project>
END
  mvn -q -B dependency:copy-dependencies -DoutputDirectory="$folder/$1/lib" -DincludeScope=runtime >/dev/null
}
# run DIRECTORY: what a collector with these parts answers.
run() {
  mkdir -p "$folder/$1/conf"
  cd "$folder/$1"
  printf '%s\n' net_tcp_listen_port=16100 net_udp_listen_port=16100 net_http_server_enabled=true net_http_api_enabled=true \
    net_http_port=16180 >conf/scouter.conf
  java -Xmx256m --add-opens=java.base/java.lang=ALL-UNNAMED -Dscouter.config=conf/scouter.conf -cp 'lib/*' scouter.server.Main >out 2>&1 &
  java_process=$!
  for _ in $(seq 60); do curl -s -o nothing http://127.0.0.1:16180/ && break; sleep 1; done
  lines=$(curl -s -o nothing -w '%{http_code}' --data-binary "" http://127.0.0.1:16180/telegraf/metric)
  api=$(curl -s -o nothing -w '%{http_code}' http://127.0.0.1:16180/scouter/v1/object)
  lives=$(kill -0 "$java_process" && echo lives)
  stop
  cd "$folder"
}
parts resolved
run resolved
seen="as resolved: $lives, /telegraf/metric $lines, API $api"
parts mended "<dependency><groupId>com.fasterxml.jackson.core</groupId><artifactId>jackson-core</artifactId><version>2.12.6</version></dependency>"
run mended
seen="$seen; with jackson-core 2.12.6: /telegraf/metric $lines, API $api"
echo "$seen"
[ "$seen" = "as resolved: lives, /telegraf/metric 404, API 404; with jackson-core 2.12.6: /telegraf/metric 200, API 200" ]
