package people

import (
	"crypto/sha256"
	"crypto/subtle"
)

// A Person is somebody who can log in.
type Person struct {
	Username, Password, FullName, Email string
	Groups                              []string
}

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
