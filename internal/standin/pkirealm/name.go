package pkirealm

import (
	"encoding/asn1"
	"encoding/hex"
	"strings"
)

// An attribute is one attribute of a distinguished name, with the octets of its
// value, which Java shows where the value is no text.
type attribute struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue
}

// A relativeSET is one relative name. The ending makes it a SET for encoding/asn1.
type relativeSET []attribute

// parseName reads the DER of a distinguished name.
func parseName(der []byte) ([]relativeSET, error) {
	var name []relativeSET
	rest, err := asn1.Unmarshal(der, &name)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, asn1.SyntaxError{Msg: "data after the name"}
	}
	return name, nil
}

// Name prints a distinguished name as Java's X500Principal.toString() does, which is
// what Elasticsearch puts into pki_dn and searches for the user name: the attributes
// in the reverse of their order in the certificate, a comma and a blank between
// them, values with special characters in double quotes. What is no name prints as
// nothing.
func Name(der []byte) string {
	name, err := parseName(der)
	if err != nil {
		return ""
	}
	var parts []string
	for i := len(name) - 1; i >= 0; i-- {
		var attributes []string
		for _, a := range name[i] {
			attributes = append(attributes, keyword(a.Type)+"="+a.print())
		}
		parts = append(parts, strings.Join(attributes, " + "))
	}
	return strings.Join(parts, ", ")
}

// keywords are those of Java's default form (sun.security.x509.AVA).
var keywords = map[string]string{
	"2.5.4.3": "CN", "2.5.4.4": "SURNAME", "2.5.4.5": "SERIALNUMBER", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST",
	"2.5.4.9": "STREET", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.12": "T", "2.5.4.42": "GIVENNAME", "2.5.4.43": "INITIALS",
	"2.5.4.44": "GENERATION", "2.5.4.46": "DNQ", "0.9.2342.19200300.100.1.1": "UID", "0.9.2342.19200300.100.1.25": "DC",
	"1.2.840.113549.1.9.1": "EMAILADDRESS", "1.3.6.1.4.1.42.2.11.2.1": "IP",
}

func keyword(id asn1.ObjectIdentifier) string {
	if word, known := keywords[id.String()]; known {
		return word
	}
	return "OID." + id.String()
}

// text is the value, if it is one of the string types.
func (a attribute) text() (string, bool) {
	var value any
	if _, err := asn1.Unmarshal(a.Value.FullBytes, &value); err != nil {
		return "", false
	}
	s, is := value.(string)
	return s, is
}

func (a attribute) print() string {
	s, is := a.text()
	if !is {
		return "#" + hex.EncodeToString(a.Value.FullBytes)
	}
	return quote(s)
}

// quote is AVA.toKeywordValueString: quotes are needed around special characters,
// around blanks at either end, and around two blanks in a row.
func quote(s string) string {
	if len(s) > 1 && s[0] == '"' && s[len(s)-1] == '"' {
		inner := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s[1 : len(s)-1])
		return `"` + inner + `"`
	}
	blank := func(c byte) bool { return c == ' ' || c == '\n' }
	needed := strings.ContainsAny(s, ",+=\n<>#;\\\"")
	for i := range len(s) {
		if blank(s[i]) && (i == 0 || i == len(s)-1 || blank(s[i-1])) {
			needed = true
		}
	}
	if !needed {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// SameName tells whether two distinguished names are equal for X500Principal: the
// kind of string, the case of letters and the number of blanks do not matter.
func SameName(a, b []byte) bool {
	first, err := canonical(a)
	if err != nil {
		return false
	}
	second, err := canonical(b)
	return err == nil && first == second
}

func canonical(der []byte) (string, error) {
	name, err := parseName(der)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, relative := range name {
		for _, a := range relative {
			value := hex.EncodeToString(a.Value.FullBytes)
			if s, is := a.text(); is {
				value = quote(strings.ToLower(strings.Join(strings.Fields(s), " ")))
			}
			b.WriteString(a.Type.String() + "=" + value + "+")
		}
		b.WriteString(",")
	}
	return b.String(), nil
}
