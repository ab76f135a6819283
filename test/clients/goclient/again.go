package main

import (
	"net/http"
	"strconv"
	"time"
)

// bearer is a client of the person, which tries again unless told otherwise.
func (p *program) bearer(address string, how settings) transport {
	how.Header = http.Header{"Authorization": {"Bearer " + p.given.Bearer}}
	return open(address, how)
}

// again asks where only errors come from, as often as a client does by itself and as
// one that shall not. What arrives is counted by the test, by the name of the index.
func (p *program) again() (any, error) {
	statuses := func(how string, s settings) object {
		seen := object{}
		for way, address := range map[string]string{
			"away": p.given.Away, "starting": p.given.Starting, "busy": p.given.Busy, "forgetful": p.given.Forgetful,
			"late": p.given.Late, "refusing": p.given.Refusing, "robots": p.given.Robots,
		} {
			raised, err := attempt(p.bearer(address, s), searchRequest{Index: []string{p.given.Index + "-" + how}})
			seen[way] = at(raised, "status")
			if err != nil {
				seen[way] = err.Error()
			}
		}
		return seen
	}
	return object{"by itself": statuses("default", settings{}), "switched off": statuses("off", settings{DisableRetry: true})}, nil
}

// retryAfter tells whether a client waits for as long as it is told to.
func (p *program) retryAfter() (any, error) {
	begun := time.Now()
	raised, err := attempt(p.bearer(p.given.Away, settings{}), infoRequest{})
	if err != nil {
		return nil, err
	}
	seconds, err := strconv.Atoi(text(at(raised, "retry after")))
	if time.Since(begun) >= 3*time.Duration(seconds)*time.Second {
		return "waits", err
	}
	return "does not wait", err
}

// writtenAgain is how many documents one call has written where every answer is lost.
func (p *program) writtenAgain() (any, error) {
	loses := p.bearer(p.given.Forgetful, settings{})
	written := object{}
	for how, id := range map[string]string{"without-id": "", "with-id": "1"} {
		index := p.given.Index + "-" + how
		if _, err := attempt(loses, indexRequest{Index: index, DocumentID: id, Body: body(object{"title": "note"})}); err != nil {
			return nil, err
		}
		if _, err := call(p.person, refreshRequest{Index: []string{index}}); err != nil {
			return nil, err
		}
		counted, err := call(p.person, countRequest{Index: []string{index}})
		if err != nil {
			return nil, err
		}
		written[how] = counted["count"]
	}
	return written, nil
}
