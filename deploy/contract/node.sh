#!/bin/sh
# Puts the secrets of the OpenID Connect clients where Elasticsearch wants them, which is
# its keystore alone, and goes on as the image does.
set -eu

cd /usr/share/elasticsearch
[ -f config/elasticsearch.keystore ] || bin/elasticsearch-keystore create --silent
for realm in oidc1 oidc2 oidc3 oidc4; do
  printf %s 'contract-client secret/of:several%kinds' |
    bin/elasticsearch-keystore add --stdin --force "xpack.security.authc.realms.oidc.$realm.rp.client_secret"
done
exec /bin/tini -- /usr/local/bin/docker-entrypoint.sh eswrapper
