package standin

import (
	"net"
	"net/http"
	"strings"
)

// rootRoute is GET and HEAD /; pretty unless told otherwise.
func rootRoute(c *call) (action, error) {
	return func() (*answer, error) {
		if err := c.authorize("cluster:monitor/main"); err != nil {
			return nil, err
		}
		r, cfg := c.cluster.release, c.cluster.config
		wire, oldest, lucene := "7.17.0", "7.0.0", "9.12.0"
		if r.major >= 9 {
			wire, oldest, lucene = "8.19.0", "8.0.0", "10.2.2"
		}
		a := jsonAnswer(http.StatusOK, obj(
			"name", c.node.name, "cluster_name", cfg.ClusterName, "cluster_uuid", c.cluster.uuid,
			"version", obj(
				"number", r.text, "build_flavor", "default", "build_type", "docker", "build_hash", buildHash, //nolint:misspell // the wire's spelling
				"build_date", "2024-12-11T12:08:05.663969764Z", "build_snapshot", false, "lucene_version", lucene,
				"minimum_wire_compatibility_version", wire, "minimum_index_compatibility_version", oldest),
			"tagline", "You Know, for Search"))
		if _, asked := c.params["pretty"]; !asked {
			a.pretty()
		}
		return a, nil
	}, nil
}

// healthRoute is GET /_cluster/health.
func healthRoute(c *call) (action, error) {
	return func() (*answer, error) {
		if err := c.authorize("cluster:monitor/health"); err != nil {
			return nil, err
		}
		nodes, shards := c.cluster.size()
		return ok(obj(
			"cluster_name", c.cluster.config.ClusterName, "status", "green", "timed_out", false,
			"number_of_nodes", nodes, "number_of_data_nodes", nodes,
			"active_primary_shards", shards, "active_shards", shards, "relocating_shards", 0,
			"initializing_shards", 0, "unassigned_shards", 0, "unassigned_primary_shards", 0, //nolint:misspell // the wire's spelling
			"delayed_unassigned_shards", 0, "number_of_pending_tasks", 0, "number_of_in_flight_fetch", 0,
			"task_max_waiting_in_queue_millis", 0, "active_shards_percent_as_number", 100.0))
	}, nil
}

func (c *cluster) size() (nodes, shards int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.nodes, len(c.indices)
}

// nodesRoute is the call of clients that look for nodes. It names the address
// on which it was asked, so that sniffing can be tested.
func nodesRoute(c *call) (action, error) {
	return func() (*answer, error) {
		if err := c.authorize("cluster:monitor/nodes/info"); err != nil {
			return nil, err
		}
		address := c.ownAddress()
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			host = address
		}
		self := obj(
			"name", c.node.name, "transport_address", net.JoinHostPort(host, "9300"), "host", host, "ip", host,
			"version", c.cluster.release.text, "build_flavor", "default", "build_hash", buildHash, //nolint:misspell // the wire's spelling
			"roles", []string{"data", "ingest", "master"},
			"http", obj("bound_address", []string{address}, "publish_address", address,
				"max_content_length_in_bytes", maxContentLength))
		return ok(obj(
			"_nodes", obj("total", 1, "successful", 1, "failed", 0),
			"cluster_name", c.cluster.config.ClusterName, "nodes", obj(c.node.id, self)))
	}, nil
}

func (c *call) ownAddress() string {
	if a, is := c.ctx().Value(http.LocalAddrContextKey).(net.Addr); is {
		return a.String()
	}
	return c.request.Host
}

// catHealthRoute is GET /_cat/health.
func catHealthRoute(c *call) (action, error) {
	return func() (*answer, error) {
		if err := c.authorize("cluster:monitor/health"); err != nil {
			return nil, err
		}
		nodes, shards := c.cluster.size()
		n, s := itoa(nodes), itoa(shards)
		return c.table([]string{
			"epoch", "timestamp", "cluster", "status", "node.total", "node.data", "shards", "pri", "relo", "init",
			"unassign", "unassign.pri", "pending_tasks", "max_task_wait_time", "active_shards_percent",
		}, [][]string{{
			itoa(int(c.now.Unix())), c.now.UTC().Format("15:04:05"), c.cluster.config.ClusterName, "green", n, n, s, s,
			"0", "0", "0", "0", "0", "-", "100.0%",
		}})
	}, nil
}

// table answers a _cat endpoint: text, or JSON when asked for.
func (c *call) table(columns []string, rows [][]string) (*answer, error) {
	columns, rows = c.chosenColumns(columns, rows)
	format := c.params["format"]
	accept := c.request.Header.Get("Accept")
	if format == "json" || format == "" && strings.HasSuffix(strings.SplitN(accept, ";", 2)[0], "json") && !strings.Contains(accept, ",") {
		list := []object{}
		for _, row := range rows {
			o := object{}
			for i, column := range columns {
				o = o.with(column, row[i])
			}
			list = append(list, o)
		}
		return ok(list)
	}
	if c.params.flag("v") {
		rows = append([][]string{columns}, rows...)
	}
	return textAnswer(aligned(rows)), nil
}

// chosenColumns applies the parameter h.
func (c *call) chosenColumns(columns []string, rows [][]string) ([]string, [][]string) {
	if c.params["h"] == "" {
		return columns, rows
	}
	at := map[string]int{}
	for i, name := range columns {
		at[name] = i
	}
	var names []string
	chosen := make([][]string, len(rows))
	for name := range strings.SplitSeq(c.params["h"], ",") {
		i, known := at[name]
		if !known {
			continue
		}
		names = append(names, name)
		for j, row := range rows {
			chosen[j] = append(chosen[j], row[i])
		}
	}
	return names, chosen
}

func aligned(rows [][]string) string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], len(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		for i, cell := range row {
			b.WriteString(cell)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-len(cell)+1))
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
