package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/loadgen"
	"github.com/chainmail-iot/chainmail/loadgen/coordinator"
	"github.com/chainmail-iot/chainmail/loadgen/fleet"
	"github.com/chainmail-iot/chainmail/loadgen/measure"
	"github.com/chainmail-iot/chainmail/loadgen/pacer"
	"github.com/chainmail-iot/chainmail/suites"
)

// restoreBound is how long may be spent on leaving the platform as it was found once
// the run was interrupted. Without that it goes on while the platform does.
const restoreBound = 30 * time.Second

// removalPart is how many devices are removed between two words about it.
const removalPart = 250

// remembers sees to it that what an earlier run has left behind, and written into the
// same folder, is not forgotten, unless this run puts the same on the platform again.
func (s *site) remembers(out string, job *loadgen.Job) error {
	file := filepath.Join(out, leftFile)
	earlier, err := readLeft(file)
	if s.embedded() || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return usage("remove it if nothing is left, or name another folder with --out", "%v", err)
	}
	devices, err := fleet.New(job)
	if err != nil {
		return &exit{code: exitUsage, err: err}
	}
	anchors, _, err := devices.Anchors()
	if err != nil {
		return &exit{code: exitUsage, err: err}
	}
	for _, a := range earlier.Anchors {
		if !slices.ContainsFunc(anchors, func(b certfactory.Anchor) bool { return bytes.Equal(a.DER, b.DER) }) {
			return usage("remove it by: chainmail tidy --target FILE "+quote(file), "an earlier run has left something behind, see %s", file)
		}
	}
	return nil
}

// foresee writes down all that the run may leave on the target, for the case that
// nobody is there to remove it: a run that is killed, or interrupted twice.
func (r *loadRun) foresee() error {
	if r.site.embedded() {
		return nil
	}
	all := r.site.changed()
	ids, err := r.site.devices.ClientIDs(0, r.job.Plan.Devices)
	if err != nil {
		return &exit{code: exitUsage, err: err}
	}
	if r.site.target.Users() != nil {
		all.Users = usersOf(ids)
	}
	if r.job.Plan.Registration == loadgen.RegistrationBulk {
		all.Devices = inventoryOf(ids)
	}
	if err := writeLeft(filepath.Join(r.flags.out, leftFile), all); err != nil {
		return &exit{code: exitUsage, err: err, hint: "name a folder that can be written with --out"}
	}
	r.foreseen = true
	return nil
}

func usersOf(ids []string) (users []suites.LeftUser) {
	for _, id := range ids {
		users = append(users, suites.LeftUser{Name: suites.DeviceUser(id)})
	}
	return users
}

func inventoryOf(ids []string) (devices []suites.LeftDevice) {
	for _, id := range ids {
		devices = append(devices, suites.LeftDevice{ClientID: id})
	}
	return devices
}

// restore leaves the platform as it was found, and says what is left there and how to
// remove that. The embedded platform goes with the run, and its device users with it.
func (r *loadRun) restore(ctx context.Context, show *loadProgress, played coordinator.Result) (notes []string) {
	bounded, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(restoreBound, cancel) })()

	undo := r.site.changed()
	users, note := r.users(played)
	if note != "" {
		notes = append(notes, note)
	}
	undo.Users = users
	var kept suites.Leftovers
	if r.flags.keep {
		kept.Anchors, kept.Devices, kept.Users = undo.Anchors, undo.Devices, undo.Users
		undo.Anchors, undo.Devices, undo.Users = nil, nil, nil
	}
	left, why := r.undo(bounded, show, undo)
	if !left.Empty() {
		notes = append(notes, "left behind: "+strings.Join(left.Words(), "; "), "because: "+strings.ReplaceAll(why.Error(), "\n", "; "))
	}
	if !kept.Empty() {
		notes = append(notes, "kept on the platform: "+strings.Join(kept.Words(), "; ")+"; whoever has the seed can make devices that are admitted")
		left.Anchors, left.Devices, left.Users = kept.Anchors, kept.Devices, kept.Users
	}
	if left.Empty() && r.foreseen {
		_ = os.Remove(filepath.Join(r.flags.out, leftFile)) // if it stays, it names what is not there
	}
	command, err := leave(r.flags.out, r.flags.target, left)
	if err != nil {
		command = []string{err.Error()}
	}
	return append(notes, command...)
}

// undo removes what is to be removed, what there is of devices in parts. While a trust
// anchor is still there, they are left alone: they could come and be made again.
func (r *loadRun) undo(ctx context.Context, show *loadProgress, all suites.Leftovers) (suites.Leftovers, error) {
	devices, users := all.Devices, all.Users
	all.Devices, all.Users = nil, nil
	left, why := suites.Tidy(ctx, r.site.target, all)
	if len(left.Anchors) > 0 {
		left.Devices, left.Users = devices, users
		return left, why
	}
	show.removing(max(len(devices), len(users)))
	for len(devices)+len(users) > 0 {
		d, u := min(removalPart, len(devices)), min(removalPart, len(users))
		still, err := suites.Tidy(ctx, r.site.target, suites.Leftovers{Devices: devices[:d], Users: users[:u]})
		devices, users = devices[d:], users[u:]
		if !still.Empty() { // what keeps one keeps the rest
			left.Devices, left.Users = append(still.Devices, devices...), append(still.Users, users...)
			return left, errors.Join(why, err)
		}
		show.removed(max(d, u))
	}
	return left, why
}

// users are the device users that the platform may have made: by bulk registration, or
// for devices whose moment has come. The note says where they cannot be removed.
func (r *loadRun) users(played coordinator.Result) (users []suites.LeftUser, note string) {
	s := r.site
	came := r.came()
	n := max(came, len(s.registered))
	if s.embedded() || s.devices == nil || s.target.REST == nil && s.target.Users() == nil || n == 0 {
		return nil, ""
	}
	if s.target.Users() == nil {
		return nil, fmt.Sprintf("the users of up to %d devices stay on the platform: its target file does not declare the capability deviceUsers", n)
	}
	ids, err := s.devices.ClientIDs(0, n)
	if err == nil && played.Totals != nil && played.Totals.Results[measure.Bad][measure.ResultAdmitted] > 0 {
		var bad []string
		bad, err = s.devices.BadClientIDs(0, came)
		ids = append(ids, bad...)
	}
	if err != nil {
		note = fmt.Sprintf("device users may stay on the platform: %v", err)
	}
	return usersOf(ids), note
}

// came is how many devices may have connected: those whose moment had come when the
// run ended.
func (r *loadRun) came() int {
	plan := &r.job.Plan
	at, err := plan.Pacer(r.job.Factory().Seed())
	if r.header.Started.IsZero() || err != nil {
		return 0
	}
	return min(pacer.Count(at, r.ended.Sub(r.header.Started)), plan.Devices)
}

// changed is what the run has changed on the platform but for device users.
func (s *site) changed() suites.Leftovers {
	l := suites.Leftovers{MaxChainLength: s.length}
	l.Devices = inventoryOf(s.registered)
	for _, a := range s.anchors {
		l.Anchors = append(l.Anchors, suites.LeftAnchor{Tenant: a.Tenant, Name: a.Name, DER: a.DER})
	}
	return l
}
