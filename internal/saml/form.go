package saml

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
)

// form is what is wrong with a message as XML, whatever it says.
type form struct {
	// problems would keep Elasticsearch from reading it at all.
	problems []finding
	// response and assertion say what is wrong with the signature of each; empty:
	// nothing, or there is no signature.
	response, assertion string
}

// node is an element, whatever it is.
type node struct {
	XMLName    xml.Name
	Attributes []xml.Attr `xml:",any,attr"`
	Nodes      []node     `xml:",any"`
}

// formOf reads a Response a second time, as a tree. A message that cannot be read was
// refused before.
func formOf(message []byte) form {
	var root node
	if err := parse(message, protocol("Response"), &root); err != nil {
		return form{}
	}
	ids := map[string]bool{}
	var f form
	root.check(ids, &f.problems)
	for _, name := range [...]string{"ID", "Version", "IssueInstant"} {
		if root.attribute(name) == "" {
			f.problems = append(f.problems, found(causeMalformed, "an attribute "+name, "none"))
		}
	}
	f.response = root.profile(&root)
	if all := root.children(assertionNS, "Assertion"); len(all) == 1 {
		f.assertion = all[0].profile(&root)
	}
	return f
}

// children are the element's own children of a name.
func (n *node) children(space, local string) []*node {
	var all []*node
	for i := range n.Nodes {
		if n.Nodes[i].XMLName == (xml.Name{Space: space, Local: local}) {
			all = append(all, &n.Nodes[i])
		}
	}
	return all
}

func (n *node) attribute(local string) string {
	for _, a := range n.Attributes {
		if a.Name.Local == local {
			return a.Value
		}
	}
	return ""
}

// maxProblems is how many of them are told: a message may have thousands.
const maxProblems = 10

// check looks for what the schemas forbid and a defence rests on: an ID that means two
// elements lets a signature cover another one than is read.
func (n *node) check(ids map[string]bool, problems *[]finding) {
	seen := map[string]bool{}
	for _, a := range n.Attributes {
		if len(*problems) >= maxProblems {
			return
		}
		if seen[a.Name.Local] {
			*problems = append(*problems, found(causeMalformed, "one attribute "+shown(a.Name.Local)+" in "+shown(n.XMLName.Local), "two"))
		}
		seen[a.Name.Local] = true
		if f, wrong := checkAttribute(a, ids); wrong {
			*problems = append(*problems, f)
		}
	}
	for i := range n.Nodes {
		n.Nodes[i].check(ids, problems)
	}
}

func checkAttribute(a xml.Attr, ids map[string]bool) (finding, bool) {
	switch a.Name.Local {
	case "ID", "Id":
		if ids[a.Value] {
			return found(causeDuplicateID, "IDs that differ", shown(a.Value)), true
		}
		ids[a.Value] = true
		if a.Value == "" || strings.ContainsAny(a.Value, ": \t\r\n") {
			return found(causeMalformed, "an ID as XML has them", shown(a.Value)), true
		}
	case "IssueInstant", "NotBefore", "NotOnOrAfter", "SessionNotOnOrAfter", "AuthnInstant":
		if instant(a.Value).IsZero() {
			return found(causeMalformed, "a time in "+a.Name.Local, shown(a.Value)), true
		}
	}
	return finding{}, false
}

// profile says in which way an element's signature is not that of SAML's profile (core
// 5.4): one reference, to the element that carries it, and only transforms that hide
// nothing of it.
func (n *node) profile(root *node) string {
	signatures := n.children(signatureNS, "Signature")
	switch len(signatures) {
	case 0:
		return ""
	case 1:
	default:
		return strconv.Itoa(len(signatures)) + " signatures"
	}
	infos := signatures[0].children(signatureNS, "SignedInfo")
	if len(infos) != 1 {
		return strconv.Itoa(len(infos)) + " SignedInfo in the signature"
	}
	if len(signatures[0].children(signatureNS, "Object")) > 0 {
		return "a signature with an Object inside"
	}
	references := infos[0].children(signatureNS, "Reference")
	if len(references) != 1 {
		return strconv.Itoa(len(references)) + " references in the signature"
	}
	own := "#" + n.attribute("ID")
	if to := references[0].attribute("URI"); to != own {
		return fmt.Sprintf("a signature of %q in the element %q", shown(to), shown(own))
	}
	if root.pointing(own) > 1 {
		return "two references to the same element"
	}
	return references[0].transforms()
}

// pointing counts the references to an element.
func (n *node) pointing(uri string) int {
	count := 0
	if n.XMLName == (xml.Name{Space: signatureNS, Local: "Reference"}) && n.attribute("URI") == uri {
		count++
	}
	for i := range n.Nodes {
		count += n.Nodes[i].pointing(uri)
	}
	return count
}

func (n *node) transforms() string {
	enveloped, seen := false, 0
	for _, group := range n.children(signatureNS, "Transforms") {
		for _, t := range group.children(signatureNS, "Transform") {
			seen++
			switch name := t.attribute("Algorithm"); name {
			case signatureNS + "enveloped-signature":
				enveloped = true
			case "http://www.w3.org/2001/10/xml-exc-c14n#", "http://www.w3.org/2001/10/xml-exc-c14n#WithComments":
			default:
				return "a signature with the transform " + shown(name)
			}
		}
	}
	if !enveloped || seen > 2 {
		return "a signature with unusual transforms"
	}
	return ""
}
