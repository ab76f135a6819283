"""Runs the Elasticsearch client for Python through the gateway, as a program of
somebody who is signed in, and prints what each step saw as one JSON object.

What to use comes as JSON on the standard input; see clients_test.go."""

import json
import sys
import time

from elasticsearch import ApiError, Elasticsearch

GIVEN = json.load(sys.stdin)
INDEX = GIVEN["index"]
SECRETS = []  # what this program was given by Elasticsearch and nobody may find later


def client(url=GIVEN["url"], **how):
    # No retries: what is to be seen is the first answer.
    return Elasticsearch(url, max_retries=0, **how)


PERSON = client(bearer_auth=GIVEN["bearer"])
ROBOT = {"basic_auth": (GIVEN["user"], GIVEN["password"])}


def info():
    return PERSON.info()["version"]["number"]


def info_behind_a_prefix():
    return client(GIVEN["prefix"], bearer_auth=GIVEN["bearer"]).info()["version"]["number"]


def bulk():
    operations = []
    for number in range(1, 6):
        operations += [{"index": {"_id": str(number)}}, {"number": number, "title": "note"}]
    done = PERSON.bulk(index=INDEX, operations=operations, refresh=True)
    return {"errors": done["errors"], "results": [item["index"]["result"] for item in done["items"]]}


def ids(found):
    return [hit["_id"] for hit in found["hits"]["hits"]]


def search():
    found = PERSON.search(index=INDEX, query={"match": {"title": "note"}}, sort=[{"number": "asc"}])
    return {"total": found["hits"]["total"]["value"], "ids": ids(found)}


def scroll():
    page = PERSON.search(index=INDEX, scroll="1m", size=2, sort=[{"number": "asc"}])
    pages = []
    while ids(page):
        pages.append(ids(page))
        page = PERSON.scroll(scroll_id=page["_scroll_id"], scroll="1m")
    ended = PERSON.clear_scroll(scroll_id=page["_scroll_id"])
    return {"pages": pages, "freed": ended["num_freed"]}


def point_in_time():
    opened = PERSON.open_point_in_time(index=INDEX, keep_alive="1m")
    found = PERSON.search(pit={"id": opened["id"], "keep_alive": "1m"}, sort=[{"number": "desc"}], size=2)
    ended = PERSON.close_point_in_time(id=found["pit_id"])
    return {"ids": ids(found), "freed": ended["num_freed"]}


def authenticate():
    who = PERSON.security.authenticate()
    return [who["username"], who["authentication_realm"]["name"], who["authentication_type"]]


def has_privileges():
    asked = PERSON.security.has_privileges(
        cluster=["manage_own_api_key", "manage_security"],
        index=[{"names": [INDEX, "salaries"], "privileges": ["read"]}],
    )
    return [asked["cluster"], {name: held["read"] for name, held in asked["index"].items()}]


def api_keys():
    security = PERSON.security
    made = security.create_api_key(name=INDEX, expiration="1h", metadata={"for": "a test"})
    SECRETS.extend([made["api_key"], made["encoded"]])
    with_key = client(api_key=made["encoded"])
    return {
        "used": with_key.security.authenticate()["authentication_type"],
        "get": [key["name"] for key in security.get_api_key(owner=True, name=INDEX)["api_keys"]],
        "query": [key["name"] for key in security.query_api_keys(query={"term": {"name": INDEX}})["api_keys"]],
        "invalidated": len(security.invalidate_api_key(ids=[made["id"]], owner=True)["invalidated_api_keys"]),
        "used after": attempt(with_key.security.authenticate),
    }


def credentials():
    """Whom Elasticsearch sees, and what they find, with each kind of credentials."""
    key = client(**ROBOT).security.create_api_key(name=INDEX)
    SECRETS.extend([key["api_key"], key["encoded"]])
    kinds = {"basic": ROBOT, "bearer": {"bearer_auth": GIVEN["bearer"]}, "api key": {"api_key": key["encoded"]}}
    return {kind: whoever(client(**credential)) for kind, credential in kinds.items()}


def whoever(asks):
    who = asks.security.authenticate()
    found = asks.search(index=INDEX)["hits"]["total"]["value"]
    return [who["username"], who["authentication_realm"]["name"], who["authentication_type"], found]


def profile():
    activated = PERSON.security.activate_user_profile(grant_type="access_token", access_token=GIVEN["bearer"])
    read = PERSON.security.get_user_profile(uid=[activated["uid"]])
    return [profile["user"]["username"] for profile in read["profiles"]]


def attempt(call, *args, **how):
    """What a call raises, in words that are the same for all clients."""
    try:
        return {"answered": str(call(*args, **how))}
    except ApiError as e:
        said = e.body.get("error") if isinstance(e.body, dict) else e.body
        said = said if isinstance(said, dict) else {"reason": str(said)}
        return {
            "raised": type(e).__name__,
            "status": e.status_code,
            "type": said.get("type"),
            "reason": said.get("reason"),
            "gateway": e.meta.headers.get("x-gateway-response"),
            "retry after": e.meta.headers.get("retry-after"),
            "printed": str(said.get("type")) in str(e) and str(said.get("reason")) in str(e),
        }


def refused():
    """The same for all clients: what is refused, by whom, and what it raises."""
    return {
        "expired token": attempt(client(bearer_auth=GIVEN["expired"]).info),
        "no credentials": attempt(client().info),
        "route requires another role": attempt(client(GIVEN["admins"], headers={"cookie": GIVEN["cookie"]}).info),
        "basic is refused": attempt(client(GIVEN["refusing"], **ROBOT).info),
        "bearer is refused": attempt(client(GIVEN["refusing"], bearer_auth=GIVEN["bearer"]).info),
        "api key is refused": attempt(client(GIVEN["refusing"], api_key="a2V5OnZhbHVl").info),
        "wrong password is verified": attempt(client(GIVEN["robots"], basic_auth=(GIVEN["user"], "wrong")).info),
        "route requires somebody else": attempt(client(GIVEN["robots"], bearer_auth=GIVEN["bearer"]).info),
        "elasticsearch is busy": attempt(client(GIVEN["busy"], bearer_auth=GIVEN["bearer"]).info),
        "elasticsearch is starting": attempt(client(GIVEN["starting"], bearer_auth=GIVEN["bearer"]).info),
        "elasticsearch is away": attempt(client(GIVEN["away"], bearer_auth=GIVEN["bearer"]).info),
        "answer is lost": attempt(client(GIVEN["forgetful"], bearer_auth=GIVEN["bearer"]).info),
        "answer is late": attempt(client(GIVEN["late"], bearer_auth=GIVEN["bearer"]).info),
        "sniffing": attempt(PERSON.nodes.info, metric="http"),
        "index of others": attempt(PERSON.search, index="salaries"),
        "no such index": attempt(PERSON.search, index=INDEX + "-nowhere"),
        "no such query": attempt(PERSON.search, index=INDEX, query={"nonsense": {}}),
    }


def again():
    """Asks where only errors come from, as often as a client does by itself and as one
    that shall not. What arrives is counted by the test, by the name of the index."""
    ways = ["away", "starting", "busy", "forgetful", "late", "refusing", "robots"]

    def statuses(how, **settings):
        asks = {way: Elasticsearch(GIVEN[way], bearer_auth=GIVEN["bearer"], **settings) for way in ways}
        return {way: attempt(asks[way].search, index=f"{INDEX}-{how}")["status"] for way in ways}

    return {"by itself": statuses("default"), "switched off": statuses("off", max_retries=0)}


def retry_after():
    """Whether a client waits for as long as it is told to."""
    begun = time.monotonic()
    raised = attempt(Elasticsearch(GIVEN["away"], bearer_auth=GIVEN["bearer"]).info)
    return "waits" if time.monotonic() - begun >= 3 * int(raised["retry after"]) else "does not wait"


def written_again():
    """How many documents one call has written where every answer is lost."""
    loses = Elasticsearch(GIVEN["forgetful"], bearer_auth=GIVEN["bearer"])
    attempt(loses.index, index=INDEX + "-without-id", document={"title": "note"})
    attempt(loses.index, index=INDEX + "-with-id", id="1", document={"title": "note"})
    PERSON.indices.refresh(index=INDEX + "-*")
    return {how: PERSON.count(index=f"{INDEX}-{how}")["count"] for how in ("without-id", "with-id")}


def main():
    steps = [info, info_behind_a_prefix, bulk, search, scroll, point_in_time]
    steps += [authenticate, has_privileges, api_keys, credentials, profile]
    steps += [again, retry_after, written_again]
    seen = refused()
    for step in steps:
        name = step.__name__.replace("_", " ")
        try:
            seen[name] = step()
        except Exception as e:  # the next steps are worth a look all the same
            seen[name] = f"{type(e).__name__}: {e}"
    json.dump({"seen": seen, "secrets": SECRETS}, sys.stdout)


main()
