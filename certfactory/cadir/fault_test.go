package cadir_test

import (
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cadir"
	"github.com/chainmail-iot/chainmail/certfactory/store"
)

// commands are what is interrupted. Each works on a directory that setUp made.
var commands = map[string]func(dir string, env cadir.Config) error{
	"create": func(dir string, env cadir.Config) error {
		_, err := cadir.Create(filepath.Join(dir, "new"), root(), env)
		return err
	},
	"issue": on(func(a *cadir.Authority) error {
		d := device("interrupted")
		d.Files, d.Password = "device", password
		_, err := a.Issue(d)
		return err
	}),
	"intermediate": on(func(a *cadir.Authority) error {
		o := root()
		o.Subject.CommonName = "interrupted"
		_, err := a.Intermediate("", o)
		return err
	}),
	"revoke": on(func(a *cadir.Authority) error {
		_, err := a.Revoke(big.NewInt(0x1001), cadir.KeyCompromise)
		return err
	}),
	"crl": on(func(a *cadir.Authority) error {
		_, err := a.CRL(0)
		return err
	}),
}

func on(do func(*cadir.Authority) error) func(string, cadir.Config) error {
	return func(dir string, env cadir.Config) error {
		a, err := cadir.Open(dir, password, env)
		if err != nil {
			return err
		}
		return do(a)
	}
}

// setUp makes a CA with a history: 1000 is revoked, 1001 is not. Its key is in
// the clear, since to decrypt it is slow and the tests do so many times.
func setUp(t *testing.T) string {
	t.Helper()
	a := mustCreate(t, root(), quick())
	mustIssue(t, a, device("first"))
	mustIssue(t, a, device("second"))
	if _, err := a.Revoke(big.NewInt(0x1000), cadir.Superseded); err != nil {
		t.Fatal(err)
	}
	if _, err := a.CRL(0); err != nil {
		t.Fatal(err)
	}
	key, err := store.ParseKey([]byte(mustRead(t, a.Dir(), "caKey.pem")), password)
	if err != nil {
		t.Fatal(err)
	}
	text, err := store.MarshalKey(key, store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	mustWrite(t, filepath.Join(a.Dir(), "caKey.pem"), string(text))
	return a.Dir()
}

// copied returns a copy of a CA, whose configuration names its new place.
func copied(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "ca")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(to, "caConfig.cnf")
	mustWrite(t, config, strings.ReplaceAll(mustRead(t, config), dir, to))
	return to
}

// dieEarly is the process that is killed: a command that dies before its change
// number CADIR_KILL to the disk.
func dieEarly() error {
	n, err := strconv.Atoi(os.Getenv("CADIR_KILL"))
	if err != nil {
		return err
	}
	env := quick().WithSteps(func(string, string) error {
		if n--; n < 0 {
			return syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
		return nil
	})
	return commands[os.Getenv("CADIR_COMMAND")](os.Getenv("CADIR_DIR"), env)
}

// killed runs a command in a process of its own and reports whether it died of
// the kill.
func killed(t *testing.T, command, dir string, n int) bool {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "CADIR_PROCESS=die", "CADIR_KILL="+strconv.Itoa(n), "CADIR_COMMAND="+command, "CADIR_DIR="+dir)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ProcessState.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
		return true
	}
	if err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
	return false
}

func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a process for each change to the disk")
	}
	original := setUp(t)
	for command := range commands {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			n := 0
			for ; ; n++ {
				dir := copied(t, original)
				died := killed(t, command, dir, n)
				// Every other time OpenSSL is next.
				if _, err := exec.LookPath("openssl"); err == nil && n%2 == 1 {
					opensslNext(t, dir)
				}
				consistent(t, dir, command)
				if t.Failed() {
					t.Fatalf("killed before change %d", n)
				}
				if !died {
					break
				}
			}
			if n < 8 {
				t.Errorf("%s makes %d changes to the disk: the test does not see them", command, n)
			}
		})
	}
}

// opensslNext has OpenSSL issue and revoke in what a killed command left behind.
func opensslNext(t *testing.T, dir string) {
	t.Helper()
	config := filepath.Join(dir, "caConfig.cnf")
	csr := filepath.Join(t.TempDir(), "csr")
	key := certfactory.New(certfactory.Seed{}, time.Time{}).Key(certfactory.P256, "openssl")
	der, err := cadir.NewRequest(key, cadir.Subject{CommonName: "openssl"})
	if err != nil {
		t.Fatal(err)
	}
	mustWrite(t, csr, string(cadir.MarshalRequest(der)))
	openSSL(t, dir, "ca", "-batch", "-config", config, "-passin", pass, "-extensions", "v3_signed", "-notext", "-in", csr, "-out", csr+".pem")
	openSSL(t, dir, "ca", "-config", config, "-passin", pass, "-revoke", csr+".pem")
}

// TestFailed has each change to the disk fail once, and then every one from it on
// for want of space.
func TestFailed(t *testing.T) {
	original := setUp(t)
	for command, run := range commands {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			for n := 0; ; n++ {
				dir, steps := copied(t, original), 0
				err := run(dir, quick().WithSteps(func(string, string) error {
					if steps++; steps == n+1 {
						return syscall.EIO
					}
					return nil
				}))
				if steps <= n {
					break
				}
				if !errors.Is(err, syscall.EIO) || strings.Contains(err.Error(), "\n") {
					t.Errorf("change %d fails: %v, want one line", n, err)
				}
				consistent(t, dir, command)

				dir, steps = copied(t, original), 0
				before := snapshot(t, dir)
				err = run(dir, quick().WithSteps(func(what, _ string) error {
					if steps++; steps > n && what != "rename" && what != "remove" {
						return syscall.ENOSPC
					}
					return nil
				}))
				if err != nil {
					untouched(t, dir, before)
					if !errors.Is(err, syscall.ENOSPC) || strings.Contains(err.Error(), "\n") {
						t.Errorf("disk full from change %d on: %v, want one line", n, err)
					}
				}
				consistent(t, dir, command)
				if t.Failed() {
					t.Fatalf("change %d", n)
				}
			}
		})
	}
}

// untouched checks that a command which failed has left nothing behind. A number
// may be used up, and what is kept as ".old" may be newer.
func untouched(t *testing.T, dir string, before map[string]string) {
	t.Helper()
	for name, text := range snapshot(t, dir) {
		was, there := before[name]
		switch {
		case name == "serial" || name == "crl/crlnumber" || strings.HasSuffix(name, ".old"):
		case !there && !strings.HasSuffix(name, "/"):
			t.Errorf("%s is new", name)
		case there && was != text:
			t.Errorf("%s has changed", name)
		case strings.Contains(name, ".pending") || strings.Contains(name, ".staging"):
			t.Errorf("%s was left behind", name)
		}
	}
}

// consistent runs the next commands in a directory, that which was interrupted
// among them, and then checks that all that is in it fits together.
func consistent(t *testing.T, dir, interrupted string) {
	t.Helper()
	a, err := cadir.Open(dir, password, quick())
	if err != nil {
		t.Fatal(err)
	}
	mustIssue(t, a, device("after"))
	switch interrupted {
	case "crl":
		_, err = a.CRL(0)
	case "intermediate":
		if !whole(t, filepath.Join(dir, cadir.DefaultIntermediate)) {
			_, err = a.Intermediate("", root())
		}
	case "create":
		if fresh := filepath.Join(dir, "new"); !whole(t, fresh) {
			_, err = cadir.Create(fresh, root(), quick())
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range list(t, dir) {
		for _, ending := range []string{".pending/", ".staging/", ".tmp"} {
			if strings.HasSuffix(name, ending) {
				t.Errorf("%s was left behind", name)
			}
		}
	}
	checkDatabase(t, a)
	checkDevice(t, a)
}

// whole reports whether a directory is a CA that works; it must be one or none.
func whole(t *testing.T, dir string) bool {
	t.Helper()
	a, err := cadir.Open(dir, password, quick())
	if errors.Is(err, cadir.ErrNotAuthority) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	i := mustIssue(t, a, device("below"))
	if len(i.Chain) < 2 {
		t.Errorf("%s has a chain of %d", dir, len(i.Chain))
	}
	return true
}

// checkDatabase compares lines, files and serial number.
func checkDatabase(t *testing.T, a *cadir.Authority) {
	t.Helper()
	files := make(map[string]bool)
	for _, name := range list(t, a.NewCertsDir()) {
		files[name] = true
	}
	last := new(big.Int)
	for i, e := range mustEntries(t, a) {
		name := cadir.FormatNumber(e.Serial) + ".pem"
		if !files[name] {
			t.Errorf("%s is in the database and has no file", name)
			continue
		}
		cert := mustParse(t, []byte(mustRead(t, a.NewCertsDir(), name)))
		subject, err := cadir.OneLine(cert.RawSubject)
		if err != nil || subject != e.Subject || cert.SerialNumber.Cmp(e.Serial) != 0 {
			t.Errorf("%s holds %X %s (%v), the database has %s", name, cert.SerialNumber, subject, err, e.Subject)
		}
		if i == 0 && (e.Status != cadir.Revoked || e.Reason != cadir.Superseded) {
			t.Errorf("the revocation of 1000 was lost: %+v", e)
		}
		last = e.Serial
		delete(files, name)
	}
	for name := range files {
		if !strings.HasPrefix(name, "device") {
			t.Errorf("%s has no line in the database", name)
		}
	}
	next, err := cadir.ParseNumber(mustRead(t, a.Dir(), "serial"))
	if err != nil || next.Cmp(last) <= 0 {
		t.Errorf("next serial number %X (%v) after %X", next, err, last)
	}
}

// checkDevice looks at the files of the device whose making was interrupted.
func checkDevice(t *testing.T, a *cadir.Authority) {
	t.Helper()
	var found []string
	for _, name := range list(t, a.NewCertsDir()) {
		if strings.HasPrefix(name, "device") {
			found = append(found, name)
		}
	}
	if len(found) == 0 {
		return
	}
	want := []string{"deviceCert.pem", "deviceCertChain.pem", "deviceCsr.pem", "deviceKey.pem"}
	if !slices.Equal(found, want) {
		t.Fatalf("files of the device: %q, want all or none of %q", found, want)
	}
	cert := mustParse(t, []byte(mustRead(t, a.NewCertsDir(), "deviceCert.pem")))
	key, err := store.ParseKey([]byte(mustRead(t, a.NewCertsDir(), "deviceKey.pem")), password)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(key.Public()) != fmt.Sprint(cert.PublicKey) {
		t.Error("key of the device does not belong to its certificate")
	}
	if info, err := os.Stat(filepath.Join(a.NewCertsDir(), "deviceKey.pem")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key of the device: %v (%v)", info.Mode(), err)
	}
	if !slices.ContainsFunc(mustEntries(t, a), func(e cadir.Entry) bool { return e.Serial.Cmp(cert.SerialNumber) == 0 }) {
		t.Error("device has files and no line in the database")
	}
}
