package result

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/chainmail-iot/chainmail/loadgen/measure"
	"github.com/chainmail-iot/chainmail/loadgen/store"
	"github.com/chainmail-iot/chainmail/loadgen/threshold"
	"github.com/chainmail-iot/chainmail/reports"
)

// Read makes a Run of what a run has put into its store so far: the header and
// every chunk. It serves for a run that broke off as for one that goes on; neither has
// come to its end, however whole its chunks are: a shard ends in order also when the
// one that looks on was killed. A chunk
// that is damaged is left out, with a note; the hole that it leaves shows. It is an
// error if there is no header, if it cannot be read, or if the chunks are not of the
// run that it tells of.
func Read(ctx context.Context, s store.Store) (Run, error) {
	data, err := s.Get(ctx, reports.LoadHeaderName)
	if err != nil {
		return Run{}, fmt.Errorf("read load run: %w", err)
	}
	header, err := reports.ParseLoadHeader(data)
	if err != nil {
		return Run{}, fmt.Errorf("read load run: %s: %w", reports.LoadHeaderName, err)
	}
	run := Run{Header: header, BrokeOff: true}
	for _, text := range header.Plan.Thresholds {
		t, err := threshold.Parse(text)
		if err != nil {
			return Run{}, fmt.Errorf("read load run: %s: %w", reports.LoadHeaderName, err)
		}
		run.Thresholds = append(run.Thresholds, t)
	}
	if err := run.fold(ctx, s); err != nil {
		return Run{}, fmt.Errorf("read load run: %w", err)
	}
	return run, nil
}

// fold puts the chunks together.
func (r *Run) fold(ctx context.Context, s store.Store) error {
	digest, err := hex.DecodeString(r.Header.Plan.Digest)
	if err != nil || len(digest) != 32 {
		return fmt.Errorf("digest of the plan %q is no SHA-256", r.Header.Plan.Digest)
	}
	names, err := s.List(ctx, measure.ChunkPrefix)
	if err != nil {
		return err
	}
	fold := measure.NewFold([32]byte(digest), r.Header.Shards)
	for _, name := range names {
		data, err := s.Get(ctx, name)
		if err != nil {
			return err
		}
		chunk, err := measure.DecodeChunk(data)
		if err == nil && chunk.Name() != name {
			err = errors.New("its content is of " + chunk.Name())
		}
		if err != nil {
			r.Notes = append(r.Notes, fmt.Sprintf("%s is left out: %v", name, err))
			continue
		}
		if err := fold.Add(chunk); err != nil {
			return err
		}
	}
	r.Totals = fold.Totals()
	return nil
}
