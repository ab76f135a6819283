#!/bin/sh
# Makes a CA and the certificate of the node, once.
set -eu

cd /certificates
[ -f node/node.key ] && exit 0
tool=/usr/share/elasticsearch/bin/elasticsearch-certutil
$tool ca --silent --pem --out ca.zip
unzip -q ca.zip
$tool cert --silent --pem --ca-cert ca/ca.crt --ca-key ca/ca.key \
  --name node --dns localhost --dns elasticsearch --ip 127.0.0.1 --out node.zip
unzip -q node.zip
chown -R 1000:0 /certificates
chmod -R u=rwX,go=rX /certificates
