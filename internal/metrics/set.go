package metrics

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Set is everything the gateway counts. It outlives reloads. All methods are
// safe for concurrent use.
type Set struct {
	registry *prometheus.Registry // nil: silent
	words    words

	requests, signIns, refusals, refreshes, ended, calls, alarms *prometheus.CounterVec
	requestTime, callTime                                        *prometheus.HistogramVec
	streams                                                      prometheus.Gauge
	live, attempts, owed, auditLost, listsDue, listsOverdue      *source
}

// New returns a live set with a registry of its own, which also tells about the
// Go runtime, the process and the build.
func New() *Set {
	s := Silent()
	s.registry = prometheus.NewRegistry()
	s.registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		build(),
		s.requests, s.requestTime, s.signIns, s.refusals, s.refreshes, s.ended, s.calls, s.callTime,
		s.alarms, s.streams, s.live, s.attempts, s.owed, s.auditLost, s.listsDue, s.listsOverdue,
	)
	return s
}

// Silent returns a set that counts and never tells: for tests and for commands
// that serve no metrics.
func Silent() *Set {
	return &Set{
		requests:    counter("http_requests_total", "Requests answered, by route and status code.", "route", "code"),
		requestTime: histogram("http_request_duration_seconds", "Time from the first byte of a request to the end of its answer.", "route"),
		signIns:     counter("sign_ins_total", "Sign-ins that came to an end, by method and outcome.", "method", "outcome"),
		refusals:    counter("sign_in_refusals_total", "Sign-ins that were refused, by method and cause.", "method", "cause"),
		refreshes:   counter("refreshes_total", "Renewals of token pairs, by outcome.", "outcome"),
		ended:       counter("sessions_ended_total", "Sessions that ended, by reason.", "reason"),
		calls:       counter("elasticsearch_requests_total", "The gateway's own calls to Elasticsearch, by endpoint and class of answer.", "endpoint", "class"),
		callTime:    histogram("elasticsearch_request_duration_seconds", "Duration of the gateway's own calls to Elasticsearch.", "endpoint"),
		alarms:      counter("alarms_total", "Events that need a person, by kind.", "kind"),
		streams: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Name: "streams_open", Help: "Streams and WebSockets that are open.",
		}),
		live:     newSource("sessions_live", "Sessions in the store that have not ended.", prometheus.GaugeValue),
		attempts: newSource("attempts_open", "Sign-ins that have started and not come back.", prometheus.GaugeValue),
		owed:     newSource("invalidations_owed", "Token pairs that Elasticsearch has yet to be told to forget.", prometheus.GaugeValue),
		listsDue: newSource("revocation_list_due_timestamp_seconds",
			"When the first of the revocation lists in use is overdue, in seconds since 1970. Not there: there is none.", prometheus.GaugeValue),
		listsOverdue: newSource("revocation_lists_overdue", "Revocation lists in use whose next one is overdue.", prometheus.GaugeValue),
		auditLost:    newSource("audit_events_lost_total", "Audit events that could not be written.", prometheus.CounterValue),
	}
}

// Request counts an answered request. route is the name of a configured route
// or one of our own pages, never a path.
func (s *Set) Request(route string, code int, d time.Duration) {
	route = s.words.bound("route", route)
	s.requests.WithLabelValues(route, status(code)).Inc()
	s.requestTime.WithLabelValues(route).Observe(d.Seconds())
}

// SignIn counts a sign-in that came to an end, good or bad.
func (s *Set) SignIn(method, outcome string) {
	s.signIns.WithLabelValues(s.words.bound("method", method), s.words.bound("outcome", outcome)).Inc()
}

// SignInRefused counts a sign-in whose cause of refusal is known. The cause is a word
// of a short list.
func (s *Set) SignInRefused(method, cause string) {
	s.refusals.WithLabelValues(s.words.bound("method", method), s.words.bound("cause", cause)).Inc()
}

// Refresh counts a renewal of a token pair.
func (s *Set) Refresh(outcome string) {
	s.refreshes.WithLabelValues(s.words.bound("refresh", outcome)).Inc()
}

// SessionEnded counts a session that ended.
func (s *Set) SessionEnded(reason string) {
	s.ended.WithLabelValues(s.words.bound("reason", reason)).Inc()
}

// ElasticsearchCall counts a call of our own to Elasticsearch. endpoint is the
// name of the endpoint, never a path; class is what the answer means.
func (s *Set) ElasticsearchCall(endpoint, class string, d time.Duration) {
	endpoint = s.words.bound("endpoint", endpoint)
	s.calls.WithLabelValues(endpoint, s.words.bound("class", class)).Inc()
	s.callTime.WithLabelValues(endpoint).Observe(d.Seconds())
}

// OpenStreams adds delta to the number of open streams.
func (s *Set) OpenStreams(delta int) { s.streams.Add(float64(delta)) }

// Alarm counts an event that needs a person.
func (s *Set) Alarm(kind string) { s.alarms.WithLabelValues(s.words.bound("kind", kind)).Inc() }

// LiveSessions sets who tells the number of living sessions. Like the other
// tellers it is called at each scrape, possibly by several at once, and should
// be quick; NaN says that it is not known now; a later teller takes the place of an earlier one, so that a reload
// may set it again.
func (s *Set) LiveSessions(tell func() float64) { s.live.tell.Store(&tell) }

// Attempts sets who tells the number of open attempts.
func (s *Set) Attempts(tell func() float64) { s.attempts.tell.Store(&tell) }

// Owed sets who tells the number of token pairs whose invalidation is owed.
func (s *Set) Owed(tell func() float64) { s.owed.tell.Store(&tell) }

// AuditLost sets who tells the number of audit events that were lost.
func (s *Set) AuditLost(tell func() float64) { s.auditLost.tell.Store(&tell) }

// RevocationLists sets who tells when the first list is overdue, in seconds since 1970,
// and how many are overdue now.
func (s *Set) RevocationLists(due, overdue func() float64) {
	s.listsDue.tell.Store(&due)
	s.listsOverdue.tell.Store(&overdue)
}

// maxScrapes bounds the scrapes at one time: a scraper has one, people a few.
const maxScrapes = 4

// Handler serves the page. A silent set has none: 404.
func (s *Set) Handler() http.Handler {
	if s.registry == nil {
		return http.NotFoundHandler()
	}
	return promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{
		MaxRequestsInFlight: maxScrapes,
		// One sick collector should not blind the operator to all others.
		ErrorHandling: promhttp.ContinueOnError,
	})
}

// status is the code as a label. What is no status of HTTP is one value.
func status(code int) string {
	if code < 100 || code > 599 {
		return other
	}
	return strconv.Itoa(code)
}
