package refimpl_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/refimpl"
)

// victimVariable makes the test binary a platform on the data folder that it names.
const victimVariable = "CHAINMAIL_TEST_VICTIM"

// victim runs until it is killed, or its standard input ends.
func victim(dir string) int {
	c := refimpl.Config{Data: dir, ManagementAddress: "127.0.0.1:0"}
	err := fewFiles(&c)
	var p *refimpl.Platform
	if err == nil {
		p, err = refimpl.New(c)
	}
	if err == nil {
		err = p.Start()
	}
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(victimReady{p.Addresses(), string(p.CA()), p.Tenants()[0].Users[0].Password})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	_, _ = bufio.NewReader(os.Stdin).ReadByte()
	if err := p.Close(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// victimReady is what a victim says when its doors are open. Its first user is an admin.
type victimReady struct {
	Addresses refimpl.Addresses
	CA        string
	Password  string
}

// startVictim starts a platform in a process of its own and returns how to kill it.
func startVictim(t *testing.T, dir string, environment ...string) (victimReady, func()) {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(append(os.Environ(), victimVariable+"="+dir), environment...)
	command.Stderr = os.Stderr
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	kill := sync.OnceFunc(func() {
		_ = command.Process.Kill()
		_ = command.Wait() // which says that it was killed
		_ = stdin.Close()
	})
	t.Cleanup(kill)
	var ready victimReady
	if err := json.NewDecoder(stdout).Decode(&ready); err != nil {
		t.Fatalf("the platform did not start: %v", err)
	}
	return ready, kill
}

// TestNothingAcknowledgedIsLost kills a platform with SIGKILL in the middle of writes, fifty times,
// and holds what it has after the restart against what it had acknowledged.
func TestNothingAcknowledgedIsLost(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	random := rand.New(rand.NewPCG(20, 6))
	kills := 50
	if testing.Short() {
		kills = 5
	}
	book := newLedger()
	var ca string
	for round := range kills {
		ready, kill := startVictim(t, dir)
		if ca == "" {
			ca = ready.CA
		}
		if ready.CA != ca {
			t.Fatalf("round %d: the server has another CA", round)
		}
		w := newWriter(t, ready, book)
		if faults := book.compare(w.state()); len(faults) > 0 {
			t.Fatalf("after %d kills:\n%s", round, strings.Join(faults, "\n"))
		}
		w.write(random.IntN(80), time.Duration(random.IntN(2000))*time.Microsecond, kill)
	}
	acknowledged, cutShort := book.totals()
	t.Logf("%d kills: %d writes acknowledged and there, %d cut short", kills, acknowledged, cutShort)
	if acknowledged < 10*kills || cutShort < kills {
		t.Error("too little was written for this to prove anything")
	}
}

// A ledger is what a platform may show, thing by thing.
type ledger struct {
	mu sync.Mutex // guards all below
	// settled is what was acknowledged last; absent things have the value "".
	settled map[string]string
	// open is what was asked for since and not acknowledged: it may have happened or not.
	open                   map[string][]string
	acknowledged, cutShort int
}

func newLedger() *ledger { return &ledger{settled: map[string]string{}, open: map[string][]string{}} }

// asked notes that a thing is about to become value.
func (l *ledger) asked(thing, value string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[thing] = append(l.open[thing], value)
}

// done notes that the platform acknowledged what was asked last.
func (l *ledger) done(thing string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settled[thing] = l.open[thing][len(l.open[thing])-1]
	delete(l.open, thing)
	l.acknowledged++
}

func (l *ledger) totals() (acknowledged, cutShort int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.acknowledged, l.cutShort
}

// compare says what is not as it must be, and settles what was open.
func (l *ledger) compare(shown map[string]string) (faults []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	things := map[string]bool{}
	for _, m := range []map[string]string{l.settled, shown} {
		for thing := range maps.Keys(m) {
			things[thing] = true
		}
	}
	for thing := range things {
		allowed := append([]string{l.settled[thing]}, l.open[thing]...)
		if !slices.Contains(allowed, shown[thing]) {
			faults = append(faults, fmt.Sprintf("%s is %q, want one of %q", thing, shown[thing], allowed))
		}
	}
	l.cutShort += len(l.open)
	clear(l.open)
	l.settled = maps.Clone(shown)
	return faults
}

// write lets all writers write and kills the platform under their hands, at a moment that is
// no particular one: when so many writes were acknowledged, and then some time later.
func (w *writer) write(acknowledged int, later time.Duration, kill func()) {
	ctx, cancel := context.WithCancel(w.t.Context())
	var all sync.WaitGroup
	for _, one := range []func(context.Context, int) error{w.anchor, w.option, w.user, w.device, w.device, w.request, w.maxLength} {
		all.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				if one(ctx, n) != nil {
					return // the platform is gone
				}
			}
		})
	}
	before, _ := w.book.totals()
	for over := time.Now().Add(bound); ; {
		if now, _ := w.book.totals(); now-before >= acknowledged {
			break
		}
		if time.Now().After(over) {
			w.t.Errorf("fewer than %d writes in %v", acknowledged, bound)
			break
		}
		time.Sleep(100 * time.Microsecond)
	}
	time.Sleep(later)
	kill()
	cancel()
	all.Wait()
}

// anchor uploads trust anchors and deletes every other one again.
func (w *writer) anchor(ctx context.Context, n int) error {
	const path = "/tenant/tenants/t1/trusted-certificates"
	root := w.factory.Root(fmt.Sprint("root ", n))
	thing := "anchor " + root.Name() + w.round
	w.book.asked(thing, "ENABLED")
	body, err := w.call(ctx, http.MethodPost, path, map[string]any{
		"status": "ENABLED", "name": root.Name() + w.round, "certInPemFormat": w.pem(root),
	})
	if err != nil {
		return err
	}
	w.book.done(thing)
	fingerprint := fmt.Sprint(body["fingerprint"])
	w.book.asked(thing, "DISABLED")
	if _, err := w.call(ctx, http.MethodPut, path+"/"+fingerprint, map[string]any{"status": "DISABLED"}); err != nil {
		return err
	}
	w.book.done(thing)
	if n%2 == 0 {
		return nil
	}
	w.book.asked(thing, "")
	if _, err := w.call(ctx, http.MethodDelete, path+"/"+fingerprint, nil); err != nil {
		return err
	}
	w.book.done(thing)
	return nil
}

// option changes two options again and again, in one request.
func (w *writer) option(ctx context.Context, n int) error {
	value := fmt.Sprint(n) + w.round
	w.book.asked("option a", value)
	w.book.asked("option b", value)
	if _, err := w.call(ctx, http.MethodPut, "/tenant/options/test", map[string]any{"a": value, "b": value}); err != nil {
		return err
	}
	w.book.done("option a")
	w.book.done("option b")
	return nil
}

// user disables and enables a user.
func (w *writer) user(ctx context.Context, n int) error {
	enabled := n%2 == 1
	w.book.asked("user viewer", fmt.Sprint(enabled))
	if _, err := w.call(ctx, http.MethodPut, "/user/t1/users/viewer", map[string]any{"enabled": enabled}); err != nil {
		return err
	}
	w.book.done("user viewer")
	return nil
}

// device lets a device log in that nobody knows.
func (w *writer) device(_ context.Context, _ int) error {
	name := fmt.Sprint("dev", w.serial.Add(1), w.round)
	thing := "user device_" + name
	w.book.asked(thing, "true")
	if err := w.login(name); err != nil {
		return err
	}
	w.book.done(thing)
	return nil
}

// request begins single registrations.
func (w *writer) request(ctx context.Context, n int) error {
	id := fmt.Sprint("single", n, w.round)
	w.book.asked("request "+id, "WAITING_FOR_CONNECTION")
	if _, err := w.call(ctx, http.MethodPost, "/devicecontrol/newDeviceRequests", map[string]any{"id": id}); err != nil {
		return err
	}
	w.book.done("request " + id)
	return nil
}

// maxLength changes a setting of the whole platform.
func (w *writer) maxLength(ctx context.Context, n int) error {
	value := fmt.Sprint(2 + n%7)
	w.book.asked("setting", value)
	if err := w.manage(ctx, http.MethodPut, map[string]int{"maxChainLength": 2 + n%7}, &struct{}{}); err != nil {
		return err
	}
	w.book.done("setting")
	return nil
}
