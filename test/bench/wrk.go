package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// result is what was measured.
type result struct {
	rate     float64 // requests a second
	p50, p99 string
	cpu      time.Duration // of the program, for each request
}

var (
	rateLine = regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)
	p50Line  = regexp.MustCompile(`(?m)^\s+50%\s+(\S+)$`)
	p99Line  = regexp.MustCompile(`(?m)^\s+99%\s+(\S+)$`)
	badLine  = regexp.MustCompile(`Non-2xx or 3xx responses: .*|Socket errors: .*`)
)

// load loads a program. A bad answer is an error.
func (b *bench) load(ctx context.Context, p *process, connections int, who client) (result, error) {
	if who.trust != nil {
		return b.loadTLS(ctx, p, connections, who)
	}
	address := p.address
	script := filepath.Join(b.dir, "load.lua")
	if err := os.WriteFile(script, []byte(lua(who.cookies)), 0o600); err != nil {
		return result{}, err
	}
	if _, err := wrk(ctx, address, script, connections, time.Second); err != nil {
		return result{}, err
	}
	return p.costs(func() (result, error) { return wrk(ctx, address, script, connections, b.each) }, b.each)
}

func wrk(ctx context.Context, address, script string, connections int, d time.Duration) (result, error) {
	threads := min(2, connections)
	cmd := exec.CommandContext(ctx, "wrk", "-t", strconv.Itoa(threads), "-c", strconv.Itoa(connections), "-d", fmt.Sprintf("%ds", int(d.Seconds())),
		"--latency", "-s", script, "-H", "Host: "+hostOf(address), "http://"+address+"/")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return result{}, fmt.Errorf("wrk: %w\n%s", err, out)
	}
	text := string(out)
	if bad := badLine.FindString(text); bad != "" {
		return result{}, fmt.Errorf("wrk: %s", bad)
	}
	rate, p50, p99 := rateLine.FindStringSubmatch(text), p50Line.FindStringSubmatch(text), p99Line.FindStringSubmatch(text)
	if rate == nil || p50 == nil || p99 == nil {
		return result{}, fmt.Errorf("wrk says\n%s", text)
	}
	perSecond, err := strconv.ParseFloat(rate[1], 64)
	return result{rate: perSecond, p50: p50[1], p99: p99[1]}, err
}

// lua makes wrk send a cookie of the list with each request. The requests are
// made once, so that wrk itself costs the same with one as with a thousand.
func lua(cookies []string) string {
	var b strings.Builder
	b.WriteString("local cookies = {")
	for _, c := range cookies {
		fmt.Fprintf(&b, "%q,", c)
	}
	b.WriteString(`}
local requests, at = {}, 0
init = function(args)
  for i, cookie in ipairs(cookies) do
    wrk.headers["Cookie"] = cookie
    requests[i] = wrk.format()
  end
  if #requests == 0 then requests[1] = wrk.format() end
end
request = function()
  at = at % #requests + 1
  return requests[at]
end
`)
	return b.String()
}
