package standin

import (
	"errors"
	"net/http"
	"strings"

	"github.com/esgateway/esgateway/internal/standin/samlrealm"
)

const samlActions = security + "saml/"

// saml wraps the handlers of SAML: the licence is asked before the body is read.
func saml(prepare func(*call) (action, error)) func(*call) (action, error) {
	return func(c *call) (action, error) {
		if !c.licensed("platinum") {
			return nil, nonCompliant("saml")
		}
		return prepare(c)
	}
}

// samlFailure is a SAML exception: since 9.3 always a 401, before that a 500.
// It carries no challenge; only the failure handler of authenticate adds one.
func (c *call) samlFailure(reason string) *exception {
	status := http.StatusInternalServerError
	if c.cluster.release.samlSpeaks() {
		status = http.StatusUnauthorized
	}
	return securityException(status, reason)
}

// samlError translates what a realm says.
func (c *call) samlError(err error) error {
	rejection, is := errors.AsType[*samlrealm.Rejection](err)
	if !is {
		return samlFault(err)
	}
	if rejection.NotSAML {
		return &exception{status: http.StatusInternalServerError, kind: "exception", reason: rejection.Reason}
	}
	e := c.samlFailure(rejection.Reason)
	if rejection.Unsolicited != "" && c.cluster.release.samlSpeaks() {
		e = e.with("security.saml.unsolicited_in_response_to", rejection.Unsolicited)
	}
	if rejection.Cause == nil {
		return e
	}
	cause := samlFault(rejection.Cause)
	if cause.status == http.StatusBadRequest && !c.cluster.release.samlSpeaks() {
		e.status = cause.status // before 9.3 the cause decided
	}
	return e.causedBy(cause)
}

// samlFault is an exception of the Java platform.
func samlFault(err error) *exception {
	e := &exception{status: http.StatusInternalServerError, kind: "exception", reason: err.Error(), java: true}
	if f, is := errors.AsType[*samlrealm.Fault](err); is {
		e.kind = f.Type
	}
	if e.kind == "illegal_argument_exception" {
		e.status = http.StatusBadRequest
	}
	return e
}

// realm finds the one realm that a request means; asked is how the request
// prints in the refusal.
func (c *call) realm(name, acs, asked string) (*samlrealm.Realm, error) {
	var found []*samlrealm.Realm
	var names []string
	for _, r := range c.cluster.saml {
		if (name == "" || r.Name() == name) && (acs == "" || r.ACS() == acs) {
			found, names = append(found, r), append(names, "saml/"+r.Name())
		}
	}
	switch len(found) {
	case 0:
		return nil, c.samlFailure("Cannot find any matching realm for [" + asked + "]")
	case 1:
		return found[0], nil
	}
	return nil, c.samlFailure("Found multiple matching realms [[" + strings.Join(names, ", ") + "]] for [" + asked + "]")
}

// orNull prints a string as Java does.
func orNull(s *string) string {
	if s == nil {
		return "null"
	}
	return *s
}

// samlPrepareRoute is POST /_security/saml/prepare. Nothing is remembered.
func samlPrepareRoute(c *call) (action, error) {
	var realm, acs, relayState *string
	err := c.parse("saml_prepare_authn", text("realm", &realm), text("acs", &acs), text("relay_state", &relayState))
	if err != nil {
		return nil, err
	}
	return func() (*answer, error) {
		if err := c.authorize(samlActions + "prepare"); err != nil {
			return nil, err
		}
		asked := "SamlPrepareAuthenticationRequest{realmName=" + orNull(realm) +
			", assertionConsumerServiceURL=" + orNull(acs) + ", relayState=" + orNull(relayState) + "}"
		r, err := c.realm(value(realm), value(acs), asked)
		if err != nil {
			return nil, err
		}
		id, redirect, err := r.Prepare(c.now, relayState)
		if err != nil {
			return nil, c.samlError(err)
		}
		return ok(obj("realm", r.Name(), "id", id, "redirect", redirect))
	}, nil
}

// samlMetadataRoute is GET /_security/saml/metadata/{realm}.
func samlMetadataRoute(c *call) (action, error) {
	name := c.params["realm"]
	return func() (*answer, error) {
		var v validation
		v.require(strings.TrimSpace(name) != "", "Realm name may not be empty")
		if err := v.err(); err != nil {
			return nil, err
		}
		if err := c.authorize("cluster:monitor/xpack/security/saml/metadata"); err != nil {
			return nil, err
		}
		r, err := c.realm(name, "", name)
		if err != nil {
			return nil, err
		}
		return ok(obj("metadata", r.Metadata()))
	}, nil
}
