package saml

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// usualSkew is the default of the realm's allowed_clock_skew.
const usualSkew = 3 * time.Minute

// expected is what a response is compared with. What is empty is not known, and not
// compared.
type expected struct {
	// acs and entityID are sp.acs and sp.entity_id of the realm, issuer its
	// idp.entity_id.
	acs, entityID, issuer string
	// requestID is the request that was to be answered.
	requestID string
	// principal is the attribute that names the user.
	principal string
	// classes are the AuthnContextClassRefs that were asked for; empty: any.
	classes []string
	// at is Elasticsearch's time, as well as it is known.
	at time.Time
	// skew is how much clocks may differ.
	skew time.Duration
}

// finding is something in a response that Elasticsearch would refuse.
type finding struct {
	cause cause
	// expected and got are both values. What came from the message is bounded.
	expected, got string
	// remedy is what can be done about it.
	remedy remedy
}

func found(c cause, expected, got string) finding {
	return finding{cause: c, expected: expected, got: got, remedy: remedies[c]}
}

// explain compares a response with what was expected, in the order of Elasticsearch's
// own checks (contract saml 1.2), so that the first finding is the likely cause of a
// refusal.
//
// None of it is proven: no signature is checked here, and nothing may be decided by
// it. Elasticsearch has decided already.
func explain(r *response, want expected) []finding {
	e := explanation{want: want, form: formOf(r.message)}
	e.add(e.form.problems...)
	e.response(r)
	return e.findings
}

// likely is the first finding. Where nothing is wrong that can be seen, it is what
// cannot be seen.
func likely(findings []finding) finding {
	if len(findings) == 0 {
		return found(causeSignature, "", "")
	}
	return findings[0]
}

type explanation struct {
	want     expected
	form     form
	findings []finding
}

// add notes findings, each once: two ends of the same time are one thing to know.
func (e *explanation) add(found ...finding) {
	for _, f := range found {
		if !slices.Contains(e.findings, f) {
			e.findings = append(e.findings, f)
		}
	}
}

// differs compares values that must be the same, letter by letter.
func (e *explanation) differs(c cause, want, got string) {
	if want != "" && got != want {
		e.add(found(c, want, received(got)))
	}
}

func (e *explanation) response(r *response) {
	e.signature(e.form.response)
	e.answers(r.InResponseTo)
	succeeded := r.Status.Code.Value == statusPrefix+"Success"
	if !succeeded {
		f := found(causeStatus, "Success", statusOf(r.Status))
		f.remedy = ofStatus(r.Status.Code)
		e.add(f)
	}
	e.issuer(r.Issuer)
	if r.Destination != "" || r.Signature != nil {
		e.differs(causeDestination, e.want.acs, r.Destination)
	}
	switch n := len(r.Assertions) + len(r.Encrypted); {
	case n > 1:
		e.add(found(causeSeveral, "1", strconv.Itoa(n)))
	case n == 0 && succeeded:
		e.add(found(causeNoAssertion, "1", "0"))
	case n == 0:
	case len(r.Encrypted) == 1:
		e.add(found(causeEncrypted, "", ""))
	default:
		e.assertion(&r.Assertions[0], r.Signature != nil)
	}
}

// signature is about the form of a signature, not about whether it is right.
func (e *explanation) signature(problem string) {
	if problem == "" {
		return
	}
	f := found(causeSignature, "one signature, of the very element that carries it", problem)
	f.remedy.advice = "the signature does not cover what it stands in; that is either a mistake of the identity provider or somebody who moves signed parts"
	e.add(f)
}

// answers: a message may leave out what it answers; Elasticsearch accepts that, and
// whoever called us has decided on it.
func (e *explanation) answers(inResponseTo string) {
	if inResponseTo != "" {
		e.differs(causeInResponseTo, e.want.requestID, inResponseTo)
	}
}

// issuer is compared where the realm's is known, and must be there in any case.
func (e *explanation) issuer(got string) {
	got = strings.TrimSpace(got)
	if got == "" || e.want.issuer != "" && got != e.want.issuer {
		e.add(found(causeIssuer, e.want.issuer, received(got)))
	}
}

func (e *explanation) assertion(a *assertion, covered bool) {
	e.signature(e.form.assertion)
	if a.Signature == nil && !covered {
		e.add(found(causeNotSigned, "a signature of the response or of the assertion", "none"))
	}
	e.conditions(a.Conditions)
	e.issuer(a.Issuer)
	e.subject(&a.Subject)
	e.statement(a.Statements)
	e.attributes(a)
}

func (e *explanation) conditions(c *conditions) {
	if c == nil {
		return
	}
	for _, r := range c.Restrictions {
		if e.want.entityID != "" && !slices.ContainsFunc(r.Audiences, func(s string) bool { return strings.TrimSpace(s) == e.want.entityID }) {
			e.add(found(causeAudience, e.want.entityID, joined(r.Audiences)))
			break
		}
	}
	if from := instant(c.NotBefore); !from.IsZero() && e.want.at.Add(e.want.skew).Before(from) {
		e.add(found(causeNotYetValid, "NotBefore no later than "+printed(e.want.at.Add(e.want.skew)), printed(from)))
	}
	e.until("NotOnOrAfter", c.NotOnOrAfter)
}

// until compares the end of something with Elasticsearch's time.
func (e *explanation) until(name, text string) {
	if end := instant(text); !end.IsZero() && !e.want.at.Add(-e.want.skew).Before(end) {
		e.add(found(causeExpired, name+" later than "+printed(e.want.at.Add(-e.want.skew)), printed(end)))
	}
}

func (e *explanation) subject(s *subject) {
	if s.XMLName.Local == "" {
		e.add(found(causeSubject, "a Subject", "none"))
		return
	}
	var bearers []confirmation
	for _, c := range s.Confirmations {
		if c.Method == bearer && c.Data != nil {
			bearers = append(bearers, c)
		}
	}
	if len(bearers) != 1 {
		e.add(found(causeSubject, "1 SubjectConfirmation of method bearer", strconv.Itoa(len(bearers))))
		return
	}
	data := bearers[0].Data
	e.differs(causeRecipient, e.want.acs, data.Recipient)
	e.until("NotOnOrAfter", data.NotOnOrAfter)
	e.answers(data.InResponseTo)
}

func (e *explanation) statement(all []authn) {
	if len(all) != 1 {
		e.add(found(causeStatement, "1 AuthnStatement", strconv.Itoa(len(all))))
		return
	}
	e.until("SessionNotOnOrAfter", all[0].SessionNotOnOrAfter)
	class := strings.TrimSpace(all[0].ContextClass)
	if len(e.want.classes) > 0 && !slices.Contains(e.want.classes, class) {
		e.add(found(causeAuthnContext, joined(e.want.classes), received(class)))
	}
}

// attributes looks for what names the user. Without a hint only a message that names
// nobody at all is suspect.
func (e *explanation) attributes(a *assertion) {
	name := a.Subject.NameID
	switch {
	case len(a.Attributes) == 0 && name == nil:
	case e.want.principal == "", names(a, e.want.principal):
		return
	}
	e.add(found(causeAttribute, e.want.principal, joined(attributeNames(a))))
}

// names reports whether an assertion has what the setting means: an attribute by its
// Name or FriendlyName, or the NameID (contract saml 1.3).
func names(a *assertion, setting string) bool {
	id := a.Subject.NameID
	switch {
	case setting == "nameid" && id != nil:
		return strings.TrimSpace(id.Value) != ""
	case setting == "nameid:persistent" && id != nil && id.Format == persistentFormat:
		return strings.TrimSpace(id.Value) != ""
	}
	return slices.ContainsFunc(a.Attributes, func(one attribute) bool {
		return (one.Name == setting || one.FriendlyName == setting) && slices.ContainsFunc(one.Values, attributeValue.filled)
	})
}
