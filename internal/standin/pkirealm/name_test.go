package pkirealm_test

import (
	"encoding/asn1"
	"testing"

	"github.com/esgateway/esgateway/internal/standin/pkirealm"
)

type attribute struct {
	Type  asn1.ObjectIdentifier
	Value any
}

type relativeSET []attribute

var (
	cn    = asn1.ObjectIdentifier{2, 5, 4, 3}
	o     = asn1.ObjectIdentifier{2, 5, 4, 10}
	ou    = asn1.ObjectIdentifier{2, 5, 4, 11}
	st    = asn1.ObjectIdentifier{2, 5, 4, 8}
	sn    = asn1.ObjectIdentifier{2, 5, 4, 5}
	dc    = asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 25}
	email = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}
	other = asn1.ObjectIdentifier{1, 2, 3, 4}
)

func name(t testing.TB, relatives ...relativeSET) []byte {
	t.Helper()
	der, err := asn1.Marshal(relatives)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func one(id asn1.ObjectIdentifier, value any) relativeSET { return relativeSET{{id, value}} }

func TestNamesArePrintedAsJavaDoes(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		dn   []relativeSET
		want string
	}{
		{"reversed, comma and blank", []relativeSET{one(cn, "Elasticsearch Test Client"), one(ou, "Elasticsearch"), one(o, "org")}, "O=org, OU=Elasticsearch, CN=Elasticsearch Test Client"},
		{"keywords", []relativeSET{one(dc, "test"), one(st, "BW"), one(sn, "7"), one(email, "a@b.test")}, "EMAILADDRESS=a@b.test, SERIALNUMBER=7, ST=BW, DC=test"},
		{"an attribute without keyword", []relativeSET{one(other, "x")}, "OID.1.2.3.4=x"},
		{"two attributes in one", []relativeSET{{{cn, "a"}, {ou, "b"}}}, "CN=a + OU=b"},
		{"a comma", []relativeSET{one(cn, "Doe, Jane")}, `CN="Doe, Jane"`},
		{"a quote and a backslash", []relativeSET{one(cn, `a"b\c`)}, `CN="a\"b\\c"`},
		{"a value in quotes", []relativeSET{one(cn, `"a"`)}, `CN="a"`},
		{"a blank at the end", []relativeSET{one(cn, "a ")}, `CN="a "`},
		{"two blanks", []relativeSET{one(cn, "a  b")}, `CN="a  b"`},
		{"other letters", []relativeSET{one(cn, "Jürgen")}, "CN=Jürgen"},
		{"no text", []relativeSET{one(cn, 5)}, "CN=#020105"},
		{"nothing", nil, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := pkirealm.Name(name(t, tc.dn...)); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestNamesAreComparedAsJavaDoes(t *testing.T) {
	t.Parallel()
	a := name(t, one(o, "Example  Org"), one(cn, "CA"))
	for _, tc := range []struct {
		name string
		b    []byte
		want bool
	}{
		{"the same", a, true},
		{"case and blanks", name(t, one(o, " example org"), one(cn, "ca")), true},
		{"another order", name(t, one(cn, "CA"), one(o, "Example Org")), false},
		{"another value", name(t, one(o, "Example Org"), one(cn, "CB")), false},
		{"one more", name(t, one(o, "Example Org"), one(cn, "CA"), one(cn, "CA")), false},
		{"two in one", name(t, relativeSET{{o, "Example Org"}, {cn, "CA"}}), false},
		{"no name", []byte("x"), false},
	} {
		if got := pkirealm.SameName(a, tc.b); got != tc.want {
			t.Errorf("%s: got %v, want %v", tc.name, got, tc.want)
		}
	}
}

func FuzzName(f *testing.F) {
	f.Add(name(f, one(cn, "a"), one(o, "b, c")))
	f.Add(name(f, one(other, 5)))
	f.Add([]byte("0"))
	f.Fuzz(func(t *testing.T, der []byte) {
		if pkirealm.Name(der) != "" && !pkirealm.SameName(der, der) {
			t.Errorf("%x is not the same as itself", der)
		}
	})
}
