package store

import (
	"encoding/pem"
	"fmt"
)

// Blocks returns the blocks of a PEM file in its order, whatever they hold. Other
// than [pem.Decode] it passes over nothing: a block that does not end, or cannot be
// decoded, is an error. So is a file that is not PEM.
func Blocks(data []byte) ([]*pem.Block, error) {
	found, err := pemBlocks(data)
	if err != nil {
		return nil, fmt.Errorf("read PEM: %w", err)
	}
	blocks := make([]*pem.Block, 0, len(found))
	for _, b := range found {
		blocks = append(blocks, b.Block)
	}
	return blocks, nil
}

// IsPEM reports whether a file is to be read as PEM, going by its bytes.
func IsPEM(data []byte) bool { return recognise(data) == formPEM }
