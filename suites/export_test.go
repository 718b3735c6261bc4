package suites

import "time"

// SetBound has every spec of the plan end within d.
func (p *Plan) SetBound(d time.Duration) { p.bound = d }
