package main

import (
	"cmp"
	"slices"
	"strings"
)

// nearest is a hint with the ids that are most like one that does not exist.
func nearest(id string, ids []string) string {
	type candidate struct {
		id       string
		distance int
	}
	id = strings.ToLower(id)
	var all []candidate
	for _, known := range ids {
		d := distance(id, strings.ToLower(known))
		if strings.Contains(strings.ToLower(known), id) {
			d = min(d, 2) // what was typed is a part of it
		}
		all = append(all, candidate{known, d})
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
	var names []string
	for _, c := range all {
		if len(names) < 3 && c.distance <= max(len(id)/2, 3) && !slices.Contains(names, `"`+c.id+`"`) {
			names = append(names, `"`+c.id+`"`)
		}
	}
	if len(names) == 0 {
		return `"chainmail list" shows what there is`
	}
	return "did you mean " + strings.Join(names, ", ") + "?"
}

// distance is how many letters have to be put in, taken out or changed to make b
// of a (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
