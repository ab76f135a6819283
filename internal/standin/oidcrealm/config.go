package oidcrealm

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A Config is the settings of one realm, named as Elasticsearch names them.
type Config struct {
	// Name is the realm's name.
	Name string
	// RP and OP are the settings rp.* and op.*.
	RP RP
	OP OP
	// Claims names the claim behind each property of a user; only Principal is
	// required. ClaimPatterns cut values: of a match the first group counts, and
	// a value without a match is dropped.
	Claims, ClaimPatterns Claims
	// AllowedClockSkew is 60 s when zero. Elasticsearch takes its milliseconds
	// for seconds, and so do we: 60 s tolerate 60,000 s.
	AllowedClockSkew time.Duration
	// StrictClockSkew takes the skew for what it is. No Elasticsearch does.
	StrictClockSkew bool
	// HideUserMetadata is populate_user_metadata: false.
	HideUserMetadata bool
	// AuthorizationRealms name the realms in which the user is looked up; roles
	// and metadata are theirs then.
	AuthorizationRealms []string
	// HTTPClient speaks to the provider (http.* and ssl.*); nil: one that waits
	// for 5 s.
	HTTPClient *http.Client
}

// RP are the settings of Elasticsearch as the provider's client.
type RP struct {
	ClientID, ClientSecret string
	// ResponseType is "code", "id_token" or "id_token token".
	ResponseType string
	RedirectURI  string
	// RequestedScopes is ["openid"] when nil.
	RequestedScopes []string
	// ClientAuthMethod is client_secret_basic when empty.
	ClientAuthMethod string
	// ClientAuthJWTSignatureAlgorithm is HS384 when empty.
	ClientAuthJWTSignatureAlgorithm string
	// SignatureAlgorithm is RS256 when empty.
	SignatureAlgorithm    string
	PostLogoutRedirectURI string
}

// OP are the settings of the provider; nothing is discovered.
type OP struct {
	Issuer, AuthorizationEndpoint, TokenEndpoint string
	// UserinfoEndpoint and EndsessionEndpoint are not used when empty.
	UserinfoEndpoint, EndsessionEndpoint string
	// JWKSetPath is an https address: it is fetched when it is needed first and
	// again, once, after a validation that failed.
	JWKSetPath string
	// JWKSet stands for a file at JWKSetPath, which Elasticsearch watches: it is
	// read at each validation.
	JWKSet func() ([]byte, error)
}

// Claims has one text for each property of a user.
type Claims struct{ Principal, Groups, Name, Mail, DN string }

const (
	basicMethod = "client_secret_basic"
	postMethod  = "client_secret_post"
	jwtMethod   = "client_secret_jwt"

	codeType     = "code"
	idTokenType  = "id_token"
	implicitType = "id_token token"
)

// defaultSkew is Elasticsearch's default for allowed_clock_skew.
const defaultSkew = time.Minute

// defaultWait is the default of http.connect_timeout and its siblings.
const defaultWait = 5 * time.Second

// complete fills in defaults and says what a node would refuse to start with.
func (c Config) complete() (Config, error) {
	set := func(into *string, fallback string) {
		if *into == "" {
			*into = fallback
		}
	}
	set(&c.RP.ClientAuthMethod, basicMethod)
	set(&c.RP.ClientAuthJWTSignatureAlgorithm, "HS384")
	set(&c.RP.SignatureAlgorithm, "RS256")
	if c.RP.RequestedScopes == nil {
		c.RP.RequestedScopes = []string{"openid"}
	}
	if c.AllowedClockSkew == 0 {
		c.AllowedClockSkew = defaultSkew
	}
	if c.HTTPClient == nil {
		c.HTTPClient = &http.Client{Timeout: defaultWait}
	}
	return c, errors.Join(c.required(), c.allowed(), c.addresses(), c.patterns())
}

// key is the whole name of a setting.
func (c Config) key(setting string) string {
	return "xpack.security.authc.realms.oidc." + c.Name + "." + setting
}

func (c Config) required() error {
	var errs []error
	for _, s := range []struct{ name, value string }{
		{"rp.client_id", c.RP.ClientID},
		{"rp.client_secret", c.RP.ClientSecret},
		{"rp.redirect_uri", c.RP.RedirectURI},
		{"rp.response_type", c.RP.ResponseType},
		{"op.issuer", c.OP.Issuer},
		{"op.authorization_endpoint", c.OP.AuthorizationEndpoint},
	} {
		if s.value == "" {
			errs = append(errs, fmt.Errorf("The configuration setting [%s] is required", c.key(s.name)))
		}
	}
	if c.OP.JWKSetPath == "" && c.OP.JWKSet == nil {
		errs = append(errs, fmt.Errorf("The configuration setting [%s] is required", c.key("op.jwkset_path")))
	}
	if c.OP.TokenEndpoint == "" && c.RP.ResponseType == codeType {
		errs = append(errs, fmt.Errorf("The configuration setting [%s] is required when [%s] is set to \"code\"",
			c.key("op.token_endpoint"), c.key("rp.response_type")))
	}
	if c.Claims.Principal == "" {
		errs = append(errs, fmt.Errorf("Setting [%s] is required", c.key("claims.principal")))
	}
	return errors.Join(errs...)
}

func (c Config) allowed() error {
	var errs []error
	for _, s := range []struct {
		name, value string
		allowed     []string
	}{
		{"rp.response_type", c.RP.ResponseType, []string{codeType, idTokenType, implicitType}},
		{"rp.client_auth_method", c.RP.ClientAuthMethod, []string{basicMethod, postMethod, jwtMethod}},
		{"rp.client_auth_jwt_signature_algorithm", c.RP.ClientAuthJWTSignatureAlgorithm, []string{"HS256", "HS384", "HS512"}},
		{"rp.signature_algorithm", c.RP.SignatureAlgorithm, []string{
			"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512",
		}},
	} {
		if s.value != "" && !slices.Contains(s.allowed, s.value) {
			errs = append(errs, fmt.Errorf("Invalid value [%s] for [%s]. Allowed values are [%s]",
				s.value, c.key(s.name), strings.Join(s.allowed, ", ")))
		}
	}
	return errors.Join(errs...)
}

func (c Config) addresses() error {
	var errs []error
	for _, s := range []struct{ name, value string }{
		{"op.authorization_endpoint", c.OP.AuthorizationEndpoint},
		{"op.token_endpoint", c.OP.TokenEndpoint},
		{"op.userinfo_endpoint", c.OP.UserinfoEndpoint},
		{"op.endsession_endpoint", c.OP.EndsessionEndpoint},
		{"rp.redirect_uri", c.RP.RedirectURI},
		{"rp.post_logout_redirect_uri", c.RP.PostLogoutRedirectURI},
	} {
		if _, err := url.Parse(s.value); err != nil {
			errs = append(errs, fmt.Errorf("Invalid value [%s] for [%s]. Not a valid URI.", s.value, c.key(s.name)))
		}
	}
	switch {
	case strings.HasPrefix(c.OP.JWKSetPath, "http://"):
		errs = append(errs, errors.New("The [http] protocol is not supported as it is insecure. Use [https] instead"))
	case c.OP.JWKSet == nil && c.OP.JWKSetPath != "" && !strings.HasPrefix(c.OP.JWKSetPath, "https://"):
		errs = append(errs, errors.New("Unable to create a IDTokenValidator instance: the stand-in reads no files; set JWKSet"))
	}
	return errors.Join(errs...)
}

func (c Config) patterns() error {
	var errs []error
	for _, s := range []struct{ name, pattern, claim string }{
		{"principal", c.ClaimPatterns.Principal, c.Claims.Principal},
		{"groups", c.ClaimPatterns.Groups, c.Claims.Groups},
		{"name", c.ClaimPatterns.Name, c.Claims.Name},
		{"mail", c.ClaimPatterns.Mail, c.Claims.Mail},
		{"dn", c.ClaimPatterns.DN, c.Claims.DN},
	} {
		if s.pattern != "" && s.claim == "" {
			errs = append(errs, fmt.Errorf("Setting [%s] cannot be set unless [%s] is also set",
				c.key("claim_patterns."+s.name), c.key("claims."+s.name)))
		}
		if compiled, err := regexp.Compile(s.pattern); err != nil {
			errs = append(errs, err)
		} else if s.pattern != "" && compiled.NumSubexp() == 0 {
			errs = append(errs, fmt.Errorf("Setting [%s] has no group", c.key("claim_patterns."+s.name)))
		}
	}
	return errors.Join(errs...)
}
