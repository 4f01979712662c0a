#!/bin/sh
# Scouter 2.20.0 (its parts from Maven's central repository, Java 17): a new collector answers every line of figures with 200 and keeps nothing:
# a NullPointerException in normalizeCountersXml, said once in its log as [HT-001], because conf/counters.site.xml has no ObjectType to add the
# first one to. And input_telegraf_config_file, which names the file of measurements, is described and not read: it is conf/scouter-telegraf.xml
# in the working directory, wherever the setting points.
#
# Guessed: what is answered with 200 is kept, and a setting that the documentation lists counts.
# Seen: "new: answers 200, objects 0, HT-001 1; with one ObjectType: answers 200, objects 1; with the setting: objects 0".
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
cat >pom.xml <<END
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>finding</groupId><artifactId>finding</artifactId><version>1</version><dependencies>
<dependency><groupId>io.github.scouter-project</groupId><artifactId>scouter-server</artifactId><version>2.20.0</version></dependency>
<dependency><groupId>io.github.scouter-project</groupId><artifactId>scouter-common</artifactId><version>2.20.0</version></dependency>
<dependency><groupId>io.github.scouter-project</groupId><artifactId>scouter-webapp</artifactId><version>2.20.0</version></dependency>
<dependency><groupId>com.fasterxml.jackson.core</groupId><artifactId>jackson-core</artifactId><version>2.12.6</version></dependency>
</dependencies></project>
END
mvn -q -B dependency:copy-dependencies -DoutputDirectory="$folder/lib" -DincludeScope=runtime >/dev/null
cat >scouter.conf <<END
net_tcp_listen_port=16100
net_udp_listen_port=16100
net_http_server_enabled=true
net_http_api_enabled=true
net_http_port=16180
END
cat >measurements.xml <<END
<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<TelegrafConfig><enabled>true</enabled><debugEnabled>false</debugEnabled>
<deltaCounterNormalizeDefault>true</deltaCounterNormalizeDefault>
<deltaCounterNormalizeDefaultSeconds>30</deltaCounterNormalizeDefaultSeconds><objectDeadtimeMs>30000</objectDeadtimeMs>
<measurements><measurement><measurementName>cpu</measurementName><enabled>true</enabled><debugEnabled>false</debugEnabled>
<objFamilyBase>one</objFamilyBase><objFamilyAppendTags/><objTypeBase>one</objTypeBase><objTypePrependTags/><objTypeAppendTags/>
<objTypeIcon>linux</objTypeIcon><objNameBase>one</objNameBase><objNameAppendTags/><hostTag>host</hostTag><hostMappings/><tagFilters/>
<counterMappings><counterMapping><tgFieldName>usage</tgFieldName><counterName>usage</counterName><displayName>usage</displayName>
<unit/><totalizable>false</totalizable><normalizeSeconds>0</normalizeSeconds><deltaType>NONE</deltaType></counterMapping></counterMappings>
</measurement></measurements></TelegrafConfig>
END
# run DIRECTORY: a collector that works there takes some lines; says how many were answered with 200 and how many objects it has then.
run() {
  cd "$folder/$1"
  java -Xmx256m --add-opens=java.base/java.lang=ALL-UNNAMED -Dscouter.config="$folder/$1/scouter.conf" -cp "$folder/lib/*" \
    scouter.server.Main >out 2>&1 &
  java_process=$!
  for _ in $(seq 60); do curl -s -o ready http://127.0.0.1:16180/scouter/v1/info/server && break; sleep 1; done
  answers=
  for n in 1 2 3 4 5 6 7 8; do
    answers="$answers $(curl -s -o nothing -w '%{http_code}' --data-binary "cpu,host=web1 usage=$n.5 $(date +%s)000000000" \
      http://127.0.0.1:16180/telegraf/metric)"
    sleep 1
  done
  objects=$(curl -s http://127.0.0.1:16180/scouter/v1/object | grep -o '"objName"' | wc -l)
  stop
  cd "$folder"
}
for name in new seeded told; do
  mkdir -p "$name/conf"
  cp scouter.conf "$name/scouter.conf"
done
for name in new seeded; do cp measurements.xml "$name/conf/scouter-telegraf.xml"; done
echo "input_telegraf_config_file=$folder/measurements.xml" >>told/scouter.conf
for name in seeded told; do
  echo '<Counters><Types><ObjectType name="x" disp="x" family="host" icon="linux" sub-object="false"/></Types><Familys/></Counters>' \
    >"$name/conf/counters.site.xml"
done
run new
seen="new: answers $(echo "$answers" | tr ' ' '\n' | sort -u | xargs), objects $objects, HT-001 $(cat new/logs/server-*.log | grep -c HT-001 || :)"
run seeded
seen="$seen; with one ObjectType: answers $(echo "$answers" | tr ' ' '\n' | sort -u | xargs), objects $objects"
run told
seen="$seen; with the setting: objects $objects"
echo "$seen"
[ "$seen" = "new: answers 200, objects 0, HT-001 1; with one ObjectType: answers 200, objects 1; with the setting: objects 0" ]
