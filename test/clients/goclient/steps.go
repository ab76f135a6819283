package main

import "time"

// program is one run.
type program struct {
	given struct {
		URL, Prefix, Bearer, Expired, Cookie, User, Password, Index string

		Admins, Refusing, Robots, Busy, Starting, Away, Forgetful, Late string
	}
	person  transport // with the person's bearer
	secrets []string  // what it was given by Elasticsearch and nobody may find later
}

type step struct {
	name string
	take func() (any, error)
}

func (p *program) steps() []step {
	bearer := "Bearer " + p.given.Bearer
	refused := func(name string, t transport, r request) step {
		return step{name, func() (any, error) { return attempt(t, r) }}
	}
	search := func(index string, query object) request {
		return searchRequest{Index: []string{index}, Body: body(object{"query": query})}
	}
	everything := object{"match_all": object{}}
	return []step{
		{"info", info(p.person)},
		{"info behind a prefix", info(connect(p.given.Prefix, bearer))},
		{"bulk", p.bulk},
		{"search", p.search},
		{"scroll", p.scroll},
		{"point in time", p.pointInTime},
		{"authenticate", p.authenticate},
		{"has privileges", p.hasPrivileges},
		{"api keys", p.apiKeys},
		{"credentials", p.credentials},
		{"profile", p.profile},
		{"again", p.again},
		{"retry after", p.retryAfter},
		{"written again", p.writtenAgain},

		refused("expired token", connect(p.given.URL, "Bearer "+p.given.Expired), infoRequest{}),
		refused("no credentials", connect(p.given.URL, ""), infoRequest{}),
		refused("route requires another role", connect(p.given.Admins, "", "Cookie", p.given.Cookie), infoRequest{}),
		refused("basic is refused", open(p.given.Refusing, p.robot()), infoRequest{}),
		refused("bearer is refused", connect(p.given.Refusing, bearer), infoRequest{}),
		refused("api key is refused", open(p.given.Refusing, settings{APIKey: "a2V5OnZhbHVl", DisableRetry: true}), infoRequest{}),
		refused("wrong password is verified", open(p.given.Robots, settings{Username: p.given.User, Password: "wrong", DisableRetry: true}), infoRequest{}),
		refused("route requires somebody else", connect(p.given.Robots, bearer), infoRequest{}),
		refused("elasticsearch is busy", connect(p.given.Busy, bearer), infoRequest{}),
		refused("elasticsearch is starting", connect(p.given.Starting, bearer), infoRequest{}),
		refused("elasticsearch is away", connect(p.given.Away, bearer), infoRequest{}),
		refused("answer is lost", connect(p.given.Forgetful, bearer), infoRequest{}),
		refused("answer is late", connect(p.given.Late, bearer), infoRequest{}),
		refused("sniffing", p.person, nodesInfoRequest{Metric: []string{"http"}}),
		refused("index of others", p.person, search("salaries", everything)),
		refused("no such index", p.person, search(p.given.Index+"-nowhere", everything)),
		refused("no such query", p.person, search(p.given.Index, object{"nonsense": object{}})),
	}
}

func info(t transport) func() (any, error) {
	return func() (any, error) {
		answer, err := call(t, infoRequest{})
		return at(answer, "version", "number"), err
	}
}

func (p *program) bulk() (any, error) {
	var lines lines
	for number := 1; number <= 5; number++ {
		lines.add(object{"index": object{"_id": string(rune('0' + number))}})
		lines.add(object{"number": number, "title": "note"})
	}
	answer, err := call(p.person, bulkRequest{Index: p.given.Index, Body: lines.reader(), Refresh: "true"})
	return object{"errors": answer["errors"], "results": each(answer["items"], "index", "result")}, err
}

func byNumber(order string) []any { return []any{object{"number": order}} }

func ids(found object) []any { return each(at(found, "hits", "hits"), "_id") }

func (p *program) search() (any, error) {
	query := object{"query": object{"match": object{"title": "note"}}, "sort": byNumber("asc")}
	found, err := call(p.person, searchRequest{Index: []string{p.given.Index}, Body: body(query)})
	return object{"total": at(found, "hits", "total", "value"), "ids": ids(found)}, err
}

func (p *program) scroll() (any, error) {
	page, err := call(p.person, searchRequest{
		Index: []string{p.given.Index}, Scroll: time.Minute, Body: body(object{"size": 2, "sort": byNumber("asc")}),
	})
	pages := [][]any{}
	for err == nil && len(ids(page)) > 0 {
		pages = append(pages, ids(page))
		page, err = call(p.person, scrollRequest{Body: body(object{"scroll": "1m", "scroll_id": page["_scroll_id"]})})
	}
	if err != nil {
		return nil, err
	}
	ended, err := call(p.person, clearScrollRequest{Body: body(object{"scroll_id": page["_scroll_id"]})})
	return object{"pages": pages, "freed": ended["num_freed"]}, err
}

func (p *program) pointInTime() (any, error) {
	opened, err := call(p.person, openPointInTimeRequest{Index: []string{p.given.Index}, KeepAlive: keepAlive})
	if err != nil {
		return nil, err
	}
	found, err := call(p.person, searchRequest{Body: body(object{
		"pit": object{"id": opened["id"], "keep_alive": "1m"}, "size": 2, "sort": byNumber("desc"),
	})})
	if err != nil {
		return nil, err
	}
	ended, err := call(p.person, closePointInTimeRequest{Body: body(object{"id": found["pit_id"]})})
	return object{"ids": ids(found), "freed": ended["num_freed"]}, err
}
