package saml

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/standin/idp"
)

// refusing is a method whose Elasticsearch prepares requests of the world's realm.
func refusing(w world, log *bytes.Buffer) *Method {
	prepare := func(context.Context, string) (elastic.Prepared, error) {
		id, redirect, err := w.realm.Prepare(noon, nil)
		return elastic.Prepared{ID: id, Redirect: redirect}, err
	}
	return &Method{why: &explainer{
		method: "corp", realm: "saml1", acs: testACS, prepare: prepare,
		now: func() time.Time { return noon }, log: slog.New(slog.NewTextHandler(log, nil)),
	}}
}

const silence = "unable to authenticate user [<unauthenticated-saml-user>] for action [cluster:admin/xpack/security/saml/authenticate]"

func TestARefusalIsExplained(t *testing.T) {
	t.Parallel()
	received := func(value string) fault.Fact { return fault.Fact{Name: "Received", Value: value} }
	for _, tc := range []struct {
		name      string
		how       idp.Answer
		principal string
		stranger  bool // the message answers no attempt of this browser
		reason    string
		want      cause
		facts     []fault.Fact
		logged    []string
	}{
		{
			name: "an older Elasticsearch", how: idp.Answer{Audience: new("urn:other:sp")}, reason: silence,
			want: causeAudience, facts: []fault.Fact{{Name: "Expected", Value: testSP}, received("urn:other:sp")},
			logged: []string{"level=WARN", "event.reason=audience", "esgateway.saml.expected=urn:test:sp", "esgateway.saml.got=urn:other:sp", "esgateway.method=corp", silence},
		},
		{
			name: "a stranger's message", how: idp.Answer{Audience: new("urn:other:sp")}, reason: silence, stranger: true,
			want: causeAudience, logged: []string{"esgateway.saml.got=urn:other:sp"},
		},
		{
			name: "a clock that is an hour ahead", reason: "Rejecting SAML assertion because [2026-03-02T12:57:00Z] is on/after [2026-03-02T12:05:00Z]",
			want: causeExpired, facts: []fault.Fact{
				{Name: "Expected", Value: "NotOnOrAfter later than 2026-03-02T12:57:00Z"},
				received("2026-03-02T12:05:00Z"),
				{Name: "Issued", Value: "2026-03-02T12:00:00.000Z"},
				{Name: "Gateway's clock", Value: "2026-03-02T12:00:00Z"},
			},
			logged: []string{"esgateway.elasticsearch.clock_offset=1h0m0s"},
		},
		{
			name: "a reason that nobody knows", reason: "SAML is out of fashion\nsince " + strings.Repeat("x", 2000),
			want: causeUntold, facts: []fault.Fact{{Name: "Reason", Value: "Elasticsearch's reason is in the log"}},
			logged: []string{"SAML is out of fashion\uFFFDsince xxx", "xxx..."},
		},
		{
			name: "an attribute that did not come", how: idp.Answer{Without: []string{"uid"}}, principal: "uid", reason: silence,
			want: causeAttribute, facts: []fault.Fact{{Name: "Expected", Value: "uid"}, received("displayName, mail, groups")},
		},
		{name: "the same without a hint", how: idp.Answer{Without: []string{"uid"}}, reason: silence, want: causeSignature},
		{
			name: "a status", how: idp.Answer{Status: statusCalled("Responder"), SecondStatus: statusCalled("AuthnFailed")}, reason: silence,
			want: causeStatus, facts: []fault.Fact{{Name: "Expected", Value: "Success"}, received("Responder / AuthnFailed")},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			var log bytes.Buffer
			m := refusing(w, &log)
			m.why.principal = tc.principal
			id, address := w.ask(t)
			answer, err := readResponse(w.answer(t, address, tc.how))
			if err != nil {
				t.Fatal(err)
			}
			if tc.stranger {
				id = ""
			}
			refusal := &elastic.Error{Class: elastic.PersonRefused, Status: 401, Reason: tc.reason}
			got := fault.Of(m.refused(t.Context(), answer, id, refusal))
			if got.Kind != fault.SignInFailed || got.Cause != string(tc.want) || got.Public == "" || got.Hint == "" || !errors.Is(got, refusal) {
				t.Errorf("got %+v", got)
			}
			if len(got.Facts) != len(tc.facts) {
				t.Fatalf("got %v, want %v", got.Facts, tc.facts)
			}
			for i := range got.Facts {
				if got.Facts[i] != tc.facts[i] {
					t.Errorf("got %v, want %v", got.Facts[i], tc.facts[i])
				}
			}
			for _, want := range tc.logged {
				if !strings.Contains(log.String(), want) {
					t.Errorf("no %s in the log:\n%s", want, &log)
				}
			}
			for _, secret := range []string{"jane", "Jane", "staff"} {
				if strings.Contains(log.String(), secret) {
					t.Errorf("the log names the person:\n%s", &log)
				}
			}
		})
	}
}

func TestWithoutTheRealmsSettingsLessIsExplained(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	var log bytes.Buffer
	m := refusing(w, &log)
	m.why.prepare = func(context.Context, string) (elastic.Prepared, error) {
		return elastic.Prepared{}, errors.New("no luck")
	}
	id, address := w.ask(t)
	for _, tc := range []struct {
		how  idp.Answer
		want cause
	}{
		{idp.Answer{Audience: new("urn:other:sp")}, causeSignature},
		{idp.Answer{Destination: new("https://other.example/acs")}, causeDestination},
	} {
		answer, err := readResponse(w.answer(t, address, tc.how))
		if err != nil {
			t.Fatal(err)
		}
		got := fault.Of(m.refused(t.Context(), answer, id, &elastic.Error{Class: elastic.PersonRefused}))
		if got.Cause != string(tc.want) || !strings.Contains(log.String(), "no luck") {
			t.Errorf("got %+v\n%s", got, &log)
		}
	}
}

// TestTheIssuerIsLearned: nothing tells idp.entity_id but a response that Elasticsearch
// has accepted.
func TestTheIssuerIsLearned(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	var log bytes.Buffer
	m := refusing(w, &log)
	id, address := w.ask(t)
	foreign, err := readResponse(w.answer(t, address, idp.Answer{Issuer: new("urn:other:idp")}))
	if err != nil {
		t.Fatal(err)
	}
	refusal := &elastic.Error{Class: elastic.PersonRefused, Reason: silence}
	if got := fault.Of(m.refused(t.Context(), foreign, id, refusal)); got.Cause != string(causeSignature) {
		t.Errorf("before: %+v", got)
	}
	m.why.accepted(&response{Issuer: "\n" + testIdP})
	m.why.accepted(&response{Issuer: testIdP})
	if got := fault.Of(m.refused(t.Context(), foreign, id, refusal)); got.Cause != string(causeIssuer) {
		t.Errorf("after: %+v", got)
	}
}

// TestOnlyRefusalsAreExplained: an outage is none.
func TestOnlyRefusalsAreExplained(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	m := refusing(world{}, &log)
	for err, want := range map[error]fault.Kind{
		&elastic.Error{Class: elastic.Outage}:         fault.ElasticsearchUnavailable,
		&elastic.Error{Class: elastic.AccountRefused}: fault.Misconfigured,
		&elastic.Error{Class: elastic.BadInput}:       fault.SignInFailed,
		errors.New("whatever"):                        fault.ElasticsearchUnavailable,
	} {
		if got := fault.Of(m.refused(t.Context(), &response{}, "_q", err)); got.Kind != want || got.Cause != "" || log.Len() > 0 {
			t.Errorf("%v: %+v %s", err, got, &log)
		}
	}
}

func TestARequestOfTheRealmIsRead(t *testing.T) {
	t.Parallel()
	for _, redirect := range []string{"", "://", "https://idp.example/sso?SAMLRequest=%25", "https://idp.example/sso?SAMLRequest=AAAA"} {
		if got, err := readAuthnRequest(redirect); err == nil {
			t.Errorf("%q: %+v", redirect, got)
		}
	}
}
