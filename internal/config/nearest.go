package config

import (
	"fmt"
	"slices"
	"strings"
)

// unknown complains about a key that the section does not have.
func (r *reader) unknown(section, name string, fields []field, ours []string) {
	known := slices.Clone(ours)
	for _, f := range fields {
		known = append(known, f.key)
	}
	path := join(section, name)
	switch meant, ok := nearest(name, known); {
	case name == "<<":
		r.wrong(path, "merge keys are not read", "write the keys out")
	case ok:
		r.wrong(path, "unknown key", fmt.Sprintf("did you mean %s?", meant))
		r.blamed[join(section, meant)] = true // that it is missing is the same mistake
	default:
		slices.Sort(known)
		r.wrong(path, "unknown key", elsewhere(name, "known are "+strings.Join(known, ", ")))
	}
}

// elsewhere finds a key that exists in another section.
func elsewhere(name, otherwise string) string {
	for _, v := range variables() {
		if v.path == name || strings.HasSuffix(v.path, "."+name) {
			return fmt.Sprintf("did you mean %s?", v.path)
		}
	}
	return otherwise
}

// nearest finds the known word that was probably meant: at most a third of it
// may be wrong.
func nearest(word string, known []string) (string, bool) {
	best, found := len(word)/3+1, ""
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d <= best && d <= len(k)/3+1 && d < min(len(word), len(k)) {
			best, found = d-1, k
		}
	}
	return found, found != ""
}

// maxWord bounds the words that are compared.
const maxWord = 64

// distance counts the letters to insert, delete, change or swap with their
// neighbour (optimal string alignment).
func distance(a, b string) int {
	if len(a) > maxWord || len(b) > maxWord {
		return max(len(a), len(b))
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			differ := 0
			if a[i-1] != b[j-1] {
				differ = 1
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+differ)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
