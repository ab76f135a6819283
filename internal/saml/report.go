package saml

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// report is an explanation for the command line. It has names of attributes and never
// their values: it will be pasted into tickets.
func report(r *response, want expected) string {
	var b strings.Builder
	b.WriteString("What the response says. Nothing of it is proven: anybody can write such a file.\n\n")
	rows(&b, statements(r))
	findings := explain(r, want)
	if len(findings) == 0 {
		b.WriteString("\nNothing is wrong as far as this can be seen. If Elasticsearch refuses it all the same:\n")
		findings = []finding{likely(nil)}
	} else {
		b.WriteString("\nWhat Elasticsearch would not like, in the order in which it looks:\n")
	}
	for _, f := range findings {
		fmt.Fprintf(&b, "\n%s\n", f.cause)
		rows(&b, [][2]string{{"the page says", f.remedy.text}, {"expected", f.expected}, {"got", f.got}, {"advice", f.remedy.advice}})
	}
	fmt.Fprintf(&b, "\nSignatures were not checked, only their form. Times were compared with %s, give or take %s.\n", printed(want.at), want.skew)
	return b.String()
}

// maxRows bounds what is printed of a message with thousands of everything.
const maxRows = 100

// rows writes names and values in two columns, leaving out what is empty.
func rows(b *strings.Builder, all [][2]string) {
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for i, row := range all {
		if i == maxRows {
			fmt.Fprintln(w, "  ...")
			break
		}
		if row[1] != "" {
			fmt.Fprintf(w, "  %s\t%s\n", row[0], row[1])
		}
	}
	_ = w.Flush() // a strings.Builder never fails
}

// statements are what a response says of itself.
func statements(r *response) [][2]string {
	all := [][2]string{
		{"issuer", shown(r.Issuer)},
		{"issued", shown(r.IssueInstant)},
		{"answers", shown(r.InResponseTo)},
		{"destination", shown(r.Destination)},
		{"status", statusOf(r.Status)},
		{"signed", signed(r)},
	}
	for range r.Encrypted {
		all = append(all, [2]string{"assertion", "encrypted, so nothing is known of what is inside"})
	}
	for i := range r.Assertions[:min(len(r.Assertions), maxJoined)] {
		all = append(all, r.Assertions[i].statements()...)
	}
	return all
}

// signed says what carries a signature, right or wrong.
func signed(r *response) string {
	var all []string
	if r.Signature != nil {
		all = append(all, "the response")
	}
	for i := range r.Assertions {
		if r.Assertions[i].Signature != nil {
			all = append(all, "the assertion")
		}
	}
	if len(all) == 0 {
		return "nothing"
	}
	return joined(all)
}

func (a *assertion) statements() [][2]string {
	all := [][2]string{{"assertion of", shown(a.Issuer)}}
	if c := a.Conditions; c != nil {
		all = append(all, [2]string{"valid from", shown(c.NotBefore)}, [2]string{"valid until", shown(c.NotOnOrAfter)})
		for _, r := range c.Restrictions {
			all = append(all, [2]string{"audience", joined(r.Audiences)})
		}
	}
	for _, c := range a.Subject.Confirmations {
		if c.Data != nil {
			all = append(all,
				[2]string{"recipient", shown(c.Data.Recipient)},
				[2]string{"confirmed until", shown(c.Data.NotOnOrAfter)},
				[2]string{"confirms", shown(c.Data.InResponseTo)})
		}
	}
	for _, s := range a.Statements {
		all = append(all, [2]string{"signed in by", shown(s.ContextClass)}, [2]string{"session ends", shown(s.SessionNotOnOrAfter)})
	}
	if id := a.Subject.NameID; id != nil {
		format := shown(id.Format)
		if format == "" {
			format = "none"
		}
		all = append(all, [2]string{"name id format", format})
	}
	return append(all, [2]string{"attributes", counted(a)})
}

// counted are the names of the attributes, with how many values each has.
func counted(a *assertion) string {
	names := attributeNames(a)
	for i := range names {
		noun := "values"
		if len(a.Attributes[i].Values) == 1 {
			noun = "value"
		}
		names[i] = fmt.Sprintf("%s (%d %s)", shown(names[i]), len(a.Attributes[i].Values), noun)
	}
	return joined(names)
}
