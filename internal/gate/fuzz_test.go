package gate

import (
	"context"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/fault"
)

// readBy is the scheme that Elasticsearch takes a header for, by its first word and the
// blank behind it, in any case (contract http 1.3); "" is one that it does not know.
func readBy(header string) string {
	for _, scheme := range schemes {
		if len(header) > len(scheme) && strings.EqualFold(header[:len(scheme)+1], scheme+" ") {
			return scheme
		}
	}
	return ""
}

// FuzzAuthorization: whatever is sent, what a route refuses never goes on as something
// else, and what nobody knows goes on nowhere.
func FuzzAuthorization(f *testing.F) {
	for _, seed := range []string{
		"", " ", "Basic", "Basic ", "Basic dTpw", "basic  dTpw", "BASIC\tdTpw", "Basic,Bearer x", "Bearer x", "bEaReR x", "ApiKey aWQ6a2V5",
		"apikey", "ApiKey\u00a0aWQ6a2V5", "Negotiate abc", "Digest username=x", "Bearer\x00 x", "BaſiC dTpw", "ApiKey Basic dTpw",
	} {
		f.Add(seed, uint8(0))
		f.Add(seed, uint8(5))
	}
	f.Fuzz(func(t *testing.T, header string, which uint8) {
		handling := func(i uint) Handling {
			if which>>i&1 == 1 {
				return Refuse
			}
			return Forward
		}
		p := Policy{Elasticsearch: true, Authorization: AuthorizationConfig{Basic: handling(0), Bearer: handling(1), APIKey: handling(2)}}
		v, err := new(Gate).ownAuthorization(context.Background(), []string{header}, p)
		scheme := readBy(header)
		switch {
		case err == nil && !v.OwnAuthorization:
			t.Fatal("let in as nobody")
		case err == nil && scheme != "" && p.handling(scheme) == Refuse:
			t.Fatalf("%q goes on, and Elasticsearch takes it for %s, which is refused", header, scheme)
		case err != nil && !fault.Is(err, fault.LoginRequired):
			t.Fatalf("%q: %v", header, err)
		case err != nil && scheme != "" && p.handling(scheme) == Forward:
			t.Fatalf("%q is refused, and Elasticsearch takes it for %s, which goes on", header, scheme)
		case err != nil && len(header) > 12 && strings.Contains(err.Error(), header):
			t.Fatal("the error repeats the header")
		}
		if _, err := new(Gate).ownAuthorization(context.Background(), []string{header, header}, p); !fault.Is(err, fault.BadRequest) {
			t.Fatalf("twice: %v", err)
		}
	})
}
