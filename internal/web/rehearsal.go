package web

import (
	"time"

	"github.com/esgateway/esgateway/internal/fault"
)

// rehearsal is every page, empty and filled, so that each line of each template
// is executed when the gateway starts.
func rehearsal() []Page {
	t := time.Unix(1, 0)
	choices := []Choice{{"a", "A", "u", "/a"}, {"b", "B", "", "/b"}}
	hidden := map[string]string{"k": "v"}
	return []Page{
		SignIn{},
		SignIn{Choices: choices[:1], Hidden: hidden, Auto: true, Notice: "n"},
		SignIn{Choices: choices, Hidden: hidden, Notice: "n"},
		SignOut{},
		SignOut{Action: "/a", User: "u"},
		SignedOut{},
		SignedOut{Undone: []string{"x"}, SignInURL: "/s"},
		Session{},
		Session{
			User: "u", FullName: "f", Email: "e", Realm: "r", RealmType: "t", Method: "m", Roles: []string{"r"},
			Since: t, IdleUntil: t, Until: t, SignOutURL: "/s", Applications: []Application{{URL: "https://a"}, {"t", "https://a"}},
		},
		NoRoles{},
		NoRoles{User: "u", Realm: "r", AgainURL: "/a"},
		OtherUser{},
		OtherUser{Old: "o", New: "n", Continue: "/c"},
		Bounce{},
		Bounce{Action: "/a", Fields: []Field{{"n", "v"}}},
		Fragment{},
		Fragment{Action: "/a"},
		Lost{},
		Lost{SignInURL: "/s"},
		Framed{},
		Framed{SignInURL: "/s"},
		Message{},
		Message{
			Kind: fault.Internal, Heading: "h", Text: "t", Hint: "h", TryAgain: true, Cause: "c", Facts: []fault.Fact{{Name: "n", Value: "v"}},
			SignInURL: "/s", SignInLabel: "l", Framed: true,
		},
	}
}
