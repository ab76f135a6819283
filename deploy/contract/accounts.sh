#!/bin/sh
# What a real cluster needs besides its files: a disabled user, roles for the users of
# SAML and OpenID Connect, and two small indices.
set -eu

es() {
  curl --silent --show-error --fail-with-body --output /dev/null \
    --cacert /certificates/ca/ca.crt --user "elastic:$ELASTIC_PASSWORD" \
    --header 'Content-Type: application/json' --request "$1" "https://elasticsearch:9200$2" --data "$3"
}

es PUT /_security/user/contract-disabled \
  '{"password":"contract-password","roles":[],"enabled":false}'
es PUT /_security/role_mapping/contract \
  '{"enabled":true,"roles":["contract_reader"],"rules":{"all":[{"field":{"realm.name":["saml1","oidc1"]}},{"field":{"groups":"readers"}}]}}'
es PUT '/contract-logs/_doc/1?refresh=true' '{"message":"one","level":"info"}'
es PUT '/contract-logs/_doc/2?refresh=true' '{"message":"two","level":"warn"}'
es PUT '/contract-secret/_doc/1?refresh=true' '{"message":"hidden"}'
