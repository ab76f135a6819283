"""Calls every method of the client's `security` namespace once, as somebody who may
everything, and prints what came back for each as one JSON object.

What to use comes as JSON on the standard input; see security_test.go."""

import inspect
import json
import sys

from elasticsearch import ApiError, Elasticsearch

GIVEN = json.load(sys.stdin)
SECRETS = []
SECURITY = Elasticsearch(GIVEN["url"], bearer_auth=GIVEN["bearer"], max_retries=0).security


def arguments(made):
    """What methods are called with, where "x" for what they insist on is not enough.
    made are two API keys: one to work with, one to end."""
    key, ended = made
    role = {"cluster": ["monitor"]}
    return {
        "activate_user_profile": {"grant_type": "access_token", "access_token": GIVEN["bearer"]},
        "bulk_delete_role": {"names": ["x"]},
        "bulk_put_role": {"roles": {"x": role}},
        "bulk_update_api_keys": {"ids": [key["id"]], "metadata": {"a": 1}},
        "change_password": {"password": "a-new-password"},
        "clone_api_key": {"api_key": key["encoded"]},
        "create_api_key": {"name": "another"},
        "create_cross_cluster_api_key": {"name": "x", "access": {"search": [{"names": ["x"]}]}},
        "delegate_pki": {"x509_certificate_chain": ["x"]},
        "get_api_key": {"id": key["id"]},
        "get_token": {"grant_type": "client_credentials"},
        "grant_api_key": {
            "grant_type": "access_token",
            "access_token": GIVEN["bearer"],
            "api_key": {"name": "granted"},
        },
        "has_privileges": {"cluster": ["monitor"]},
        "has_privileges_user_profile": {"uids": ["x"], "privileges": {"cluster": ["monitor"]}},
        "invalidate_api_key": {"ids": [ended["id"]]},
        "invalidate_token": {"token": GIVEN["expired"]},
        "oidc_authenticate": {"nonce": "x", "redirect_uri": "http://localhost/", "state": "x"},
        "oidc_logout": {"token": "x", "access_token": "x"},
        "oidc_prepare_authentication": {"realm": "oidc1"},
        "put_privileges": {"privileges": {"x": {"x": {"actions": ["x"]}}}},
        "put_role": {"cluster": ["monitor"]},
        "put_role_mapping": {"roles": ["x"], "rules": {"field": {"username": "x"}}, "enabled": True},
        "put_user": {"password": "a-new-password", "roles": ["x"]},
        "query_api_keys": {"query": {"term": {"name": "swept"}}},
        "saml_authenticate": {"content": "eA==", "ids": ["_x"]},
        "saml_complete_logout": {"realm": "saml1", "ids": ["_x"], "content": "eA=="},
        "saml_invalidate": {"query_string": "SAMLRequest=eA%3D%3D", "realm": "saml1"},
        "saml_logout": {"token": "x"},
        "saml_prepare_authentication": {"realm": "saml1"},
        "saml_service_provider_metadata": {"realm_name": "saml1"},
        "update_api_key": {"id": key["id"], "metadata": {"a": 2}},
        "update_cross_cluster_api_key": {"access": {"search": [{"names": ["x"]}]}},
        "update_settings": {"security": {"index.auto_expand_replicas": "0-all"}},
    }


def call(method, given):
    parameters = inspect.signature(method).parameters
    needed = [name for name, parameter in parameters.items() if parameter.default is parameter.empty]
    # Some names were others in older releases; what a release does not know is left out.
    known = {name: value for name, value in given.items() if name in parameters}
    return method(**({name: "x" for name in needed} | known))


def outcome(method, given):
    """What came back, without what is another each time."""
    try:
        answer = call(method, given)
        keep_secrets(answer.body)
        seen = {"members": sorted(answer.body)}
    except ApiError as e:
        answer, seen = e, {"error": e.body.get("error")}
    headers = answer.meta.headers
    return seen | {
        "status": answer.meta.status,
        "product": headers.get("x-elastic-product"),
        "gateway": headers.get("x-gateway-response"),
    }


def keep_secrets(body):
    SECRETS.extend(body[name] for name in ("access_token", "api_key", "encoded") if name in body)


def main():
    made = [SECURITY.create_api_key(name=name) for name in ("swept", "to be ended")]
    for key in made:
        keep_secrets(key)
    given = arguments(made)
    seen = {}
    for name in sorted(dir(SECURITY)):
        method = getattr(SECURITY, name)
        if name.startswith("_") or not inspect.ismethod(method) or name == "perform_request":
            continue
        try:
            seen[name] = outcome(method, given.get(name, {}))
        except Exception as e:  # not even an answer
            seen[name] = {"raised": f"{type(e).__name__}: {e}"}
    json.dump({"seen": seen, "secrets": SECRETS}, sys.stdout)


main()
