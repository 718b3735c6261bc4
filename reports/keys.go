package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// checkKeys looks for keys that stand twice in one object of data, of which
// encoding/json would silently take the last. Keys that differ in case alone
// are the same to it, and so here.
func checkKeys(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	var open nesting
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return located(data, err)
		}
		if name, again := open.take(token); again {
			return fmt.Errorf("line %d: key %q stands twice", lineAt(data, dec.InputOffset()), name)
		}
	}
}

// nesting is the objects and arrays that are open, the innermost last.
type nesting []container

type container struct {
	keys  map[string]bool // Seen so far, in lower case. Nil: an array.
	atKey bool            // The next token is a key.
}

// take follows one token, and reports a key that its object already has.
func (n *nesting) take(token json.Token) (name string, again bool) {
	switch token {
	case json.Delim('{'):
		*n = append(*n, container{keys: map[string]bool{}, atKey: true})
		return "", false
	case json.Delim('['):
		*n = append(*n, container{})
		return "", false
	case json.Delim('}'), json.Delim(']'):
		*n = (*n)[:len(*n)-1]
	}
	if len(*n) == 0 {
		return "", false
	}
	top := &(*n)[len(*n)-1]
	if !top.atKey {
		// A value has ended; in an object a key or the end follows.
		top.atKey = top.keys != nil
		return "", false
	}
	name, _ = token.(string)
	folded := strings.ToLower(name)
	again = top.keys[folded]
	top.keys[folded], top.atKey = true, false
	return name, again
}
