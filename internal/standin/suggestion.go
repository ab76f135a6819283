package standin

import (
	"slices"
	"strconv"
	"strings"
)

func itoa(i int) string { return strconv.Itoa(i) }

// didYouMean is the hint behind an unknown parameter, for names that are more
// alike than not.
func didYouMean(name string, known []string) string {
	alike := closest(name, known)
	switch len(alike) {
	case 0:
		return ""
	case 1:
		return " -> did you mean [" + alike[0] + "]?"
	}
	return " -> did you mean any of [" + strings.Join(alike, ", ") + "]?"
}

func closest(name string, known []string) []string {
	var alike []string
	for _, k := range known {
		longest := max(len(name), len(k))
		if longest > 0 && 2*distance(name, k) < longest {
			alike = append(alike, k)
		}
	}
	slices.SortStableFunc(alike, func(a, b string) int { return distance(name, a) - distance(name, b) })
	return alike
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		left := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := left
			if a[i] != b[j] {
				cost++
			}
			left = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
