package measure

import (
	"fmt"
	"time"
)

// Chunk is what one shard measured in one interval. It says by itself of which
// run it is a part, so that a folder of chunks can be read without anything
// else. A shard that dies loses the interval it was in.
type Chunk struct {
	Identity
	// Seq numbers the chunks of a shard's attempt, from 0 and without gaps.
	Seq uint32
	// From and To bound the interval, since the start of the run.
	From, To time.Duration
	// Done marks the last chunk of a shard, and Why says what ended the shard.
	Done bool
	Why  string
	// Process is what the shard's process used in the interval.
	Process Process
	*Figures
}

// ChunkPrefix begins the names of all chunks.
const ChunkPrefix = "chunk/"

// Name is the name under which a chunk is kept: chunk/<shard>.<attempt>.<seq>.
func (c *Chunk) Name() string {
	return fmt.Sprintf("%s%04d.%d.%06d", ChunkPrefix, c.Shard, c.Attempt, c.Seq)
}
