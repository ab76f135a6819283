package metrics

import (
	"math"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// source is a metric that somebody else keeps and tells when asked. Before there is a
// teller, and while it says NaN, it is not on the page: nothing is better than a wrong 0.
type source struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	tell atomic.Pointer[func() float64]
}

func newSource(name, help string, kind prometheus.ValueType) *source {
	return &source{desc: prometheus.NewDesc(namespace+"_"+name, help, nil, nil), kind: kind}
}

// Describe implements prometheus.Collector.
func (s *source) Describe(descs chan<- *prometheus.Desc) { descs <- s.desc }

// Collect implements prometheus.Collector.
func (s *source) Collect(metrics chan<- prometheus.Metric) {
	tell := s.tell.Load()
	if tell == nil || *tell == nil {
		return
	}
	if value := (*tell)(); !math.IsNaN(value) {
		metrics <- prometheus.MustNewConstMetric(s.desc, s.kind, value)
	}
}
