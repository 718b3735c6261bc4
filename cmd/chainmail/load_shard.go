package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/chainmail-iot/chainmail/loadgen/coordinator"
	"github.com/chainmail-iot/chainmail/loadgen/shard"
	"github.com/chainmail-iot/chainmail/loadgen/store"
)

// newLoadShard is what `chainmail load --shards` starts.
func newLoadShard() *cobra.Command {
	var storeURL, which string
	var untilEOF bool
	cmd := &cobra.Command{
		Use: "shard", Short: "Play one shard of a load run",
		Long: `Play one shard of a load run whose plan is in the store. "chainmail load --shards"
starts such processes by itself. The shard makes its devices, says in the store that
it is ready, and begins when the store says so.`,
		Example: "  chainmail load shard --store dir:chainmail-load --shard 0/2",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			index, err := parseShard(which)
			if err != nil {
				return err
			}
			shared, err := store.Open(storeURL)
			if err != nil {
				return usage("", "--store: %v", err)
			}
			ctx := cmd.Context()
			if untilEOF {
				ctx = withInput(ctx, cmd.InOrStdin())
			}
			return shard.Run(ctx, shard.Config{Store: shared, Index: index})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&storeURL, "store", "", "store of the run, as dir:PATH (required)")
	flags.StringVar(&which, "shard", "", "which shard of how many, as 0/2 (required)")
	flags.BoolVar(&untilEOF, "until-eof", false, "end when standard input ends, too")
	return cmd
}

// parseShard reads i/n.
func parseShard(text string) (int, error) {
	first, second, ok := strings.Cut(text, "/")
	index, errIndex := strconv.Atoi(first)
	shards, errShards := strconv.Atoi(second)
	if !ok || errIndex != nil || errShards != nil || index < 0 || index >= shards {
		return 0, usage("", "--shard %q: want i/n with i from 0, as 0/2", text)
	}
	return index, nil
}

// withInput returns a context that is over when there is nothing more to be read.
func withInput(ctx context.Context, input io.Reader) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		_, _ = io.Copy(io.Discard, input) // the end is what counts, however it comes
	}()
	return ctx
}

// player returns how shards are started: one alone plays in this process, more get
// one each.
func (r *loadRun) player(prepared func(int)) func(int) (coordinator.Player, error) {
	if r.job.Shards == 1 {
		return func(index int) (coordinator.Player, error) {
			return coordinator.InProcess(shard.Config{Store: r.store, Index: index, Prepared: prepared}), nil
		}
	}
	return func(index int) (coordinator.Player, error) {
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("find own program: %w", err)
		}
		return coordinator.Child(exec.Command(self, "load", "shard", "--until-eof",
			"--store", "dir:"+r.flags.out, "--shard", fmt.Sprintf("%d/%d", index, r.job.Shards)))
	}
}
