//go:build !unix

package machine

import "time"

func processTimes() (user, system time.Duration) { return 0, 0 }

func fileLimit() (uint64, bool) { return 0, false }
