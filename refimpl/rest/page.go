package rest

import (
	"fmt"
	"net/url"
	"strconv"
)

// Bounds of pageSize.
const (
	defaultPageSize = 5
	maxPageSize     = 2000
)

// page returns one page of a list in the platform's form: the items under name, with
// statistics and links. Values of pageSize and currentPage that are no good count as absent.
func page[T any](c call, name string, all []T, object func(T) any) map[string]any {
	query := c.URL.Query()
	size := min(positive(query.Get("pageSize"), defaultPageSize), maxPageSize)
	current := positive(query.Get("currentPage"), 1)
	first := min((current-1)*size, len(all))
	last := min(first+size, len(all))
	items := make([]any, 0, last-first)
	for _, item := range all[first:last] {
		items = append(items, object(item))
	}
	statistics := map[string]any{"currentPage": current, "pageSize": size}
	if query.Get("withTotalPages") == "true" {
		statistics["totalPages"] = (len(all) + size - 1) / size
	}
	if query.Get("withTotalElements") == "true" {
		statistics["totalElements"] = len(all)
	}
	out := map[string]any{name: items, "statistics": statistics, "self": pageURL(c, query, current)}
	if last < len(all) {
		out["next"] = pageURL(c, query, current+1)
	}
	if current > 1 {
		out["prev"] = pageURL(c, query, current-1)
	}
	return out
}

func pageURL(c call, query url.Values, n int) string {
	query.Set("currentPage", strconv.Itoa(n))
	return fmt.Sprintf("%s?%s", c.url(c.URL.Path), query.Encode())
}

// positive reads a small positive number; sizes beyond what a list can have count as bad.
func positive(s string, otherwise int) int {
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil || n < 1 || n > 1<<20 {
		return otherwise
	}
	return int(n)
}
