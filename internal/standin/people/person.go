package people

import (
	"cmp"
	"crypto/sha256"
	"crypto/subtle"
)

// A Person is somebody who can log in.
type Person struct {
	Username, Password, FullName, Email string
	Groups                              []string
}

// Shown is how a page calls the person.
func (p Person) Shown() string { return cmp.Or(p.FullName, p.Username) }

// Check finds the person with a name and a password. It takes as long for a wrong name
// as for a wrong password; who has no password cannot log in.
func Check(all []Person, username, password string) (Person, bool) {
	var person Person
	known := false
	for _, p := range all {
		if p.Username == username {
			person, known = p, true
		}
	}
	want, got := sha256.Sum256([]byte(person.Password)), sha256.Sum256([]byte(password))
	same := subtle.ConstantTimeCompare(want[:], got[:]) == 1
	return person, known && same && person.Password != ""
}
