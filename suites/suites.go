// Package suites is the conformance engine: it runs specs against a target and
// judges what it saw.
//
// A [Spec] is a literal with a body; an [Env] is all that the body gets. [Run]
// selects specs by [Profile] and glob, multiplies them by their axes, drives
// them through Ginkgo in process, and returns one [reports.Result] for each.
//
// The engine keeps three things apart. What the platform did is an observation
// and is recorded as evidence. What it means is a judgement: an assertion in a
// spec's body. What stopped us is ours, and becomes the verdict error or
// inconclusive, never the platform's fail.
package suites

import (
	"context"
	"crypto/tls"
	"fmt"
	"strings"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/suites/clause"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// A Spec is one test of one clause.
type Spec struct {
	// ID is family/slug and never reused; a spec that runs a case of the
	// catalogue has the case's id as its slug.
	ID string
	// Title says what is tried, in one line.
	Title string
	// Expected says what a conforming platform does, in a few words.
	Expected string
	// Clauses are the ids of what is proven; the first is what the spec is about.
	Clauses []string
	// Level is what a broken expectation is worth: must fails, should warns.
	Level clause.Level
	// Needs are the capabilities without which the spec is not applicable.
	Needs []target.Capability
	// OverTLS runs the spec once for every TLS version that the target offers.
	OverTLS bool
	// MaxTLS is the newest TLS version over which the spec can be run; 0 is any.
	MaxTLS uint16
	// Costly specs take seconds to prepare and run only when they are asked for by id.
	Costly bool
	// Case is the id of the case that the spec runs, or "".
	Case string
	// Anchors lists trust anchors that the body is going to need, so that they
	// can be uploaded together before the run. Optional.
	Anchors func(*Env) ([]certfactory.Anchor, error)
	// MaxLength is the maximum chain length that the body sets by [Env.Length].
	// Required of a spec that runs beside others and does that.
	MaxLength func(*Env) (int, error)
	// Beside says what the spec may run beside; the zero value is [Alone].
	Beside Company
	// Waits is the longest time that the body waits where the platform's clock cannot
	// be put forward, which only a slow run does; see [Env.Forward].
	Waits time.Duration
	// Run is the body: preamble, one stimulus, one judgement.
	Run func(context.Context, *Env)
}

// Company says which specs a spec may run beside.
type Company string

// The values of Company.
const (
	// Alone: the spec changes what others could notice: a setting, an option, a
	// user, a trust anchor's status, or it may break the platform.
	Alone Company = ""
	// Connecting specs connect devices of their own and read. What Trust and Length
	// do need not be counted, if Anchors and MaxLength announce it.
	Connecting Company = "connecting"
	// Uploading specs upload trust anchors of their own, which may be faulty.
	Uploading Company = "uploading"
)

// Family is the part of the id before the slash.
func (s Spec) Family() string {
	family, _, _ := strings.Cut(s.ID, "/")
	return family
}

// A variant is a spec at one point of its axes: what gets one result.
type variant struct {
	spec Spec
	tls  uint16 // 0: no such axis
}

// id is the spec's id with its axes appended: chain/expired-leaf@tls1.2.
func (v variant) id() string {
	if v.tls == 0 {
		return v.spec.ID
	}
	return v.spec.ID + "@tls" + versionName(v.tls)
}

// axes returns the axes as reports write them.
func (v variant) axes() map[string]string {
	if v.tls == 0 {
		return nil
	}
	return map[string]string{"tls": versionName(v.tls)}
}

func versionName(v uint16) string {
	switch v {
	case tls.VersionTLS10:
		return "1.0"
	case tls.VersionTLS11:
		return "1.1"
	case tls.VersionTLS12:
		return "1.2"
	case tls.VersionTLS13:
		return "1.3"
	}
	return fmt.Sprintf("0x%04x", v)
}

// variants multiplies each spec by its axes.
func variants(specs []Spec, versions []uint16) []variant {
	var all []variant
	for _, s := range specs {
		if !s.OverTLS {
			all = append(all, variant{spec: s})
			continue
		}
		for _, v := range versions {
			if s.MaxTLS == 0 || v <= s.MaxTLS {
				all = append(all, variant{spec: s, tls: v})
			}
		}
	}
	return all
}
