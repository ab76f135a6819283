package standin

import (
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"unicode"

	"github.com/esgateway/esgateway/internal/standin/samlrealm"
)

const samlAuthenticate = samlActions + "authenticate"

// samlAuthenticateRoute is POST /_security/saml/authenticate. Bad base64 is
// found before the privilege is asked, in the handler.
func samlAuthenticateRoute(c *call) (action, error) {
	var content, realm *string
	var ids []string
	err := c.parse("saml_authenticate", text("content", &content), texts("ids", &ids), textOrNull("realm", &realm))
	if err != nil {
		return nil, err
	}
	if content == nil {
		return nil, nullPointer(`Cannot invoke "String.replaceAll(String, String)" because "content" is null`)
	}
	message, err := decodeBase64(withoutSpace(*content))
	if err != nil {
		return nil, illegalArgument(err.Error())
	}
	return func() (*answer, error) {
		if err := c.authorize(samlAuthenticate); err != nil {
			return nil, err
		}
		return c.samlSignIn(message, ids, realm)
	}, nil
}

func withoutSpace(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}

func (c *call) samlSignIn(message []byte, ids []string, realm *string) (*answer, error) {
	r, user, err := c.askRealms(message, ids, realm)
	if err != nil {
		return nil, err
	}
	auth := ofRealm(c.samlIdentity(r, user))
	metadata := maps.Clone(user.TokenMetadata)
	if user.InResponseTo != "" && c.cluster.release.samlSpeaks() {
		metadata["saml_in_response_to"] = &user.InResponseTo
	}
	pair, err := c.create(grant{auth: auth, creator: c.caller, metadata: metadata, refresh: true})
	if err != nil {
		return nil, err
	}
	o := obj(
		"username", user.Principal, "realm", r.Name(),
		"access_token", pair.access.String(), "refresh_token", pair.refresh.String(),
		"expires_in", c.expiresIn(), "authentication", auth.object(c.cluster.release))
	if user.InResponseTo != "" && c.cluster.release.samlSpeaks() {
		o = o.with("in_response_to", user.InResponseTo)
	}
	return ok(o)
}

func (c *call) samlIdentity(r *samlrealm.Realm, u *samlrealm.User) identity {
	metadata := u.Metadata
	if metadata == nil {
		metadata = map[string]any{}
	}
	return c.cluster.withAnonymousRoles(identity{
		name: u.Principal, fullName: u.FullName, email: u.Email, metadata: metadata,
		roles: c.cluster.rolesOf(candidate{realm: r.Name(), user: u.Principal, groups: u.Groups, metadata: metadata}),
		realm: realmRef{r.Name(), "saml"},
	})
}

// askRealms tries the named realm or, without a name, all in their order. Only
// a named realm speaks for itself; elsewhere every failure is the generic 401
// and its cause stands in the log alone.
func (c *call) askRealms(message []byte, ids []string, realm *string) (*samlrealm.Realm, *samlrealm.User, error) {
	for _, r := range c.cluster.saml {
		if realm != nil && r.Name() != *realm {
			continue
		}
		user, err := r.Authenticate(c.now, message, ids)
		if err == nil {
			return r, user, nil
		}
		c.log(slog.LevelWarn, "Authentication to realm failed", "realm", r.Name(), "cause", err.Error())
		if final := c.samlVerdict(err, ids, realm != nil); final != nil {
			return nil, nil, final
		}
	}
	return nil, nil, c.unable("<unauthenticated-saml-user>", "for action ["+samlAuthenticate+"]")
}

// samlVerdict is the failure that ends the chain; nil lets the next realm try.
func (c *call) samlVerdict(err error, ids []string, named bool) error {
	rejection, is := errors.AsType[*samlrealm.Rejection](err)
	switch {
	case !is || rejection.NotSAML:
		return c.challenged("error attempting to authenticate request").causedBy(samlFault(err))
	case !c.cluster.release.samlSpeaks():
		if ids == nil && rejection.Unsolicited != "" {
			// Before 9.3 absent ids met a null check that was not there.
			cause := nullPointer(`Cannot invoke "java.util.Collection.contains(Object)" because "allowedSamlRequestIds" is null`)
			return c.challenged("error attempting to authenticate request").causedBy(cause)
		}
		return nil
	case !named || rejection.Generic:
		return nil
	}
	if e, is := errors.AsType[*exception](c.samlError(err)); is {
		e.status, e.challenge = http.StatusUnauthorized, c.challenges()
		return e
	}
	return err
}
